"""The plan: which rows, how often, in which order, in which bins; all of it before training."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from accelerate.data_loader import BatchSamplerShard
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset.draws import drawn_copies, expected_copies
from elite_code_dataset.packing import best_fit, level_fit
from elite_code_dataset.plan import Plan, PlanConfig, PlanRows, make_plan, plan_rows
from elite_code_dataset.records import EliteCodeError
from tests import sample

WINDOWS = (256, 512, 1024, 2048, 4096)


def some_rows(count: int = 4000, seed: int = 0, weights: tuple[float, ...] = (0.21, 0.7, 1.95, 3.0, 5.85)) -> PlanRows:
    """Rows as a repository gives them: half of the smallest window, few of the widest, lengths anywhere up to it."""
    draw = np.random.default_rng(seed)
    scale = draw.choice(WINDOWS, count, p=(0.5, 0.25, 0.13, 0.08, 0.04))
    tokens = np.clip((scale * draw.beta(2, 2, count)).astype(np.int64), 12, scale)
    return PlanRows(scale, tokens, tokens - np.minimum(10, tokens - 1), draw.choice(weights, count), draw.random(count), "rows")


def bins_of(plan: Plan) -> list[np.ndarray]:
    return [rows for batch in plan for _, rows in batch]


def test_the_same_rows_and_options_give_the_same_plan_and_any_change_gives_another() -> None:
    rows, options = some_rows(), PlanConfig(epochs=1.5, micro_batches=4)
    plan = make_plan(rows, options)
    assert plan.fingerprint == make_plan(some_rows(), options).fingerprint
    assert np.array_equal(plan.order, make_plan(some_rows(), options).order)
    others = [
        make_plan(rows, replace(options, **change))
        for change in ({"seed": 1}, {"token_budget": 4096}, {"epochs": 1.6}, {"mix": 0.2}, {"micro_batches": 2})
    ]
    others.append(make_plan(replace(rows, identity="other rows"), options))
    assert len({plan.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_copies_are_never_a_whole_copy_off_at_the_end_of_any_epoch() -> None:
    rows = some_rows()
    expected = expected_copies(rows.weight, rows.target_tokens, 4.0, np.inf)
    shown = np.zeros(len(rows))
    for epoch in range(4):
        shown += drawn_copies(expected, epoch, epoch + 1, seed=0)
        assert np.abs(shown - (epoch + 1) * expected).max() < 1
    assert abs(shown.sum() - 4 * expected.sum()) < 4 * np.sqrt(len(rows))


def test_the_plan_shows_each_row_as_often_as_its_weight_says() -> None:
    rows = some_rows(40_000)
    plan = make_plan(rows, PlanConfig(epochs=3.0, micro_batches=8))
    by_weight = {weight: plan.copies[rows.weight == weight].mean() for weight in (0.21, 1.95, 5.85)}
    assert by_weight[5.85] / by_weight[1.95] == pytest.approx(3.0, rel=0.05)
    assert by_weight[1.95] / by_weight[0.21] == pytest.approx(1.95 / 0.21, rel=0.06)
    assert (plan.copies * rows.target_tokens).sum() == pytest.approx(3 * rows.target_tokens.sum(), rel=0.02)
    assert np.abs(plan.copies - plan.expected).max() < 1


def test_no_row_is_copied_more_often_than_the_cap() -> None:
    rows = some_rows(weights=(0.1, 50.0))
    assert make_plan(rows, PlanConfig(epochs=4.0, max_copies=np.inf)).copies.max() > 6
    assert make_plan(rows, PlanConfig(epochs=4.0, max_copies=6)).copies.max() == 6


def test_stages_are_cut_by_tokens_and_not_by_rows() -> None:
    rows = some_rows(20_000)
    plan = make_plan(rows, PlanConfig(mix=0.0, micro_batches=4))
    shares = [plan.tokens[plan.stage == stage].sum() / plan.tokens.sum() for stage in range(3)]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.01)
    assert (np.diff(plan.stage) >= 0).mean() > 0.99, "stages follow each other, but for micro-batches sorted within the step on a border"


def test_a_mix_moves_about_a_tenth_but_never_above_the_cap_of_the_stage() -> None:
    rows = some_rows(20_000)
    pure, mixed = (make_plan(rows, PlanConfig(mix=mix)) for mix in (0.0, 0.1))
    caps = [pure.window[pure.stage <= stage].max() for stage in range(3)]
    own = np.full(len(rows), -1)
    home = {}
    for plan in (pure, mixed):
        for batch, stage in zip(plan, plan.stage):
            for _, members in batch:
                if plan is pure:
                    own[members] = stage
                else:
                    home.setdefault(int(stage), []).append(members)
    stages = {stage: np.concatenate(members) for stage, members in home.items()}
    moved = {stage: float((own[members] != stage).mean()) for stage, members in stages.items()}
    assert 0 < moved[0] < 0.03, "little of what is later fits into the first stage's windows"
    assert 0.04 < moved[1] < 0.15 and 0.04 < moved[2] < 0.35
    left = sum(((own[members] == 0) & (stage != 0)).sum() for stage, members in stages.items()) / sum(
        (own[members] == 0).sum() for members in stages.values()
    )
    assert left == pytest.approx(0.1, abs=0.02), "rows of the first stage may go anywhere"
    for stage, cap in enumerate(caps):
        assert mixed.window[mixed.stage == stage].max() <= cap


def test_a_micro_batch_holds_one_window_within_the_token_budget_and_a_bin_never_overflows() -> None:
    rows = some_rows()
    for packing in (True, False):
        plan = make_plan(rows, PlanConfig(token_budget=8192, packing=packing, micro_batches=3))
        for number, batch in enumerate(plan):
            assert {int(scale) for _, members in batch for scale in rows.scale[members]} == {int(plan.window[number])}
            assert len(batch) * plan.window[number] <= 8192
            assert all(rows.tokens[members].sum() <= plan.window[number] for _, members in batch)
            assert packing or all(len(members) == 1 for _, members in batch)
        assert plan.tokens.sum() == rows.tokens[plan.order].sum()


def test_packing_fills_windows_to_98_percent_where_padding_alone_does_not() -> None:
    rows = some_rows(20_000)
    packed, padded = (make_plan(rows, PlanConfig(packing=packing)) for packing in (True, False))
    widths = [max(rows.tokens[members].sum() for _, members in batch) for batch in packed]
    real = packed.tokens.sum() / sum(width * len(batch) for width, batch in zip(widths, packed))
    assert real >= 0.98
    assert packed.real_share() == pytest.approx(real)
    assert len(packed) < 0.65 * len(padded)


@pytest.mark.parametrize("curriculum", ["multiscale", "difficulty", "none"])
def test_rows_of_real_code_fill_98_percent_too(curriculum: str) -> None:
    rows = plan_rows(sample.dataset()["train"])
    plan = make_plan(rows, PlanConfig(epochs=2.0, token_budget=4096, curriculum=curriculum))
    assert plan.real_share() >= 0.98 and np.unique(plan.window).size == 5
    padded = make_plan(rows, PlanConfig(epochs=2.0, token_budget=4096, curriculum=curriculum, packing=False))
    assert len(plan) < 0.9 * len(padded)


def test_a_run_is_whole_steps_and_every_copy_is_in_it() -> None:
    rows = some_rows(300)
    for micro_batches in (1, 2, 7, 16):
        plan = make_plan(rows, PlanConfig(epochs=2.0, micro_batches=micro_batches))
        assert len(plan) == plan.steps * micro_batches == len(list(plan))
        expected = drawn_copies(expected_copies(rows.weight, rows.target_tokens, 2.0, 16), 0, 2, seed=0)
        assert np.array_equal(plan.copies, expected), "micro-batches were divided to fill the last step; nothing was dropped or repeated"
        assert sorted(np.concatenate(bins_of(plan)).tolist()) == sorted(plan.order.tolist())


def test_rows_that_cannot_be_divided_are_shown_once_more_to_fill_the_last_step() -> None:
    rows = PlanRows(*(np.full(3, value) for value in (256, 256, 250)), np.ones(3), np.zeros(3))
    plan = make_plan(rows, PlanConfig(token_budget=256, micro_batches=4))
    assert plan.steps == 1 and sorted(plan.copies.tolist()) == [1, 1, 2]


@pytest.mark.parametrize("steps", [1, 13, 200])
def test_a_wanted_number_of_steps_is_met_exactly(steps: int) -> None:
    plan = make_plan(some_rows(), PlanConfig(steps=steps, micro_batches=2))
    assert plan.steps == steps and len(plan) == 2 * steps
    assert steps == 1 or np.unique(plan.stage).size == 3, "a short run still goes through all stages"


def test_a_wanted_number_of_tokens_is_met_about() -> None:
    plan = make_plan(some_rows(), PlanConfig(tokens=500_000))
    assert plan.tokens.sum() == pytest.approx(500_000, rel=0.05)


def test_the_widest_micro_batch_comes_first_in_each_step() -> None:
    plan = make_plan(some_rows(), PlanConfig(micro_batches=8, curriculum="none"))
    steps = plan.window.reshape(-1, 8)
    assert (np.diff(steps, axis=1) <= 0).all()
    assert len({tuple(step) for step in steps}) > 5, "steps differ, so this is a shuffle and not one sorted list"


def test_ranks_are_disjoint_and_two_ranks_with_two_accumulations_take_the_steps_of_one_with_four() -> None:
    plan = make_plan(some_rows(), PlanConfig(micro_batches=4, epochs=1.0))
    ranks = [[tuple(number for number, _ in batch[:1]) for batch in BatchSamplerShard(plan, 2, rank)] for rank in (0, 1)]
    assert len(ranks[0]) == len(ranks[1]) == len(plan) // 2
    assert not set(ranks[0]) & set(ranks[1]) and len(set(ranks[0]) | set(ranks[1])) == len(plan)
    alone = [number for (number,) in ([batch[0][:1] for batch in BatchSamplerShard(plan, 1, 0)])]
    for step in range(plan.steps):
        together = {number for rank in ranks for (number,) in rank[2 * step : 2 * step + 2]}
        assert together == set(alone[4 * step : 4 * step + 4])
        rows = np.concatenate([members for number in sorted(together) for _, members in plan.batch(number)])
        assert np.array_equal(rows, plan.step_rows(step))


def test_multiscale_goes_from_narrow_to_wide_difficulty_from_easy_to_hard_and_none_neither() -> None:
    rows = some_rows(20_000)

    def means(curriculum: str, values: np.ndarray) -> list[float]:
        plan = make_plan(rows, PlanConfig(curriculum=curriculum, micro_batches=2))
        thirds = np.array_split(np.arange(plan.steps), 3)
        return [float(np.concatenate([values[plan.step_rows(step)] for step in third]).mean()) for third in thirds]

    narrow, middle, wide = means("multiscale", rows.scale)
    assert narrow < 0.6 * middle < 0.6 * wide
    easy, medium, hard = means("difficulty", rows.difficulty)
    assert easy < medium - 0.15 < hard - 0.3
    assert max(means("none", rows.scale)) < 1.3 * min(means("none", rows.scale))
    assert max(means("none", rows.difficulty)) < 1.1 * min(means("none", rows.difficulty))


def test_copies_of_a_row_stay_an_epoch_apart_within_a_stage() -> None:
    rows = some_rows(2000, weights=(1.0,))
    plan = make_plan(rows, PlanConfig(epochs=2.0, curriculum="none", mix=0.0, max_copies=2))
    first, second = np.split(plan.order, [plan.bin_offsets[plan.batch_offsets[len(plan) // 2]]])
    assert np.unique(first).size > 0.97 * first.size and np.unique(second).size > 0.97 * second.size


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"curriculum": "scales"}, "curriculum"),
        ({"epochs": 0}, "epochs"),
        ({"steps": 0}, "steps"),
        ({"steps": 3, "tokens": 9}, "steps and tokens"),
        ({"stages": (0.5, 0.6)}, "stages"),
        ({"mix": 1.0}, "mix"),
        ({"token_budget": 0}, "token_budget"),
        ({"micro_batches": 0}, "micro_batches"),
        ({"max_copies": 0}, "max_copies"),
        ({"steps": 100_000, "max_copies": 1}, "fewer than 100000 steps"),
    ],
)
def test_options_that_cannot_work_are_named(change: dict, named: str) -> None:
    with pytest.raises(EliteCodeError, match=named):
        make_plan(some_rows(50), PlanConfig(**change))


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [("weight", np.nan, "weight"), ("weight", -1.0, "weight"), ("tokens", 5000, "n_tokens <= scale"), ("tokens", 0, "no tokens")],
)
def test_rows_that_cannot_work_are_named(column: str, value: float, named: str) -> None:
    rows = some_rows(20)
    values = getattr(rows, column).copy()
    values[7] = value
    with pytest.raises(EliteCodeError, match=named):
        make_plan(replace(rows, **{column: values}))


def naive_best_fit_bins(lengths: list[int], capacity: int) -> int:
    room: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [number for number, left in enumerate(room) if left >= length]
        if fitting:
            tightest = min(fitting, key=lambda number: room[number])
            room[tightest] -= length
        else:
            room.append(capacity - length)
    return len(room)


@given(st.lists(st.integers(1, 64), min_size=1, max_size=120))
@settings(max_examples=150, deadline=None)
def test_packing_makes_as_few_bins_as_best_fit_one_row_at_a_time(lengths: list[int]) -> None:
    bins = best_fit(np.array(lengths), 64)
    fill = np.bincount(bins, weights=lengths)
    assert fill.max() <= 64 and fill.min() > 0
    assert fill.size == naive_best_fit_bins(lengths, 64)


@given(st.lists(st.integers(1, 64), min_size=1, max_size=120))
@settings(max_examples=150, deadline=None)
def test_level_bins_are_as_few_and_the_fullest_of_them_is_not_fuller(lengths: list[int]) -> None:
    best, level = (np.bincount(fit(np.array(lengths), 64), weights=lengths) for fit in (best_fit, level_fit))
    assert level.size <= best.size and level.max() <= best.max() and level.sum() == sum(lengths) and level.min() > 0
    assert level_fit(np.array([30] * 5), 64).tolist() == best_fit(np.array([30] * 5), 60).tolist()


def test_level_bins_leave_no_rest_alone() -> None:
    lengths = np.full(130, 3)
    fills = [np.bincount(fit(lengths, 64), weights=lengths) for fit in (best_fit, level_fit)]
    assert fills[0].tolist() == [63] * 6 + [12] and fills[1].tolist() == [57] * 6 + [48]


@given(
    count=st.integers(1, 80),
    seed=st.integers(0, 99),
    micro_batches=st.integers(1, 6),
    epochs=st.floats(0.3, 5.0),
    curriculum=st.sampled_from(["multiscale", "difficulty", "none"]),
    packing=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_any_rows_and_options_give_whole_steps_full_rows_and_bounded_copies(**drawn: object) -> None:
    rows = some_rows(drawn["count"], drawn["seed"])
    options = PlanConfig(**{name: value for name, value in drawn.items() if name != "count"})
    try:
        plan = make_plan(rows, options)
    except EliteCodeError as error:
        assert "no row is drawn" in str(error) and options.epochs < 1
        return
    assert len(plan) % options.micro_batches == 0
    assert all(rows.tokens[members].sum() <= rows.scale[members[0]] for members in bins_of(plan))
    shown_again = len(plan.order) - int(
        drawn_copies(expected_copies(rows.weight, rows.target_tokens, options.epochs, 16), 0, options.epochs, options.seed).sum()
    )
    assert 0 <= shown_again <= options.micro_batches * 8192 // 256
    assert (plan.copies - plan.expected).min() > -1


def test_making_a_plan_does_not_load_torch() -> None:
    code = "import sys, elite_code_dataset.plan; print('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
