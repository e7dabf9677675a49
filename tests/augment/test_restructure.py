"""restructure: each rewrite before and after, what is not certain enough, and real modules that behave the same."""

import ast
import random

import pytest

from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.augment.restructure import apply, restructured, rewrite_source
from elite_code_dataset.augment.structures import all_rules, edits_of, replaced
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.languages import all_languages


def rewrites(language, source):
    """Each certain rewrite of the source alone, by its rule's name."""
    syntax = syntax_of(source.encode(), all_languages()[language])
    return [(edit.rule, replaced(syntax.source, [edit]).decode()) for edit in edits_of(syntax, all_languages()[language])]


PYTHON = [
    (
        "swap_branches",
        "if a:\n    x = 1\n\n    y = 2  # two\nelse:\n    z = 3\n",
        "if not a:\n    z = 3\nelse:\n    x = 1\n\n    y = 2  # two\n",
    ),
    ("swap_branches", "if not a:\n    x = 1\nelse:\n    z = 3\n", "if a:\n    z = 3\nelse:\n    x = 1\n"),
    ("swap_branches", "if a is None:\n    x = 1\nelse:\n    z = 3\n", "if a is not None:\n    z = 3\nelse:\n    x = 1\n"),
    ("swap_branches", "if a not in b:\n    x = 1\nelse:\n    z = 3\n", "if a in b:\n    z = 3\nelse:\n    x = 1\n"),
    ("swap_branches", "x = b if len(d) >= 2 else c\n", "x = c if len(d) < 2 else b\n"),
    ("swap_branches", "if a or b:\n    x = 1\nelse:\n    z = 3\n", "if not (a or b):\n    z = 3\nelse:\n    x = 1\n"),
    ("swap_branches", "if a := f():\n    x = 1\nelse:\n    z = 3\n", "if not (a := f()):\n    z = 3\nelse:\n    x = 1\n"),
    ("swap_branches", "x = f(a if c else b)\n", "x = f(b if not c else a)\n"),
    ("swap_branches", "x = [a if c is d else b if e else g]\n", "x = [(b if e else g) if c is not d else a]\n"),
    ("flip_comparison", "x = a.b(c) < 3\n", "x = 3 > a.b(c)\n"),
    ("flip_comparison", "if 'k' != a[0]: f()\n", "if a[0] != 'k': f()\n"),
    ("move_negation", "x = not (a is b and c)\n", "x = a is not b or not c\n"),
    ("move_negation", "if not (a or not b): f()\n", "if not a and b: f()\n"),
    ("move_negation", "x = y + (not (a and b))\n", "x = y + (not a or not b)\n"),
    ("move_negation", "x = [not (a and b) for a in b]\n", "x = [(not a or not b) for a in b]\n"),
    ("move_negation", "x = not a or not b or not c\n", "x = not (a and b and c)\n"),
    ("split_chain", "if 0 <= i < n: f()\n", "if 0 <= i and i < n: f()\n"),
    ("split_chain", "x = not a < b < c\n", "x = not (a < b and b < c)\n"),
    ("unfold_ternary", "def f():\n  return a if c else b\n", "def f():\n  if c:\n    return a\n  return b\n"),
    ("unfold_ternary", "def f():\n    x = a if c else b\n", "def f():\n    if c:\n        x = a\n    else:\n        x = b\n"),
    (
        "early_exit",
        "def f():\n    if a:\n        return 1\n    else:\n        b()\n        if c:\n            d()\n    return 2\n",
        "def f():\n    if a:\n        return 1\n    b()\n    if c:\n        d()\n    return 2\n",
    ),
    (
        "early_exit",
        "def f():\n    while a:\n        if b:\n            continue\n        c(d,\n          e)\n    return 2\n",
        "def f():\n    while a:\n        if b:\n            continue\n        else:\n            c(d,\n              e)\n    return 2\n",
    ),
    ("fold_elif", "if a:\n    x()\nelse:\n    if b:\n        y()\n", "if a:\n    x()\nelif b:\n    y()\n"),
]
BRACES = [
    ("javascript", "swap_branches", "if (a == b) { x(); } else { y(); }", "if (a != b) { y(); } else { x(); }"),
    (
        "javascript",
        "swap_branches",
        "if (a) { x(); } else if (!b) { y(); } else { z(); }",
        "if (a) { x(); } else if (b) { z(); } else { y(); }",
    ),
    ("javascript", "swap_branches", "x = a || b > c ? c : d;", "x = !(a || b > c) ? d : c;"),
    ("go", "swap_branches", "func f() { if len(a) > 2 { b() } else { c() } }", "func f() { if len(a) <= 2 { c() } else { b() } }"),
    ("javascript", "flip_comparison", "if (a.b() < 3) {}", "if (3 > a.b()) {}"),
    ("javascript", "flip_comparison", "x = a === b;", "x = b === a;"),
    ("javascript", "move_negation", "if (!(a && b === c)) {}", "if (!a || b !== c) {}"),
    ("javascript", "move_negation", "x = !a && !b;", "x = !(a || b);"),
    ("javascript", "compound_assignment", "x = x + y.z;", "x += y.z;"),
    ("typescript", "swap_branches", "const x: T = a === b ? c : d;", "const x: T = a !== b ? d : c;"),
    (
        "javascript",
        "early_exit",
        "function f() {\n  if (a) {\n    return 1;\n  }\n  // then\n  b();\n}",
        "function f() {\n  if (a) {\n    return 1;\n  } else {\n    // then\n    b();\n  }\n}",
    ),
    (
        "go",
        "early_exit",
        "func f() {\n\tif a {\n\t\treturn\n\t} else {\n\t\tb()\n\t}\n}",
        "func f() {\n\tif a {\n\t\treturn\n\t}\n\tb()\n}",
    ),
    ("go", "swap_branches", "func f() {\n\tif x := g(); x == 1 {\n\t\ta()\n\t} else {\n\t\tb()\n\t}\n}", None),
    ("go", "flip_comparison", "func f() bool { return len(a) > 0 }", "func f() bool { return 0 < len(a) }"),
    ("go", "compound_assignment", "func f() { x = x - 1 }", "func f() { x -= 1 }"),
    ("java", "swap_branches", "class A { int f() { return a == b ? c : d; } }", "class A { int f() { return a != b ? d : c; } }"),
    ("java", "move_negation", "class A { boolean f() { return !(a || b); } }", "class A { boolean f() { return (!a && !b); } }"),
    ("c", "swap_branches", "int f() { if (p) { a(); } else { b(); } }", "int f() { if (!p) { b(); } else { a(); } }"),
    ("c", "flip_comparison", "int f() { return p->n >= 3; }", "int f() { return 3 <= p->n; }"),
    ("rust", "swap_branches", "fn f() { if a == b { x(); } else { y(); } z(); }", "fn f() { if a != b { y(); } else { x(); } z(); }"),
    ("rust", "flip_comparison", "fn f() -> bool { v.len() > 1 }", "fn f() -> bool { 1 < v.len() }"),
    ("rust", "move_negation", "fn f() -> bool { !(a && b == c) }", "fn f() -> bool { (!a || b != c) }"),
    (
        "rust",
        "swap_branches",
        "fn f(n: usize) { if n < 3 { x(); } else { y(); } z(); }",
        "fn f(n: usize) { if n >= 3 { y(); } else { x(); } z(); }",
    ),
    ("rust", "swap_branches", "fn f() -> u8 { if a { g(); 1 } else { 2 } }", "fn f() -> u8 { if !a { 2 } else { g(); 1 } }"),
    ("rust", "flip_comparison", "fn f(n: u8, m: u8) -> bool { n < m }", "fn f(n: u8, m: u8) -> bool { m > n }"),
    (
        "rust",
        "early_exit",
        "fn f() -> u8 {\n    if a {\n        return 1;\n    }\n    b();\n    2\n}",
        "fn f() -> u8 {\n    if a {\n        return 1;\n    } else {\n        b();\n        2\n    }\n}",
    ),
    (
        "rust",
        "early_exit",
        "fn f() {\n    loop {\n        if a {\n            continue;\n        } else {\n            b();\n        }\n        c();\n    }\n}",
        "fn f() {\n    loop {\n        if a {\n            continue;\n        }\n        b();\n        c();\n    }\n}",
    ),
    ("rust", "tail_return", "fn f() -> u8 {\n    return x;\n}", "fn f() -> u8 {\n    x\n}"),
    (
        "rust",
        "if_let_match",
        "fn f() {\n    if let Some(a) = self.b {\n        x(a);\n    } else {\n        y();\n    }\n    z();\n}",
        "fn f() {\n    match self.b {\n        Some(a) => {\n            x(a);\n        }\n        _ => {\n            y();\n        }\n    }\n    z();\n}",
    ),
    (
        "rust",
        "if_let_match",
        "fn f() {\n    match b {\n        Some(a) => {\n            x(a);\n        }\n        _ => {}\n    }\n    z();\n}",
        "fn f() {\n    if let Some(a) = b {\n        x(a);\n    }\n    z();\n}",
    ),
]


@pytest.mark.parametrize(("language", "rule", "before", "after"), [("python", *row) for row in PYTHON] + BRACES)
def test_a_rewrite_gives_exactly_this(language, rule, before, after):
    if after is None:
        after = before.replace("x == 1", "x != 1").replace("a()", "?").replace("b()", "a()").replace("?", "b()")
    assert (rule, after) in rewrites(language, before)


LEFT_ALONE = [
    ("python", "if a:\n    x()\n"),
    ("python", "if a:\n    x()\n    # about the else\nelse:  # why\n    y()\n"),
    ("python", "if a: x()\nelse:\n    y()\n"),
    ("python", "x = a < b\n"),
    ("python", "x = a == None\n"),
    ("python", "x = f'{a == 3=}'\n"),
    ("python", "x = b'k' == a == 'k'\n"),
    ("python", "x = not (a and not b)\n"),
    ("python", "x = a < f() < c\n"),
    ("python", "x = not a == b\n"),
    ("python", "x = x + 1\n"),
    ("python", "def f():\n    if a:\n        return 1\n    x = '''\n text'''\n"),
    ("python", "for a in b:\n    c()\nelse:\n    if d:\n        e()\n"),
    ("python", "try:\n    c()\nexcept E:\n    d()\nelse:\n    if e:\n        f()\n"),
    ("javascript", "if (a) x(); else y();"),
    ("javascript", "x = a < b;"),
    ("javascript", "x = !(a && !b);"),
    ("javascript", "x = `${a}` == b;"),
    ("javascript", "function f() {\n  if (a) {\n    return 1;\n  }\n  const b = 2;\n  g(b);\n}"),
    ("go", "func f() {\n\tif x := g(); x {\n\t\treturn\n\t}\n\tb(x)\n}"),
    ("go", "func f() {\n\tswitch a {\n\tcase 1:\n\t\tif b {\n\t\t\treturn\n\t\t}\n\t\tfallthrough\n\tcase 2:\n\t}\n}"),
    ("java", "class A { void f() { if (o instanceof B b) { x(b); } else { y(); } } }"),
    ("java", "class A { void f() { b += 1; s = s - t - 1; } }"),
    ("c", "int f() { return LIMIT < 3; }"),
    ("c", "int f() { if (a) {\n#ifdef B\n b();\n#endif\n } else { c(); } }"),
    ("python", "if a == b:\n    x = 1\nelse:\n    z = 3\n"),
    ("javascript", "x = a > b ? c : d;"),
    ("rust", "fn f(n: f64, m: f64) -> bool { n < m }"),
    ("rust", "fn f(n: u8, m: u8) -> bool { let m = g(); n < m }"),
    ("rust", "fn f() -> u8 { if a { b } else { c } }"),
    ("rust", "fn f() -> u8 {\n    if let Some(a) = b.lock() {\n        return a;\n    }\n    2\n}"),
    ("rust", "fn f() -> u8 {\n    if a {\n        return 1;\n    }\n    let b = c();\n    b\n}"),
    ("rust", 'fn f() { let x = if a { g(); 1 } else { h(); "2" }; }'),
    ("rust", "fn f() { if !a { x(); } else { y(); } z(); }"),
    ("rust", "fn f() { if let Some(b) = a && c { x(); } else { y(); } z(); }"),
    ("rust", "fn f() {\n    if let Some(a) = b.lock() {\n        x(a);\n    } else {\n        y();\n    }\n    z();\n}"),
    ("rust", "fn f() { let v = Vec::new(); if a { v.push(1u8); } else { v.len(); } z(); }"),
    ("rust", "fn f() -> bool { a < 3 }"),
    ("rust", "fn f() -> bool { !a && !b }"),
    ("rust", "fn f() -> u8 { g().h }"),
    ("cpp", "int f() { if (a) { b(); } else { c(); } }"),
    ("python", "if a:\n    x(\nelse:\n    y()\n"),
]


@pytest.mark.parametrize(("language", "source"), LEFT_ALONE)
def test_what_is_not_certain_stays(language, source):
    assert rewrites(language, source) == []


RULED_OUT = [
    ("swap_branches", "python", "x = b if c > d else a\n"),
    ("unfold_ternary", "python", "def f():\n    x: int = a if c else b\n"),
    ("unfold_ternary", "python", "def f():\n    x = a if c else b; y()\n"),
    ("unfold_ternary", "python", "def f():\n    x.y = a if c else b\n"),
    ("early_exit", "javascript", "function f() {\n  if (a) {\n    return 1;\n  } else {\n    let b = 2;\n    g(b);\n  }\n}"),
    ("early_exit", "python", "def f():\n    if a:\n        return 1\n    elif b:\n        c()\n    return 2\n"),
    ("early_exit", "python", "def f():\n    while a:\n        if a:\n            return 1\n        # the end\n    return 2\n"),
    ("swap_branches", "python", "if a:\n    x()\nelif b:\n    y()\nelse:\n    z()\n"),
    ("move_negation", "python", "x = not (a and not b)\n"),
]


@pytest.mark.parametrize(("rule", "language", "source"), RULED_OUT)
def test_one_rewrite_is_ruled_out_where_others_are_certain(rule, language, source):
    assert rule not in [found for found, _ in rewrites(language, source)]


def test_every_python_rewrite_computes_the_same_for_all_values_of_its_names():
    """Each rule's example, wrapped into a function of the names in it, over a grid of values that includes nan, sets and lists."""
    values = [0, 1, -1, 2.5, float("nan"), "", "k", (), (1,), None, [0], {"k"}, True]
    drawn = random.Random(7)
    for rule, before, after in PYTHON:
        calls = [[drawn.choice(values) for _ in range(3)] for _ in range(200)]
        assert [_trace(before, call) for call in calls] == [_trace(after, call) for call in calls], (rule, before)


def _trace(source, call):
    """What the source does with a, b, c, d, e, g, i, n: the functions it calls in order, its names at the end, its result or error."""
    trail = []

    class Told:
        def __init__(self, name):
            self.name = name

        def __call__(self, *arguments):
            trail.append((self.name, repr(arguments)))
            return call[len(trail) % 3]

    tree = ast.parse(source)
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)} - {"len"}
    names = {name: Told(name) for name in sorted(called)} | {
        name: call[place % 3] for place, name in enumerate("abcdegin") if name not in called
    }
    names["p"] = None
    try:
        exec(compile(tree, "<case>", "exec"), names)
        result = names["f"]() if isinstance(names.get("f"), type(_trace)) and "while" not in source else None
    except Exception as error:
        result = type(error).__name__
    return trail, {name: repr(names.get(name)) for name in sorted(stored)}, repr(result)


def test_rewrites_do_not_touch_each_other_and_all_of_them_parse():
    source = "\n".join(
        f"def f{n}(a, b):\n    if not (a < 3 and b):\n        return a if b else {n}\n    else:\n        return b\n" for n in range(9)
    )
    result = restructured(source.encode(), all_languages()["python"], Rng(3))
    assert {"early_exit", "swap_branches", "unfold_ternary"} & set(result.rules)
    ast.parse(result.source.decode())
    assert len(result.rules) > 9


def test_the_draw_decides_how_much_of_a_row_changes_and_the_level_is_recorded():
    python = all_languages()["python"]
    source = "".join(f"x{n} = y.a{n} < 3\n" for n in range(20))
    window = {"text": "# a.py\n" + source, "context_chars": 7, "kind": "code", "language": "python"}
    result = apply(window, python, Rng(0, "row"), Helpers())
    changed = sum(a != b for a, b in zip(result.text.split("\n"), window["text"].split("\n")))
    assert 3 < changed < 17
    assert (result.verified, result.context_chars, result.text[:7]) == ("same-names", 7, "# a.py\n")
    assert apply(window, python, Rng(0, "row"), Helpers()) == result
    assert apply(window | {"kind": "edit"}, python, Rng(0), Helpers()) == Abstained("edit")
    unfolded = apply({"text": "x = a if c else b\n", "context_chars": 0, "kind": "code", "language": "python"}, python, Rng(1), Helpers())
    assert unfolded.verified in ("parses", "same-names")


def test_a_language_without_rules_and_a_source_without_rewrites_are_told_apart():
    assert rewrite_source(b"int f() { return 1; }", all_languages()["cpp"], Rng(0)) == Abstained("language")
    assert rewrite_source(b"x = 1\n", all_languages()["python"], Rng(0)) == Abstained("no_certain_rewrite")
    assert set(all_rules()) <= set(all_languages())


@pytest.mark.parametrize(
    "body",
    [
        "    if (size > 64 KB) size = 1;",
        "    x = !(a && size > 64 KB);",
        "    return size < 64 KB ? 1 : 2;",
        "    while (64 KB < size && 3 > a) a = 1;",
        "    if (size > 64 KB) { a = 1; } else { b(); }",
    ],
)
def test_a_statement_of_which_a_part_could_not_be_read_stays_as_it_is(body):
    source = "#define KB *(1 <<10)\nint f(int size) {\n    " + body + "\n    if (a < 3) { b(); }\n}\n"
    assert [rewritten.splitlines()[2] for _, rewritten in rewrites("c", source)] == ["    " + body]
    assert "3 > a" in rewrites("c", source)[0][1]
