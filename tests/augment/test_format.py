"""format: each layout before and after, what is content and stays, and the same tokens in every case."""

import ast

import pytest

from elite_code_dataset.augment.format import (
    INDENTED,
    apply,
    braces_on_own_lines,
    braces_on_same_line,
    fewer_blank_lines,
    formatted,
    other_indent,
)
from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.augment.verify import same_tokens
from elite_code_dataset.languages import all_languages


class First:
    def choice(self, items):
        return items[0]


KNR = "int f(int a) {\n    if (a) {\n        return 1;\n    } else {\n        return 2;\n    }\n}\n"
ALLMAN = "int f(int a)\n{\n    if (a)\n    {\n        return 1;\n    }\n    else\n    {\n        return 2;\n    }\n}\n"
LAYOUTS = [
    (other_indent, "python", "def f():\n    if a:\n        b(c,\n          d)\n", "def f():\n  if a:\n    b(c,\n      d)\n"),
    (
        other_indent,
        "python",
        "def f():\n    x = '''\n    kept\n  '''\n    return x\n",
        "def f():\n  x = '''\n    kept\n  '''\n  return x\n",
    ),
    (other_indent, "go", "func f() {\n\tif a {\n\t\tb()\n\t}\n}\n", "func f() {\n  if a {\n    b()\n  }\n}\n"),
    (other_indent, "rust", "    fn f() {\n        g();\n    }\n", "  fn f() {\n    g();\n  }\n"),
    (other_indent, "javascript", "f(() => {\n    x = `\n    ${a}\n`;\n});\n", "f(() => {\n  x = `\n    ${a}\n`;\n});\n"),
    (
        fewer_blank_lines,
        "python",
        "import a\n\n\ndef f():\n    b()\n\n    c()\n\n\ndef g():\n    x = '''\n\n'''\n",
        "import a\n\n\ndef f():\n    b()\n    c()\n\n\ndef g():\n    x = '''\n\n'''\n",
    ),
    (fewer_blank_lines, "c", "int a;\n\nint f() {\n\n  b();\n\n  c();\n\n}\n", "int a;\n\nint f() {\n  b();\n  c();\n\n}\n"),
    (braces_on_own_lines, "c", KNR, ALLMAN),
    (braces_on_same_line, "c", ALLMAN.replace("    }\n    else\n", "    } else\n"), KNR),
    (
        braces_on_own_lines,
        "java",
        "class A {\n    void f() {\n        try {\n            g();\n        } finally {\n            h();\n        }\n    }\n}\n",
        "class A\n{\n    void f()\n    {\n        try\n        {\n            g();\n        }\n        finally\n        {\n            h();\n        }\n    }\n}\n",
    ),
]


@pytest.mark.parametrize(("layout", "language", "before", "after"), LAYOUTS)
def test_a_layout_gives_exactly_this_and_the_same_tokens(layout, language, before, after):
    known = all_languages()[language]
    syntax = syntax_of(before.encode(), known)
    assert layout(syntax, known, First()) == after
    assert same_tokens(syntax, syntax_of(after.encode(), known), known)


@pytest.mark.parametrize(
    ("layout", "language", "source"),
    [
        (other_indent, "python", "x = 1\ny = 2\n"),
        (other_indent, "python", "def f():\n\tif a:\n        b()\n"),
        (other_indent, "markdown", "- a\n    - b\n"),
        (braces_on_own_lines, "javascript", "function f() {\n  return {\n    a: 1,\n  };\n}\n"),
        (braces_on_own_lines, "rust", "fn f() {\n    g();\n}\n"),
        (braces_on_own_lines, "c", "int f() { return 1; }\n"),
        (braces_on_same_line, "c", "int f() // about\n{\n  g();\n}\n"),
        (braces_on_same_line, "c", "int f()\n#ifdef A\n{\n  g();\n}\n#endif\n"),
    ],
)
def test_a_layout_that_does_not_fit_changes_nothing(layout, language, source):
    known = all_languages()[language]
    syntax = syntax_of(source.encode(), known)
    assert (layout(syntax, known, First()) if syntax else None) in (None, source)


def test_the_check_refuses_what_changes_more_than_layout():
    python = all_languages()["python"]
    before = syntax_of(b"if a:\n    b()\n    c()\n", python)
    for wrong in (
        b"if a:\n    b()\nc()\n",
        b"if a:\n  b()\n  d()\n",
        b"if a:\n  b()\n  c(\n",
        b"if a:\n  b()\n  c()\nd\n",
        b"if a:\n  b(), c()\n",
    ):
        assert not same_tokens(before, syntax_of(wrong, python), python)
    assert same_tokens(before, syntax_of(b"if a:\n  b()\n\n  c()\n", python), python)


def test_a_comment_may_move_but_not_change():
    c = all_languages()["c"]
    before = syntax_of(b"int a; /* one\n        two */\n", c)
    assert same_tokens(before, syntax_of(b"int a; /* one\n  two */\n", c), c)
    assert not same_tokens(before, syntax_of(b"int a; /* one\n  three */\n", c), c)
    assert same_tokens(before, syntax_of(b"int a;\n", c), c, comments=False)


SAMPLES = {
    "python": "class A:\n    def f(self):\n        '''Doc\n\n        more'''\n\n        for a in b:\n            c(a,\n              d)\n\n        return 1\n",
    "rust": 'fn f() {\n    let a = "x\n    y";\n\n    if a {\n        // why\n        b();\n    }\n}\n',
    "javascript": "function f() {\n    const a = {\n        b: 1,\n    };\n\n    return (\n        a\n    );\n}\n",
    "go": "package p\n\nfunc f() {\n\ta := `x\n\ty`\n\n\tif a {\n\t\tb()\n\t}\n}\n",
    "java": "class A {\n    void f() {\n        if (a) {\n            b();\n        }\n\n        c();\n    }\n}\n",
    "c": "#define M(x) \\\n    f(x)\nint f() {\n    if (a) {\n        b();\n\n    }\n    return 1;\n}\n",
    "cpp": "namespace n {\nclass A {\n    int f() {\n        return 1;\n    }\n};\n}\n",
    "csharp": "class A {\n    void F() {\n        if (a) {\n            B();\n        }\n    }\n}\n",
    "typescript": "interface A {\n    b: string;\n}\n\nclass C {\n    d(): void {\n\n        e();\n    }\n}\n",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_every_draw_in_every_language_lays_out_the_same_tokens_anew(language):
    known, source = all_languages()[language], SAMPLES[language].encode()
    results = {formatted(source, known, Rng(seed)) for seed in range(24)}
    assert len(results) > 2 and source not in results
    for result in results:
        assert same_tokens(syntax_of(source, known), syntax_of(result, known), known)
        if language == "python":
            assert ast.dump(ast.parse(result)) == ast.dump(ast.parse(source))


def test_a_row_is_laid_out_without_its_context():
    window = {"text": "# path:    x\n" + SAMPLES["python"], "context_chars": 13, "kind": "code", "language": "python"}
    result = apply(window, all_languages()["python"], Rng(2), Helpers())
    assert result.text.startswith("# path:    x\nclass A:") and result.text != window["text"]
    assert (result.verified, result.context_chars) == ("same-tokens", 13)
    assert apply(window | {"kind": "edit"}, all_languages()["python"], Rng(2), Helpers()) == Abstained("edit")


@pytest.mark.parametrize(
    ("language", "source", "reason"),
    [
        ("bash", "if a\nthen\n  b\nfi\n", "language"),
        ("python", "x = 1\n", "nothing_to_lay_out"),
        ("c", "int a;\r\nint b;\r\n", "carriage_return"),
    ],
)
def test_a_source_that_cannot_be_laid_out_is_told_apart(language, source, reason):
    assert formatted(source.encode(), all_languages()[language], Rng(0)) == Abstained(reason)
    assert INDENTED <= set(all_languages())
