"""Report: one self-contained page, and pictures, that show what a dataset holds.

In: a DatasetDict from ``build`` and a folder. Out: ``report.html`` (nothing is fetched, all text of the repository is escaped) and, where
matplotlib is installed, PNGs in ``figures/``. Costs one reading of the short columns, some sixty line comparisons, and a second for the PNGs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict

from elite_code_dataset import config, metadata, page
from elite_code_dataset.card import SOURCES, date_of, title_of
from elite_code_dataset.composition import Composition, composition, splits_of
from elite_code_dataset.exposure import exposures
from elite_code_dataset.figures import figures
from elite_code_dataset.imports_picture import Picture, picture
from elite_code_dataset.samples import samples_of
from elite_code_dataset.store import write_synced

PAGE = "report.html"
FIGURES = "figures"


def report(ds: Dataset | DatasetDict, folder: str | Path, png: bool = True) -> Path:
    """Writes the page, and with ``png`` the pictures, into ``folder``; returns the page's path.

    Raises EliteCodeError, after the page is written, when pictures are asked for and matplotlib is missing."""
    parts = splits_of(ds)
    made, facts = composition(parts), metadata.of(parts)
    target = Path(folder).expanduser()
    target.mkdir(parents=True, exist_ok=True)
    drawn = imports_of(facts)
    write_synced(target / PAGE, html(parts, made, facts, drawn).encode("utf-8", "replace"))
    if png:
        figures(made, facts, drawn, target / FIGURES)
    return target / PAGE


def imports_of(facts: Mapping[str, Any]) -> Picture:
    graph = facts.get("graph") or {}
    return picture(graph.get("edge_list") or [], facts.get("files") or [])


def html(parts: DatasetDict, made: Composition, facts: Mapping[str, Any], drawn: Picture) -> str:
    """The whole page."""
    assets = files("elite_code_dataset").joinpath("assets")
    sections = [
        head(made, facts),
        composition_section(made),
        histograms_section(made),
        curriculum_section(made),
        drops_section(facts),
        splits_section(parts, made, facts),
        imports_section(drawn),
        page.section(
            "Samples",
            "Real rows. What is shaded is read but not trained on; the rest is the target. Arrow keys turn the page.",
            page.pager(),
        ),
        facts_section(facts),
    ]
    values = {
        "title": escape(title_of(facts)),
        "version": escape(str(facts.get(metadata.MARK, config.VERSION))),
        "css": assets.joinpath("report.css").read_text("utf-8"),
        "js": assets.joinpath("report.js").read_text("utf-8"),
        "sections": "\n".join(one for one in sections if one),
        "samples": page.script_json(samples_of(parts)),
    }
    # one pass, so that a placeholder's spelling inside a value stays what it is
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], assets.joinpath("report.html").read_text("utf-8"))


def head(made: Composition, facts: Mapping[str, Any]) -> str:
    commit, when = facts.get("commit"), facts.get("commit_time")
    said = [f"commit {commit[:12]}"] if isinstance(commit, str) and commit else []
    said += [date_of(when)] if isinstance(when, (int, float)) and when > 0 else []
    said += [f"tokenizer {facts['tokenizer']}"] if facts.get("tokenizer") else []
    said += [f"preset {facts['preset']}"] if facts.get("preset") else []
    figures_shown = {"rows": f"{made.rows:,}", "tokens": f"{made.tokens:,}"}
    figures_shown |= {f"{split} rows": f"{one['rows']:,}" for split, one in made.splits.items()}
    counted = {
        "files read": facts.get("source_files"),
        "changes read": facts.get("git_diffs"),
        "signatures": facts.get("function_signatures"),
    }
    figures_shown |= {name: f"{value:,}" for name, value in counted.items() if isinstance(value, int)}
    return f"<h1>{escape(title_of(facts))}</h1>\n<p>{escape(' · '.join(said))}</p>\n{page.tiles(figures_shown)}"


def composition_section(made: Composition) -> str:
    splits = list(made.splits)
    names = {"scale": "Window, in tokens", "language": "Language", "role": "Role of the file", "technique": "Technique", "kind": "Kind"}
    blocks = (page.block(title, page.parts_bars(made.by[key], splits)) for key, title in names.items())
    return page.section("What it is made of", "Rows by split, and the share of all target tokens.", page.legend(splits) + page.grid(blocks))


def histograms_section(made: Composition) -> str:
    blocks = [
        page.block("Share of the window that is filled", page.histogram(made.fill)),
        page.block("Age of the code at the commit", page.histogram(made.ages)),
        page.block("Weight: role x age x evolution", page.histogram(made.weights)),
        page.block("Difficulty within scale and language (train)", page.histogram(made.difficulty)),
    ]
    return page.section("How its rows are spread", "Numbers of rows.", page.grid(blocks, "grid two"))


def curriculum_section(made: Composition) -> str:
    if len(made.stages) < 2:
        return ""
    scales = sorted({scale for by_scale in made.stages.values() for scale in by_scale})
    rows = [
        (f"stage {stage}", [by_scale.get(scale, 0) for scale in scales], f"{sum(by_scale.values()):,} tokens")
        for stage, by_scale in made.stages.items()
    ]
    text = "Target tokens of the train split by stage; colours are windows. Later stages are longer and harder."
    return page.section("Curriculum", text, page.legend(scales) + page.stacked(rows))


def drops_section(facts: Mapping[str, Any]) -> str:
    text = "Each step with what it kept (green) and what it dropped, by reason. Units differ from step to step: files, changes, rows."
    return page.section("What was left out, and why", text, page.funnel(facts.get("drops") or []))


def splits_section(parts: DatasetDict, made: Composition, facts: Mapping[str, Any]) -> str:
    whole = sum(one["target_tokens"] for one in made.splits.values()) or 1
    shares = [
        (split, one["files"], one["rows"], one["target_tokens"], f"{100 * one['target_tokens'] / whole:.1f}\u00a0%")
        for split, one in made.splits.items()
    ]
    certificate = [
        (name.replace("_", " "), value) for name, value in (facts.get("certificate") or {}).items() if isinstance(value, (int, float, str))
    ]
    blocks = [
        page.block("Shares", page.table(("split", "files", "rows", "target tokens", "share"), shares)),
        page.block("Certificate: pairs across splits", page.table(("", ""), certificate)),
        page.block("Exposure in one epoch", exposure_table(parts)),
    ]
    return page.section(
        "Splits, leakage and exposure", "Whole files with their past and their near-duplicates lie on one side.", page.grid(blocks)
    )


def exposure_table(parts: DatasetDict) -> str:
    if "train" not in parts:
        return ""
    found = exposures(parts["train"])
    rows = [
        ("source tokens", f"{found.source_tokens:,.0f}"),
        ("shown on average", f"{found.mean:.2f} times"),
        ("shown at most", f"{found.maximum:.2f} times"),
    ]
    rows += [
        (f"{low:g} to {high:g} times" if high != float("inf") else f"over {low:g} times", f"{100 * share:.1f}\u00a0%")
        for low, high, share in found.histogram
        if share
    ]
    return page.table(("", ""), rows)


def imports_section(drawn: Picture) -> str:
    top = [(path, [count], f"{count:,}") for path, count in drawn.top]
    content = page.grid(
        [page.block("Imports between directories", page.arcs(drawn)), page.block("Files that most others import", page.stacked(top))],
        "grid two",
    )
    text = (
        f"{drawn.edges:,} imports among {drawn.files:,} files, by directory. A line starts at the importer and goes down to what it imports; "
        "a dashed line goes up, where two directories import each other. Directories without imports are left out."
    )
    return page.section("How the files hang together", text, content if drawn.edges else "")


def facts_section(facts: Mapping[str, Any]) -> str:
    rows = [(label, facts[name]) for name, label in SOURCES.items() if facts.get(name) is not None]
    rows += [(f"option {name}", value) for name, value in sorted((facts.get("config") or {}).items()) if name not in metadata.PRIVATE]
    secrets = facts.get("secrets") or {}
    rows += [(f"secrets replaced: {kind}", count) for kind, count in sorted(secrets.items())]
    table = page.table(("what", "value"), [(name, page.cell(value)) for name, value in rows])
    return page.section("How it was made", "Options and counts that the build noted.", table)
