"""rename: what it changes in each language, what it must leave alone, and proofs that what it made means the same."""

import glob
import sys
import sysconfig
from pathlib import Path

import pytest

from elite_code_dataset.augment.registry import Abstained, Helpers, Rng
from elite_code_dataset.augment.rename import apply, names_of, renamed, rewrite_source, survey
from elite_code_dataset.augment.scopes import all_rules, rules_of, scopes_of
from elite_code_dataset.augment.syntax import syntax_of
from elite_code_dataset.augment.verify import alpha_equivalent, same_by_symbols
from elite_code_dataset.languages import all_languages

NAMES = {"local": ["alpha", "beta", "gamma", "delta"], "loop": ["one", "two", "three"], "parameter": ["left", "right", "upper", "lower"]}


class First:
    """Always draws the first choice, so that a table can say what comes out."""

    def below(self, limit):
        return 0

    def random(self):
        return 0.0


def scope_of(language, source):
    return scopes_of(syntax_of(source.encode(), language), rules_of(language))


BEFORE_AND_AFTER = {
    "a_positional_parameter_and_its_loop": (
        "python",
        """\
def total(items, /):
    result = 0
    for item in items:
        result += item
    return result
""",
        """\
def total(left, /):
    alpha = 0
    for one in left:
        alpha += one
    return alpha
""",
    ),
    "comprehensions_and_a_walrus": (
        "python",
        """\
def pairs(self, rows):
    return {key: [cell for cell in row] for key, row in rows.items() if (size := len(row)) > 1 and size}
""",
        """\
def pairs(self, rows):
    return {two: [one for one in three] for two, three in rows.items() if (alpha := len(three)) > 1 and alpha}
""",
    ),
    "with_except_and_format_strings": (
        "python",
        """\
def read(path):
    with open(path) as handle:
        try:
            text = handle.read()
        except OSError as error:
            raise ValueError(f"{error!r:>{len(path)}}") from error
    return text
""",
        """\
def read(path):
    with open(path) as alpha:
        try:
            beta = alpha.read()
        except OSError as gamma:
            raise ValueError(f"{gamma!r:>{len(path)}}") from gamma
    return beta
""",
    ),
    "inner_functions_that_are_called_by_position": (
        "python",
        """\
class Shelf:
    def sort(self, books):
        def weight(book, extra):
            return book.weight + extra
        heavy = sorted(books, key=lambda book: -book.weight)
        return [weight(book, 1) for book in heavy]
""",
        """\
class Shelf:
    def sort(self, books):
        def weight(left, right):
            return left.weight + right
        alpha = sorted(books, key=lambda left: -left.weight)
        return [weight(left, 1) for left in alpha]
""",
    ),
    "star_targets_and_an_attribute_of_the_same_name": (
        "python",
        """\
async def gather(*jobs):
    first, *rest = [await job for job in jobs]
    del rest[0]
    first.rest = rest
    return first
""",
        """\
async def gather(*left):
    alpha, *beta = [await one for one in left]
    del beta[0]
    alpha.rest = beta
    return alpha
""",
    ),
    "format_captures_and_widths": (
        "rust",
        """\
fn area(width: u32, height: u32) -> u32 {
    let sum = width * height;
    println!("{sum} {:>width$}", height);
    sum
}
""",
        """\
fn area(left: u32, right: u32) -> u32 {
    let alpha = left * right;
    println!("{alpha} {:>left$}", right);
    alpha
}
""",
    ),
    "field_shorthands_written_out": (
        "rust",
        """\
fn point(x: u8, p: Point) -> Point {
    let Point { y, ref mut z, w: depth } = p;
    let x = x + y;
    Point { x, y, z: depth, ..p }
}
""",
        """\
fn point(left: u8, right: Point) -> Point {
    let Point { y: alpha, z: ref mut beta, w: gamma } = right;
    let left = left + alpha;
    Point { x: left, y: alpha, z: gamma, ..right }
}
""",
    ),
    "patterns_loops_closures_and_asserts": (
        "rust",
        """\
fn walk(tree: &Tree) -> usize {
    let mut count = 0;
    if let Some(node) = tree.root() {
        for child in &node.children {
            count += match child.kind { Kind::Leaf(n) if n > 1 => n, _ => 1 };
        }
    }
    while let Some(next) = tree.next() { count += next.size(); }
    let add = |extra| count + extra;
    assert_eq!(add(1), count + 1, "{count:?} {{count}}");
    count
}
""",
        """\
fn walk(left: &Tree) -> usize {
    let mut alpha = 0;
    if let Some(beta) = left.root() {
        for one in &beta.children {
            alpha += match one.kind { Kind::Leaf(gamma) if gamma > 1 => gamma, _ => 1 };
        }
    }
    while let Some(delta) = left.next() { alpha += delta.size(); }
    let add = |right| alpha + right;
    assert_eq!(add(1), alpha + 1, "{alpha:?} {{count}}");
    alpha
}
""",
    ),
    "destructured_parameters_and_templates": (
        "javascript",
        """\
function load(url, { retries = 3, delay }) {
  const options = { url, retries };
  for (const header of headers) {
    options.headers.push(`${header}: ${delay}`);
  }
  let { status } = fetch(url, options);
  return { status };
}
""",
        """\
function load(left, { retries: right = 3, delay: upper }) {
  const alpha = { url: left, retries: right };
  for (const one of headers) {
    alpha.headers.push(`${one}: ${upper}`);
  }
  let { status: beta } = fetch(left, alpha);
  return { status: beta };
}
""",
    ),
    "an_arrow_function": (
        "javascript",
        """\
const twice = list => list.map(entry => entry * 2);
""",
        """\
const twice = left => left.map(right => right * 2);
""",
    ),
    "types_and_type_predicates": (
        "typescript",
        """\
function pick<T>(items: T[], test: (item: T) => boolean): item is T {
  const found: T | undefined = items.find(test);
  try { check(found!); } catch (err) { throw err as Error; }
  return found;
}
""",
        """\
function pick<T>(left: T[], right: (item: T) => boolean): item is T {
  const alpha: T | undefined = left.find(right);
  try { check(alpha!); } catch (beta) { throw beta as Error; }
  return alpha;
}
""",
    ),
    "jsx": (
        "tsx",
        """\
function View({ title }: Props) {
  const label = title.trim();
  return <div title={title}>{label}</div>;
}
""",
        """\
function View({ title: left }: Props) {
  const alpha = left.trim();
  return <div title={left}>{alpha}</div>;
}
""",
    ),
    "named_results_shadowing_and_type_switches": (
        "go",
        """\
func (s *Stack) Each(visit func(item int) error) (count int, err error) {
	for index, value := range s.items {
		if err := visit(value); err != nil {
			return index, err
		}
		count++
	}
	switch kind := s.kind.(type) {
	case int:
		count += kind
	}
	return count, nil
}
""",
        """\
func (s *Stack) Each(left func(item int) error) (right int, upper error) {
	for one, two := range s.items {
		if upper := left(two); upper != nil {
			return one, upper
		}
		right++
	}
	switch alpha := s.kind.(type) {
	case int:
		right += alpha
	}
	return right, nil
}
""",
    ),
    "resources_catches_and_lambdas": (
        "java",
        """\
class Sum {
    int of(int[] values, int start) {
        int total = start;
        for (int value : values) { total += value; }
        try (Reader reader = open()) { total += reader.read(); } catch (IOException error) { log(error); }
        Function<Integer, Integer> add = (extra) -> extra + start;
        this.total = total;
        return add.apply(total);
    }
}
""",
        """\
class Sum {
    int of(int[] left, int right) {
        int alpha = right;
        for (int one : left) { alpha += one; }
        try (Reader beta = open()) { alpha += beta.read(); } catch (IOException gamma) { log(gamma); }
        Function<Integer, Integer> delta = (upper) -> upper + right;
        this.total = alpha;
        return delta.apply(alpha);
    }
}
""",
    ),
    "declarators_and_designators": (
        "c",
        """\
static int sum(const int *values, size_t count) {
    int total = 0, *next = &total;
    for (size_t i = 0; i < count; i++)
        total += values[i];
    struct pair made = { .total = total };
    return made.total + *next;
}
""",
        """\
static int sum(const int *left, size_t right) {
    int alpha = 0, *beta = &alpha;
    for (size_t gamma = 0; gamma < right; gamma++)
        alpha += left[gamma];
    struct pair delta = { .total = alpha };
    return delta.total + *beta;
}
""",
    ),
    "captures_and_structured_bindings": (
        "cpp",
        """\
int Shelf::weigh(const std::vector<Book>& books) const {
    int total = 0;
    for (const auto& book : books) { total += book.weight(); }
    auto add = [&total](int extra) { return total + extra; };
    auto [low, high] = range(total);
    return add(low) + high;
}
""",
        """\
int Shelf::weigh(const std::vector<Book>& left) const {
    int alpha = 0;
    for (const auto& one : left) { alpha += one.weight(); }
    auto beta = [&alpha](int right) { return alpha + right; };
    auto [gamma, delta] = range(alpha);
    return beta(gamma) + delta;
}
""",
    ),
}


@pytest.mark.parametrize(("language", "before", "after"), BEFORE_AND_AFTER.values(), ids=BEFORE_AND_AFTER)
def test_every_occurrence_of_a_local_gets_the_new_name(language, before, after):
    result = renamed(before.encode(), all_languages()[language], First(), NAMES)
    assert result.source.decode() == after


LEFT_ALONE = [
    ("python", "def f(size):\n    return size\n", "size", "keyword_parameter"),
    ("python", "def f():\n    global count\n    count = 1\n", "count", "unsure"),
    ("python", "def f():\n    count = 0\n    def g():\n        nonlocal count\n        count += 1\n    return g\n", "count", "unsure"),
    ("python", "def f():\n    name = 1\n    return locals()\n", "name", "reflection"),
    ("python", "def f():\n    name = 1\n    return '{name}'.format(**vars())\n", "name", "reflection"),
    ("python", "def f():\n    name = 1\n    return eval('name')\n", "name", "reflection"),
    ("python", "def f():\n    name = 1\n    exec('name = 2')\n", "name", "reflection"),
    ("python", "def f(frame):\n    name = frame.f_locals\n    return name\n", "name", "reflection"),
    ("python", "def f(table):\n    limit = 1\n    return table.query('x < @limit')\n", "limit", "reflection"),
    ("python", "def f(x):\n    value = x\n    return f'{value=}'\n", "value", "unsure"),
    ("python", "def f():\n    class C:\n        size = 1\n    size = 2\n    return C, size\n", "size", "unsure"),
    ("python", "def f():\n    import os\n    os = os.path\n    return os\n", "os", "unsure"),
    ("python", "def f():\n    def run(): ...\n    run = wrap(run)\n    return run\n", "run", "unsure"),
    ("python", "def f():\n    def g(a): return h\n    return g, [h for h in a]\n", "h", "outer_name"),
    ("python", "def f():\n    def g(start=start): start = 1\n    return g\n", "start", "outer_name"),
    ("python", "def f(a=x):\n    x = a\n    def g(b: x): x = b\n    return g\n", "a", "keyword_parameter"),
    ("python", "def f(point):\n    match point:\n        case (x, y): return x + y\n    x = 1\n", "x", "unsure"),
    ("python", "def f(xs):\n    return apply(xs, lambda size: size)\n", "size", "keyword_parameter"),
    ("python", "def f():\n    '''Sets `limit`.'''\n    limit = 1\n    return limit\n", "limit", "documented"),
    ("python", "def f():\n    _hidden = 1\n    return _hidden\n", "_hidden", "conventional"),
    ("python", "def f():\n    def g(depth): return depth\n    return g(depth=1)\n", "depth", "keyword_parameter"),
    ("python", "def f(d):\n    def g(depth): return depth\n    return g(**d)\n", "depth", "keyword_parameter"),
    ("python", "def f():\n    def g(depth): return depth\n    return g\n", "depth", "keyword_parameter"),
    ("python", "def f():\n    @wrap\n    def g(depth): return depth\n    return g(1)\n", "depth", "keyword_parameter"),
    ("python", "def f(self, *args, **kwargs):\n    return g(*args, **kwargs)\n", "args", "conventional"),
    ("python", "def f(path: str, /):\n    return path\n", "path", "keyword_parameter"),
    ("rust", "fn f(s: &str) { let parse = parse(s); parse; }\n", "parse", "outer_name"),
    ("rust", "fn f(x: u8) { custom!(x); }\n", "x", "unsure"),
    ("rust", 'fn f(x: u8) { sql!("select {x}"); }\n', "x", "macro"),
    ("rust", 'fn f(x: u8) { info!(x, "hi"); }\n', "x", "unsure"),
    ("rust", 'fn f(x: u8) { println!("{x}", x = 3); }\n', "x", "unsure"),
    ("rust", "fn f(x: u8) { assert_eq!(S { x }, y); }\n", "x", "unsure"),
    ("rust", "fn f(x: u8) { vec![json!({ x })]; }\n", "x", "unsure"),
    ("rust", "fn f(x: u8) { macro_rules! m { () => { 1 } } let y = x; y; }\n", "y", "macro"),
    ("rust", "#[instrument(skip(conn))]\nfn f(conn: C) { conn.go(); }\n", "conn", "attribute"),
    ("rust", "#[pymethods]\nimpl A { fn f(&self, conn: C) { conn.go(); } }\n", "conn", "attribute"),
    ("rust", "    fn f(&self, conn: C) { conn.go(); }\n", "conn", "fragment"),
    ("rust", "/// Opens `conn`.\nfn f(conn: C) { conn.go(); }\n", "conn", "documented"),
    ("rust", "fn f() { let x = 1; fn x() {} x(); }\n", "x", "unsure"),
    ("rust", "fn f() { let x = 1; fn g() -> u8 { x } g(x); }\n", "x", "outer_name"),
    ("rust", "fn f(_unused: u8) {}\n", "_unused", "conventional"),
    ("javascript", "function f(a) { return arguments[0] + a; }\n", "a", "reflection"),
    ("javascript", "function f(a) { with (a) { b; } }\n", "a", "reflection"),
    ("javascript", "function f(a) { return eval('a'); }\n", "a", "reflection"),
    ("javascript", "function f() { const go = () => 1; return go.name; }\n", "go", "function_name"),
    ("javascript", "function f() { let x = count; { let count = 2; } return x; }\n", "count", "outer_name"),
    ("javascript", "/** @param {string} a - what */\nfunction f(a) { return a; }\n", "a", "documented"),
    ("tsx", "function f(item) { return <item />; }\n", "item", "unsure"),
    ("go", "func f(x int) T { return T{x: x} }\n", "x", "unsure"),
    ("go", "func f(s string) { len := len(s); print(len) }\n", "len", "outer_name"),
    ("java", "class A { void f() { int x = 1; new B() { int g() { return x; } }; } }\n", "x", "inner_class"),
    ("java", "class A { void f(Object o) { if (o instanceof B b) { b.go(); } B b = null; } }\n", "b", "unsure"),
    ("java", "class A { void f(@Param String id) { id.go(); } }\n", "id", "attribute"),
    ("java", "void f(String id) { id.go(); }\n", "id", "fragment"),
    ("java", "class A { int x; int f() { int y = x; { int x = 1; } return y; } }\n", "x", "outer_name"),
    ("c", "int f(int x) { CHECK(x); return x; }\n", "x", "macro"),
    ("c", "#define NEXT (state->next)\nint f(int state) { return state; }\n", "state", "macro"),
    ("c", "int f(struct l *pos) { list_for_each(pos, head); return 0; }\n", "pos", "macro"),
    ("c", "int f(int x) {\n#pragma omp parallel private(x)\n  return x; }\n", "x", "macro"),
    ("c", "int f(visitproc visit) { Py_VISIT(a); return visit(b); }\n", "visit", "macro"),
    ("cpp", "int f(int x) { std::vector<x> y; return x; }\n", "x", "unsure"),
    ("cpp", "int f(M call) { return (a.*call)(1); }\n", "call", "unsure"),
]


@pytest.mark.parametrize(("language", "source", "name", "reason"), LEFT_ALONE)
def test_a_name_that_may_mean_something_else_stays_and_the_reason_is_told(language, source, name, reason):
    (scope,) = scope_of(all_languages()[language], source)
    assert name not in scope.roles
    assert (scope.abstained or scope.blocked[name]).partition(":")[0] == reason
    result = renamed(source.encode(), all_languages()[language], First(), NAMES)
    assert isinstance(result, Abstained) or all(name not in mapping for mapping in result.names)


NOT_A_LOCAL = [
    ("python", "def f(self):\n    self.size = 1\n    for self.place in self.rows: pass\n"),
    ("python", "def f():\n    return [print(one) for one in ()][0:limit]\nlimit = 1\n"),
    ("python", "total = 0\ntotal += 1\n"),
    ("rust", "fn f() -> u8 { LIMIT + self::limit() }\n"),
    ("go", "func (r *R) F() { r.Run() }\n"),
    ("c", "int f(void) { extern int count; return count; }\n"),
    ("typescript", "class A { constructor(private store: S) { store.go(); } }\n"),
    ("rust", "fn f<'a>(g: impl for<'b> Fn(&'b fmt::Formatter) -> &'a u8) {}\n".replace("g:", "_g:")),
    ("python", "def f():\n    (limit): int\n    return limit\n"),
]


@pytest.mark.parametrize(("language", "source"), NOT_A_LOCAL)
def test_attributes_fields_globals_and_receivers_are_never_renamed(language, source):
    pool = {"local": ["alpha"], "loop": ["alpha"], "parameter": ["alpha"]}
    result = rewrite_source(source.replace("one", "_").encode(), all_languages()[language], First(), pool)
    assert isinstance(result, Abstained)


@pytest.mark.parametrize(
    ("source", "reason"),
    [(b"x = 1\n", "no_whole_function"), (b"def f():\n    pass\n", "no_locals"), (b"def f(a):\n    return a\n", "keyword_parameter")],
)
def test_a_source_without_anything_to_rename_is_told_apart(source, reason):
    assert renamed(source, all_languages()["python"], First(), NAMES) == Abstained(reason)


def test_a_new_name_is_no_keyword_no_word_of_the_function_and_no_other_name_of_the_source():
    python = all_languages()["python"]
    source = b"def f():\n    # beta\n    value = other.alpha\n    return value\n\ndef g():\n    return gamma\n"
    pool = {"local": ["class", "list", "alpha", "beta", "gamma", "delta"]}
    assert b"delta = other.alpha\n    return delta" in rewrite_source(source, python, First(), pool)
    assert isinstance(rewrite_source(source, python, First(), {"local": ["class", "alpha", "gamma"]}), Abstained)


def test_a_one_letter_name_never_takes_the_place_of_a_longer_one():
    python = all_languages()["python"]
    source = b"def f():\n    i = total = 0\n    return i, total\n"
    assert rewrite_source(source, python, First(), {"local": ["x", "sums"]}) == b"def f():\n    x = sums = 0\n    return x, sums\n"


def test_the_check_refuses_what_is_no_renaming():
    python = all_languages()["python"]
    before = syntax_of(b"def f():\n    a = 1\n    b = 2\n    return a + b\n", python)
    for wrong in (
        b"def f():\n    c = 1\n    b = 2\n    return a + b\n",  # forgot one
        b"def f():\n    b = 1\n    b = 2\n    return b + b\n",  # two became one
        b"def f():\n    b = 1\n    a = 2\n    return a + b\n",  # exchanged in one place only
        b"def g():\n    a = 1\n    b = 2\n    return a + b\n",  # not a local
        b"def f():\n    c = 1\n    b = 2\n    return c - b\n",  # more than names
        b"def f():\n    c = 1\n    b = 2\n    return c + b)\n",  # does not parse
    ):
        assert not alpha_equivalent(before, syntax_of(wrong, python), python)
    assert alpha_equivalent(before, syntax_of(b"def f():\n    b = 1\n    a = 2\n    return b + a\n", python), python)


def sources_of_python(count):
    """Installed Python sources of all kinds: some of the standard library, some of the packages this project needs."""
    folders = [
        sysconfig.get_path("stdlib"),
        str(Path(sys.modules["datasets"].__file__).parent),
        str(Path(pytest.__file__).parent.parent / "_pytest"),
    ]
    found = [
        path
        for folder in folders
        for path in sorted(glob.glob(f"{folder}/*.py") + glob.glob(f"{folder}/*/*.py"))
        if "site-packages/" not in path[len(folder) :]
    ]
    return [Path(path) for path in found[:: max(1, len(found) // count)]]


def test_the_interpreters_own_symbol_table_agrees_on_hundreds_of_installed_modules():
    import datasets  # noqa: F401

    python, functions, changed, checked = all_languages()["python"], 0, 0, 0
    for path in sources_of_python(70):
        source = path.read_bytes()
        result = rewrite_source(source, python, Rng(1, path.name))
        if isinstance(result, Abstained):
            continue
        assert same_by_symbols(source.decode(), result.decode()) is not False, path
        checked += 1
        for scope in scope_of(python, source.decode()):
            bound = {
                name for name in {**scope.roles, **scope.blocked} if scope.blocked.get(name) not in ("keyword_parameter", "conventional")
            }
            functions += bool(bound or scope.abstained)
            changed += bool(scope.roles)
    assert checked > 30
    assert changed / functions > 0.9


def test_the_second_opinion_itself_sees_a_wrong_renaming():
    before = "def f(a):\n    b = a\n    return [b for b in a], c\n"
    assert same_by_symbols(before, before.replace("b", "d"))
    assert not same_by_symbols(before, before.replace("b", "c"))
    assert not same_by_symbols(before, before.replace("c", "d"))
    assert not same_by_symbols(before, before.replace("a", "d"))
    assert not same_by_symbols(before, before.replace("f(", "g("))
    assert same_by_symbols("def f(:", before) is None


def row(text, context="", language="python", kind="code", scale=512):
    return {"text": context + text, "context_chars": len(context), "language": language, "kind": kind, "scale": scale}


def test_the_names_come_from_the_rows_of_the_largest_scale_in_the_order_of_their_frequency():
    small = row("def f():\n    tiny = 1\n    return tiny\n", scale=256)
    large = [row("def f():\n    often = 1\n    for cell in x: pass\n", scale=512), row("def g(*parts):\n    often = rare = 1\n", scale=512)]
    edits = [row("def h():\n    changed = 1\n", scale=4096, kind="edit")]
    assert survey([small, *large, *edits, row("x", language="markdown")]) == {
        "python": {"local": ["often", "rare"], "loop": ["cell"], "parameter": ["parts"]},
        "": {},
    }


def test_a_row_keeps_its_context_and_takes_no_name_that_the_context_speaks_of():
    python = all_languages()["python"]
    window = row("def f():\n    value = 1\n    return value\n\nf()\n", context="# a.py\nimport alpha\n")
    result = apply(window, python, First(), Helpers(None, {"python": {"local": ["alpha", "beta"]}}))
    assert result.text == "# a.py\nimport alpha\ndef f():\n    beta = 1\n    return beta\n\nf()\n"
    assert (result.context_chars, result.verified) == (len("# a.py\nimport alpha\n"), "alpha-equivalent")
    assert apply(row("x", kind="edit"), python, First(), Helpers()) == Abstained("edit")


def test_a_function_of_which_a_part_is_missing_is_left_alone():
    rust = all_languages()["rust"]
    whole = "fn whole() { let value = 1; value; }\n"
    for broken in ("        value += 1;\n    }\n}\n" + whole, whole + "fn cut(size: u8) {\n    let other = size;\n    if other {\n"):
        result = apply(row(broken, language="rust"), rust, First(), Helpers(None, {"rust": {"local": ["alpha", "beta"]}}))
        assert isinstance(result, Abstained) or result.text == broken.replace("let value = 1; value", "let alpha = 1; alpha")
    rest = "            total += value\n        return total\n\n    def g():\n        size = 1\n        return size\n\n    def h(self):\n"
    result = apply(row(rest), all_languages()["python"], First(), Helpers(None, {"python": {"local": ["alpha"]}}))
    assert result.text == rest.replace("size", "alpha")


def test_every_language_with_rules_is_one_that_the_package_knows():
    assert set(all_rules()) <= set(all_languages())
    assert names_of([b"fn f(a: u8) { let b = a; b; }"], all_languages()["rust"]) == {"local": ["b"], "parameter": ["a"]}


def test_a_parameter_stays_where_no_call_is_seen():
    source = """\
def outer(mycmp):
    class K:
        def add(self, extra, times=1):
            total = extra * times
            return mycmp(total)

    def callback(event):
        found = event.x
        return found

    def seen(item):
        return item

    return K, seen(mycmp)
"""
    [scope] = scope_of(all_languages()["python"], source)
    assert "item" in scope.roles and "found" in scope.roles
    assert {name: scope.blocked[name] for name in ("extra", "times", "event")} == dict.fromkeys(
        ("extra", "times", "event"), "keyword_parameter"
    )


@pytest.mark.parametrize(
    ("language", "source", "names"),
    [
        ("javascript", "app.controller('A', function (store, size) { return store + size; });", "store size"),
        ("javascript", "app.run(['store', function (store) { return store.x; }]);", "store"),
        ("javascript", "function Controller($scope, store) { return store.x; }", "store"),
        ("javascript", "mod.factory('a', (store) => { return store.x; });", "store"),
        ("javascript", "x = { $get: function (store) { return store.x; } };", "store"),
        ("javascript", "define(function (require, exports, module) { exports.a = require('b'); module.c(); });", "require exports module"),
        ("python", "def f():\n    frame = a()\n    return duckdb.sql('select * from frame')\n", "frame"),
        ("python", "def f():\n    limit = a()\n    text = 'size > @limit'\n    return df.where(text)\n", "limit"),
        ("python", "def f():\n    size = a()\n    return run(f'{b} + size')\n", "size"),
        ("python", "@cython.locals(count=int)\ndef f(x):\n    count = x\n    return count\n", "count"),
        ("python", "def g():\n    @cython.locals(count=int)\n    def f(x):\n        count = x\n        return count\n", "count"),
    ],
)
def test_a_name_that_somebody_reads_from_the_source_stays(language, source, names):
    [scope] = scope_of(all_languages()[language], source)
    assert {name: scope.blocked.get(name) for name in names.split()} == dict.fromkeys(names.split(), scope.blocked.get(names.split()[0]))
    assert scope.blocked[names.split()[0]] in ("injected", "in_string", "decorator")


def test_strings_that_nobody_looks_names_up_in_do_not_matter():
    source = "def f(x):\n    'Gives the size.'\n    size = x['size']\n    if size == 'size': raise ValueError('no size')\n    return {'size': size}\n"
    assert "size" in scope_of(all_languages()["python"], source)[0].roles
    assert "store" in scope_of(all_languages()["javascript"], "app.on('a', function (store) { return store.x; });")[0].roles
