"""The report is one page that fetches nothing, escapes everything, and shows the figures and rows of the dataset."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from datasets import DatasetDict

from elite_code_dataset import metadata
from elite_code_dataset.composition import composition
from elite_code_dataset.imports_picture import GROUPS, picture
from elite_code_dataset.report import html, imports_of, report
from elite_code_dataset.samples import augmentation, side_by_side
from tests.sample import changed, dataset, with_facts

NASTY = '</script><img src=x onerror="alert(1)"><!--{{css}}'
VOID = {"meta", "img", "br", "wbr", "link", "input"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; raises when elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID and not (tag == "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "path":
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.text += data

    @property
    def samples(self) -> dict:
        return json.loads(self.scripts[-2])


def page_of(ds: DatasetDict) -> Page:
    facts = metadata.of(ds)
    return Page(html(ds, composition(ds), facts, imports_of(facts)))


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(dataset())


def test_the_page_is_whole_and_fetches_nothing(page):
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "image", "use")
        assert not {"src", "href", "srcset", "action", "data", "xlink:href"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    style, code = page.scripts[0], page.scripts[-1]
    assert "url(" not in style and "@import" not in style
    assert not re.search(
        r"fetch\(|XMLHttpRequest|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|import\(|WebSocket|src\s*=", code
    )
    policy = next(one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_the_page_quotes_the_figures_of_the_dataset(page):
    made, facts = composition(dataset()), metadata.of(dataset())
    for number in (
        made.rows,
        made.tokens,
        facts["git_diffs"],
        facts["function_signatures"],
        *(one["rows"] for one in made.splits.values()),
    ):
        assert f"{number:,}" in page.text
    for key in ("language", "role", "scale", "technique"):
        assert all(value in page.text for value in made.names(key))
    for step in facts["drops"]:
        assert all(f"{reason.replace('_', ' ').replace(':', ': ')} {count:,}" in page.text for reason, count in step["dropped"].items())
    assert facts["commit"][:12] in page.text and "shown on average" in page.text


def test_samples_are_rows_of_the_dataset_with_context_and_target_apart(page):
    rows = {row["id"]: row for split in dataset().values() for row in split}
    assert {one["facts"]["scale"] for one in page.samples["windows"]} == {256, 512, 1024, 2048, 4096}
    for one in page.samples["windows"]:
        row = rows[one["facts"]["id"]]
        assert (one["context"], one["target"]) == (row["text"][: row["context_chars"]], row["text"][row["context_chars"] :])
    techniques = {row["technique"] for row in rows.values()} - {"original"}
    assert {one["facts"]["technique"] for one in page.samples["augmentations"]} == techniques
    edit = next(one for one in page.samples["edits"] if "left" in one)
    row = rows[edit["facts"]["id"]]
    shown = [line for mark, line in edit["right"] if mark in ("", "+")]
    assert all(line in row["text"][row["context_chars"] :].split("\n") for line in shown)
    assert any(mark == "+" for mark, _ in edit["right"])


def test_text_of_the_repository_is_escaped_wherever_it_stands():
    nasty = changed(dataset(), "train", lambda row: row | {"text": NASTY + row["text"], "context_chars": row["context_chars"] + len(NASTY)})
    for name in ("path", "language", "role", "technique"):
        nasty = changed(nasty, "test", lambda row, name=name: row | {name: NASTY})
    edges = [[f"{NASTY}/a.py", "lib/b.py"]]
    facts = {
        "repository": NASTY,
        "tokenizer": NASTY,
        "graph": {"edge_list": edges},
        "drops": [{"step": NASTY, "kept": 1, "dropped": {NASTY: 1}}],
    }
    page = page_of(with_facts(nasty, **facts))
    assert page.open == [] and not [tag for tag, _ in page.elements if tag == "img"]
    assert page.text.count("<img src=x") >= 6, "the text is shown as text"
    assert any(NASTY in one["context"] for one in page.samples["windows"])
    assert len(page.scripts) == 3


def test_the_page_and_its_pictures_are_written(tmp_path):
    place = report(dataset(), tmp_path / "report")
    assert place == tmp_path / "report" / "report.html" and Page(place.read_text("utf-8")).open == []
    pictures = sorted(path.name for path in (tmp_path / "report" / "figures").iterdir())
    assert pictures == ["composition.png", "curriculum.png", "drops.png", "histograms.png", "imports.png"]
    assert all((tmp_path / "report" / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    again = report(dataset(), tmp_path / "again", png=False)
    assert again.read_bytes() == place.read_bytes() and not (tmp_path / "again" / "figures").exists()


def test_without_matplotlib_the_page_is_written_and_the_extra_is_named(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from pathlib import Path\n"
        "from elite_code_dataset.composition import Composition\n"
        "from elite_code_dataset.figures import figures\n"
        "from elite_code_dataset.imports_picture import picture\n"
        "from elite_code_dataset.records import EliteCodeError\n"
        "import elite_code_dataset.report\n"
        "try:\n    figures(Composition({}, {}, (), (), (), (), {}), {}, picture([]), Path(sys.argv[1]))\n"
        "except EliteCodeError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "elite-code-dataset[report]" in done.stdout


def test_a_dataset_without_history_graph_or_passes_still_makes_a_page():
    bare = metadata.attach(
        DatasetDict(train=dataset()["train"].filter(lambda row: row["technique"] == "original" and row["kind"] == "code")), {}
    )
    page = page_of(bare)
    assert page.open == [] and page.samples["edits"] == [] and page.samples["augmentations"] == [] and "Certificate" not in page.text


def test_the_picture_of_a_thousand_files_has_few_rows_and_counts_all_imports():
    paths = [f"src/area{i % 40}/part{i % 7}/file{i}.py" for i in range(1000)]
    edges = [[path, paths[(i * 7 + 1) % 1000]] for i, path in enumerate(paths)] + [[path, "src/core/base.py"] for path in paths]
    drawn = picture(edges)
    assert 2 <= len(drawn.groups) <= GROUPS and drawn.files == 1001
    assert sum(arc.count for arc in drawn.arcs) + sum(group.inner for group in drawn.groups) == drawn.edges == 2000
    assert drawn.top[0] == ("src/core/base.py", 1000)


def test_imports_go_down_and_only_cycles_go_up():
    chain = picture([["a/x.py", "b/x.py"], ["b/x.py", "c/x.py"], ["a/x.py", "c/x.py"]])
    assert [group.name for group in chain.groups] == ["a", "b", "c"] and not [arc for arc in chain.arcs if arc.up]
    cycle = picture([["a/x.py", "b/x.py"], ["b/x.py", "a/x.py"], ["b/x.py", "a/y.py"], ["b/y.py", "a/y.py"]])
    assert [(arc.count, arc.up) for arc in cycle.arcs] == [(3, False), (1, True)]
    assert picture([["a.py", "b.py"]]).arcs == () and picture([]).groups == ()


def test_a_directory_with_too_many_parts_stays_one_row():
    paths = [f"lib/models/m{i}/a.py" for i in range(300)] + ["app/main.py", "lib/base.py"]
    names = {group.name for group in picture([[path, "lib/base.py"] for path in paths]).groups}
    assert names == {"lib/models", "app", "lib/*"}


def test_two_texts_are_laid_side_by_side_with_long_same_stretches_shortened():
    same = [f"line {i}" for i in range(30)]
    left, right = side_by_side("\n".join([*same, "old", "end"]), "\n".join([*same, "new", "more", "end"]))
    assert len(left) == len(right) and ("~", "26 unchanged lines") in left
    assert ("-", "old") in left and (".", "") in left and ("+", "more") in right and left[-1] == right[-1] == ("", "end")


def test_an_augmentation_shows_what_it_changed():
    parent = {"text": "# a\nx = 1\n", "context_chars": 4, "technique": "original"}
    renamed = augmentation(parent, {"text": "# a\ny = 1\n", "context_chars": 4, "technique": "rename"})
    assert renamed["shows"] == "target" and ("+", "y = 1") in renamed["right"]
    repaired = augmentation(parent, {"text": "# a\nx = 0\nx = 1\n", "context_chars": 10, "technique": "error_patterns"})
    assert repaired["shows"] == "repair" and ("-", "x = 0") in repaired["left"]
    dated = augmentation(parent, {"text": "# new\n# a\nx = 1\n", "context_chars": 10, "technique": "temporal_context"})
    assert dated["shows"] == "context" and ("+", "# new") in dated["right"]
