"""Pictures: results of an evaluation -> one PNG. In: estimates by arm and metric. Out: dots with their intervals. Costs a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from elite_code_dataset.figures import COLOURS, DPI, plain
from recipes.intervals import Estimate

BITS = {
    "bits_per_byte": "code (headline)",
    "bits_per_byte/plain": "code, cut blind, no context",
    "bits_per_byte/lines/novel": "lines new to train",
    "bits_per_byte/lines/repeated": "lines that train has",
    "bits_per_byte/kind/edit": "edits",
    "bits_per_byte/kind/message": "commit messages",
}
SCORES = {
    "next_line_exact": "next line, exact",
    "next_line_exact/novel": "... new to train",
    "middle_exact": "hidden lines, exact",
    "edit_exact": "edit, exact",
    "edit_similarity": "edit, similarity",
    "parses": "written code parses",
}


def draw(results: Mapping[str, Mapping[str, Estimate]], path: Path) -> None:
    """Bits per byte on the left (fewer is better), scores on the right (more is better); a line a metric, a colour an arm."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sides = [(names, [metric for metric in names if any(metric in found for found in results.values())]) for names in (BITS, SCORES)]
    height = 1.6 + 0.16 * (len(results) + 1) * max(len(metrics) for _, metrics in sides)
    figure = Figure(figsize=(12, height), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (names, metrics), title in zip(figure.subplots(1, 2), sides, ("bits per byte (fewer is better)", "score (more is better)")):
        panel(axes, results, metrics, names, title)
    figure.axes[1].set_xlim(-0.02, 1.02)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    more = [pair for pair in zip(*figure.axes[1].get_legend_handles_labels()) if pair[1] not in labels]
    figure.legend(
        [*handles, *(h for h, _ in more)], [*labels, *(n for _, n in more)], loc="outside lower center", ncols=len(results), frameon=False
    )
    figure.savefig(path, dpi=DPI, metadata={"Software": None})


def panel(axes: Any, results: Mapping[str, Mapping[str, Estimate]], metrics: Sequence[str], names: Mapping[str, str], title: str) -> None:
    """The arms of a metric stand under each other, so that their intervals do not cover each other."""
    step = 0.8 / max(1, len(results))
    for number, (arm, found) in enumerate(results.items()):
        here = [(place, found[metric]) for place, metric in enumerate(metrics) if metric in found]
        if not here:
            continue
        values = [one.value for _, one in here]
        lows = [max(0.0, one.value - (one.value if one.low is None else one.low)) for _, one in here]
        highs = [max(0.0, (one.value if one.high is None else one.high) - one.value) for _, one in here]
        heights = [place + (number + 0.5) * step - 0.4 for place, _ in here]
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(values, heights, xerr=[lows, highs], fmt="o", markersize=4, capsize=2, linewidth=1.2, color=colour, label=plain(arm))
    axes.set_yticks(range(len(metrics)), [names[metric] for metric in metrics], fontsize=9)
    axes.set_ylim(len(metrics) - 0.5, -0.5)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for edge in range(1, len(metrics)):
        axes.axhline(edge - 0.5, color="#eeeeee", linewidth=0.8)
    axes.set_title(title, fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
