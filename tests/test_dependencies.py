"""The import graph on small repositories that fit on a screen, one a language; then on hostile ones; then ranking and order."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset.dependencies import DAMPING, MANIFESTS, Graph, centrality_of, graph_of, is_manifest, order_of
from elite_code_dataset.languages import language_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile


def file_of(path: str, text: str, role: str = "core") -> ParsedFile:
    language = language_of(path, text.encode())
    return parsed(SourceFile(path, language.name if language else "text", role, "c", "b", text, 0, path))


def graph(tree: dict[str, str]) -> Graph:
    files = [file_of(path, text, "test" if "/test/" in path else "core") for path, text in tree.items() if language_of(path)]
    return graph_of(files, {path: text for path, text in tree.items() if is_manifest(path)})


def assert_edges(tree: dict[str, str], expected: dict[str, set[str]], external: dict[str, set[str]] | None = None) -> Graph:
    """Every file named must have exactly these edges (and external names)."""
    result = graph(tree)
    assert {path: set(result.edges[path]) for path in expected} == expected
    assert {path: set(result.external[path]) for path in external or {}} == (external or {})
    return result


# --- Rust -----------------------------------------------------------------------------------------------------------------------------

RUST = {
    "Cargo.toml": """
[package]
name = "tool"
edition.workspace = true
[[bin]]
name = "t"
path = "crates/cli/main.rs"
[workspace]
members = ["crates/text-core", "crates/old", "crates/macros"]
[workspace.package]
edition = "2021"
[workspace.dependencies]
text-core = { path = "crates/text-core" }
[dependencies]
text-core.workspace = true
ancient = { package = "old", path = "crates/old" }
serde = "1"
[dev-dependencies]
regex = "1"
""",
    "crates/cli/main.rs": """
mod args;
mod output;
use std::{fs, io::{self, Write}};
use crate::args::{self as a, Args, Mode};
use output::*;
use text_core::{Line, search::{find, Finder as F}, prelude::*};
use ancient::relic;
use serde::Deserialize;
fn main() {}
""",
    "crates/cli/args.rs": "pub struct Args;\npub enum Mode { Fast }\nuse self::Mode::*;\nuse super::output::Printer;\nuse Mode::Fast as Quick;\n",
    "crates/cli/output.rs": "mod colour;\npub use self::colour::Colour as Color;\npub struct Printer;\n#[cfg(test)] mod tests { use super::*; use super::super::args::Args; }\n",
    "crates/cli/output/colour.rs": "pub struct Colour;\nuse crate::output::Color;\nuse crate::args;\n",
    "crates/text-core/Cargo.toml": '[package]\nname = "text-core"\nedition = "2021"\n',
    "crates/text-core/src/lib.rs": """
#[macro_use] mod macros;
mod line;
pub mod search;
#[cfg(unix)] #[path = "unix.rs"] mod imp;
#[cfg(windows)] #[path = "windows.rs"] mod imp;
pub mod inline { pub mod deep; pub fn here() {} }
pub use line::Line;
pub use imp::*;
pub mod prelude { pub use crate::search::*; }
pub mod gone;
""",
    "crates/text-core/src/macros.rs": "#[macro_export] macro_rules! shout { () => {} }\n",
    "crates/text-core/src/line.rs": "pub struct Line;\n",
    "crates/text-core/src/search/mod.rs": "mod finder;\npub use finder::Finder;\npub fn find() { use crate::shout; }\nuse crate::Line;\nuse super::inline::here;\n",
    "crates/text-core/src/search/finder.rs": "pub struct Finder;\nuse crate::os_name;\nuse crate::line::Line;\n",
    "crates/text-core/src/unix.rs": "pub fn os_name() {}\n",
    "crates/text-core/src/windows.rs": "pub fn os_name() {}\n",
    "crates/text-core/src/inline/deep.rs": "use super::here;\nuse crate::inline;\n",
    "crates/text-core/tests/all.rs": "mod common;\nuse text_core::search::Finder;\nuse regex::Regex;\n",
    "crates/text-core/tests/common/mod.rs": "use text_core::Line;\n",
    "crates/text-core/examples/show.rs": "use text_core::{shout, prelude::find};\n",
    "crates/old/Cargo.toml": '[package]\nname = "old"\n[lib]\npath = "lib.rs"\n',
    "crates/old/lib.rs": "mod store;\npub mod relic;\npub extern crate text_core as text;\n",
    "crates/old/store.rs": "use relic::Pot;\nuse std::fmt;\n",
    "crates/old/relic.rs": "pub struct Pot;\n",
}


def test_rust_paths_lead_to_the_defining_files() -> None:
    core = "crates/text-core/src"
    result = assert_edges(
        RUST,
        {
            "crates/cli/main.rs": {
                "crates/cli/args.rs",
                "crates/cli/output.rs",
                f"{core}/line.rs",
                f"{core}/lib.rs",  # the glob over its inline prelude
                f"{core}/search/mod.rs",
                f"{core}/search/finder.rs",
                "crates/old/relic.rs",
            },
            "crates/cli/args.rs": {"crates/cli/output.rs"},
            "crates/cli/output.rs": {"crates/cli/output/colour.rs", "crates/cli/args.rs"},
            "crates/cli/output/colour.rs": {"crates/cli/args.rs"},
            f"{core}/lib.rs": {
                f"{core}/{name}" for name in ("macros.rs", "line.rs", "search/mod.rs", "unix.rs", "windows.rs", "inline/deep.rs")
            },
            f"{core}/search/mod.rs": {f"{core}/search/finder.rs", f"{core}/macros.rs", f"{core}/line.rs", f"{core}/lib.rs"},
            f"{core}/search/finder.rs": {f"{core}/unix.rs", f"{core}/windows.rs", f"{core}/line.rs"},
            f"{core}/inline/deep.rs": {f"{core}/lib.rs"},
            "crates/text-core/tests/all.rs": {"crates/text-core/tests/common/mod.rs", f"{core}/search/finder.rs"},
            "crates/text-core/tests/common/mod.rs": {f"{core}/line.rs"},
            "crates/text-core/examples/show.rs": {f"{core}/macros.rs", f"{core}/search/mod.rs"},
            "crates/old/store.rs": {"crates/old/relic.rs"},
        },
        {"crates/cli/main.rs": {"std", "serde"}, "crates/text-core/tests/all.rs": {"regex"}, "crates/old/store.rs": {"std"}},
    )
    assert result.counts["rust"]["missing"] == 1  # `pub mod gone;`


def test_rust_names_that_macros_define_lead_to_the_file_that_spells_them() -> None:
    tree = {
        "Cargo.toml": '[package]\nname = "m"\nedition = "2021"\n',
        "src/lib.rs": "mod flags;\nmod user;\nmod other;\npub use flags::*;\npub use other::*;\ncfg_x! { mod hidden; }\n",
        "src/flags.rs": "bitflags! { pub struct Modules: u8 { const A = 1; } }\n",
        "src/other.rs": "pub struct Other;\n",
        "src/user.rs": "use crate::Modules;\nuse crate::Nowhere;\n",
        "src/hidden.rs": "use super::other::Other;\n",
    }
    assert_edges(tree, {"src/user.rs": {"src/flags.rs", "src/lib.rs"}, "src/hidden.rs": {"src/other.rs"}})


def test_a_private_import_is_not_seen_through_another_modules_glob() -> None:
    tree = {
        "Cargo.toml": '[package]\nname = "m"\nedition = "2021"\n',
        "src/lib.rs": "mod a;\nmod b;\nmod c;\nmod user;\n",
        "src/a.rs": "pub struct Thing;\n",
        "src/b.rs": "use crate::c::Thing;\npub struct Own;\n",
        "src/c.rs": "pub struct Thing;\n",
        "src/user.rs": "use crate::a::*;\nuse crate::b::*;\nmod inner { use super::Thing; }\n",
    }
    assert_edges(tree, {"src/user.rs": {"src/a.rs", "src/b.rs"}})


# --- Python ---------------------------------------------------------------------------------------------------------------------------

PYTHON = {
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["requests>=2", "helper-lib"]\n',
    "src/shop/__init__.py": "from .models import Order as Purchase, Item\nfrom ._version import *\nfrom . import views\nfrom json import dumps\n",
    "src/shop/models.py": "from __future__ import annotations\nimport os.path\nimport requests\nfrom shop.tools import money\nclass Order: ...\nclass Item: ...\n",
    "src/shop/_version.py": "VERSION = '1'\n",
    "src/shop/views.py": "from . import Purchase, VERSION, views, dumps\nfrom .. import nothing\nimport shop.tools.money as m\nimport types\n",
    "src/shop/types.py": "A = 1\n",
    "src/shop/tools/__init__.py": "from .money import format\n",
    "src/shop/tools/money.py": "from ..models import Item\nfrom ...outside import x\ndef format(): ...\n",
    "src/shop/fast.pyi": "from .models import Item\ndef run() -> None: ...\n",
    "src/shop/both.py": "B = 1\n",
    "src/shop/both.pyi": "B: int\n",
    "src/shop/user.py": "from .fast import run\nfrom .both import B\nfrom shop.tools import *\n",
    "src/shop/user.pyi": "from .both import B\n",
    "plugins/acme/pay/__init__.py": "",
    "plugins/acme/pay/card.py": "from acme.pay import gift\nfrom acme import pay\n",
    "plugins/acme/pay/gift.py": "",
    "tests/conftest.py": "",
    "tests/test_shop.py": "import shop\nfrom shop import Purchase\nfrom helper import build\nimport helper_lib\nfrom tests_data import rows\n",
    "tests/helper.py": "def build(): ...\n",
    "vendor_a/twin/__init__.py": "",
    "vendor_b/twin/__init__.py": "",
    "scripts/run.py": "import twin\nimport acme.pay.card\nimport helper_lib.core\n",
    "other/helper_lib/__init__.py": "",
    "other/helper_lib/core.py": "",
}


def test_python_names_lead_to_the_files_that_define_them() -> None:
    shop = "src/shop"
    result = assert_edges(
        PYTHON,
        {
            f"{shop}/__init__.py": {f"{shop}/models.py", f"{shop}/_version.py", f"{shop}/views.py"},
            f"{shop}/models.py": {f"{shop}/tools/money.py"},
            f"{shop}/views.py": {f"{shop}/models.py", f"{shop}/_version.py", f"{shop}/__init__.py", f"{shop}/tools/money.py"},
            f"{shop}/tools/money.py": {f"{shop}/models.py"},
            f"{shop}/fast.pyi": {f"{shop}/models.py"},
            f"{shop}/user.py": {f"{shop}/fast.pyi", f"{shop}/both.py", f"{shop}/tools/__init__.py"},
            f"{shop}/user.pyi": {f"{shop}/both.pyi"},
            "plugins/acme/pay/card.py": {"plugins/acme/pay/gift.py", "plugins/acme/pay/__init__.py"},
            "tests/test_shop.py": {f"{shop}/__init__.py", f"{shop}/models.py", "tests/helper.py"},
            "scripts/run.py": set(),
        },
        {
            f"{shop}/models.py": {"__future__", "os", "requests"},
            f"{shop}/views.py": {"types"},
            "tests/test_shop.py": {"helper_lib", "tests_data"},
            "scripts/run.py": {"acme", "helper_lib"},
        },
    )
    assert result.counts["python"]["ambiguous"] == 1  # `import twin`
    assert result.counts["python"]["missing"] == 2  # `from .. import nothing`, `from ...outside import x`


def benchmark():
    path = Path(__file__).parent.parent / "benchmarks" / "dependencies.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_dependencies", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("package", ["rich", "typer"])
def test_python_edges_are_what_the_interpreter_imports(package: str) -> None:
    counts = benchmark().python_truth(package)
    assert counts["true"] > 200
    assert counts["right"] / counts["resolved"] >= 0.99
    assert counts["right"] / counts["true"] >= 0.99


# --- JavaScript and TypeScript ----------------------------------------------------------------------------------------------------------

SCRIPTS = {
    "package.json": '{"name": "root", "workspaces": ["packages/*"]}',
    "tsconfig.base.json": '{\n  // shared\n  "compilerOptions": {"baseUrl": ".", "paths": {"@lib/*": ["packages/lib/src/*"], "exact": ["packages/lib/src/deep/exact.ts"],},},\n}',
    "packages/app/tsconfig.json": '{"extends": "../../tsconfig.base", /* none of its own */ "include": ["src"]}',
    "packages/app/package.json": '{"name": "@me/app", "imports": {"#env": "./src/env.ts"}}',
    "packages/app/src/main.ts": """
import a from "./a.js";
import { b } from "./b";
import "./styles.css";
import type { T } from "./types";
export * from "./c";
import data from "./data.json";
import { x } from "@lib/deep/x";
import e from "exact";
import { lib } from "@me/lib";
import tool from "@me/lib/tools/tool";
import { inner } from "@me/lib/feature";
import env from "#env";
import view from "@/view";
import fs from "node:fs";
import { useState } from "react/hooks";
import pkg from "@scope/pkg/deep";
import gone from "./gone";
const later = () => import("./later");
""",
    "packages/app/src/a.ts": "",
    "packages/app/src/b/index.tsx": 'import up from "..";\n',
    "packages/app/src/index.ts": "",
    "packages/app/src/c.mts": "",
    "packages/app/src/types.d.ts": "",
    "packages/app/src/data.json": "{}",
    "packages/app/src/env.ts": "",
    "packages/app/src/view.js": 'const { q } = require("./legacy");\nimport w from "./w";\n',
    "packages/app/src/w.js": "",
    "packages/app/src/w.ts": 'import me from "./w";\n',
    "packages/app/src/legacy/package.json": '{"main": "start.cjs"}',
    "packages/app/src/legacy/start.cjs": "",
    "packages/app/src/later.ts": "",
    "packages/lib/package.json": '{"name": "@me/lib", "exports": {".": {"types": "./dist/index.d.ts", "import": "./dist/esm/index.js"}, "./feature": "./dist/feature/main.js", "./tools/*": {"default": "./dist/tools/*.js"}}}',
    "packages/lib/src/index.ts": "",
    "packages/lib/src/feature/main.ts": "",
    "packages/lib/src/tools/tool.ts": "",
    "packages/lib/src/deep/x.ts": "",
    "packages/lib/src/deep/exact.ts": "",
}


def test_scripts_are_found_as_compilers_and_bundlers_find_them() -> None:
    app, lib = "packages/app/src", "packages/lib/src"
    result = assert_edges(
        SCRIPTS,
        {
            f"{app}/main.ts": {
                *(f"{app}/{name}" for name in ("a.ts", "b/index.tsx", "types.d.ts", "c.mts", "data.json", "env.ts", "view.js", "later.ts")),
                *(f"{lib}/{name}" for name in ("deep/x.ts", "deep/exact.ts", "index.ts", "tools/tool.ts", "feature/main.ts")),
            },
            f"{app}/b/index.tsx": {f"{app}/index.ts"},
            f"{app}/view.js": {f"{app}/legacy/start.cjs", f"{app}/w.js"},
            f"{app}/w.ts": set(),
        },
        {f"{app}/main.ts": {"fs", "react", "@scope/pkg"}},
    )
    assert result.counts["typescript"]["missing"] == 2  # ./styles.css, ./gone


# --- Go, Java, C ------------------------------------------------------------------------------------------------------------------------


def test_go_imports_a_package_not_its_tests() -> None:
    assert_edges(
        {
            "go.mod": "module example.org/app\n\ngo 1.22\n\nrequire example.org/kit v1.0.0\n\nreplace (\n\texample.org/kit => ./kit\n\texample.org/far v1.2.0 => example.org/near v1.3.0\n)\n",
            "main.go": 'package main\n\nimport (\n\t"fmt"\n\tst "example.org/app/internal/store"\n\t. "example.org/kit/text"\n\t"example.org/far"\n\t"example.org/app/none"\n)\n',
            "internal/store/a.go": 'package store\n\nimport "C"\n',
            "internal/store/b.go": 'package store\n\nimport "example.org/application/x"\n',
            "internal/store/b_test.go": "package store\n",
            "internal/store/gen.go": "//go:build ignore\n\npackage main\n",
            "internal/store/sub/c.go": 'package sub\n\nimport "example.org/app"\n',
            "kit/go.mod": "module example.org/kit\n",
            "kit/text/t.go": "package text\n",
        },
        {
            "main.go": {"internal/store/a.go", "internal/store/b.go", "kit/text/t.go"},
            "internal/store/a.go": set(),
            "internal/store/b.go": set(),
            "internal/store/sub/c.go": {"main.go"},
        },
        {"main.go": {"fmt", "example.org/far"}, "internal/store/a.go": {"C"}, "internal/store/b.go": {"example.org/application/x"}},
    )


def test_java_and_kotlin_follow_package_clauses() -> None:
    result = assert_edges(
        {
            "app/src/main/java/org/x/Main.java": "package org.x;\nimport org.x.model.*;\nimport org.x.model.Shape.Corner;\nimport static org.x.util.Maths.half;\nimport java.util.List;\nimport org.x.model.Missing;\nimport org.x.util.helper;\nimport com.acme.Twin;\nclass Main {}\n",
            "app/src/main/java/org/x/model/Shape.java": "package org.x.model;\npublic class Shape { public static class Corner {} }\n",
            "app/odd/place/Point.java": "package org.x.model;\npublic class Point {}\n",
            "app/src/test/java/org/x/model/ShapeTest.java": "package org.x.model;\nimport org.x.Main;\nclass ShapeTest {}\n",
            "app/src/main/java/org/x/util/Maths.java": "package org.x.util;\npublic class Maths { public static int half(int a) { return a / 2; } }\n",
            "app/src/main/kotlin/helpers.kt": "package org.x.util\n\nimport org.x.model.Shape\n\nfun helper(shape: Shape) = shape\n",
            "lib/a/Twin.java": "package com.acme;\npublic class Twin {}\n",
            "lib/b/Twin.java": "package com.acme;\npublic class Twin {}\n",
            "lib/b/User.java": "package com.b;\nimport com.acme.Twin;\nclass User {}\n",
        },
        {
            "app/src/main/java/org/x/Main.java": {
                "app/src/main/java/org/x/model/Shape.java",
                "app/odd/place/Point.java",
                "app/src/main/java/org/x/util/Maths.java",
                "app/src/main/kotlin/helpers.kt",
            },
            "app/src/main/kotlin/helpers.kt": {"app/src/main/java/org/x/model/Shape.java"},
            "app/src/test/java/org/x/model/ShapeTest.java": {"app/src/main/java/org/x/Main.java"},
            "lib/b/User.java": {"lib/b/Twin.java"},
        },
        {"app/src/main/java/org/x/Main.java": {"java.util"}},
    )
    assert result.counts["java"]["ambiguous"] == 1
    assert result.counts["java"]["missing"] == 1


def test_c_headers_are_found_beside_or_by_their_only_place() -> None:
    result = assert_edges(
        {
            "src/main.c": '#include "local.h"\n#include "util/text.h"\n#include <kit/api.h>\n#include <stdio.h>\n#include <string.h>\n#include <solo.h>\n#include "../top.h"\n#include "twin.h"\n#include "config.h"\n#include <zlib.h>\n',
            "src/local.h": '#include "local.h"\n',
            "src/util/text.h": "",
            "include/kit/api.h": '#include <kit/types.h>\n#include "types.h"\n',
            "include/kit/types.h": "",
            "compat/string.h": "",
            "ext/solo.h": "",
            "top.h": "",
            "a/twin.h": "",
            "b/twin.h": "",
            "b/use.cpp": '#include "twin.h"\n#include <vector>\n',
        },
        {
            "src/main.c": {"src/local.h", "src/util/text.h", "include/kit/api.h", "ext/solo.h", "top.h"},
            "src/local.h": set(),
            "include/kit/api.h": {"include/kit/types.h"},
            "b/use.cpp": {"b/twin.h"},
        },
        {"src/main.c": {"stdio.h", "string.h", "zlib.h"}, "b/use.cpp": {"vector"}},
    )
    assert result.counts["c"]["ambiguous"] == 1
    assert result.counts["c"]["missing"] == 1


def test_ruby_shell_and_php_find_what_they_load() -> None:
    assert_edges(
        {
            "lib/kit.rb": "require 'kit/text'\nrequire_relative 'kit/io'\nrequire 'json'\nautoload :Late, 'kit/late'\n",
            "lib/kit/text.rb": "",
            "lib/kit/io.rb": "",
            "lib/kit/late.rb": "",
            "spec/kit_spec.rb": "require 'spec_helper'\nrequire 'kit'\n",
            "spec/spec_helper.rb": "",
            "bin/run.sh": '#!/bin/sh\n. "$(dirname "$0")/../lib/common.sh"\nsource ./near.sh\nsource "$HOME/.bashrc"\nsource /etc/profile\n',
            "bin/near.sh": "source lib/common.sh\n",
            "lib/common.sh": "",
            "src/App.php": "<?php\nnamespace Me\\App;\nuse Me\\Model\\{User, Role as R};\nuse Psr\\Log\\Logger;\nrequire __DIR__ . '/boot.php';\nclass App {}\n",
            "src/boot.php": "<?php\n",
            "src/Model/User.php": "<?php\nnamespace Me\\Model;\nclass User {}\n",
            "src/Model/all.php": "<?php\nnamespace Me\\Model;\nclass Role {}\n",
        },
        {
            "lib/kit.rb": {"lib/kit/text.rb", "lib/kit/io.rb", "lib/kit/late.rb"},
            "spec/kit_spec.rb": {"spec/spec_helper.rb", "lib/kit.rb"},
            "bin/run.sh": {"lib/common.sh", "bin/near.sh"},
            "bin/near.sh": {"lib/common.sh"},
            "src/App.php": {"src/Model/User.php", "src/Model/all.php", "src/boot.php"},
        },
        {"lib/kit.rb": {"json"}, "src/App.php": {"Psr\\Log"}},
    )


# --- what a repository may hold -----------------------------------------------------------------------------------------------------------


def test_a_manifest_that_cannot_be_read_is_counted_and_passed_over() -> None:
    result = assert_edges(
        {
            "Cargo.toml": "[package\nname=",
            "package.json": "{",
            "tsconfig.json": "[" * 100_000,
            "sub/tsconfig.json": '{"extends": "./tsconfig.json"}',
            "setup.cfg": "no section",
            "go.mod": "nothing",
            "pyproject.toml": "= 1",
            "src/lib.rs": "mod a;\n",
            "src/a.rs": "",
            "a.ts": 'import b from "./b";\n',
            "b.ts": "",
            "p/__init__.py": "from . import m\n",
            "p/m.py": "",
            "g.go": 'package g\nimport "fmt"\n',
        },
        {"src/lib.rs": {"src/a.rs"}, "a.ts": {"b.ts"}, "p/__init__.py": {"p/m.py"}},
    )
    assert result.counts["manifest"]["broken"] == 6


def test_a_manifest_of_an_unexpected_shape_says_nothing() -> None:
    assert_edges(
        {
            "Cargo.toml": 'package = {name = 1, edition = []}\nbin = "x"\ntest = [1, {path = 2}]\ndependencies = {a = 3, b = {path = 4}, c = {workspace = true}}\nlib = []\nworkspace = {dependencies = 5}\n',
            "package.json": '{"name": 1, "main": [], "exports": {"./": [[[]]]}, "imports": 3}',
            "x/package.json": '{"name": "x", "exports": {".": {"a": [1, {"b": null}]}}}',
            "tsconfig.json": '{"extends": ["./tsconfig.json", 1], "compilerOptions": {"paths": {"a/*": 1, "b": [2]}, "baseUrl": {}}}',
            "pyproject.toml": "[project]\ndependencies = 3\n[tool.setuptools]\npackages = []\npackage-dir = [1]\n[tool.poetry]\npackages = [1]\n",
            "src/main.rs": "mod a;\nuse b::c;\n",
            "src/a.rs": "",
            "a.ts": 'import x from "x";\nimport b from "b";\nimport c from "a/c";\n',
            "p.py": "import q\n",
            "q.py": "",
        },
        {"src/main.rs": {"src/a.rs"}, "a.ts": set(), "p.py": {"q.py"}},
    )


def test_declarations_that_lead_back_to_themselves_end() -> None:
    tree = {
        "Cargo.toml": '[package]\nname = "m"\nedition = "2021"\n',
        "src/lib.rs": '#[path = "lib.rs"] mod again;\nmod a;\nmod b;\npub use a::*;\npub use b::X;\n',
        "src/a.rs": "pub use crate::*;\npub use super::X;\nuse crate::Y;\n",
        "src/b.rs": "pub use crate::a::X;\npub use self::X as Y;\n",
        "p/__init__.py": "from .a import *\nfrom .b import name\n",
        "p/a.py": "from . import *\nfrom .b import name\nfrom .b import other as one\n",
        "p/b.py": "from .a import name\nfrom .a import one as other\nfrom ........... import far\n",
    }
    result = graph(tree)
    assert set(result.edges["p/b.py"]) <= {"p/a.py", "p/__init__.py"}
    assert "src/a.rs" in result.edges["src/lib.rs"]


@pytest.mark.timeout(60)
def test_what_is_deep_wide_or_unclosed_ends() -> None:
    count = 1500
    tree = {
        "Cargo.toml": '[package]\nname = "m"\nedition = "2021"\n',
        "src/lib.rs": "".join(f"pub mod m{n};\npub use m{n}::*;\n" for n in range(200)) + "use a" + "::a" * 50_000 + ";\n",
        "src/chain.rs": "".join(f"pub use n{n} as n{n + 1};\n" for n in range(count)) + f"use n{count}::x;\n",
        "src/nested.rs": "mod a {" * 3000 + "use self::b;" + "}" * 3000,
        "tsconfig.json": '"' + '\\"' * 200_000,
        "a/tsconfig.json": "/* " * 200_000,
        "b/tsconfig.json": '{"extends": [' + ", ".join(['"../c/tsconfig.json"'] * 300) + "]}",
        "c/tsconfig.json": '{"extends": [' + ", ".join(['"../b/tsconfig.json"'] * 300) + "]}",
        "go.mod": "\n" * 400_000 + "module m\n",
        "p/__init__.py": "",
        "p/far.py": "from " + "." * 20_000 + "x import y\n",
        "b/x.ts": 'import y from "y";\n',
    }
    tree |= {f"src/m{n}.rs": f"pub use crate::*;\nuse crate::Nothing{n};\n" for n in range(200)}
    tree |= {f"p/m{n}.py": f"from .m{n + 1} import name\nfrom .m{n + 1} import *\n" for n in range(count)}
    result = graph(tree)
    assert result.edges["p/m0.py"] and result.edges["src/lib.rs"]
    assert result.counts["manifest"]["broken"] == 2


def test_files_and_manifests_may_come_in_any_order() -> None:
    tree = RUST | PYTHON | SCRIPTS
    expected = graph(tree)
    items = list(tree.items())
    random.Random(7).shuffle(items)
    again = graph(dict(items))
    assert again == expected
    assert list(again.edges) == sorted(again.edges)


def test_manifests_are_known_by_name() -> None:
    assert {"Cargo.toml", "go.mod", "package.json", "tsconfig.json", "pyproject.toml", "setup.cfg"} <= MANIFESTS
    assert is_manifest("web/tsconfig.build.json") and is_manifest("requirements-dev.txt") and is_manifest("a/go.mod")
    assert not is_manifest("data.json") and not is_manifest("src/main.rs")


# --- rank and order -----------------------------------------------------------------------------------------------------------------------

EDGES = st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh")), min_size=1).map(
    lambda drawn: {path: tuple(sorted((targets - {path}) & drawn.keys())) for path, targets in drawn.items()}
)


@given(EDGES)
@settings(max_examples=100, deadline=None)
def test_the_order_holds_every_file_once_and_dependencies_first_where_no_cycle_forbids(edges: dict[str, tuple[str, ...]]) -> None:
    order = order_of(edges)
    assert sorted(order) == sorted(edges)
    place = {path: number for number, path in enumerate(order)}

    def reaches(start: str, goal: str) -> bool:
        seen, stack = set(), [start]
        while stack:
            path = stack.pop()
            if path == goal:
                return True
            if path not in seen:
                seen.add(path)
                stack.extend(edges[path])
        return False

    for path, targets in edges.items():
        for target in targets:
            if not reaches(target, path) and not any(
                reaches(below, below_of) for below in edges for below_of in edges[below] if reaches(target, below)
            ):
                assert place[target] < place[path]


def test_a_cycle_survives_and_starts_where_the_fewest_dependencies_are_missing() -> None:
    edges = {"hub": ("leaf", "one", "two"), "leaf": (), "one": ("hub", "two"), "two": ("hub",), "user": ("hub",)}
    assert order_of(edges) == ("leaf", "two", "hub", "one", "user")


@given(EDGES)
@settings(max_examples=60, deadline=None)
def test_centrality_solves_the_equation_of_the_random_surfer(edges: dict[str, tuple[str, ...]]) -> None:
    paths = sorted(edges)
    step = np.zeros((len(paths), len(paths)))
    for column, path in enumerate(paths):
        for target in edges[path]:
            step[paths.index(target), column] = 1 / len(edges[path])
        if not edges[path]:
            step[:, column] = 1 / len(paths)
    exact = np.linalg.solve(np.eye(len(paths)) - DAMPING * step, np.full(len(paths), (1 - DAMPING) / len(paths)))
    ranks = centrality_of(edges)
    assert np.allclose([ranks[path] for path in paths], exact, atol=1e-6)
    assert abs(sum(ranks.values()) - 1) < 1e-9


def test_what_everything_imports_is_most_central() -> None:
    tree = {f"p/{name}.py": "from . import base\n" for name in "abc"} | {"p/base.py": "", "p/__init__.py": "", "p/lone.py": "import os\n"}
    ranks = graph(tree).centrality
    assert max(ranks, key=ranks.get) == "p/base.py"
    assert ranks["p/lone.py"] == min(ranks.values())
    assert centrality_of({}) == {} and order_of({}) == ()
