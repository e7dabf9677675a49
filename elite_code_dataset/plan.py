"""Plan: rows -> the whole training run as one fixed list of micro-batches, made before step 1.

In: five short columns of the train split (``PlanRows``) and a ``PlanConfig``. Out: ``Plan``, a batch sampler without any state: which rows
stand in which bin of which micro-batch. Costs numpy only, about 2 s and 100 MB for a million rows.

The order is (1) copies by rounding: row i is drawn ``floor(t1 c + u) - floor(t0 c + u)`` times between epochs t0 and t1, which is unbiased and
never a whole copy off; (2) stages by rank of (window, difficulty), cut by tokens and not by rows; (3) a mix: some copies move to another
stage, never to one whose widest window is smaller; (4) bins of one window, packed best-fit and level, ``token_budget // window`` bins a micro-batch;
(5) micro-batches shuffled within a stage, widest first within a step. Since nothing is drawn during training, a resumed run and a run on
other ranks see the same rows, and the learning-rate schedule knows its length.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from elite_code_dataset import config
from elite_code_dataset.draws import entries, expected_copies, hashes, uniform
from elite_code_dataset.packing import level_fit
from elite_code_dataset.records import EliteCodeError

CURRICULA = ("multiscale", "difficulty", "none")
COLUMNS = ("id", "scale", "n_tokens", "context_tokens", "weight", "difficulty")
SEARCHES = 8  # attempts at the number of epochs that gives a wanted number of steps
SURPLUS = 0.02  # share of micro-batches that may be left out to meet it exactly


@dataclass(frozen=True)
class PlanRows:
    """What the plan must know of each row, as arrays of one length. ``identity`` names the rows, so that another dataset is another plan."""

    scale: np.ndarray
    tokens: np.ndarray
    target_tokens: np.ndarray
    weight: np.ndarray
    difficulty: np.ndarray
    identity: str = ""

    def __len__(self) -> int:
        return int(self.tokens.size)


@dataclass(frozen=True)
class PlanConfig:
    """What decides a run besides its rows, in the order of the flow.

    ``epochs`` may be a fraction; ``steps`` (exact) or ``tokens`` (about) replace it. ``token_budget`` is tokens of one micro-batch,
    ``micro_batches`` how many of them make one optimizer step: processes x gradient accumulation. ``max_copies`` caps the copies of a row in the run.
    """

    epochs: float = 1.0
    steps: int | None = None
    tokens: int | None = None
    max_copies: float = config.EXPOSURE_LIMIT
    curriculum: str = "multiscale"
    stages: tuple[float, ...] = config.CURRICULUM_STAGES
    mix: float = config.STAGE_MIX
    packing: bool = True
    token_budget: int = config.TOKEN_BUDGET
    micro_batches: int = 1
    seed: int = 0

    def checked(self) -> PlanConfig:
        """This configuration, or ``EliteCodeError`` that names the first field that cannot work."""
        _refuse(self.curriculum not in CURRICULA, f"curriculum is {self.curriculum!r}; expected one of {', '.join(CURRICULA)}")
        _refuse(not self.epochs > 0, f"epochs is {self.epochs}; expected a number above 0")
        _refuse(self.steps is not None and self.steps < 1, f"steps is {self.steps}; expected at least 1")
        _refuse(self.tokens is not None and self.tokens < 1, f"tokens is {self.tokens}; expected at least 1")
        _refuse(self.steps is not None and self.tokens is not None, "steps and tokens are both given; give one of them")
        _refuse(not self.max_copies > 0, f"max_copies is {self.max_copies}; expected a number above 0")
        shares_fit = bool(self.stages) and all(share > 0 for share in self.stages) and abs(sum(self.stages) - 1) < 1e-6
        _refuse(not shares_fit, f"stages is {tuple(self.stages)}; expected shares above 0 that sum to 1, e.g. {config.CURRICULUM_STAGES}")
        _refuse(not 0 <= self.mix < 1, f"mix is {self.mix}; expected a share from 0 up to, not including, 1")
        _refuse(self.token_budget < 1, f"token_budget is {self.token_budget}; expected at least one token")
        _refuse(self.micro_batches < 1, f"micro_batches is {self.micro_batches}; expected at least 1 (processes x gradient accumulation)")
        return self


@dataclass(frozen=True)
class Plan:
    """The run. Micro-batch b holds bins ``batch_offsets[b]:batch_offsets[b + 1]``; bin k holds rows ``order[bin_offsets[k]:bin_offsets[k + 1]]``.

    Iterating yields, per micro-batch, its bins as ``(b, rows)``. ``batch_size`` and ``drop_last`` are what accelerate looks at: sizes vary, and
    the length is already a multiple of ``micro_batches``, so sharding it never drops or repeats anything.
    """

    config: PlanConfig
    order: np.ndarray
    bin_offsets: np.ndarray
    batch_offsets: np.ndarray
    window: np.ndarray
    stage: np.ndarray
    tokens: np.ndarray
    bin_tokens: np.ndarray
    expected: np.ndarray
    epochs: float
    identity: str
    fingerprint: str = field(default="", compare=False)
    batch_size = None
    drop_last = True

    def __len__(self) -> int:
        return int(self.window.size)

    def __iter__(self) -> Iterator[list[tuple[int, np.ndarray]]]:
        return (self.batch(index) for index in range(len(self)))

    def batch(self, index: int) -> list[tuple[int, np.ndarray]]:
        first, last = self.batch_offsets[index], self.batch_offsets[index + 1]
        edges = self.bin_offsets[first : last + 1].tolist()
        return [(index, self.order[start:end]) for start, end in zip(edges, edges[1:])]

    @property
    def steps(self) -> int:
        """Optimizer steps of the run, exactly."""
        return len(self) // self.config.micro_batches

    @property
    def copies(self) -> np.ndarray:
        """How often each row is shown in the run: int[rows]."""
        return np.bincount(self.order, minlength=self.expected.size)

    def widths(self) -> np.ndarray:
        """Tokens of each micro-batch's fullest bin: what its other bins are padded to. int[micro-batches]."""
        return np.maximum.reduceat(self.bin_tokens, self.batch_offsets[:-1])

    def bins_per_batch(self) -> np.ndarray:
        return np.diff(self.batch_offsets)

    def widest(self) -> list[int]:
        """The micro-batches that need most memory: the one with most cells (bins x width), and the one with most pairs of cells in a bin."""
        cells = self.widths() * self.bins_per_batch()
        return sorted({int(np.argmax(cells)), int(np.argmax(cells * self.widths()))})

    def real_share(self) -> float:
        """Share of the tokens given to the model that are tokens of rows, and not padding."""
        return float(self.bin_tokens.sum() / (self.widths() * self.bins_per_batch()).sum())

    def step_rows(self, step: int) -> np.ndarray:
        """All rows of one optimizer step, over all processes, in the plan's order."""
        first = self.batch_offsets[step * self.config.micro_batches]
        last = self.batch_offsets[(step + 1) * self.config.micro_batches]
        return self.order[self.bin_offsets[first] : self.bin_offsets[last]]

    def summary(self) -> dict[str, Any]:
        """What ``plan.json`` holds: small, readable, and enough to refuse another plan."""
        return {
            "fingerprint": self.fingerprint,
            "config": asdict(self.config),
            "identity": self.identity,
            "steps": self.steps,
            "micro_batches": len(self),
            "tokens": int(self.tokens.sum()),
            "epochs": self.epochs,
            "stages": _stage_table(self),
        }


def plan_rows(ds: Any) -> PlanRows:
    """The five short columns of a ``datasets.Dataset`` of rows. ``weight`` and ``difficulty`` may be missing: 1 and 0 then."""
    missing = [name for name in ("scale", "n_tokens", "context_tokens", "input_ids") if name not in ds.column_names]
    if missing:
        raise EliteCodeError(
            f"the train split has no column {missing[0]!r}; expected rows made by elite_code_dataset (build or load_dataset)"
        )
    if len(ds) == 0:
        raise EliteCodeError("the train split has no rows; expected at least one: look at the drop report of the dataset")
    short = ds.select_columns([name for name in COLUMNS if name in ds.column_names]).with_format("arrow")[:]
    numbers = {name: short[name].to_numpy(zero_copy_only=False) for name in short.column_names if name != "id"}
    tokens = numbers["n_tokens"].astype(np.int64)
    digest = hashlib.sha256()
    for chunk in short["id"].chunks if "id" in short.column_names else ():
        digest.update("\0".join([*chunk.to_pylist(), ""]).encode())
    return PlanRows(
        scale=numbers["scale"].astype(np.int64),
        tokens=tokens,
        target_tokens=tokens - numbers["context_tokens"].astype(np.int64),
        weight=numbers.get("weight", np.ones(len(tokens))).astype(np.float64),
        difficulty=numbers.get("difficulty", np.zeros(len(tokens))).astype(np.float64),
        identity=digest.hexdigest(),
    )


def make_plan(rows: PlanRows, options: PlanConfig | None = None) -> Plan:
    """The plan of a run over ``rows``. The same rows and options give the same plan, on any machine. Raises ``EliteCodeError`` on options or rows that cannot work."""
    options = (options or PlanConfig()).checked()
    _check_rows(rows)
    if options.steps is None:
        epochs = options.epochs if options.tokens is None else options.tokens / _tokens_per_epoch(rows)
        draft = _drafted(rows, options, epochs)
        _refuse(not len(draft.batches), f"no row is drawn in {epochs:.4g} epochs; raise epochs or tokens")
        return _laid_out(rows, options, replace(draft, batches=_whole_steps(draft.batches, options.micro_batches)))
    return _of_exact_length(rows, options, options.steps * options.micro_batches)


def _of_exact_length(rows: PlanRows, options: PlanConfig, target: int) -> Plan:
    """The plan of exactly ``target`` micro-batches: epochs are sought that give a few more, and those few are left out."""
    epochs, best, made = target * options.token_budget / _tokens_per_epoch(rows), None, 0
    for _ in range(SEARCHES):
        draft = _drafted(rows, options, epochs)
        capped = best is None and made == len(draft.batches) > 0 and epochs > options.max_copies
        if len(draft.batches) >= target and (best is None or len(draft.batches) < len(best.batches)):
            best = draft
        if best is not None and len(best.batches) <= target * (1 + SURPLUS) + 1 or capped:
            break
        made = len(draft.batches)
        epochs *= (target + 1) * (1 + SURPLUS / 2) / max(1, len(draft.batches))
    if best is None:
        raise EliteCodeError(
            f"{len(rows)} rows give fewer than {options.steps} steps with at most {options.max_copies:g} copies of a row; "
            "lower steps or token_budget, or raise max_copies"
        )
    kept = np.sort(np.argsort(hashes(len(best.batches), options.seed, "trim"), kind="stable")[:target])
    share = target / len(best.batches)
    return _laid_out(rows, options, replace(best, expected=best.expected * share, batches=best.batches[kept]))


def row_stages(rows: PlanRows, copies: np.ndarray, options: PlanConfig) -> tuple[np.ndarray, np.ndarray]:
    """Each row's own stage, and the widest window of each stage, which no copy moved there exceeds. Stages are cut where the tokens shown so far reach their share."""
    if options.curriculum == "none":
        return np.zeros(len(rows), dtype=np.int64), np.array([rows.scale.max()])
    by_window = options.curriculum == "multiscale"
    ranked = np.lexsort((rows.difficulty, rows.scale)) if by_window else np.lexsort((rows.scale, rows.difficulty))
    shown = np.cumsum((copies * rows.tokens)[ranked])
    cuts = np.cumsum(options.stages)[:-1] * shown[-1]
    stage = np.empty(len(rows), dtype=np.int64)
    stage[ranked] = np.searchsorted(cuts, shown, side="left")
    caps = np.array([rows.scale[stage == number].max(initial=0) for number in range(len(options.stages))])
    return stage, np.maximum.accumulate(caps) if by_window else caps


@dataclass(frozen=True)
class _Draft:
    """Bins and micro-batches before they have their place in the run. ``batches`` is an array of ``_BATCH``."""

    epochs: float
    expected: np.ndarray
    order: np.ndarray
    bin_offsets: np.ndarray
    batches: np.ndarray


def _drafted(rows: PlanRows, options: PlanConfig, epochs: float) -> _Draft:
    expected = expected_copies(rows.weight, rows.target_tokens, epochs, options.max_copies)
    entry_row, entry_epoch = entries(expected, epochs, options.seed)
    if not entry_row.size:
        return _Draft(epochs, expected * epochs, entry_row, np.zeros(1, np.int64), np.zeros(0, _BATCH))
    entry_stage = _mixed_stages(rows, options, entry_row)
    return _Draft(epochs, expected * epochs, *_micro_batches(rows, options, entry_row, entry_epoch, entry_stage))


def _mixed_stages(rows: PlanRows, options: PlanConfig, entry_row: np.ndarray) -> np.ndarray:
    """The stage of every copy: its row's own, or for a share ``mix`` of them another one that is wide enough."""
    own, caps = row_stages(rows, np.bincount(entry_row, minlength=len(rows)), options)
    stage = own[entry_row]
    if len(caps) == 1 or options.mix == 0:
        return stage
    moving = np.flatnonzero(uniform(entry_row.size, options.seed, "mix") < options.mix)
    where = uniform(entry_row.size, options.seed, "mix stage")[moving]
    origin, window = stage[moving], rows.scale[entry_row[moving]]
    for home in range(len(caps)):
        for width in np.unique(window[origin == home]):
            goals = [number for number, cap in enumerate(caps) if number != home and cap >= width]
            if goals:
                here = (origin == home) & (window == width)
                edges = np.cumsum([options.stages[number] for number in goals])
                stage[moving[here]] = np.array(goals)[np.searchsorted(edges[:-1], where[here] * edges[-1], side="right")]
    return stage


# One micro-batch: which bins, and what decides its place.
_BATCH = np.dtype([("first", np.int64), ("last", np.int64), ("window", np.int64), ("stage", np.int64), ("epoch", np.int64)])


def _micro_batches(
    rows: PlanRows, options: PlanConfig, entry_row: np.ndarray, entry_epoch: np.ndarray, entry_stage: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(rows in bin order, bin offsets, micro-batches): bins and micro-batches never mix stages, epochs or windows."""
    windows, window_number = np.unique(rows.scale[entry_row], return_inverse=True)
    epochs = int(entry_epoch.max()) + 1
    group = (entry_stage * epochs + entry_epoch) * len(windows) + window_number
    shuffled = np.lexsort((hashes(entry_row.size, options.seed, "rows"), group))
    numbers, starts = np.unique(group[shuffled], return_index=True)
    order, sizes, batches, bins_before = [], [], [], 0
    for number, members in zip(numbers.tolist(), np.split(shuffled, starts[1:])):
        window = int(windows[number % len(windows)])
        group_rows, bin_sizes = _bins(entry_row[members], rows.tokens, window, options.packing)
        per_batch = max(1, options.token_budget // window)
        first = bins_before + np.arange(0, bin_sizes.size, per_batch)
        made = np.zeros(first.size, dtype=_BATCH)
        made["first"], made["last"] = first, np.minimum(first + per_batch, bins_before + bin_sizes.size)
        made["window"], made["epoch"] = window, number // len(windows) % epochs
        made["stage"] = number // len(windows) // epochs
        order.append(group_rows)
        sizes.append(bin_sizes)
        batches.append(made)
        bins_before += bin_sizes.size
    return np.concatenate(order), np.concatenate([[0], np.cumsum(np.concatenate(sizes))]), np.concatenate(batches)


def _bins(group_rows: np.ndarray, tokens: np.ndarray, window: int, packing: bool) -> tuple[np.ndarray, np.ndarray]:
    """(rows in bin order, rows per bin). Bins of like fill stand together, since a micro-batch is as wide as its fullest bin."""
    lengths = tokens[group_rows]
    if not packing:
        by_length = np.argsort(lengths, kind="stable")
        return group_rows[by_length], np.ones(group_rows.size, dtype=np.int64)
    bin_of = level_fit(lengths, window)
    fill = np.bincount(bin_of, weights=lengths)
    place = np.empty(fill.size, dtype=np.int64)
    place[np.argsort(-fill, kind="stable")] = np.arange(fill.size)
    return group_rows[np.argsort(place[bin_of], kind="stable")], np.bincount(place[bin_of])


def _whole_steps(batches: np.ndarray, micro_batches: int) -> np.ndarray:
    """The same bins in a multiple of ``micro_batches`` micro-batches: the fullest are divided; where none can be, some are shown once more."""
    missing = -len(batches) % micro_batches
    while missing:
        bins = batches["last"] - batches["first"]
        fullest = np.argsort(-bins, kind="stable")[: min(missing, int((bins > 1).sum()))]
        if not fullest.size:
            return np.concatenate([batches, np.resize(batches, missing)])
        tails = batches[fullest].copy()
        tails["first"] = (tails["first"] + tails["last"]) // 2
        batches = batches.copy()
        batches["last"][fullest] = tails["first"]
        batches = np.concatenate([batches, tails])
        missing -= fullest.size
    return batches


def _running_order(batches: np.ndarray, options: PlanConfig) -> np.ndarray:
    """Stage by stage, within it epoch by epoch (copies of a row stay apart), shuffled; within one step the widest first, so ranks wait little."""
    shuffled = np.lexsort((hashes(len(batches), options.seed, "batches"), batches["epoch"], batches["stage"]))
    step = np.arange(len(batches)) // options.micro_batches
    return shuffled[np.lexsort((-batches["window"][shuffled], step))]


def _laid_out(rows: PlanRows, options: PlanConfig, draft: _Draft) -> Plan:
    """The plan with its bins and rows in running order, and its fingerprint."""
    batches = draft.batches[_running_order(draft.batches, options)]
    bins, batch_offsets = _segments(batches["first"], batches["last"])
    places, new_bin_offsets = _segments(draft.bin_offsets[bins], draft.bin_offsets[bins + 1])
    order = draft.order[places]
    bin_tokens = np.add.reduceat(rows.tokens[order], new_bin_offsets[:-1])
    plan = Plan(
        config=options,
        order=order,
        bin_offsets=new_bin_offsets,
        batch_offsets=batch_offsets,
        window=batches["window"].copy(),
        stage=batches["stage"].copy(),
        tokens=np.add.reduceat(bin_tokens, batch_offsets[:-1]),
        bin_tokens=bin_tokens,
        expected=draft.expected,
        epochs=draft.epochs,
        identity=rows.identity,
    )
    object.__setattr__(plan, "fingerprint", _fingerprint(plan))
    return plan


def _segments(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All of ``range(starts[i], ends[i])``, one after another, and where each begins."""
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths), offsets


def _fingerprint(plan: Plan) -> str:
    digest = hashlib.sha256(json.dumps([asdict(plan.config), plan.identity], sort_keys=True).encode())
    for array in (plan.order, plan.bin_offsets, plan.batch_offsets):
        digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return digest.hexdigest()


def _stage_table(plan: Plan) -> list[dict[str, Any]]:
    """Per stage: where it ends, its tokens and its window mix, as shares of tokens."""
    table = []
    for number in np.unique(plan.stage).tolist():
        here = plan.stage == number
        total = int(plan.tokens[here].sum())
        mix = {
            str(window): round(float(plan.tokens[here & (plan.window == window)].sum() / total), 4)
            for window in np.unique(plan.window[here])
        }
        last = int(np.flatnonzero(here)[-1]) // plan.config.micro_batches
        table.append({"stage": number, "last_step": last + 1, "tokens": total, "windows": mix})
    return table


def _tokens_per_epoch(rows: PlanRows) -> float:
    return float((expected_copies(rows.weight, rows.target_tokens, 1.0, np.inf) * rows.tokens).sum())


def _check_rows(rows: PlanRows) -> None:
    too_long = np.flatnonzero(rows.tokens > rows.scale)
    _refuse(bool(too_long.size), f"row {too_long[:1]} of the train split has more tokens than its window; expected n_tokens <= scale")
    _refuse(bool((rows.tokens < 1).any()), "a row of the train split has no tokens; expected at least one in every row")
    _refuse(not rows.target_tokens.sum() > 0, "no row of the train split has a token to train on; expected context_tokens < n_tokens")
    good = np.isfinite(rows.weight) & (rows.weight >= 0)
    _refuse(not good.all(), f"row {np.flatnonzero(~good)[:1]} has weight {rows.weight[~good][:1]}; expected a finite number >= 0")
    _refuse(not rows.weight.any(), "every weight is 0; expected at least one row with a weight above 0")


def _refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise EliteCodeError(message)
