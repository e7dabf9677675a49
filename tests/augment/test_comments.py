"""comments: what is dropped, what tools read and stays, and documentation that becomes context."""

import pytest

from elite_code_dataset.augment.comments import apply, documentation_end, rewrite_source, without_comments
from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.languages import all_languages

DROPPED = [
    ("python", "# about\nx = 1  # one\n\n\ndef f():\n    # inside\n    return x\n", "x = 1\n\n\ndef f():\n    return x\n"),
    ("python", "x = '# no' # yes\ny = '''\n# no\n'''\n", "x = '# no'\ny = '''\n# no\n'''\n"),
    ("python", "f(a,  # first\n  # second\n  b)\n", "f(a,\n  b)\n"),
    ("rust", "// a\nfn f() {\n    /* b\n       c */\n    let x = 1; // d\n}\n", "fn f() {\n    let x = 1;\n}\n"),
    ("rust", "/// kept\nfn f(x: /* why */ u8) {}\n", "/// kept\nfn f(x: u8) {}\n"),
    ("javascript", "/** doc */\nfunction f() { /* a */\n  return /* b */ 1;\n}\n", "function f() {\n  return 1;\n}\n"),
    ("go", "package p\n\n// F does.\nfunc F() {}\n", "package p\n\nfunc F() {}\n"),
    ("java", "/** Doc. */\nclass A { int x; // field\n}\n", "class A { int x;\n}\n"),
    ("c", "int a; /* one */\n/* two */ int b;\nint c = 1/*three*/+2;\n", "int a;\n/* two */ int b;\nint c = 1 +2;\n"),
    ("bash", "#!/bin/sh\n\n# about\necho '# no' # yes\n", "#!/bin/sh\n\necho '# no'\n"),
    ("ruby", "# frozen_string_literal: true\n\n# about\nputs 1\n", "# frozen_string_literal: true\n\nputs 1\n"),
    (
        "typescript",
        "// @ts-ignore\nlet x = 1; // eslint-disable-line\nlet y; // why\n",
        "// @ts-ignore\nlet x = 1; // eslint-disable-line\nlet y;\n",
    ),
]


@pytest.mark.parametrize(("language", "before", "after"), DROPPED)
def test_what_only_people_read_is_dropped(language, before, after):
    assert without_comments(before.encode(), all_languages()[language]).decode() == after


KEPT = [
    ("python", "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nx = 1  # type: int\n"),
    ("python", "import os  # noqa: F401\nx = 1  # pragma: no cover\ny = 2  # pylint: disable=all\n# fmt: off\n"),
    ("python", "# Copyright 2020\n# SPDX-License-Identifier: MIT\nx = 1\n"),
    ("rust", "//! A crate.\n/// A function.\nfn f() {}\n/** More. */\nfn g() {}\n"),
    ("rust", "#[inline]\nfn f() {}\n//~ ERROR expected\n"),
    ("go", "//go:build linux\n// +build linux\n\npackage p\n\n//go:generate go run .\n//export F\nfunc F() {} //nolint\n"),
    ("go", "package p\n\nfunc Example() {\n\t// Output:\n\t// one\n\t// two\n}\n"),
    ("rust", "// Copyright 2020 them\n//\n// All of it may be used.\nfn f() {}\n"),
    ("javascript", "/* eslint-disable */\n// prettier-ignore\nx = /* #__PURE__ */ f();\n//# sourceMappingURL=x\n"),
    ("c", "int f(int x) { switch (x) { case 1: x++; /* fallthrough */ default: return x; } }\n// clang-format off\n"),
    ("java", "class A { int x; // NOSONAR\n  // @formatter:off\n}\n"),
    ("php", "<?php\n/** @ORM\\Entity */\nclass A {}\n"),
]


@pytest.mark.parametrize(("language", "source"), KEPT)
def test_what_a_tool_reads_stays(language, source):
    assert without_comments(source.encode(), all_languages()[language]) == Abstained("only_directives")


@pytest.mark.parametrize(
    ("language", "source", "reason"),
    [
        ("python", 'def f():\n    """Says # what."""\n', "no_comment"),
        ("go", 'package p\n\n// int x;\nimport "C"\n', "comments_are_code"),
        ("tsx", "const a = <p>{/* nothing else in here */}</p>;\n", "no_comment"),
        ("markdown", "<!-- a comment -->\n", "language"),
    ],
)
def test_where_nothing_can_be_dropped_the_reason_is_told(language, source, reason):
    assert without_comments(source.encode(), all_languages()[language]) == Abstained(reason)


def test_a_comment_that_ends_a_statement_by_its_line_end_stays():
    source = b"function f() {\n  return /*\n  */ 1;\n}\n// gone\n"
    assert rewrite_source(source, all_languages()["javascript"], Rng(0)) == source.replace(b"// gone\n", b"")


BODY = "    first = 1\n    second = first + 1\n    return first, second\n"
DOCUMENTED = [
    ("python", f'def f(a):\n    """Does\n    this."""\n{BODY}', 'def f(a):\n    """Does\n    this."""\n'),
    ("python", f'@wrap\nclass A:\n    """Is."""\n{BODY}', '@wrap\nclass A:\n    """Is."""\n'),
    ("rust", "/// Adds.\n/// Really.\nfn add(a: u8, b: u8) -> u8 {\n    let sum = a + b;\n    sum\n}\n", "/// Adds.\n/// Really.\n"),
    ("go", "// F adds two numbers.\nfunc F(a, b int) int {\n\tsum := a + b\n\treturn sum\n}\n", "// F adds two numbers.\n"),
    ("java", "    /** Adds. */\n    int add(int a, int b) {\n        int sum = a + b;\n        return sum;\n    }\n", "    /** Adds. */\n"),
    ("javascript", "/**\n * Adds.\n */\nfunction add(a, b) {\n  const sum = a + b;\n  return sum;\n}\n", "/**\n * Adds.\n */\n"),
]


@pytest.mark.parametrize(("language", "target", "documentation"), DOCUMENTED)
def test_leading_documentation_becomes_context_and_the_text_stays(language, target, documentation):
    window = {"text": "path\n" + target, "context_chars": 5, "kind": "code", "language": language}
    results = [apply(window, all_languages()[language], Rng(seed), Helpers()) for seed in range(12)]
    moved = [result for result in results if result.idiom == "doc_to_code"]
    assert moved and all(one.text == window["text"] and one.verified == "same-text" for one in moved)
    assert {one.text[5 : one.context_chars] for one in moved} == {documentation}


@pytest.mark.parametrize(
    ("language", "target"),
    [
        ("python", "def f(a):\n    return a\n"),
        ("python", '"""A module."""\n\n' + "x = 1\n" * 20),
        ("python", "# not documentation\ndef f(a):\n" + BODY),
        ("rust", "// Copyright me\n// License\nfn f() {\n" + BODY + "}\n"),
        ("rust", "//! The crate.\n\nfn f() {\n" + BODY + "}\n"),
        ("go", "// About the file.\n\nfunc F() int {\n\treturn 1\n" + "\tg()\n" * 9 + "}\n"),
        ("rust", "/// Short.\nfn f() {}\n"),
    ],
)
def test_a_licence_a_note_or_a_header_is_no_documentation(language, target):
    assert documentation_end(target, all_languages()[language]) == 0


def test_dropping_and_moving_stand_in_for_each_other():
    python = all_languages()["python"]
    only_doc = {"text": f'def f():\n    """Does."""\n{BODY}', "context_chars": 0, "kind": "code"}
    only_comment = {"text": "x = 1  # one\n", "context_chars": 0, "kind": "code"}
    assert {apply(only_doc, python, Rng(seed), Helpers()).idiom for seed in range(9)} == {"doc_to_code"}
    dropped = apply(only_comment, python, Rng(1), Helpers())
    assert (dropped.text, dropped.verified, dropped.idiom) == ("x = 1\n", "same-tokens", "drop_comments")
    assert apply(only_doc | {"kind": "edit"}, python, Rng(1), Helpers()) == Abstained("edit")
