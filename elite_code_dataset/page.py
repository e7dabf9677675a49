"""Page: pieces of HTML - bars, tables, a funnel, the import graph - from plain numbers. Every text is escaped here, once.

In: numbers and names. Out: strings of HTML that need only the report's style sheet. Costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from elite_code_dataset.composition import Bar, Part
from elite_code_dataset.imports_picture import Picture

ROW = 26  # px, height of a row of the import graph; the style sheet says the same
COLOURS = 6  # k0 ... k5 of the style sheet


def section(title: str, text: str, content: str) -> str:
    """One part of the page; empty when it has no content."""
    return f"<section>\n<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{content}\n</section>" if content else ""


def block(title: str, content: str) -> str:
    return f"<div><h3>{escape(title)}</h3>{content}</div>" if content else ""


def grid(blocks: Iterable[str], kind: str = "grid") -> str:
    inner = "\n".join(one for one in blocks if one)
    return f'<div class="{kind}">{inner}</div>' if inner else ""


def tiles(figures: Mapping[str, Any]) -> str:
    made = "".join(f'<div class="tile"><b>{escape(str(value))}</b><span>{escape(name)}</span></div>' for name, value in figures.items())
    return f'<div class="tiles">{made}</div>'


def legend(names: Sequence[Any]) -> str:
    return (
        '<div class="legend">'
        + "".join(f'<span><i class="k{i % COLOURS}"></i>{escape(str(name))}</span>' for i, name in enumerate(names))
        + "</div>"
    )


def stacked(rows: Sequence[tuple[str, Sequence[float], str]]) -> str:
    """Horizontal bars, each in coloured parts: (name, the parts, what is written behind it). The longest fills the width."""
    if not rows:
        return ""
    longest = max(sum(parts) for _, parts, _ in rows) or 1
    lines = []
    for name, parts, value in rows:
        cells = "".join(f'<i class="k{i % COLOURS}" style="width:{100 * part / longest:.2f}%"></i>' for i, part in enumerate(parts) if part)
        lines.append(
            f'<span class="name">{breakable(name)}</span><span class="track">{cells}</span><span class="value">{escape(value)}</span>'
        )
    return f'<div class="bars">{"".join(lines)}</div>'


def parts_bars(parts: Sequence[Part], splits: Sequence[str], most: int = 14) -> str:
    """Rows by split for each value of a column; small values beyond ``most`` are added up."""
    whole = sum(part.target_tokens for part in parts) or 1
    rows = [
        (part.value, [part.rows.get(split, 0) for split in splits], f"{part.total:,} · {100 * part.target_tokens / whole:.1f}\u00a0%")
        for part in parts[:most]
    ]
    if rest := parts[most:]:
        counts = [sum(part.rows.get(split, 0) for part in rest) for split in splits]
        rows.append(
            (f"{len(rest)} others", counts, f"{sum(counts):,} · {100 * sum(part.target_tokens for part in rest) / whole:.1f}\u00a0%")
        )
    return stacked(rows)


def histogram(bars: Sequence[Bar], most: int = 16) -> str:
    """Bars in their own order, without empty ones at both ends; the rarest values beyond ``most`` are left out and counted."""
    filled = [i for i, bar in enumerate(bars) if bar.rows]
    bars = bars[filled[0] : filled[-1] + 1] if filled else ()
    kept = sorted(sorted(range(len(bars)), key=lambda i: -bars[i].rows)[:most])
    rows = [(bars[i].label, [bars[i].rows], f"{bars[i].rows:,}") for i in kept]
    left_out = sum(bar.rows for i, bar in enumerate(bars) if i not in kept)
    return stacked(rows) + (f"<p>and {left_out:,} rows with {len(bars) - len(kept)} rarer values</p>" if left_out else "")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; columns whose cells are numbers stand right."""
    if not rows:
        return ""
    right = [all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(head))]
    marks = [' class="n"' if one else "" for one in right]
    top = "".join(f"<th{mark}>{escape(name)}</th>" for name, mark in zip(head, marks))
    lines = "".join("<tr>" + "".join(f"<td{mark}>{escape(cell(value))}</td>" for value, mark in zip(row, marks)) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>'


def cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def breakable(text: str) -> str:
    """Escaped, with places to break a long name after ``/`` and ``_``."""
    return re.sub(r"([/_])(?=\w)", r"\1<wbr>", escape(text))


def funnel(steps: Sequence[Mapping[str, Any]]) -> str:
    """A bar a step: what it kept, and what it dropped by reason. Neighbours that dropped nothing share one line."""
    lines: list[str] = []
    quiet: list[str] = []
    for step in steps:
        dropped = {str(reason): int(count) for reason, count in (step.get("dropped") or {}).items() if count}
        kept, name = int(step.get("kept") or 0), str(step.get("step", ""))
        if not dropped:
            quiet.append(f"{name} {kept:,}")
            continue
        lines += [quiet_line(quiet), funnel_line(name, kept, dropped)]
        quiet = []
    lines.append(quiet_line(quiet))
    return f'<div class="funnel">{"".join(lines)}</div>' if any(lines) else ""


def quiet_line(steps: Sequence[str]) -> str:
    return f'<div class="step"><b>kept all</b><span class="reasons first">{escape(", ".join(steps))}</span></div>' if steps else ""


def funnel_line(name: str, kept: int, dropped: Mapping[str, int]) -> str:
    whole = max(1, kept + sum(dropped.values()))
    ranked = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    parts = f'<i class="k2" style="width:{100 * kept / whole:.2f}%"></i>' + "".join(
        f'<i class="k{(1, 4, 3, 5)[i % 4]}" style="width:{100 * count / whole:.2f}%"></i>' for i, (_, count) in enumerate(ranked)
    )
    reasons = ", ".join(f"{reason.replace('_', ' ').replace(':', ': ')} {count:,}" for reason, count in ranked)
    return (
        f'<div class="step"><b>{breakable(name)}</b><span class="track">{parts}</span>'
        f'<span class="reasons">kept {kept:,}; {escape(reasons)}</span></div>'
    )


def arcs(picture: Picture) -> str:
    """Directories from top to bottom, an arc for the imports between two of them; those that go up are dashed."""
    if not picture.arcs:
        return ""
    names = "".join(
        f'<li tabindex="0" data-name="{escape(group.name)}" title="{escape(group.name)}"><span class="mono"><bdi>{escape(group.name)}</bdi></span>'
        f"<small>{group.files} file{'s' if group.files != 1 else ''}</small></li>"
        for group in picture.groups
    )
    most = max(arc.count for arc in picture.arcs)
    lines = []
    for arc in sorted(picture.arcs, key=lambda one: -one.count):
        y0, y1 = (arc.importer + 0.5) * ROW, (arc.imported + 0.5) * ROW
        reach = 12 + 86 * abs(arc.importer - arc.imported) / max(1, len(picture.groups) - 1)
        width = 1 + 5 * (arc.count / most) ** 0.5
        kind = ' class="up"' if arc.up else ""
        lines.append(
            f'<path{kind} data-a="{arc.importer}" data-b="{arc.imported}" data-n="{arc.count}" stroke-width="{width:.1f}" '
            f'd="M0 {y0:.0f}C{reach:.0f} {y0:.0f} {reach:.0f} {y1:.0f} 0 {y1:.0f}"/>'
        )
    height = ROW * len(picture.groups)
    drawing = f'<svg viewBox="0 0 100 {height}" preserveAspectRatio="none" style="height:{height}px" role="img" aria-label="imports between directories">{"".join(lines)}</svg>'
    return f'<div class="arcs"><ol>{names}</ol>{drawing}</div><p class="note" id="arc-note">Choose a directory to see what it imports and what imports it.</p>'


def script_json(value: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element or open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = (
        text.replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
    return text.encode("utf-8", "replace").decode()


def pager() -> str:
    """The frame that the page's script fills with samples."""
    tabs = "".join(
        f'<button type="button" data-kind="{kind}" aria-selected="false">{title}</button>'
        for kind, title in (("windows", "Windows"), ("augmentations", "Augmentations"), ("edits", "Edits"))
    )
    return (
        f'<div class="tabs" role="tablist">{tabs}</div><div class="pager"><button type="button" id="previous">← Previous</button>'
        '<output id="place"></output><button type="button" id="next">Next →</button><select id="filter" aria-label="show only"></select></div>'
        '<div id="sample"></div>'
    )
