"""Terminal: what the command line prints for people, with rich. Text of a repository is shown, never acted on.

In: datasets, rows, checks. Out: lines on standard output. Costs one reading of the short columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import DatasetDict
from rich.console import Console
from rich.table import Table
from rich.text import Text

from elite_code_dataset import metadata
from elite_code_dataset.checks import Check
from elite_code_dataset.composition import Composition, composition
from elite_code_dataset.records import EliteCodeError

MOST = 12  # rows of one table
PARTS = {"scale": "window", "language": "language", "role": "role", "technique": "technique"}


def console() -> Console:
    """Made when asked for, so that it sees today's standard output; plain text where that is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def harmless(text: str) -> str:
    """Without the control characters that a terminal would act on."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\N{REPLACEMENT CHARACTER}", text)


def facts_to_print(ds: DatasetDict) -> dict[str, Any]:
    """What ``--json`` prints of a dataset: its composition, and its metadata without the long lists."""
    facts = metadata.of(ds)
    graph = {name: value for name, value in (facts.get("graph") or {}).items() if name != "edge_list"}
    short = {name: value for name, value in facts.items() if name not in ("files", "graph", "licence")}
    licences = [one.get("path") for one in facts.get("licence") or []]
    return {"composition": composition(ds).as_dict(), "metadata": short | {"graph": graph, "licence": licences}}


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        made.add_column(
            column, justify="left" if i == 0 else "right", style="" if i == 0 else "default", header_style="dim", overflow="fold"
        )
    return made


def cells(*values: Any) -> list[Text]:
    return [Text(harmless(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))) for value in values]


def build_summary(ds: DatasetDict, folder: str) -> None:
    """After ``build``: rows by window and split, what was dropped, and what to do next."""
    out, made, facts = console(), composition(ds), metadata.of(ds)
    read = {"files": "source_files", "commits": "commits", "changes": "git_diffs", "signatures": "function_signatures"}
    counted = ", ".join(f"{facts[name]:,} {label}" for label, name in read.items() if isinstance(facts.get(name), int))
    out.print(Text(harmless(f"{facts.get('repository', '')} at {str(facts.get('commit', ''))[:12]}: {counted}")))
    out.print()
    out.print(windows_table(made, ds))
    out.print()
    out.print(drops_table(facts))
    out.print()
    out.print(Text(harmless(f"saved in {folder}; next: elite-code-dataset report {folder}")))


def windows_table(made: Composition, ds: DatasetDict) -> Table:
    splits = list(made.splits)
    shown = table("Rows", "window", *splits, "tokens")
    for part in made.by["scale"]:
        shown.add_row(*cells(part.value, *(part.rows[split] for split in splits), part.tokens))
    edits = next((part for part in made.by["kind"] if part.value == "edit"), None)
    if edits:
        shown.add_row(*cells("of these edits", *(edits.rows[split] for split in splits), edits.tokens))
    shown.add_row(*cells("all", *(made.splits[split]["rows"] for split in splits), made.tokens), style="bold")
    return shown


def drops_table(facts: Mapping[str, Any]) -> Table:
    shown = table("Left out", "step", "kept", "dropped", "why")
    shown.columns[-1].justify = "left"
    for step in facts.get("drops") or []:
        dropped = step.get("dropped") or {}
        reasons = ", ".join(
            f"{name.replace('_', ' ').replace(':', ': ')} {count:,}" for name, count in sorted(dropped.items(), key=lambda item: -item[1])
        )
        shown.add_row(*cells(step.get("step", ""), int(step.get("kept") or 0), sum(dropped.values()), reasons))
    return shown


def stats_shown(ds: DatasetDict) -> None:
    out, made, facts = console(), composition(ds), metadata.of(ds)
    splits = list(made.splits)
    shown = table("Splits", "split", "rows", "tokens", "target tokens", "files", "share")
    whole = sum(one["target_tokens"] for one in made.splits.values()) or 1
    for split, one in made.splits.items():
        shown.add_row(
            *cells(split, one["rows"], one["tokens"], one["target_tokens"], one["files"], f"{100 * one['target_tokens'] / whole:.1f} %")
        )
    out.print(shown)
    for key, title in PARTS.items():
        shown = table(f"\nBy {title}", title, *splits, "target tokens", "share")
        for part in made.by[key][:MOST]:
            shown.add_row(
                *cells(part.value, *(part.rows[split] for split in splits), part.target_tokens, f"{100 * part.target_tokens / whole:.1f} %")
            )
        if len(made.by[key]) > MOST:
            shown.add_row(
                *cells(
                    f"{len(made.by[key]) - MOST} others", *("" for _ in splits), sum(part.target_tokens for part in made.by[key][MOST:]), ""
                )
            )
        out.print(shown)
    shown = table("\nBy weight", "weight", "rows")
    for bar in made.weights:
        shown.add_row(*cells(bar.label, bar.rows))
    out.print(shown)
    if facts.get("drops"):
        out.print()
        out.print(drops_table(facts))


def row_at(ds: DatasetDict, split: str, number: int, row_id: str | None) -> dict[str, Any]:
    """One row, by its place in a split or the beginning of its id. Raises EliteCodeError when there is none."""
    if row_id is not None:
        for rows in ds.values():
            ids = rows.select_columns(["id"]).with_format("arrow")[:].column("id").to_pylist()
            exact = [i for i, one in enumerate(ids) if one == row_id] or [i for i, one in enumerate(ids) if one.startswith(row_id)]
            if exact:
                return rows[exact[0]]
        raise EliteCodeError(f"no row has an id that begins with {row_id!r}; stats and show print ids")
    if split not in ds:
        raise EliteCodeError(f"no split {split!r}; the dataset has {', '.join(ds)}")
    if not -len(ds[split]) <= number < len(ds[split]):
        raise EliteCodeError(f"no row {number} in {split}; it has {len(ds[split]):,} rows, from 0 to {len(ds[split]) - 1}")
    return ds[split][number % len(ds[split])]


def row_shown(row: Mapping[str, Any]) -> None:
    """A row for reading: facts, context dimmed, target; an edit's original block in red and what became of it in green."""
    out = console()
    place = f"{row['path']}:{row['start_line']}-{row['end_line']}"
    out.print(Text(harmless(place), style="bold"))
    facts = [
        row["split"],
        row["language"],
        row["role"],
        row["kind"],
        f"window {row['scale']}",
        row["technique"] + (f" ({row['idiom']})" if row["idiom"] else ""),
    ]
    out.print(Text(harmless(" · ".join(map(str, facts)))))
    numbers = [
        f"{row['n_tokens']} tokens, {row['context_tokens']} of them context",
        f"weight {row['weight']:g}",
        f"difficulty {row['difficulty']:.2f}",
    ]
    out.print(Text(f"{' · '.join(numbers)} · stage {row['stage']} · {row['age_days']:.0f} days old"))
    out.print(
        Text(
            harmless(f"id {row['id']}" + (f" · parent {row['parent_id']}" if row["parent_id"] else "") + f" · commit {row['commit'][:12]}"),
            style="dim",
        )
    )
    if row["units"]:
        out.print(Text(harmless(f"defines {', '.join(row['units'][:8])}"), style="dim"))
    out.print()
    out.print(body_of(row))


def body_of(row: Mapping[str, Any]) -> Text:
    text, border = row["text"], row["context_chars"]
    if row["kind"] == "edit" and row["original_end"] > row["original_start"]:
        a, b = row["original_start"], row["original_end"]
        pieces = [(text[:a], "dim"), (text[a:b], "red"), (text[b:border], "dim"), (text[border:], "green")]
    else:
        pieces = [(text[:border], "dim"), (text[border:], "")]
    return Text.assemble(*((harmless(piece), style) for piece, style in pieces))


def checks_shown(found: Sequence[Check]) -> None:
    out = console()
    for one in found:
        mark, style = ("ok  ", "green") if one.ok and one.applied else ("--  ", "dim") if one.ok else ("FAIL", "bold red")
        out.print(Text.assemble((mark, style), f"  {one.name}: ", (harmless(one.seen), "dim" if one.ok else "")))
        if not one.ok:
            out.print(Text(f"      expected: {one.expected}"))
    counts = [sum(one.ok and one.applied for one in found), sum(not one.ok for one in found), sum(not one.applied for one in found)]
    out.print(Text(f"\n{counts[0]} hold, {counts[1]} fail, {counts[2]} not applied"))


def doctor_shown(found: Mapping[str, Any]) -> None:
    """Sections of names and values; what is missing says what it would be for."""
    out = console()
    for title, entries in found.items():
        shown = table(f"{title}\n" if title == next(iter(found)) else f"\n{title}\n", "", "")
        shown.show_header = False
        shown.columns[1].justify = "left"
        for name, value in entries.items():
            shown.add_row(*cells(name, value))
        out.print(shown)
