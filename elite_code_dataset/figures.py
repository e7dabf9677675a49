"""Figures: the report's pictures as PNG files, for slides and cards.

In: a composition, the metadata, the import picture. Out: PNGs in a folder. Needs matplotlib, the extra ``report``; takes about a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from elite_code_dataset.composition import Bar, Composition, Part
from elite_code_dataset.imports_picture import Picture
from elite_code_dataset.records import EliteCodeError

COLOURS = ("#2f6db5", "#e08b27", "#3f9b62", "#8a5fb5", "#c24f5a", "#6b7785")
DPI = 150
MOST = 12  # bars of one panel


def figures(made: Composition, facts: Mapping[str, Any], drawn: Picture, folder: Path) -> list[Path]:
    """Writes the pictures; those without anything to show are left out. Raises EliteCodeError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EliteCodeError(
            "pictures need matplotlib, which is missing; pip install 'elite-code-dataset[report]', or ask for the page alone"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, tuple[Callable[[Any], None], tuple[float, float]] | None] = {
        "composition.png": (lambda figure: draw_composition(figure, made), (12, 8)),
        "histograms.png": (lambda figure: draw_histograms(figure, made), (12, 8)),
        "curriculum.png": (lambda figure: draw_curriculum(figure, made), (9, 1.4 + 0.6 * len(made.stages)))
        if len(made.stages) > 1
        else None,
        "drops.png": (lambda figure: draw_drops(figure, facts["drops"]), (11, 1.6 + 0.5 * len(facts["drops"])))
        if facts.get("drops")
        else None,
        "imports.png": (lambda figure: draw_imports(figure, drawn), (11, 1.6 + 0.3 * len(drawn.groups))) if drawn.arcs else None,
    }
    written = []
    for name, kind in kinds.items():
        if kind is None:
            continue
        figure = Figure(figsize=kind[1], layout="constrained")
        FigureCanvasAgg(figure)
        kind[0](figure)
        figure.savefig(folder / name, dpi=DPI, metadata={"Software": None})
        written.append(folder / name)
    return written


def plain(text: Any, width: int = 34) -> str:
    """Text of a repository for a picture: no mathematics between dollar signs, not too long."""
    said = str(text).replace("$", r"\$")
    return said if len(said) <= width else "..." + said[-(width - 3) :]


def bars(axis: Any, names: Sequence[str], parts: Mapping[str, Sequence[float]], title: str) -> None:
    """Horizontal bars in coloured parts, the first at the top."""
    places = list(range(len(names)))
    left = [0.0] * len(names)
    for i, (label, values) in enumerate(parts.items()):
        axis.barh(places, values, left=left, color=COLOURS[i % len(COLOURS)], label=label, height=0.7)
        left = [a + b for a, b in zip(left, values)]
    axis.set_yticks(places, [plain(name, 26) for name in names], fontsize=9)
    axis.invert_yaxis()
    axis.set_title(title, fontsize=11, loc="left")
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.xaxis.set_major_locator(integers())
    axis.tick_params(axis="x", labelsize=8)


def integers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=True)


def draw_composition(figure: Any, made: Composition) -> None:
    axes = figure.subplots(2, 2).flat
    for axis, (key, title) in zip(axes, {"scale": "Window", "language": "Language", "role": "Role", "technique": "Technique"}.items()):
        chosen: Sequence[Part] = made.by[key][:MOST]
        bars(
            axis,
            [part.value for part in chosen],
            {split: [part.rows.get(split, 0) for part in chosen] for split in made.splits},
            f"{title}: rows",
        )
    figure.legend(*next(iter(figure.axes)).get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def draw_histograms(figure: Any, made: Composition) -> None:
    axes = figure.subplots(2, 2).flat
    panels: Mapping[str, Sequence[Bar]] = {
        "Share of the window filled": made.fill,
        "Age at the commit": made.ages,
        "Weight": sorted(sorted(made.weights, key=lambda bar: -bar.rows)[:MOST], key=lambda bar: float(bar.label)),
        "Difficulty (train)": made.difficulty,
    }
    for axis, (title, chosen) in zip(axes, panels.items()):
        bars(axis, [bar.label for bar in chosen], {"rows": [bar.rows for bar in chosen]}, f"{title}: rows")


def draw_curriculum(figure: Any, made: Composition) -> None:
    axis = figure.subplots()
    scales = sorted({scale for by_scale in made.stages.values() for scale in by_scale})
    parts = {str(scale): [by_scale.get(scale, 0) for by_scale in made.stages.values()] for scale in scales}
    bars(axis, [f"stage {stage}" for stage in made.stages], parts, "Curriculum: target tokens of the train split by window")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)


def draw_drops(figure: Any, steps: Sequence[Mapping[str, Any]]) -> None:
    """Shares, since steps count different things; the numbers are written behind the names."""
    axis = figure.subplots()
    kept = [float(step.get("kept") or 0) for step in steps]
    dropped = [float(sum((step.get("dropped") or {}).values())) for step in steps]
    whole = [max(1.0, a + b) for a, b in zip(kept, dropped)]
    names = [f"{step.get('step', '')}: {int(a):,} of {int(n):,}" for step, a, n in zip(steps, kept, whole)]
    bars(
        axis,
        names,
        {"kept": [100 * a / n for a, n in zip(kept, whole)], "dropped": [100 * b / n for b, n in zip(dropped, whole)]},
        "Kept and dropped, %",
    )
    axis.set_yticks(range(len(names)), [plain(name, 44) for name in names], fontsize=9)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def draw_imports(figure: Any, drawn: Picture) -> None:
    """Directories from top to bottom; arcs on the right go down, those on the left go up."""
    from matplotlib.path import Path as Curve

    axis = figure.subplots()
    most = max(arc.count for arc in drawn.arcs)
    for arc in drawn.arcs:
        reach = (0.4 + 3.6 * abs(arc.importer - arc.imported) / max(1, len(drawn.groups) - 1)) * (-1 if arc.up else 1)
        start = -0.05 if arc.up else 0.05
        points = [(start, arc.importer), (start + reach, arc.importer), (start + reach, arc.imported), (start, arc.imported)]
        axis.add_patch(arc_patch(Curve(points, [1, 4, 4, 4]), COLOURS[4] if arc.up else COLOURS[0], 0.8 + 4 * (arc.count / most) ** 0.5))
    for place, group in enumerate(drawn.groups):
        axis.text(-3.4, place, f"{plain(group.name, 44)}  ({group.files})", ha="right", va="center", fontsize=9)
        axis.plot([0], [place], "o", color="#1c2430", markersize=3)
    axis.set_xlim(-3.3, 3.3)
    axis.set_ylim(len(drawn.groups) - 0.5, -0.5)
    axis.axis("off")
    axis.set_title(f"{drawn.edges:,} imports among {drawn.files:,} files: down on the right, up (cycles) on the left", fontsize=11)


def arc_patch(curve: Any, colour: str, width: float) -> Any:
    from matplotlib.patches import PathPatch

    return PathPatch(curve, fill=False, edgecolor=colour, linewidth=width, alpha=0.55)
