"""Passes: augmented rows have true parents, weights follow their formula, and the curriculum orders by what it says."""

from __future__ import annotations

import numpy as np

from elite_code_dataset import weights
from elite_code_dataset.checks import MissingColumn, Verdict, View, check, needed
from elite_code_dataset.presets import PRESETS

EXACT = 1e-6
SURE_ROWS = 200  # a correlation of 0.2 over so many is three standard errors from none
LEAST_ROWS = 20  # rows of one scale and language from which on a rank correlation says something
LEAST_CORRELATION = (
    0.2  # of difficulty with complexity, which is one of its four measures: 0.33-0.41 on three repositories; shuffled, about 0
)
FAMILY = ("group", "path", "scale", "language")


def family_index(view: View) -> dict[str, int]:
    return {one: i for i, one in enumerate(view.column("id").tolist())}


@check("each augmented row names a row of train as its parent, of the same group, path, scale and language")
def parents_exist(view: View) -> Verdict:
    needed(not view.original.all(), "no augmented rows")
    at, parents = family_index(view), view.column("parent_id")
    columns = [view.column(name) for name in FAMILY]
    bad = np.zeros(len(view), dtype=bool)
    for i in np.flatnonzero(~view.original).tolist():
        parent = at.get(parents[i])
        bad[i] = parent is None or view.where[parent] != "train" or not view.original[parent] or any(c[parent] != c[i] for c in columns)
    return view.none_of(bad)


@check("each augmented row differs from its parent in text, in what is context, or in tokens, and says how it was verified")
def children_differ(view: View) -> Verdict:
    needed(not view.original.all(), "no augmented rows")
    at, parents, verified = family_index(view), view.column("parent_id"), view.column("verified")
    children = ~view.original
    wanted = children.copy()
    wanted[[at[one] for one in set(parents[children].tolist()) if one in at]] = True
    seen = {
        i: hash((row["text"], row["context_chars"], tuple(row["input_ids"])))
        for i, row in view.rows("text", "context_chars", "input_ids", mask=wanted)
    }
    bad = np.zeros(len(view), dtype=bool)
    for i in np.flatnonzero(children).tolist():
        bad[i] = seen[i] == seen.get(at.get(parents[i], -1)) or not verified[i]
    return view.none_of(bad)


def prepared(view: View) -> None:
    """Ends a check on rows that no pass has seen yet: they carry the builder's neutral values, and nothing says otherwise."""
    neutral = {"weight": 1.0, "difficulty": 0.0, "stage": 0}
    raw = "preset" not in view.facts and all((view.column(name) == value).all() for name, value in neutral.items())
    needed(not raw, "the passes have not run: rows as load_dataset gives them")


@check("weight = role x age x evolution in every row")
def weights_exact(view: View) -> Verdict:
    prepared(view)
    rule = weights.weigher(**chosen(view))
    due = rule.weights_of(view.column("role").tolist(), view.column("age_days").astype(float), view.column("kind").tolist())
    return view.none_of(np.abs(view.column("weight").astype(float) - due) > EXACT)


def chosen(view: View) -> dict:
    """The factors that the dataset remembers, else those of the preset that the build names, else the default ones."""
    if "weights" in view.facts:
        return weights.factors_from(view.facts["weights"])
    name = view.facts.get("preset")
    needed(name != "custom", "the build used factors of its own")
    preset = PRESETS.get(str(name))
    return {"roles": preset.roles, "ages": preset.ages, "evolution": preset.evolution} if preset else {}


@check("more than one weight, where roles, ages and kinds ask for it")
def weights_vary(view: View) -> Verdict:
    prepared(view)
    rule = weights.weigher(**chosen(view))
    due = rule.weights_of(view.column("role").tolist(), view.column("age_days").astype(float), view.column("kind").tolist())
    needed(len(np.unique(due)) > 1, "the preset weighs all rows alike")
    found = len(np.unique(view.column("weight")))
    return found > 1, f"{found} weights"


@check("difficulty within 0 and 1, and not the same everywhere")
def difficulty_ranks(view: View) -> Verdict:
    prepared(view)
    values = view.column("difficulty").astype(float)
    low, high = float(values.min(initial=1)), float(values.max(initial=0))
    return 0 <= low < high <= 1, f"{low:.3f} to {high:.3f}"


@check(f"within a scale and language difficulty rises with complexity: rank correlation at least {LEAST_CORRELATION}")
def difficulty_follows_complexity(view: View) -> Verdict:
    prepared(view)
    train = view.code & (view.where == "train")  # an edit's complexity is not measured
    complexity, difficulty = view.column("complexity").astype(float), view.column("difficulty").astype(float)
    found, sizes = [], []
    keys = np.array([f"{scale}/{language}" for scale, language in zip(view.column("scale"), view.column("language"))], dtype=object)
    for key in sorted(set(keys[train].tolist())):
        inside = train & (keys == key)
        if np.count_nonzero(inside) >= LEAST_ROWS and len(np.unique(complexity[inside])) > 1:
            found.append(rank_correlation(complexity[inside], difficulty[inside]))
            sizes.append(np.count_nonzero(inside))
    needed(found, f"no scale and language with {LEAST_ROWS} rows of different complexity")
    needed(sum(sizes) >= SURE_ROWS, f"{sum(sizes)} rows; under {SURE_ROWS} a correlation may be chance")
    mean = float(np.average(found, weights=sizes))
    return mean >= LEAST_CORRELATION, f"{mean:.2f} over {sum(sizes)} rows"


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's: the correlation of mid-ranks; 0 where one side is constant."""
    ranks = [mid_ranks(values) for values in (one, other)]
    return 0.0 if any(rank.std() == 0 for rank in ranks) else float(np.corrcoef(*ranks)[0, 1])


def mid_ranks(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")) / 2.0


@check(
    "in train, every row of a later stage has a wider window, or as wide a one and no less difficulty, than every row of an earlier stage"
)
def stages_ascend(view: View) -> Verdict:
    if not view.has("stage"):
        raise MissingColumn("stage")
    train = view.where == "train"
    stages = view.column("stage")[train]
    needed(len(np.unique(stages)) > 1, "one stage only")
    keys = list(zip(view.column("scale")[train].tolist(), view.column("difficulty")[train].tolist()))
    spans = {stage: [key for key, one in zip(keys, stages.tolist()) if one == stage] for stage in sorted(set(stages.tolist()))}
    borders = [(max(spans[a]), min(spans[b])) for a, b in zip(spans, list(spans)[1:])]
    wrong = [f"{low} before {high}" for low, high in borders if low > high]
    return not wrong, f"{len(spans)} stages" if not wrong else f"{len(wrong)} of {len(borders)} borders crossed"
