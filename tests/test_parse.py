"""Parsing against independent truths: Python's own ``ast`` on installed packages, bytes that must not be lost, input that must not hang."""

from __future__ import annotations

import ast
import importlib.util
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset.languages import all_languages, language_of, parser_of, tree_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile

PACKAGES = ("datasets", "rich", "_pytest", "huggingface_hub", "yaml")
FILES_PER_PACKAGE = 45


def file_of(path: str, text: str, language: str | None = None, seconds: float = 5.0) -> ParsedFile:
    found = language_of(path, text[:8192].encode())
    name = language if language is not None else found.name if found else ""
    return parsed(SourceFile(path, name, "core", "0" * 40, "0" * 40, text, 0, "lineage"), seconds)


def rust(text: str) -> ParsedFile:
    return file_of("a.rs", text)


def python(text: str) -> ParsedFile:
    return file_of("a.py", text)


def lines_at(file: ParsedFile, offsets: tuple[int, ...]) -> list[str]:
    data = file.source.text.encode()
    return [data[offset:].split(b"\n", 1)[0].decode().strip() for offset in offsets]


# --- units, imports and complexity against ast ----------------------------------------------------------------------------------------


def package_files(package: str) -> list[Path]:
    root = Path(importlib.util.find_spec(package).origin).parent
    return [path for path in sorted(root.rglob("*.py")) if path.stat().st_size > 2000 and "unicode" not in path.name][:FILES_PER_PACKAGE]


def decisions_of(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.match_case):
        is_default = isinstance(node.pattern, ast.MatchAs) and node.pattern.name is None and node.pattern.pattern is None
        return int(not is_default) + int(node.guard is not None)
    return int(isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.IfExp))


def true_units(text: str) -> list[tuple[str, str, int, int, int, int]]:
    """kind, name, first line, last line, depth, complexity of every def and class."""
    units = []

    def own_decisions(node: ast.AST) -> int:
        inner = [
            child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        return sum(decisions_of(child) + own_decisions(child) for child in inner)

    def visit(node: ast.AST, depth: int, in_class: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                is_class = isinstance(child, ast.ClassDef)
                kind = "type" if is_class else "method" if in_class else "function"
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                units.append((kind, child.name, first, child.end_lineno, depth, 1 + own_decisions(child)))
                visit(child, depth + 1, is_class)
            else:
                visit(child, depth, in_class)

    visit(ast.parse(text), 0, False)
    return sorted(units, key=lambda unit: (unit[2], -unit[3]))


def found_units(file: ParsedFile) -> list[tuple[str, str, int, int, int, int]]:
    data = file.source.text.encode()
    found = []
    for unit in file.units:
        if unit.kind != "constant":
            first, last = data.count(b"\n", 0, unit.start_byte) + 1, data.count(b"\n", 0, unit.end_byte) + 1
            found.append((unit.kind, unit.name, first, last, unit.depth, unit.complexity))
    return sorted(found, key=lambda unit: (unit[2], -unit[3]))


def true_imports(text: str) -> list[tuple[str, tuple[str, ...], str]]:
    imports = []
    for node in sorted(
        (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom)), key=lambda n: (n.lineno, n.col_offset)
    ):
        if isinstance(node, ast.Import):
            imports += [(alias.name, (), "import") for alias in node.names]
        else:
            imports.append(("." * node.level + (node.module or ""), tuple(alias.name for alias in node.names), "from"))
    return imports


@pytest.mark.parametrize("package", PACKAGES)
def test_python_units_are_those_that_ast_sees_with_their_lines_nesting_and_complexity(package: str) -> None:
    expected = found = right = files = 0
    for path in package_files(package):
        text = path.read_text(encoding="utf-8")
        truth, seen = true_units(text), found_units(file_of(path.name, text))
        files, expected, found = files + 1, expected + len(truth), found + len(seen)
        right += len(set(truth) & set(seen))
    assert files >= 15 and expected >= 150
    assert right / expected >= 0.99, f"recall {right}/{expected}"
    assert right / found >= 0.99, f"precision {right}/{found}"


@pytest.mark.parametrize("package", PACKAGES)
def test_python_imports_are_those_that_ast_sees(package: str) -> None:
    for path in package_files(package):
        text = path.read_text(encoding="utf-8")
        assert [(one.module, one.names, one.kind) for one in file_of(path.name, text).imports] == true_imports(text), path


@pytest.mark.parametrize("package", ("rich", "_pytest"))
def test_every_python_statement_that_begins_a_line_is_a_place_to_cut(package: str) -> None:
    missed = total = 0
    for path in package_files(package):
        text = path.read_text(encoding="utf-8")
        file = file_of(path.name, text)
        data = text.encode()
        cuts = {data.count(b"\n", 0, offset) + 1 for offset in file.statements}
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.stmt):
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
                above = first - 1
                while above >= 1 and lines[above - 1].strip().startswith("#"):
                    above -= 1
                total += 1
                missed += not cuts & set(range(above + 1, first + 1))
    assert total > 2000
    assert missed / total < 0.001, f"{missed} of {total}"


# --- spans and signatures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "signature"),
    [
        (
            "a.rs",
            "/// Doc.\n#[inline]\npub async fn f<'a, T: Into<X>>(\n    a: &'a T, // one\n    b: [u8; 2],\n) -> Option<T>\nwhere\n    T: Clone,\n{\n}\n",
            "pub async fn f<'a, T: Into<X>>(a: &'a T, b: [u8; 2]) -> Option<T> where T: Clone",
        ),
        ("a.rs", "struct P(u8, u16);\n", "struct P(u8, u16)"),
        ("a.rs", "impl<T> From<T> for X\nwhere\n    T: Y,\n{ }\n", "impl<T> From<T> for X where T: Y"),
        (
            "a.py",
            "@dec\nasync def f(\n    a: int = 1,  # one\n    *,\n    b: str,\n) -> dict[str, int]:\n    pass\n",
            "async def f(a: int = 1, *, b: str) -> dict[str, int]",
        ),
        ("a.py", "class A(B, metaclass=M): pass\n", "class A(B, metaclass=M)"),
        ("a.ts", "export async function f<T>(\n  a: T,\n): Promise<T> { return a }\n", "export async function f<T>(a: T): Promise<T>"),
        ("a.go", "func (s *S[T]) Do(\n\tctx C,\n) (n int, err error) { return }\n", "func (s *S[T]) Do(ctx C) (n int, err error)"),
        (
            "A.java",
            "class A {\n  @Override\n  public <T> T get(final K k) throws E { return null; }\n}\n",
            "public <T> T get(final K k) throws E",
        ),
        ("a.c", "/* doc */\nstatic int *f(const char *s,\n              int n)\n{ return 0; }\n", "static int *f(const char *s, int n)"),
        ("a.cpp", "template <class T>\nauto f(T&& t) -> decltype(t) { return t; }\n", "template <class T> auto f(T&& t) -> decltype(t)"),
    ],
)
def test_a_signature_is_the_header_without_body_documentation_and_attributes(path: str, text: str, signature: str) -> None:
    assert file_of(path, text).units[-1].signature == signature


@pytest.mark.parametrize(
    ("path", "text", "start"),
    [
        ("a.rs", "// plain\n/// doc\n// SAFETY: x\n#[a]\nfn f() {}\n", "/// doc"),
        ("a.rs", "use a;\n\n/// doc\n\nfn f() {}\n", "/// doc"),
        ("a.rs", "//! of the file\nfn f() {}\n", "fn f"),
        ("a.rs", "/* plain */\nfn f() {}\n", "fn f"),
        ("a.py", "# plain\n@one\n# between\n@two(\n    1,\n)\ndef f():\n    pass\n", "@one"),
        ("a.go", "// free\n\n// Doc.\n// More.\nfunc F() {}\n", "// Doc."),
        ("a.go", "var x = 1 // not about F\nfunc F() {}\n", "func F"),
        ("a.js", "/** doc */\nexport default function f() {}\n", "/** doc */"),
        ("a.ts", "// why\n@Dec({ a: 1 })\nexport class A {}\n", "// why"),
        ("A.java", "/** doc */\n@A\n@B(1)\nclass A {}\n", "/** doc */"),
        ("a.c", "int x;\n\n/* Doc. */\nint f(void) { return 1; }\n", "/* Doc. */"),
        ("a.cpp", "/// doc\ntemplate <class T>\nclass A {};\n", "/// doc"),
        ("a.rb", "x = 1\n\n# Doc.\ndef f; end\n", "# Doc."),
    ],
)
def test_documentation_and_attributes_belong_to_their_unit(path: str, text: str, start: str) -> None:
    file = file_of(path, text)
    unit = next(unit for unit in reversed(file.units) if unit.kind in ("function", "type"))
    assert text.encode()[unit.start_byte : unit.end_byte].decode().startswith(start)
    assert unit.start_byte in file.statements


def test_a_span_starts_at_its_line_and_ends_with_its_syntax() -> None:
    file = rust("mod m {\n    /// d\n    fn a() {\n        1\n    }   \n\n    fn b() {} fn c() {}\n}\n")
    data = file.source.text.encode()
    spans = {unit.name: data[unit.start_byte : unit.end_byte].decode() for unit in file.units}
    assert spans["a"] == "    /// d\n    fn a() {\n        1\n    }"
    assert (spans["b"], spans["c"]) == ("    fn b() {}", "fn c() {}")


def test_a_comment_at_the_end_belongs_to_the_unit_whose_indentation_it_has() -> None:
    text = "class A:\n    def f(self):\n        pass\n        # of f\n    # of A\n\n# of none\ndef g():\n    pass\n\n    # of g\n# of none\nx = 1\n"
    spans = {unit.name: text[unit.start_byte : unit.end_byte] for unit in python(text).units}
    assert spans["f"].endswith("# of f") and spans["A"].endswith("# of A") and spans["g"].endswith("# of g")
    assert "none" not in "".join(spans.values())


def test_a_header_is_what_stands_before_the_body() -> None:
    file = rust("/// d\nimpl A {\n    fn f(&self)\n    {\n    }\n    const X: u8;\n}\n")
    data = file.source.text.encode()
    headers = [data[unit.start_byte : unit.header_end].decode() for unit in file.units]
    assert headers == ["/// d\nimpl A ", "    fn f(&self)\n", "    const X: u8;"]
    file = python("class A(B):\n    # first\n    x = 1\n\n    def f(self): return 1\n")
    assert [file.source.text[u.start_byte : u.header_end] for u in file.units] == ["class A(B):", "    def f(self):"]


def test_nested_units_know_their_parents() -> None:
    file = python(
        "class A:\n    def f(self):\n        class B:\n            def g(self):\n                pass\n        return B\n\ndef h():\n    pass\n"
    )
    seen = [(u.kind, u.name, u.depth, file.units[u.parent].name if u.parent >= 0 else None) for u in file.units]
    assert seen == [
        ("type", "A", 0, None),
        ("method", "f", 1, "A"),
        ("type", "B", 2, "f"),
        ("method", "g", 3, "B"),
        ("function", "h", 0, None),
    ]


def test_code_in_strings_comments_and_macros_is_no_unit() -> None:
    text = (
        '/* fn a() {} */\n// fn b() {}\nfn real() {\n    let s = "fn c() {}";\n    let r = r#"\nfn d() {}\n"#;\n    call!(fn e() {});\n}\n'
    )
    assert [unit.name for unit in rust(text).units] == ["real"]


def test_complexity_leaves_nested_units_out() -> None:
    text = "def f(a):\n    def g(b):\n        if b and a:\n            return 1\n    for x in a:\n        pass\n    return [y for y in a if y]\n"
    assert [(unit.name, unit.complexity) for unit in python(text).units] == [("f", 4), ("g", 3)]


# --- imports --------------------------------------------------------------------------------------------------------------------------


def imports(path: str, text: str) -> list[tuple[str, tuple[str, ...], str]]:
    return [(one.module, one.names, one.kind) for one in file_of(path, text).imports]


def test_rust_paths_inside_inline_modules_start_from_the_file() -> None:
    text = "mod a {\n    mod b {\n        use super::x;\n        use super::super::y::{self, z};\n        use self::q::*;\n        use super::super::super::w;\n        use crate::k;\n        mod leaf;\n    }\n}\n"
    assert imports("src/lib.rs", text) == [
        ("self::a::x", ("x",), "use"),
        ("self::y", ("y",), "use"),
        ("self::y::z", ("z",), "use"),
        ("self::a::b::q", ("*",), "use"),
        ("super::w", ("w",), "use"),
        ("crate::k", ("k",), "use"),
        ("leaf", ("a", "b"), "mod"),
    ]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.rs", "use {a, b::{c as d, e::f}};\n", [("a", ("a",), "use"), ("b::c", ("c",), "use"), ("b::e::f", ("f",), "use")]),
        ("a.rs", "pub(crate) use self::x as y;\nuse ::std::io;\n", [("self::x", ("x",), "export"), ("::std::io", ("io",), "use")]),
        ("a.rs", '#[cfg(unix)]\n#[path = "u.rs"]\npub mod sys;\nmod other;\n', [("u.rs", (), "mod_path"), ("other", (), "mod")]),
        ("a.rs", 'include!("gen.rs");\n', [("gen.rs", (), "include")]),
        ("a.py", "import a.b as c, d\n", [("a.b", (), "import"), ("d", (), "import")]),
        ("a.py", "from ... import (x as y,\n  z)\nfrom .m import *\n", [("...", ("x", "z"), "from"), (".m", ("*",), "from")]),
        ("a.js", "import 'x';\nexport { default } from './y';\n", [("x", (), "import"), ("./y", ("default",), "export")]),
        ("a.js", "const { a, b: c } = require('m'); foo('m2'); require(name);\n", [("m", ("a", "b"), "require")]),
        ("a.ts", "import type { A } from './t';\nimport x = require('y');\n", [("./t", ("A",), "import"), ("y", (), "require")]),
        ("a.go", 'package p\nimport (\n\t. "a/b"\n\tx "c"\n)\n', [("p", (), "package"), ("a/b", ("*",), "import"), ("c", (), "import")]),
        (
            "A.java",
            "package p.q;\nimport static a.B.*;\nimport c.D;\n",
            [("p.q", (), "package"), ("a.B", ("*",), "static"), ("c.D", ("D",), "import")],
        ),
        ("a.c", '#include <x/y.h>\n#  include "z.h"\n', [("x/y.h", (), "include_system"), ("z.h", (), "include")]),
    ],
)
def test_imports_are_read_leaf_by_leaf(path: str, text: str, expected: list) -> None:
    assert imports(path, text) == expected


def test_an_import_spans_its_whole_statement() -> None:
    text = "fn a() {}\nuse b::{\n    c,\n    d,\n};\n"
    assert {text[one.start_byte : one.end_byte] for one in rust(text).imports} == {"use b::{\n    c,\n    d,\n};"}


# --- places to cut --------------------------------------------------------------------------------------------------------------------


def test_statements_begin_at_members_arms_and_variants_with_the_comments_above_them() -> None:
    file = rust(
        "enum E {\n    /// one\n    A,\n    B { x: u8 },\n}\n\nstruct S {\n    #[a]\n    b: u8,\n}\n\n"
        "fn f(e: E) {\n    // why\n    let x = 1;\n    match e {\n        E::A => 1,\n        _ => { 2 }\n    }\n}\n"
    )
    assert lines_at(file, file.statements) == [
        "enum E {", "/// one", "B { x: u8 },", "x: u8 },", "struct S {", "#[a]", "fn f(e: E) {", "// why", "match e {", "E::A => 1,", "_ => { 2 }", "2 }",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.c", "int f(void) {\n  if (a) {\n    b();\n  } else if (c) {\n    d();\n  }\n  for (int i = 0;;) g();\n}\n",
         ["int f(void) {", "if (a) {", "b();", "} else if (c) {", "d();", "for (int i = 0;;) g();"]),
        ("a.c", "int f(int a) {\n  switch (a) {\n  case 1: {\n    b();\n  }\n  default:\n    c();\n  }\n}\n",
         ["int f(int a) {", "switch (a) {", "case 1: {", "b();", "default:", "c();"]),
        ("a.ts", "const a = {\n  b: () => 1,\n  c() {\n    d();\n  },\n  e() {\n    f();\n  },\n};\n", ["const a = {", "d();", "e() {", "f();"]),
        ("a.js", "a(() => {\n  b();\n})\n  .c();\n", ["a(() => {", "b();"]),
        ("a.rs", "fn f() {\n    a();\n\n    // Alone,\n    // in two lines.\n\n    b();\n    // At the end.\n}\n",
         ["fn f() {", "a();", "// Alone,", "b();", "// At the end."]),
        ("a.rs", "fn f() {\n    g(1, // one\n      2);\n}\n", ["fn f() {", "g(1, // one"]),
    ],
)  # fmt: skip
def test_statements_go_on_between_those_inside_them_and_nowhere_else(path: str, text: str, expected: list[str]) -> None:
    file = file_of(path, text)
    assert lines_at(file, file.statements) == expected


def test_blocks_are_blank_lines_and_elements_but_not_inside_strings() -> None:
    file = python('X = [\n    1, 2,\n    3,\n]\n\n\nY = """\n\ntext\n"""\nf(a,\n  b)\n')
    assert lines_at(file, file.blocks) == ["1, 2,", "3,", 'Y = """', "b)"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("README.md", "# A\ntext\n\nmore\n## B\n```sh\n# not a heading\n\nx\n```\nTitle\n=====\n", ["more", "## B", "Title"]),
        ("a.toml", "a = 1\n[b]\nc = 2\n[[d]]\n", ["[b]", "[[d]]"]),
        ("a.yaml", "a: 1\nb:\n  c: 2\n  d: [x]\n# note\ne:\n- f\n", ["b:", "e:", "- f"]),
        ("a.json", '{\n  "a": {\n    "b": 1\n  },\n  "c": 2\n}\n', ['"a": {', '"b": 1', '"c": 2']),
        ("a.ini", "x=1\n[s]\ny=2\n", ["[s]"]),
        ("a.rst", "Top\n===\n\ntext\nPart\n----\nmore\n", ["text", "Part"]),
        ("a.css", "a { b: c }\n.d,\n.e {\n  f: g;\n}\n@media x {\n}\n", [".e {", "@media x {"]),
        ("Dockerfile", "FROM a\nRUN b\nFROM c\n", ["FROM c"]),
        ("Makefile", "A = 1\nall: b\n\tcc\nb: c\n", ["all: b", "b: c"]),
        ("a.sql", "CREATE TABLE a (\n  b int\n);\nINSERT INTO a VALUES (1);\n", ["INSERT INTO a VALUES (1);"]),
        ("LICENSE", "One.\n\nTwo.\n", ["Two."]),
        ("notes", "one\n\n  two\n", ["two"]),
    ],
)
def test_text_is_cut_at_headings_sections_keys_and_blank_lines(path: str, text: str, expected: list[str]) -> None:
    file = file_of(path, text)
    assert lines_at(file, file.blocks) == expected
    assert not file.has_error and not file.units and not file.statements


# --- what a repository may hold -------------------------------------------------------------------------------------------------------


def test_a_file_that_does_not_parse_is_still_read() -> None:
    file = rust("fn good() {}\n\nfn bad( {{{ \n\nfn also_good() -> u8 { 1 }\n")
    assert file.has_error
    assert file.units[0].name == "good"


MACROS = {
    "names that a directive defines": ("a.h", "#define MY_EXPORT __attribute__((x))\nint f(void);\n", ["MY_EXPORT", "f"]),
    "a convention before a name": ("a.c", "static BOOL WINAPI f(DWORD a);\nstatic ULONG CALLBACK g(void) { return 1; }\n", ["f", "g"]),
    "a function in capitals": ("a.c", "static ULONG CALLBACK g(int a);\nvoid LIB_ERROR(void)\n{\n}\n", ["g", "LIB_ERROR"]),
    "a wrapped declaration": ("a.h", "MY_UNUSED(static int f(int *a));\nMY_UNUSED(static void g(void)) {\n}\n", ["f", "g"]),
    "a line without a semicolon": ("a.h", "typedef struct {\n    PyObject_HEAD\n    int *a;\n} B;\n", ["B"]),
    "an attribute behind a member": (
        "a.cpp",
        "class A {\n  void f() LOCKS_EXCLUDED(mu_) { g(); }\n  T x GUARDED_BY(mu_);\n};\n",
        ["A", "f"],
    ),
    "an attribute before a class's name": ("a.cpp", "class LOCKABLE A {\n public:\n  A();\n  ~A();\n};\n", ["A", "A", "~A"]),
    "a loop": ("a.c", "void f(void)\n{\n\tint a;\n\tHASH_ITER(hh, b(), c, d){\n\t\tg();\n\t}\n}\n", ["f"]),
    "a default in braces": ("a.cpp", "A f(std::string_view a,\n    std::optional<int64_t> b = {},\n    C* = NULLPTR);\n", ["f"]),
    "a type among arguments": ("a.cpp", "S f() {\n  ARROW_ASSIGN_OR_RAISE(auto a, b());\n  return a;\n}\n", ["f"]),
}


@pytest.mark.parametrize("name", sorted(MACROS))
def test_macros_that_no_grammar_knows_are_looked_past(name: str) -> None:
    path, text, units = MACROS[name]
    file = file_of(path, text)
    assert not file.has_error
    assert [unit.name for unit in file.units] == units
    assert all(unit.name in unit.signature for unit in file.units)


def test_a_second_try_that_is_no_better_is_not_taken() -> None:
    text = "class LOCKABLE A {\n  int f(;\n  x y z\n"
    assert file_of("a.cpp", text).has_error
    assert file_of("a.c", "int f(void) { return MY_VALUE(1); }\nint g( {{{ \n").units[0].name == "f"


@pytest.mark.parametrize("text", ["", "\n", "   ", "\ufeff", "\x00", "é" * 5000, "🦀" * 5000, "\r\n\r\n", "\u2028\x0c\x1c\n"])
@pytest.mark.parametrize("path", ["a.rs", "a.py", "a.ts", "a.md", "a.sh", "a.unknown"])
def test_odd_texts_are_read(path: str, text: str) -> None:
    file = file_of(path, text)
    size = len(text.encode())
    assert all(0 <= offset <= size for offset in (*file.statements, *file.blocks))


def test_spans_are_in_bytes_of_utf_8_also_across_pieces_of_the_source() -> None:
    text = "".join(f'/// né {"ü" * (n % 7)}\nfn größe_{n}() {{ "🦀{"é" * (n % 5)}" }}\n' for n in range(400))
    file = rust(text)
    data = text.encode()
    assert not file.has_error and len(file.units) == 400
    for number, unit in enumerate(file.units):
        assert data[unit.start_byte :].decode().startswith("/// né")
        assert unit.name == f"größe_{number}" and unit.signature == f"fn größe_{number}()"
        assert data[unit.end_byte - 1 : unit.end_byte] == b"}"


def test_a_tree_is_the_same_as_one_parsed_from_bytes() -> None:
    language = all_languages()["python"]
    for path in package_files("yaml"):
        data = path.read_bytes()
        piecewise, whole = tree_of(data, language), parser_of(language).parse(data)
        assert piecewise.root_node.descendant_count == whole.root_node.descendant_count
        assert str(piecewise.root_node) == str(whole.root_node)


def test_windows_line_ends_give_the_same_units() -> None:
    text = "/// d\nfn a(\n    b: u8,\n) {\n    c();\n}\n\nstruct D;\n"
    unix, windows = rust(text), rust(text.replace("\n", "\r\n"))
    assert [(u.kind, u.name, u.signature) for u in unix.units] == [(u.kind, u.name, u.signature) for u in windows.units]
    assert lines_at(unix, unix.statements) == lines_at(windows, windows.statements)


PIECES = [
    "fn f() {",
    "}",
    "(",
    "[",
    "{",
    "<",
    "if x ",
    "/* ",
    '"',
    "'",
    "`",
    "\n",
    "  ",
    "#[a]",
    "class A:",
    "def g(): ",
    "=> ",
    "::",
    "use a::",
    "é",
    "/// d\n",
    "@x ",
    "\x00",
    "import ",
]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.sampled_from(["rust", "python", "typescript", "go", "java", "c", "cpp", "bash"]),
)
def test_any_text_gives_spans_inside_it_that_nest(text: str, language: str) -> None:
    file = file_of("a", text, language)
    size = len(text.encode())
    for unit in file.units:
        assert 0 <= unit.start_byte <= unit.header_end <= unit.end_byte <= size
        assert unit.complexity >= 1
        if unit.parent >= 0:
            around = file.units[unit.parent]
            assert around.start_byte <= unit.start_byte and unit.end_byte <= around.end_byte
    for offsets in (file.statements, file.blocks):
        assert list(offsets) == sorted(set(offsets)) and all(0 <= offset <= size for offset in offsets)


CRAFTED = {
    "brackets": ("rust", "(" * 300_000),
    "braces": ("c", "{" * 300_000),
    "sum": ("javascript", "a+" * 150_000),
    "generics that end the process": ("java", "a<b<" * 12_000),
    "conditions": ("bash", "if(x){" * 8_000),
    "tags": ("bash", "<div>" * 10_000),
    "zeros": ("bash", "\x00" * 48_000),
    "functions": ("rust", "fn f(){" * 20_000),
    "template": ("typescript", "a<b<" * 12_000),
    "strings in strings": ("python", 'f"{' * 15_000),
}


@pytest.mark.parametrize("name", sorted(CRAFTED))
def test_crafted_input_neither_hangs_nor_ends_the_process(name: str) -> None:
    language, text = CRAFTED[name]
    before = time.process_time()
    file = file_of("a", text, language, seconds=1.0)
    assert file.has_error
    assert time.process_time() - before < 60  # hangs took minutes to hours; this is no measure of speed


def test_a_file_beyond_the_size_limit_is_read_as_text() -> None:
    file = rust("fn a() {}\n\n" * 100_000)
    assert file.has_error and not file.units and len(file.blocks) > 50_000


def test_many_units_are_found_in_one_file() -> None:
    rng = random.Random(7)
    text = "".join(
        f"fn f{number}(x: u{rng.choice((8, 16, 32))}) -> u8 {{ if x > {number} {{ 1 }} else {{ 2 }} }}\n" for number in range(15_000)
    )
    file = rust(text)
    assert len(file.units) == 15_000 and not file.has_error
    assert {unit.complexity for unit in file.units} == {2}
