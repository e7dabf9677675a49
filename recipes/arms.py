"""Arms: the presets, and ``elite`` with one lever taken out at a time. In: nothing. Out: ``ARMS``, name -> what it is and its preset. Costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from elite_code_dataset.presets import FLAT_AGES, FLAT_ROLES, PRESETS, Preset
from elite_code_dataset.records import EliteCodeError

ELITE = PRESETS["elite"]
FULL = "elite"  # the arm that all others are compared with
PRESET_ARMS = ("elite", "baseline", "effectiveness")
WITH_RETRIEVAL = ("elite", "baseline")  # measured with retrieved code as well


@dataclass(frozen=True)
class Arm:
    """``meaning`` completes 'elite without ...' for a lever, else says what the preset is."""

    name: str
    meaning: str
    preset: Preset

    @property
    def is_lever(self) -> bool:
        return self.name not in PRESET_ARMS


ARMS = {
    arm.name: arm
    for arm in (
        Arm("elite", "everything this package does", ELITE),
        Arm("baseline", "512 tokens, cut blind, exact deduplication, nothing else", PRESETS["baseline"]),
        Arm("effectiveness", "1024 tokens, overlap 0.75, four augmentations, role weights, a curriculum", PRESETS["effectiveness"]),
        Arm("no_edits", "the edits of the history", replace(ELITE, edits=False)),
        Arm("no_augmentation", "all augmentation", replace(ELITE, augment={})),
        Arm(
            "no_fill_in_middle",
            "fill-in-the-middle rows",
            replace(ELITE, augment={name: rate for name, rate in ELITE.augment.items() if name != "fill_in_middle"}),
        ),
        Arm("no_near_dedup", "near-duplicate removal (exact copies still go)", replace(ELITE, deduplicate=("exact",))),
        Arm("no_weights", "weights by role, age and evolution", replace(ELITE, roles=FLAT_ROLES, ages=FLAT_AGES, evolution=1.0)),
        Arm("no_curriculum", "the curriculum (all rows shuffled)", replace(ELITE, curriculum="none")),
        Arm("no_small_scales", "code windows of 256 and 512 tokens", replace(ELITE, windows=(1024, 2048, 4096))),
        Arm("no_large_scales", "code windows of 2048 and 4096 tokens", replace(ELITE, windows=(256, 512, 1024))),
        Arm("no_syntax", "cuts on syntax and the context ahead of a target", replace(ELITE, options={"cut": "blind"})),
    )
}


def arms_named(names: Sequence[str]) -> list[Arm]:
    """The arms, the full one first: all others are compared with it. Raises EliteCodeError for an unknown name, with the names there are."""
    for name in names:
        if name not in ARMS:
            raise EliteCodeError(f"unknown arm {name!r}; available: {', '.join(ARMS)}")
    return [ARMS[name] for name in ARMS if name in {FULL, *names}]
