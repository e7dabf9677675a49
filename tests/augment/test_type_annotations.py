"""type_annotations as tables: annotated code and the same without; what is made explicit; what is left alone."""

import ast
import inspect
import textwrap

import pytest

from elite_code_dataset.augment import type_annotations as module
from elite_code_dataset.augment.annotations import explicit_of, stripping_of
from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.idioms import worsened
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng
from elite_code_dataset.augment.type_annotations import found_by, type_annotations
from elite_code_dataset.languages import all_languages


def window(code, language, context="", kind="code", scale=100_000):
    return {
        "id": "row",
        "kind": kind,
        "language": language,
        "scale": scale,
        "text": context + code,
        "context_chars": len(context),
        "input_ids": [0] * len(context + code),
    }


def rewritten(code, language_name, listed):
    language = all_languages()[language_name]
    view = framed(code, language)
    sites = found_by(listed(language), language, view)
    return worsened(view.source, view.first, view.last, sites)


STRIPPED = [
    (
        "python",
        "def f(a: int, b: str = 'x', *c: int, d=1, **e: object) -> list[int]:\n    g()\n",
        "def f(a, b='x', *c, d=1, **e):\n    g()\n",
    ),
    ("python", "async def f(\n    a: Callable[[int], str],\n) -> None: ...\n", "async def f(\n    a,\n): ...\n"),
    ("python", "class A:\n    x: int = 1\n    y: int\n\n    def f(self, b: A | None = None) -> A:\n        z: dict[str, int] = {}\n", None),
    ("python", "    def f(self, x: int):\n        return x\n", "    def f(self, x):\n        return x\n"),
    ("typescript", "function f(a: number, b?: string, ...c: any[]): void {}\n", "function f(a, b, ...c) {}\n"),
    ("typescript", "const f = (a: A<B>): Promise<void> => g(a);\n", "const f = (a) => g(a);\n"),
    ("typescript", "class A {\n  private x: number = 1;\n  f(y: string): y is B { return true; }\n}\n", None),
    ("typescript", "  async f(y: string): Promise<B> {\n    let z: B = g(y);\n    return z;\n  }\n", None),
    ("tsx", "const A = ({ x }: Props): JSX.Element => <b>{x}</b>;\n", "const A = ({ x }) => <b>{x}</b>;\n"),
    ("rust", 'fn f() {\n    let s: &str = "a";\n    let n: u64 = x as u64;\n    let p: PathBuf = PathBuf::new();\n}\n', None),
    ("rust", "fn f() {\n    let v: Vec<u8> = Vec::<u8>::with_capacity(3);\n    let b: bool = true;\n}\n", None),
]
OTHERWISE = {
    2: "class A:\n    x = 1\n    y: int\n\n    def f(self, b=None):\n        z = {}\n",
    6: "class A {\n  private x = 1;\n  f(y) { return true; }\n}\n",
    7: "  async f(y) {\n    let z = g(y);\n    return z;\n  }\n",
    9: 'fn f() {\n    let s = "a";\n    let n = x as u64;\n    let p = PathBuf::new();\n}\n',
    10: "fn f() {\n    let v: Vec<u8> = Vec::<u8>::with_capacity(3);\n    let b = true;\n}\n",
}

NEVER_STRIPPED = [
    ("python", "x: int\n"),
    ("python", "def f(a, b=1): return {'a': 1}\n"),
    ("python", "s = 'def f(a: int) -> None'\n"),
    ("typescript", "interface A { x: number; f(y: string): void }\n"),
    ("typescript", "type F = (x: number) => void;\n"),
    ("typescript", "declare function f(x: number): void;\n"),
    ("typescript", "class A { x!: number; }\n"),
    ("typescript", "const x = y as number;\n"),
    ("typescript", "} & ((name: 'retry', count: number) => T)\n"),
    (
        "rust",
        'fn f(x: u32) -> u32 {\n    let v: Vec<u8> = Vec::new();\n    let n: u64 = x.into();\n    let m: u64 = 5;\n    let s: &[u8] = b"a";\n    v\n}\n',
    ),
    ("rust", "fn f() {\n    let x: Vec<_> = it.collect();\n    let e: Box<dyn E> = Box::new(A);\n}\n"),
]

EXPLICIT = [
    ("python", "def f(a):\n    g(a)\n\nx()\n", "def f(a) -> None:\n    g(a)\n\nx()\n"),
    ("python", "class A:\n    def __init__(self, x):\n        self.x = x\n\n    def f(self):\n        return 1\n", None),
    ("python", "MAX_SIZE = 10\nNAME = f'x'\nRATIO = 1.5\nDEBUG = False\nx()\n", None),
    ("typescript", "let n = 0;\nlet s = 'a';\nlet b = true;\nlet t = `x${n}`;\n", None),
    (
        "rust",
        "fn f() {\n    let mut b = true;\n    let s = \"a\";\n    let c = 'x';\n    let n = x as u64;\n    let e = a == b;\n    let z = 5u8;\n}\n",
        None,
    ),
    ("rust", 'fn f() {\n    let s = String::new();\n    let t = format!("{s}");\n}\n', None),
]
MADE = {
    1: "class A:\n    def __init__(self, x) -> None:\n        self.x = x\n\n    def f(self):\n        return 1\n",
    2: "MAX_SIZE: int = 10\nNAME: str = f'x'\nRATIO: float = 1.5\nDEBUG: bool = False\nx()\n",
    3: "let n: number = 0;\nlet s: string = 'a';\nlet b: boolean = true;\nlet t: string = `x${n}`;\n",
    4: "fn f() {\n    let mut b: bool = true;\n    let s: &str = \"a\";\n    let c: char = 'x';\n    let n: u64 = x as u64;\n    let e: bool = a == b;\n"
    "    let z: u8 = 5u8;\n}\n",
    5: 'fn f() {\n    let s: String = String::new();\n    let t: String = format!("{s}");\n}\n',
}

NOT_CERTAIN = [
    ("python", "def f(a):\n    g(a)\n"),  # the window may have been cut there
    ("python", "def f(a):\n    return a\n\nx()\n"),
    ("python", "def f(a):\n    if a:\n        return 1\n    g()\n\nx()\n"),
    ("python", "def f(a):\n    yield\n\nx()\n"),
    ("python", "def f(a):\n    x = yield from a\n\nx()\n"),
    ("python", "def f(a):\n    raise NotImplementedError\n\nx()\n"),
    ("python", "def f(a):\n    'Later.'\n\nx()\n"),
    ("python", "@abstractmethod\ndef f(a):\n    g()\n\nx()\n"),
    ("python", "def f(a) -> int:\n    g(a)\n\nx()\n"),
    ("python", "class Color(Enum):\n    RED_ISH = 1\n\nx()\n"),
    ("python", "count = 0\nA_B = []\nC_D = b'x'\nE_F = 3j\nG_H: int = 3\n"),
    ("typescript", "const n = 0;\nlet x;\nlet y = 5n;\nlet z = f();\nvar v = 1;\n"),
    (
        "rust",
        'fn f() {\n    let n = 5;\n    let x = 1.5;\n    let v = vec![1];\n    let b = b"x";\n    let o = a + b;\n    let r = &s;\n    let (p, q) = (true, false);\n}\n',
    ),
]


@pytest.mark.parametrize("number", range(len(STRIPPED)))
def test_annotations_are_taken_away_and_nothing_else(number):
    language, before, after = STRIPPED[number]
    assert rewritten(before, language, stripping_of) == (after or OTHERWISE[number])


@pytest.mark.parametrize(("language", "code"), NEVER_STRIPPED)
def test_what_the_code_needs_stays(language, code):
    assert rewritten(code, language, stripping_of) == code


@pytest.mark.parametrize("number", range(len(EXPLICIT)))
def test_a_type_that_the_syntax_says_is_made_explicit(number):
    language, before, after = EXPLICIT[number]
    assert rewritten(before, language, explicit_of) == (after or MADE[number])


@pytest.mark.parametrize(("language", "code"), NOT_CERTAIN)
def test_a_type_that_may_be_another_is_not_written(language, code):
    assert rewritten(code, language, explicit_of) == code


@pytest.mark.parametrize("number", range(len(STRIPPED)))
def test_the_bare_code_is_context_and_the_real_code_the_target(number):
    language, before, after = STRIPPED[number]
    made = type_annotations(window(before, language), all_languages()[language], Rng(1), Helpers())
    mark = all_languages()[language].line_comment
    assert isinstance(made, Rewrite)
    assert made.text == f"{mark} Without types:\n{after or OTHERWISE[number]}{mark} With types:\n{before}"
    assert made.text[made.context_chars :] == before
    assert (made.verified, made.idiom) == ("parses", "")


def test_explicit_types_are_the_target_and_the_code_as_it_was_the_context(monkeypatch):
    monkeypatch.setattr(module, "EXPLICIT_TYPES_SHARE", 1.0)
    real = "let n = 0;\nrun(n);\n"
    made = type_annotations(window(real, "typescript", context="// src/a.ts\n"), all_languages()["typescript"], Rng(1), Helpers())
    assert made.text[: made.context_chars] == f"// src/a.ts\n// Without types:\n{real}// With types:\n"
    assert made.text[made.context_chars :] == "let n: number = 0;\nrun(n);\n"
    assert made.idiom == "explicit_types"


def test_most_code_without_annotations_keeps_its_style():
    row = window("let n = 0;\n", "typescript")
    made = [type_annotations(row, all_languages()["typescript"], Rng(seed), Helpers()) for seed in range(200)]
    assert 20 < sum(isinstance(one, Rewrite) for one in made) < 80
    assert {one for one in made if isinstance(one, Abstained)} == {Abstained("left_as_written")}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (window("x = f(1)\n", "python"), "nothing_to_annotate"),
        (window("int f(int x) { return x; }\n", "c"), "no_annotations_in_language"),
        (window("def f(x: int): pass\n", "python", kind="edit"), "not_code"),
    ],
)
def test_it_abstains_and_says_why(row, reason):
    assert type_annotations(row, all_languages()[row["language"]], Rng(1), Helpers()) == Abstained(reason)


def test_no_result_is_claimed_only_where_the_interpreters_own_parser_agrees_even_in_windows_cut_short():
    claimed = 0
    for source in (textwrap, ast, inspect):
        text = inspect.getsource(source)
        truth = {node.lineno: node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        lines = text.splitlines(keepends=True)
        for last in (*range(150, len(lines), 150), len(lines)):
            made = rewritten("".join(lines[:last]), "python", explicit_of).splitlines()
            for number, line in enumerate(made, start=1):
                if "-> None" in line and "-> None" not in lines[number - 1]:
                    claimed += 1
                    function = next(node for at, node in truth.items() if at <= number <= node.body[0].lineno)
                    assert not _gives_value(function), (source, line)
    assert claimed > 100


def _gives_value(function):
    stack = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, (ast.Yield, ast.YieldFrom)) or (isinstance(node, ast.Return) and node.value is not None):
            return True
        stack.extend(ast.iter_child_nodes(node))
    return False


WHOLE = "LIMIT = 3\nNAME = other()\n\n\nclass A:\n    def f(self):\n        self.x = 1\n\n    def g(self):\n        yield 1\n\n\nprint(A)\n"


def test_a_whole_file_gets_every_type_that_is_certain_and_no_other():
    python = all_languages()["python"]
    wanted = WHOLE.replace("LIMIT =", "LIMIT: int =").replace("f(self):", "f(self) -> None:")
    assert module.rewrite_source(WHOLE.encode(), python, Rng(0, "file")) == wanted.encode()
    assert module.rewrite_source(wanted.encode(), python, Rng(0, "file")) == Abstained("nothing_to_annotate")
    assert module.rewrite_source(WHOLE.encode() + b"def (:\n", python, Rng(0, "file")) == Abstained("unreadable")
    assert module.rewrite_source(b"x := 1\n", all_languages()["go"], Rng(0, "file")) == Abstained("no_annotations_in_language")
