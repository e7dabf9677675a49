"""Curriculum: what is harder comes later, judged within scale and language, on the train split alone."""

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

from elite_code_dataset import config
from elite_code_dataset.curriculum import mid_ranks, nesting_of, order
from elite_code_dataset.records import EliteCodeError

FLAT = "def total(xs):\n    return sum(xs)\n"
DEEP = "def total(xs):\n    for x in xs:\n        if x:\n            while x.zorblax:\n                x.quuxify(frobnicate)\n"


def row(text, scale=256, language="Python", complexity=1, path="a.py", tokens=None, technique="original", context=""):
    tokens = len(text) // 4 if tokens is None else tokens
    return {
        "path": path,
        "language": language,
        "scale": scale,
        "technique": technique,
        "text": context + text,
        "context_chars": len(context),
        "context_tokens": len(context) // 4,
        "n_tokens": tokens + len(context) // 4,
        "complexity": complexity,
    }


def dataset_of(*rows):
    return Dataset.from_list([r | {"id": str(i)} for i, r in enumerate(rows)])


def many(n=30, scale=256, language="Python"):
    rows = []
    for i in range(n):
        body = "".join("    " * (1 + j % (1 + i % 5)) + f"name_{i}_{j} = common\n" for j in range(1 + i % 7))
        rows.append(row("def f():\n" + body, scale, language, complexity=1 + i % 4, path=f"{language}{i % 9}"))
    return rows


def test_branches_nesting_length_and_rare_names_each_make_a_row_harder():
    easy, hard = row(FLAT), row(DEEP, complexity=4, path="b.py")
    common = [row(FLAT, path=f"c{i}.py") for i in range(5)]
    difficulty = order(dataset_of(easy, hard, *common))["difficulty"][:]
    assert difficulty[1] == max(difficulty) > difficulty[0]


@pytest.mark.parametrize(
    ("measure", "easier", "harder"),
    [
        ("complexity", row(FLAT, complexity=1), row(FLAT, complexity=9)),
        ("nesting", row("a = 1\nb = 2\n"), row("if a:\n    b = 2\n    c = 2\n")),
        ("length", row(FLAT, tokens=20), row(FLAT, tokens=200)),
        ("rarity", row("common = common\n", path="z.py"), row("common = unheard_of\n", path="z.py")),
    ],
)
def test_each_measure_alone_decides_when_only_it_differs(measure, easier, harder):
    others = [row("common = 1\n", path=f"{i}.py") for i in range(4)] if measure == "rarity" else []
    difficulty = order(dataset_of(easier, harder, *others), measures={measure: 1.0})["difficulty"][:]
    assert difficulty[0] < difficulty[1]


def test_the_context_of_a_row_is_not_measured():
    plain, with_context = row(FLAT), row(FLAT, context=DEEP * 3)
    difficulty = order(dataset_of(plain, with_context, row(DEEP, complexity=4)))["difficulty"][:]
    assert difficulty[0] == difficulty[1]


def test_a_scale_and_a_language_are_ranked_in_themselves():
    rows = [row(FLAT, 256), row(DEEP, 256, complexity=5), row(FLAT, 1024, tokens=900), row(DEEP, 1024, complexity=5, tokens=1000)]
    rows += [row(FLAT, 256, "Rust", complexity=50), row(DEEP, 256, "Rust", complexity=70)]
    difficulty = order(dataset_of(*rows))["difficulty"][:]
    assert difficulty == [0.25, 0.75] * 3


def test_difficulty_spreads_over_zero_to_one():
    difficulty = np.array(order(dataset_of(*many(40)))["difficulty"][:])
    assert difficulty.min() >= 0 and difficulty.max() <= 1
    assert abs(difficulty.mean() - 0.5) < 1e-9
    assert len(set(difficulty)) > 20


def test_stages_hold_their_share_of_the_tokens_and_small_scales_come_first():
    ds = order(dataset_of(*many(60, 256), *many(60, 1024)), stages=(0.2, 0.3, 0.5))
    tokens, stage = np.array(ds["n_tokens"][:]), np.array(ds["stage"][:])
    shares = [tokens[stage == s].sum() / tokens.sum() for s in range(3)]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.05)
    assert set(np.array(ds["scale"][:])[stage == 0]) == {256}
    assert set(np.array(ds["scale"][:])[stage == 2]) == {1024}


def test_within_a_scale_a_later_stage_is_never_easier():
    ds = order(dataset_of(*many(60)), stages=(0.5, 0.5))
    difficulty, stage = np.array(ds["difficulty"][:]), np.array(ds["stage"][:])
    assert difficulty[stage == 0].max() < difficulty[stage == 1].min()


def test_other_splits_are_ranked_against_train_and_never_change_it():
    train = dataset_of(*many(30))
    alone = order(DatasetDict(train=train))
    hard = dataset_of(row(DEEP * 20, complexity=99, path="v.py"))
    both = order(DatasetDict(train=train, validation=hard, test=dataset_of(row("x\n", path="w.py"))))
    assert both["train"].to_list() == alone["train"].to_list()
    assert both["validation"]["difficulty"][0] == 1.0
    assert both["validation"]["stage"][0] == 2
    assert both["test"]["stage"][0] == 0


def test_a_name_is_rare_by_files_of_real_code_not_by_windows_or_augmentations():
    spread = [row("spread = 1\n", path=f"{i}.py") for i in range(4)]
    crowded = [row("crowded = 1\n", scale=scale, path="one.py") for scale in (512, 1024, 2048, 4096)]
    copied = [row("crowded = 1\n", path=f"{i}.py", technique="rename", scale=512) for i in range(9)]
    pair = [row("spread = 1\n", path="one.py"), row("crowded = 1\n", path="one.py")]
    difficulty = order(dataset_of(*pair, *spread, *crowded, *copied), measures={"rarity": 1.0})["difficulty"][:]
    assert difficulty[0] < difficulty[1]


def test_rows_keep_their_order_unless_asked_and_sorting_loses_none():
    ds = dataset_of(*many(25, 1024), *many(25, 256))
    plain, by_difficulty = order(ds), order(ds, sort=True)
    assert plain["id"][:] == ds["id"][:]
    assert sorted(by_difficulty["id"][:]) == sorted(ds["id"][:])
    keys = list(zip(by_difficulty["scale"][:], by_difficulty["difficulty"][:]))
    assert keys == sorted(keys)
    assert list(by_difficulty["stage"][:]) == sorted(by_difficulty["stage"][:])


def test_ordering_again_replaces_both_columns():
    ds = dataset_of(*many(20))
    assert order(order(ds, stages=(1.0,))).to_list() == order(ds).to_list()


def test_two_processes_give_the_rows_that_one_gives():
    ds = dataset_of(*many(50))
    assert order(ds, num_proc=2).to_list() == order(ds).to_list()


def test_the_fingerprint_follows_the_options_and_the_source(monkeypatch):
    ds = dataset_of(*many(10))
    first = order(ds)
    assert order(ds)._fingerprint == first._fingerprint
    assert order(ds, stages=(0.4, 0.6))._fingerprint != first._fingerprint
    assert order(ds, measures={"length": 1.0})._fingerprint != first._fingerprint
    monkeypatch.setattr(config, "source_digest", lambda: "another source")
    assert order(ds)._fingerprint != first._fingerprint


def test_an_empty_split_and_a_row_without_names_are_fine():
    made = order(DatasetDict(train=dataset_of(row("{}\n"), row(FLAT)), test=dataset_of(row(FLAT)).select([])))
    assert made["test"].num_rows == 0
    assert made["test"].features == made["train"].features
    assert len(made["train"]["stage"]) == 2


def test_nesting_is_counted_in_steps_of_the_texts_own_indentation():
    assert nesting_of("a\n  b\n  c\n") == nesting_of("a\n\tb\n\tc\n") == nesting_of("    a\n        b\n        c\n") == pytest.approx(2 / 3)
    assert nesting_of("") == nesting_of("\n\n") == 0.0


def test_a_mid_rank_counts_half_of_the_equals():
    assert mid_ranks(np.array([1, 2, 9]), np.array([1, 2, 2, 3])).tolist() == [0.125, 0.5, 1.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": (0.5, 0.2)}, "sum to 1"),
        ({"stages": ()}, "sum to 1"),
        ({"measures": {"lenght": 1.0}}, "unknown measure 'lenght'; available: complexity"),
        ({"measures": {"length": 0.0}}, "at least one above 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(EliteCodeError, match=message):
        order(dataset_of(row(FLAT)), **options)


def test_a_dataset_without_the_columns_is_refused():
    with pytest.raises(EliteCodeError, match="'complexity'"):
        order(dataset_of(row(FLAT)).remove_columns("complexity"))
