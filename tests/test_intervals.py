"""Intervals: they cover what they say, pair what is paired, and do not claim what nothing was drawn for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recipes.intervals import Tally, difference, estimate, estimates


def tally_of(values: dict[str, tuple[float, float]], metric: str = "score") -> Tally:
    tally = Tally()
    for cluster, (numerator, denominator) in values.items():
        tally.add(metric, cluster, numerator, denominator)
    return tally


def files(rng: np.random.Generator, count: int) -> dict[str, tuple[float, float]]:
    """Files of 20 to 60 prompts whose own rate scatters around 0.4."""
    sizes, rates = rng.integers(20, 60, count), rng.beta(4, 6, count)
    return {f"f{i}": (float(rng.binomial(size, rate)), float(size)) for i, (size, rate) in enumerate(zip(sizes, rates))}


def test_the_interval_covers_the_true_rate_about_nineteen_times_in_twenty():
    rng = np.random.default_rng(5)
    found = [estimate([tally_of(files(rng, 40))], "score") for _ in range(200)]
    assert 0.90 <= np.mean([one.low <= 0.4 <= one.high for one in found]) <= 0.98


def test_lines_of_one_file_do_not_make_the_interval_narrower():
    rng = np.random.default_rng(6)
    few = files(rng, 12)
    more = {name: (10 * numerator, 10 * denominator) for name, (numerator, denominator) in few.items()}
    one, other = (estimate([tally_of(values)], "score") for values in (few, more))
    assert (one.low, one.high) == (other.low, other.high) and other.of == 10 * one.of


def test_a_value_is_the_ratio_of_sums_and_not_the_mean_of_ratios():
    assert estimate([tally_of({"a": (1, 1), "b": (0, 9)})], "score").value == pytest.approx(0.1)


def test_the_difference_of_two_arms_is_paired_file_by_file():
    rng = np.random.default_rng(7)
    base = files(rng, 20)
    better = {name: (numerator + 0.02 * size, size) for name, (numerator, size) in base.items()}
    gain = difference([tally_of(better)], [tally_of(base)], "score")
    alone = estimate([tally_of(base)], "score")
    assert gain.value == pytest.approx(0.02) and gain.low == pytest.approx(0.02) and gain.high == pytest.approx(0.02)
    assert alone.high - alone.low > 0.1
    assert difference([tally_of(base)], [tally_of(better)], "score").value == pytest.approx(-0.02)


def test_runs_that_disagree_widen_the_interval():
    calm = {f"f{i}": (4.0, 10.0) for i in range(30)}
    low, high = ({name: (4.0 + shift, 10.0) for name in calm} for shift in (-2.0, 2.0))
    one = estimate([tally_of(calm)], "score")
    several = estimate([tally_of(low), tally_of(high), tally_of(calm)], "score")
    assert several.value == pytest.approx(one.value) and one.high - one.low < 1e-9 < 0.1 < several.high - several.low


def test_one_file_has_no_interval():
    found = estimate([tally_of({"a": (3, 4)})], "score")
    assert (found.value, found.low, found.high, str(found)) == (0.75, None, None, "0.750")


@pytest.mark.parametrize(("hits", "low", "high"), [(0, 0.0, 1 - 0.025**0.1), (5, 0.025**0.1, 1.0)])
def test_never_and_always_have_an_interval_of_some_width(hits: int, low: float, high: float):
    found = estimate([tally_of({f"f{i}": (hits, 5) for i in range(10)})], "score")
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_nothing_counted_is_no_estimate():
    assert estimate([tally_of({"a": (0, 0)})], "score") is None
    assert difference([tally_of({"a": (1, 2)})], [Tally()], "score") is None
    assert estimates([Tally()]) == {}


def test_a_tally_is_the_same_after_json():
    tally = tally_of(files(np.random.default_rng(8), 5))
    again = Tally.of(json.loads(json.dumps(tally.as_dict())))
    assert estimates([again]) == estimates([tally]) and estimates([tally], seed=1) == estimates([tally], seed=1)
