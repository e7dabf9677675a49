"""Ablation report: runs of all arms -> tables, a Markdown section for the dataset card, and plain values for JSON.

In: ``Run``s: what each training was shown and what was measured. Out: text. Costs the bootstraps. No arm is left out for its result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from recipes.arms import FULL, Arm
from recipes.intervals import Estimate, Tally, difference, estimate, estimates

BITS = {"bits_per_byte": "code", "bits_per_byte/plain": "plain", "bits_per_byte/kind/edit": "edits"}
SCORES = {
    "next_line_exact": "next line",
    "middle_exact": "hidden lines",
    "edit_exact": "edit",
    "edit_similarity": "edit similarity",
    "parses": "parses",
}
LINES = {f"bits_per_byte/lines/{kind}": f"{kind} lines" for kind in ("novel", "repeated")}
SCALES = {f"bits_per_byte/scale/{scale}": f"at {scale}" for scale in (256, 512, 1024, 2048, 4096)}


@dataclass(frozen=True)
class Run:
    """One training of one arm. ``tokens`` were shown, ``targets`` of them trained on (the rest is context); ``withheld``: train rows taken out because
    they show held-out code. ``plain`` and ``retrieved``: what was measured without and with retrieved code."""

    rows: int
    withheld: int
    tokens: int
    targets: int
    epochs: float
    steps: int
    plain: Tally
    retrieved: Tally

    def as_dict(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in ("rows", "withheld", "tokens", "targets", "epochs", "steps")}
        return numbers | {"plain": self.plain.as_dict(), "retrieved": self.retrieved.as_dict()}

    def write(self, file: Path, identity: str) -> None:
        """Whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps({"identity": identity} | self.as_dict()), encoding="utf-8")
        draft.replace(file)

    @classmethod
    def read(cls, file: Path, identity: str) -> Run | None:
        """The run in a file; None where there is none, or one of other code or options."""
        if not file.is_file():
            return None
        told = json.loads(file.read_text(encoding="utf-8"))
        if told.pop("identity") != identity:
            return None
        return cls(**told | {name: Tally.of(told[name]) for name in ("plain", "retrieved")})


@dataclass(frozen=True)
class Ablation:
    """All runs by arm, and what they share."""

    arms: Sequence[Arm]
    runs: Mapping[str, Sequence[Run]]
    copying: Tally
    scale: int
    files: Sequence[str]
    facts: Mapping[str, Any]
    training: Mapping[str, Any]

    def tallies(self) -> dict[str, list[Tally]]:
        """Arm -> a tally a seed; arms with retrieved code and copying behind the others."""
        found = {arm.name: [run.plain for run in self.runs[arm.name]] for arm in self.arms}
        retrieved = {f"{arm.name} + BM25": [run.retrieved for run in self.runs[arm.name]] for arm in self.arms}
        return found | {name: runs for name, runs in retrieved.items() if runs[0].cells} | {"copying": [self.copying]}

    def gain(self, name: str, metric: str) -> Estimate | None:
        """The arm minus the full one, paired; None for the full one itself."""
        tallies = self.tallies()
        return None if name == FULL else difference(tallies[name], tallies[FULL], metric)

    def as_dict(self) -> dict[str, Any]:
        results = {name: estimates(runs) for name, runs in self.tallies().items()}
        gains = {name: {metric: self.gain(name, metric) for metric in found} for name, found in results.items()}
        return {
            "facts": dict(self.facts),
            "headline_scale": self.scale,
            "files": list(self.files),
            "training": dict(self.training),
            "arms": {arm.name: arm.meaning for arm in self.arms},
            "results": {name: {metric: one.as_dict() for metric, one in found.items()} for name, found in results.items()},
            f"minus_{FULL}": {name: {metric: one.as_dict() for metric, one in found.items() if one} for name, found in gains.items()},
            "runs": {name: [run.as_dict() for run in runs] for name, runs in self.runs.items()},
        }


@dataclass(frozen=True)
class Page:
    """One table: a title, column names, rows of text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def rich(self) -> Table:
        table = Table(title=self.title)
        for place, name in enumerate(self.columns):
            table.add_column(name, justify="right" if place else "left", no_wrap=place == 0)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        head = [f"| {' | '.join(self.columns)} |", f"|{'|'.join(['---', *(['---:'] * (len(self.columns) - 1))])}|"]
        return "\n".join([f"**{self.title}**", "", *head, *(f"| {' | '.join(row)} |" for row in self.rows)])


def tables(found: Ablation) -> list[Page]:
    """What was shown; bits per byte with differences to the full arm; the tasks; lines and scales."""
    return [
        Page(
            "What each arm was shown",
            ["arm", "train rows", "withheld", "epochs", "steps", "tokens", "of them trained on"],
            shown_rows(found),
        ),
        metric_page(found, f"Bits per byte, fewer is better; vs {FULL}: the arm minus {FULL}, paired", BITS, True),
        metric_page(found, "Tasks, more is better", SCORES, False),
        metric_page(found, "Bits per byte by line and scale", LINES | SCALES, False),
    ]


def shown_rows(found: Ablation) -> list[list[str]]:
    rows = []
    for arm in found.arms:
        runs = found.runs[arm.name]
        numbers = [
            sum(getattr(run, name) for run in runs) / len(runs) for name in ("rows", "withheld", "epochs", "steps", "tokens", "targets")
        ]
        rows.append([arm.name, *(f"{number:,.2f}" if place == 2 else f"{number:,.0f}" for place, number in enumerate(numbers))])
    return rows


def metric_page(found: Ablation, title: str, metrics: Mapping[str, str], with_gain: bool) -> Page:
    """A line an arm, a column a metric (two with the difference); metrics that nothing was counted for are left out."""
    tallies = found.tallies()
    there = [metric for metric in metrics if any(estimate(runs, metric) for runs in tallies.values())]
    columns = ["arm", *(name for metric in there for name in ([metrics[metric], f"vs {FULL}"] if with_gain else [metrics[metric]]))]
    rows = []
    for name, runs in tallies.items():
        cells = [name]
        for metric in there:
            cells.append(told(estimate(runs, metric)))
            cells += [told(found.gain(name, metric), signed=True)] if with_gain else []
        if any(cells[1:]):
            rows.append(cells)
    return Page(title, columns, rows)


def told(one: Estimate | None, signed: bool = False) -> str:
    if one is None:
        return ""
    form = "+.3f" if signed else ".3f"
    return f"{one.value:{form}}" + ("" if one.low is None else f" [{one.low:{form}}, {one.high:{form}}]")


def verdict(gain: Estimate | None) -> str:
    """What taking a lever out did to bits per byte, as far as its interval says."""
    if gain is None or gain.low is None:
        return "not measured"
    return "pays" if gain.low > 0 else "costs" if gain.high < 0 else "makes no measurable difference"


def markdown(found: Ablation) -> str:
    """A section for the dataset card."""
    seeds = len(found.runs[FULL])
    shape = (
        Path(found.training["model"]).name
        if found.training.get("model")
        else json.dumps(found.training.get("model_config"), sort_keys=True)
    )
    lines = [
        "## Ablation",
        "",
        f"{len(found.arms)} arms on {found.facts.get('repository')} at {str(found.facts.get('commit'))[:12]}: one model configuration (`{shape}`), one tokenizer, "
        f"{found.runs[FULL][0].tokens:,} tokens shown to each, {seeds} seed{'s' if seeds > 1 else ''}, measured on the same {len(found.files)} held-out files and "
        f"the edits of held-out lineages. Code: rows at {found.scale} tokens in the context that `{FULL}` gives them; plain: the same code cut blind, without "
        "context. Brackets are 95 % intervals from a bootstrap over files and commits"
        + (" and seeds." if seeds > 1 else "; with one seed they say nothing of the chance in training."),
        "",
    ]
    lines += [f"- `{arm.name}`: {f'{FULL} without ' if arm.is_lever else ''}{arm.meaning}" for arm in found.arms]
    pages = [page.markdown() for page in tables(found)]
    levers = [
        f"- {arm.meaning}: " + "; ".join(f"{verdict(found.gain(arm.name, metric))} on {name}" for metric, name in BITS.items())
        for arm in found.arms
        if arm.is_lever
    ]
    chance = f"of {len(levers) * len(BITS)} intervals at 95 %, about {len(levers) * len(BITS) / 20:.1f} miss by chance"
    ending = [f"What each lever does to bits per byte, as far as the intervals say ({chance}):", "", *levers, ""] if levers else []
    return "\n".join([*lines, "", *(part for page in pages for part in (page, "")), *ending])
