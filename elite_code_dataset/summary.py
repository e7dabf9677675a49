"""A dataset in one screen: files, commits, rows per scale and split, tokens, and what was dropped and why.

In: a ``DatasetDict`` with the row schema. Out: a rich renderable. Costs one pass over four small columns.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from datasets import DatasetDict
from rich.console import Group
from rich.table import Table

from elite_code_dataset import metadata

Counts = dict[tuple[str, str], list[int]]


def summary(ds: DatasetDict) -> Group:
    """Tables to print with ``rich.print``."""
    facts = metadata.of(ds)
    return Group(_about(facts), _rows(ds), _dropped(facts.get("drops", [])))


def counted(ds: DatasetDict) -> Counts:
    """(kind of row, split) -> [rows, target tokens], kinds being w256...w4096 and edits, the augmented ones apart."""
    found: Counts = {}
    for split, rows in ds.items():
        table = rows.select_columns(["kind", "scale", "technique", "n_tokens", "context_tokens"]).with_format("arrow")[:].to_pydict()
        for kind, scale, technique, n, context in zip(*(table[c] for c in ("kind", "scale", "technique", "n_tokens", "context_tokens"))):
            name = f"+ {technique}" if technique != "original" else "edits" if kind == "edit" else f"w{scale}"
            cell = found.setdefault((name, split), [0, 0])
            cell[0] += 1
            cell[1] += n - context
    return found


def _about(facts: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    repository, commit = facts.get("repository", "?"), facts.get("commit", "?")
    lines = {
        "repository": repository if isinstance(repository, str) else ", ".join(repository),
        "commit": commit if isinstance(commit, str) else ", ".join(commit),
        "read": f"{facts.get('source_files', '?')} files, {facts.get('commits', '?')} commits, {facts.get('git_diffs', '?')} changes, "
        f"{facts.get('function_signatures', '?')} signatures, {facts.get('graph', {}).get('edges', '?')} imports resolved",
        "secrets": ", ".join(f"{n} {kind}" for kind, n in facts.get("secrets", {}).items()) or "none found",
        "in history": ", ".join(f"{n} {kind}" for kind, n in facts.get("secrets_in_history", {}).items()) or "none found",
        "tokenizer": f"{facts.get('tokenizer', '?')} ({facts.get('tokenizer_digest', '?')})",
    }
    if "certificate" in facts:
        lines["across splits"] = ", ".join(f"{k} {v}" for k, v in facts["certificate"].items() if isinstance(v, (int, float)))
    if "exposures" in facts:
        lines["an epoch shows"] = f"each source token {facts['exposures'].get('effective_epochs', float('nan')):.1f} times on average"
    for name, value in lines.items():
        table.add_row(f"[bold]{name}[/bold]", str(value))
    return table


def _rows(ds: DatasetDict) -> Table:
    found = counted(ds)
    table = Table(title="rows (target tokens)")
    table.add_column("")
    for split in ds:
        table.add_column(split, justify="right")
    names = {name for name, _ in found}
    scales = sorted((n for n in names if n.startswith("w")), key=lambda n: int(n[1:]))
    for name in [*scales, *(n for n in ("edits",) if n in names), *sorted(n for n in names if n.startswith("+"))]:
        table.add_row(name, *(_cell(found.get((name, split))) for split in ds))
    totals = {split: [sum(c[i] for (_, s), c in found.items() if s == split) for i in (0, 1)] for split in ds}
    table.add_section()
    table.add_row("all", *(_cell(totals[split]) for split in ds))
    return table


def _cell(cell: list[int] | None) -> str:
    return "" if cell is None else f"{cell[0]:,} ({cell[1]:,})"


def _dropped(drops: list[dict[str, Any]]) -> Table:
    table = Table(title="left out, by step and reason")
    for name in ("step", "kept", "left out"):
        table.add_column(name, justify="right" if name == "kept" else "left")
    merged: dict[str, tuple[int, Counter]] = {}
    for drop in drops:
        kept, reasons = merged.setdefault(drop["step"], (0, Counter()))
        merged[drop["step"]] = (kept + drop["kept"], reasons + Counter(drop["dropped"]))
    for step, (kept, reasons) in merged.items():
        table.add_row(step, f"{kept:,}", ", ".join(f"{n:,} {reason}" for reason, n in sorted(reasons.items())) or "-")
    return table
