"""Curves: a trainer's log -> ``loss.csv`` and ``loss.png``.

In: ``trainer.state.log_history``. Out: the two files. Costs a second, most of it matplotlib's.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_curves(history: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """One CSV line per log entry of the training; the loss over steps as a picture, with held-out bits per byte where there are several."""
    entries = [entry for entry in history if "loss" in entry]
    columns = sorted({name for entry in entries for name in entry}, key=lambda name: (name != "step", name != "loss", name))
    with open(folder / "loss.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(entries)
    _draw(entries, [entry for entry in history if "eval_bits_per_byte" in entry], folder / "loss.png")


def _draw(entries: Sequence[Mapping[str, Any]], evaluations: Sequence[Mapping[str, Any]], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([entry["step"] for entry in entries], [entry["loss"] for entry in entries], label="training loss (nats a token)")
    if evaluations:
        axes.plot(
            [entry["step"] for entry in evaluations],
            [entry["eval_bits_per_byte"] for entry in evaluations],
            "o-",
            label="held-out bits per byte",
        )
    axes.set_xlabel("step")
    axes.legend()
    figure.savefig(path, dpi=120)
