"""What a scale means, and that nothing of a file is lost or shown twice, on real packages."""

from __future__ import annotations

import ast
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from elite_code_dataset.analysis import Analysis, analysis_of
from elite_code_dataset.options import Options
from elite_code_dataset.records import SCALES, Unit, Window
from elite_code_dataset.repository import open_repository
from elite_code_dataset.view import View
from elite_code_dataset.windows import STATEMENT, divided, pieces_of, windows_of
from tests.counting import steps_of
from tests.repositories import committed, module_text, started

PACKAGES = ("typer", "yaml", "tqdm")


def analysed(place: Path, cache: Path, **options: object) -> Analysis:
    with open_repository(place) as repository:
        commit = repository.commit
    return analysis_of([str(place)], [commit], Options(**options), cache)


@pytest.fixture(scope="module", params=PACKAGES)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The installed sources of a package, as a git repository."""
    place = started(tmp_path_factory.mktemp(request.param) / request.param)
    source = Path(importlib.util.find_spec(request.param).origin).parent
    shutil.copytree(source, place / request.param, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    committed(place, {})
    return analysed(place, place.parent / "cache")


def rows_of(analysis: Analysis, scale: int, **choices: object) -> dict[str, list[Window]]:
    (corpus,) = analysis.corpora
    return {path: list(windows_of(corpus, view, scale, **choices)) for path, view in corpus.views.items()}


@pytest.mark.parametrize("scale", SCALES)
def test_targets_put_together_are_the_file_each_byte_once(package: Analysis, scale: int) -> None:
    (corpus,) = package.corpora
    assert len(corpus.views) > 10
    for path, rows in rows_of(package, scale).items():
        rows.sort(key=lambda row: row.start_byte)
        assert "".join(row.text[row.context_chars :] for row in rows) == corpus.views[path].source.text
        assert [row.start_byte for row in rows] == [0, *(row.end_byte for row in rows[:-1])]


@pytest.mark.parametrize("scale", SCALES)
def test_ids_are_the_text_and_fit_the_scale(package: Analysis, scale: int) -> None:
    for rows in rows_of(package, scale).values():
        for row in rows:
            assert len(row.input_ids) == row.n_tokens <= scale
            assert 0 <= row.context_tokens < row.n_tokens
            assert package.encoder.decode(row.input_ids) == row.text
            assert package.encoder.decode(row.input_ids[row.context_tokens :]) == row.text[row.context_chars :]
            assert row.text[row.context_chars :].count("\n") >= row.end_line - row.start_line


def simple_statements(text: str) -> list[tuple[int, int]]:
    """Bytes of the statements that hold no others, as Python itself sees them."""
    starts = np.cumsum([0, *(len(line) + 1 for line in text.encode().split(b"\n"))]).tolist()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    simple = [node for node in nodes if not any(isinstance(inner, ast.stmt) for inner in ast.walk(node) if inner is not node)]
    return [(starts[n.lineno - 1] + n.col_offset, starts[n.end_lineno - 1] + n.end_col_offset) for n in simple]


def test_no_cut_divides_a_statement_that_would_have_fitted(package: Analysis) -> None:
    (corpus,) = package.corpora
    divided_ones = statements = 0
    for view in corpus.views.values():
        spans = simple_statements(view.source.text) if view.source.language == "python" else []
        statements += len(spans)
        for scale in SCALES:
            cuts = np.array([view.encoding.starts[piece.first] for piece in pieces_of(view, scale)])
            for start, end in spans:
                first, last = np.searchsorted(view.encoding.starts, (start, end))
                inside = np.count_nonzero((cuts > start) & (cuts < end))
                divided_ones += inside and last - first <= 0.93 * scale
    assert statements > 1000
    assert divided_ones == 0


def test_longer_statements_are_divided_all_the_same(package: Analysis) -> None:
    (corpus,) = package.corpora
    found = 0
    for view in corpus.views.values():
        pieces = pieces_of(view, 256)
        found += sum(piece.level < STATEMENT for piece in pieces)
        assert max(piece.last - piece.first for piece in pieces) <= 240
    assert found > 0  # docstrings


OBJECT = """const first = 1;

const handlers: Handlers = {
  open: (place: string) => place.trim().toLowerCase(),
  shut: (place: string) => place.trim().toUpperCase(),
};

/**
%s */
export function long_header(
  first_parameter: Map<string, number>,
  second_parameter: Map<string, number>,
): Map<string, number> {
%s}
"""


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    place = started(tmp_path_factory.mktemp("ts") / "ts")
    texts = {
        f"src/a{n}.ts": OBJECT
        % (
            "".join(f" * Line {i} of what there is to say about it, {i * 7} words.\n" for i in range(n)),
            "".join(f"  second_parameter.set('key {i}', {i * n});\n" for i in range(20)),
        )
        for n in range(1, 60, 3)
    }
    committed(place, texts)
    return analysed(place, place.parent / "cache")


def test_small_functions_in_an_object_stay_with_it(typescript: Analysis) -> None:
    for rows in rows_of(typescript, 256).values():
        row = row_with(rows, "open: (place")
        assert "const handlers" in row.text and row.text[row.context_chars :].count("=> place") == 2


def test_a_header_below_long_documentation_is_not_divided(typescript: Analysis) -> None:
    lengths = set()
    for rows in rows_of(typescript, 256).values():
        row = row_with(rows, "first_parameter: Map")
        target = row.text[row.context_chars :]
        assert "function long_header(" in target and "): Map<string, number> {" in target
        lengths.add(len(rows))
    assert len(lengths) > 3


def whole_unit(row: Window, unit: Unit) -> bool:
    """The row holds the unit, and besides what is inside it at most the header that encloses it."""
    return row.start_byte <= unit.start_byte and unit.end_byte <= row.end_byte and unit.name in row.units[:2]


def test_at_256_a_function_that_fits_stands_alone_and_whole(package: Analysis) -> None:
    (corpus,) = package.corpora
    whole = seen = 0
    for path, rows in rows_of(package, 256).items():
        view = corpus.views[path]
        for unit in view.parsed.units:
            if (
                unit.kind not in ("function", "method")
                or view.parsed.units[unit.parent].kind in ("function", "method")
                and unit.parent >= 0
            ):
                continue
            a, b = np.searchsorted(view.encoding.starts, (unit.start_byte, unit.end_byte))
            if 24 < b - a < 180:
                seen += 1
                whole += any(row.start_byte <= unit.start_byte and unit.end_byte <= row.end_byte and whole_unit(row, unit) for row in rows)
    assert seen > 40 and whole >= 0.97 * seen


CALLER = '''import math
import os
from kit.tools import helper_with_a_name, unused_thing


class Shape:
    """A shape."""

    def area_of_it(self, width: int) -> float:
        """The area, by the helper and by math."""
        first = helper_with_a_name(width) * math.pi
        second = first + self.edge_of_it(width) - width // 2
        third = [first, second, width, first - second]
        return sum(third) + math.floor(first) + width * width

    def edge_of_it(self, width: int) -> float:
        """The edge: four times the width, and a little for the corners."""
        corners = [width * 4, width - 1, width + 1, width * 3 - 7]
        for corner in corners:
            if corner > width:
                return corner / 2
        return sum(corners) / len(corners)
'''
TOOLS = '''def helper_with_a_name(size: int, factor: float = 2.0) -> float:
    """Twice the size, unless the factor says otherwise."""
    return size * factor if factor else 0.0


def unused_thing(word: str) -> str:
    """A word turned round, and again."""
    return word[::-1][::-1]
'''


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    place = started(tmp_path_factory.mktemp("kit") / "kit")
    files = {"src/kit/__init__.py": '"""Kit."""\n', "src/kit/shape.py": CALLER, "src/kit/tools.py": TOOLS}
    committed(place, files | {f"src/kit/part_{n}.py": module_text(n) for n in range(6)})
    analysis = analysed(place, place.parent / "cache", split_by="lineage")
    for view in analysis.corpora[0].views.values():
        view.split = "train"
    return analysis


def row_with(rows: list[Window], code: str) -> Window:
    return next(row for row in rows if code in row.text[row.context_chars :])


def test_256_shows_the_path_and_the_enclosing_header(kit: Analysis) -> None:
    row = row_with(rows_of(kit, 256)["src/kit/shape.py"], "def edge_of_it")
    assert row.text[: row.context_chars] == "# src/kit/shape.py\nclass Shape\n" or row.text.startswith("# src/kit/shape.py\nclass Shape:\n")


def test_512_shows_the_imports_and_signatures_that_the_function_uses_and_no_others(kit: Analysis) -> None:
    row = row_with(rows_of(kit, 512)["src/kit/shape.py"], "def area_of_it")
    context = row.text[: row.context_chars]
    assert "import math" in context and "helper_with_a_name(size: int, factor: float = 2.0) -> float" in context
    assert "def edge_of_it(self, width: int) -> float" in context
    assert "import os" not in context and "unused_thing(word" not in context


def test_4096_shows_signatures_and_then_bodies_of_what_the_file_imports(kit: Analysis) -> None:
    (row,) = rows_of(kit, 4096)["src/kit/shape.py"]
    context = row.text[: row.context_chars]
    assert row.text[row.context_chars :] == CALLER and "src/kit/tools.py" in row.dependencies
    assert context.index("def helper_with_a_name") < context.index("return size * factor")
    assert TOOLS in context and context.endswith("# src/kit/shape.py\n")


def test_a_train_row_never_shows_evaluation_code(kit: Analysis) -> None:
    (corpus,) = kit.corpora
    corpus.views["src/kit/tools.py"].split = "test"
    try:
        for scale in (512, 4096):
            for row in rows_of(kit, scale)["src/kit/shape.py"]:
                assert "size * factor" not in row.text and "factor: float" not in row.text
    finally:
        corpus.views["src/kit/tools.py"].split = "train"
    assert any("factor: float" in row.text for row in rows_of(kit, 512)["src/kit/shape.py"])


def test_a_cut_inside_a_function_repeats_its_signature(tmp_path: Path) -> None:
    long = (
        "def very_long(argument: int) -> int:\n"
        + "".join(f"    value_{i} = argument * {i} + {i * 7}\n" for i in range(200))
        + "    return value_1\n"
    )
    place = started(tmp_path / "long")
    committed(place, {"src/long.py": long, **{f"src/part_{n}.py": module_text(n) for n in range(4)}})
    rows = rows_of(analysed(place, tmp_path / "cache"), 256)["src/long.py"]
    assert len(rows) > 3
    assert all("def very_long(argument: int) -> int" in row.text[: row.context_chars] for row in rows[1:])
    assert all(row.text[row.context_chars :].startswith("    ") for row in rows[1:])


def test_overlap_repeats_about_the_share_that_was_asked_for(package: Analysis) -> None:
    (corpus,) = package.corpora
    plain = sum(r.end_byte - r.start_byte for rows in rows_of(package, 1024).values() for r in rows)
    tripled = sum(r.end_byte - r.start_byte for rows in rows_of(package, 1024, overlap=0.75).values() for r in rows)
    assert 2.0 < tripled / plain < 4.5


def test_blind_windows_are_equal_strides_without_context(package: Analysis) -> None:
    for path, rows in rows_of(package, 512, blind=True).items():
        n = len(package.corpora[0].views[path].encoding.ids)
        assert [row.n_tokens for row in rows] == [512] * (n // 512) + ([n % 512] if n % 512 else [])
        assert all(row.context_tokens == 0 for row in rows)


def test_a_cut_prefers_the_better_place_within_reach() -> None:
    levels = np.full(101, 0, dtype=np.int8)
    levels[[0, 100]] = 4
    levels[70] = STATEMENT
    levels[65] = 4
    assert [(p.first, p.last) for p in divided(levels, 0, 100, 80)] == [(0, 65), (65, 100)]


def test_a_file_of_one_endless_line_is_divided_and_whole(tmp_path: Path) -> None:
    place = started(tmp_path / "line")
    text = "x = [" + ", ".join(str(i * 37 % 1009) for i in range(4000)) + "]\n"
    committed(place, {"src/line.py": text, **{f"src/part_{n}.py": module_text(n) for n in range(4)}})
    analysis = analysed(place, tmp_path / "cache")
    for scale in SCALES:
        rows = rows_of(analysis, scale)["src/line.py"]
        assert len(rows) > 1 and "".join(r.text[r.context_chars :] for r in rows) == text
        assert max(r.n_tokens for r in rows) <= scale
    assert len(pieces_of(analysis.corpora[0].views["src/line.py"], 256)) > 10


def test_units_of_a_row_and_around_it_are_those_that_a_look_at_all_units_finds(package: Analysis) -> None:
    (corpus,) = package.corpora
    around = 0
    for view in corpus.views.values():
        units = view.parsed.units
        spans = [(int(view.encoding.starts[p.first]), int(view.encoding.starts[p.last])) for p in pieces_of(view, 256, overlap=0.5)]
        for (start, end), found in zip(spans, view.enclosing(start for start, _ in spans), strict=True):
            assert view.units_in(start, end) == [unit for unit in units if start <= unit.start_byte < end]
            assert found == [i for i, unit in enumerate(units) if unit.start_byte < start < unit.end_byte]
            around += len(found)
    assert around > 50


def many_units(place: Path, number: int) -> Analysis:
    """A file of many imports, functions and methods that use each other, and one that imports it and is as long."""
    tools = "".join(f"import module_{n}\n" for n in range(number))
    tools += "".join(f"def tool_{n}(): return module_{n}.of(tool_{n - 1}())\n" for n in range(number))
    tools += "class Tools:\n" + "".join(f"    def part_{n}(self): return self.part_{n - 1}()\n" for n in range(number))
    user = "from kit.tools import *\n" + "".join(f"def user_{n}(): return tool_{n}()\n" for n in range(2 * number))
    committed(started(place / "kit"), {"src/kit/__init__.py": "", "src/kit/tools.py": tools, "src/kit/user.py": user})
    analysis = analysed(place / "kit", place / "cache", split_by="lineage")
    for view in analysis.corpora[0].views.values():
        view.split = "train"
    return analysis


def test_twice_the_units_of_a_file_are_twice_the_work(tmp_path: Path) -> None:
    few, many = (many_units(tmp_path / str(number), number) for number in (250, 500))
    assert "src/kit/tools.py" in many.corpora[0].edges["src/kit/user.py"]
    for scale in SCALES:
        less, more = (steps_of(rows_of, analysis, scale) for analysis in (few, many))
        assert less > 10_000 and more / less < 2.3, (scale, less, more)


def test_a_line_of_many_imports_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports = "".join(f'const part_{n} = require("./part_{n}"); ' for n in range(5)) + "\nconst last = require('./last');\n"
    committed(started(tmp_path / "line"), {"src/line.js": imports, **{f"src/part_{n}.py": module_text(n) for n in range(4)}})
    found = analysed(tmp_path / "line", tmp_path / "cache").corpora[0].views["src/line.js"]
    read = []
    monkeypatch.setattr("elite_code_dataset.view.one_line", lambda text: read.append(text) or text)
    lines = View(found.parsed, found.encoding, "", "train").import_lines
    assert read == imports.splitlines() and [line for _, _, line, _ in lines] == [read[0]] * 5 + [read[1]]
