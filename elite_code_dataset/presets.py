"""Presets: what is compared with what. In: a name. Out: builder options and passes. One entry reads like a method section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from elite_code_dataset.config import AUGMENT_RATES
from elite_code_dataset.records import SCALES, EliteCodeError


@dataclass(frozen=True)
class Preset:
    """``options``: of the builder. ``deduplicate``: modes run one after the other. ``augment``: rate by technique. ``roles``/``ages``/``evolution``:
    weight factors, None for the design's. ``curriculum``: what the recipe orders by."""

    windows: tuple[int, ...]
    edits: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    deduplicate: tuple[str, ...] = ("exact",)
    augment: Mapping[str, float] = field(default_factory=dict)
    roles: Mapping[str, float] | None = None
    ages: tuple[tuple[float, float], ...] | None = None
    evolution: float | None = None
    curriculum: str = "none"


FLAT_ROLES = {"core": 1.0, "support": 1.0, "test": 1.0, "doc": 1.0, "config": 1.0}
FLAT_AGES = ((float("inf"), 1.0),)

PRESETS: dict[str, Preset] = {
    "baseline": Preset((512,), False, {"cut": "blind"}, ("exact",), {}, FLAT_ROLES, FLAT_AGES, 1.0),
    "effectiveness": Preset(
        (1024,),
        False,
        {"overlap": 0.75},
        ("exact",),
        {"rename": 0.3, "comments": 0.2, "format": 0.2, "fill_in_middle": 0.3},
        None,
        FLAT_AGES,
        1.0,
        "difficulty",
    ),
    "elite": Preset(SCALES, True, {}, ("exact", "near"), AUGMENT_RATES, curriculum="multiscale"),
}


def preset_named(name: str) -> Preset:
    """Raises EliteCodeError for an unknown name, with the names there are."""
    if name not in PRESETS:
        raise EliteCodeError(f"unknown preset {name!r}; available: {', '.join(PRESETS)}")
    return PRESETS[name]
