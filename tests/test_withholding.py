"""What is taken over of an earlier judgement is what a judgement from nothing finds."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from elite_code_dataset import withholding
from elite_code_dataset.certificate import showing, withheld
from elite_code_dataset.rows import ROW_SCHEMA
from elite_code_dataset.similarity import shingles
from elite_code_dataset.sketches import may_match, sketches_of
from elite_code_dataset.withholding import Before, Kept, without_shown
from tests.repositories import module_text


def hashes(rng: random.Random, count: int) -> np.ndarray:
    return np.array(sorted({rng.getrandbits(64) for _ in range(count)}), np.uint64)


def test_a_sketch_never_rules_out_a_set_that_holds_enough_of_another_or_is_held_by_it() -> None:
    rng = random.Random(7)
    ruled_out = 0
    for _ in range(400):
        one = hashes(rng, rng.choice([1, 16, 32, 40, 100, 700]))
        keep = int(np.ceil(0.85 * len(one)))
        part = np.array(sorted(rng.sample(one.tolist(), keep)), np.uint64)
        larger = np.union1d(part, hashes(rng, rng.choice([0, 5, 300])))
        stranger = hashes(rng, rng.choice([32, 200]))
        for mine, others in (([one], [larger]), ([larger], [one, stranger]), ([part], [one])):
            smaller = min(len(mine[0]), len(others[0]))
            assert len(np.intersect1d(mine[0], others[0])) >= 0.85 * smaller
            assert may_match(sketches_of(mine), others, 0.85).all()
        ruled_out += int((~may_match(sketches_of([larger]), [stranger], 0.85)).sum())
    assert ruled_out > 350  # and it does rule out nearly all that has nothing in common


def test_sketches_of_nothing_match_nothing() -> None:
    empty = np.zeros(0, np.uint64)
    assert may_match(sketches_of([]), [hashes(random.Random(1), 40)], 0.85).tolist() == []
    assert may_match(sketches_of([empty]), [hashes(random.Random(1), 40)], 0.85).tolist() == [False]
    assert may_match(sketches_of([hashes(random.Random(1), 40)]), [empty], 0.85).tolist() == [False]


def test_what_holds_too_little_of_evaluation_is_not_joined_and_all_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [module_text(number, 4) for number in range(30)]
    shown = withholding.Shown({str(number): text for number, text in enumerate(texts[:5])})
    parts = [text.split("\n\n\n")[1] for text in texts]
    mixed = [texts[2] + texts[20], parts[3], parts[21], texts[22], texts[4].replace("math", "arithmetic"), "", "import math\n"]
    sets = shingles(mixed)
    assert shown.twins(sets) == withheld(mixed, texts[:5]) == {0, 1, 4}
    assert shown.showing(sets) == showing(mixed, texts[:5]) == {0, 4}
    assert {0, 1, 4} <= set(shown.likely(sets)) and not {5, 6} & set(shown.likely(sets))
    strangers = shingles([f"let stranger{number} = {number};\n" * 3 + str(list(range(number, number + 60))) for number in range(5)])
    monkeypatch.setattr(withholding, "covered", lambda *rest: pytest.fail("strangers were joined"))
    assert shown.twins(strangers) == shown.showing(strangers) == set()
    assert withholding.Shown({}).likely([]) == withholding.Shown({"a": "x"}).likely([]) == []


def row(context: str, target: str) -> dict[str, Any]:
    blank = {"string": "", "int32": 0, "int64": 0, "double": 0.0}
    return {f.name: blank.get(str(f.type), []) for f in ROW_SCHEMA} | {"text": context + target, "context_chars": len(context)}


def table(rows: list[tuple[str, str]]) -> pa.Table:
    return pa.Table.from_pylist([row(*one) for one in rows], schema=ROW_SCHEMA)


def before(kept: Kept, places: dict[str, list[tuple[int, int]]]) -> dict[str, list[Before]]:
    """What is known of the rows that stood at the second of each two places and stand at the first now."""
    found = {}
    for split, some in places.items():
        here, there = np.array([a for a, _ in some], np.int64), pa.array([b for _, b in some], pa.int64())
        reasons = {a: kept.out[split][b] for a, b in some if b in kept.out[split]}
        sketches = tuple(one.take(there) for one in kept.sketches[split])
        found[split] = [Before(here, reasons, frozenset(kept.shown[split]), kept.shown[split], sketches)]
    return found


def plain(kept: Kept) -> tuple:
    tables = {split: one.to_pylist() for split, one in kept.tables.items()}
    sketches = {split: [one.to_pylist() for one in both] for split, both in kept.sketches.items()}
    return tables, kept.out, {split: set(one) for split, one in kept.shown.items()}, sketches, kept.report.as_dict()


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_come_and_go_on_either_side_are_judged_as_from_nothing(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    texts = [module_text(number, 3) for number in range(14)]
    pool = [(rng.choice(["", *texts]), rng.choice(texts)) for _ in range(40)]
    past = {split: rng.sample(pool, count) for split, count in (("train", 16), ("validation", 3), ("test", 3))}
    kept = without_shown({split: table(some) for split, some in past.items()}, "before")
    compared = []
    real = withholding.shingles
    monkeypatch.setattr(withholding, "shingles", lambda some: compared.extend(some) or real(some))
    for _ in range(6):
        now = {split: [one for one in some if rng.random() < 0.8] for split, some in past.items()}
        for some in now.values():
            some += rng.sample(pool, rng.choice([0, 0, 1, 2]))
            rng.shuffle(some)
        tables = {split: table(some) for split, some in now.items()}
        places = {
            split: [(here, past[split].index(one)) for here, one in enumerate(now[split]) if one in past[split]]
            for split in ("train", "validation")
        }
        compared.clear()
        again = without_shown(tables, "now", [texts[0]], before(kept, places))
        few = len(compared)
        compared.clear()
        assert plain(again) == plain(without_shown(tables, "now", [texts[0]]))
        assert few < len(compared)
        past, kept = now, again
    assert kept.out


def test_nothing_is_compared_where_nothing_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {split: table([("", module_text(n, 3)) for n in some]) for split, some in (("train", range(9)), ("test", [3, 20]))}
    kept = without_shown(tables, "before")
    assert kept.out == {"train": {3: withholding.TWIN}}
    monkeypatch.setattr(withholding, "shingles", lambda some: list(some) and pytest.fail("a text was read again"))
    monkeypatch.setattr(withholding, "covered", lambda *rest: pytest.fail("sets were joined again"))
    again = without_shown(tables, "before", before=before(kept, {"train": [(i, i) for i in range(9)]}))
    assert plain(again) == plain(kept)
