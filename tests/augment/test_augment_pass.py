"""The registry and the pass: what a child row is, who gets one, how reasons are counted, and that workers change nothing."""

from dataclasses import asdict, replace

import datasets
import pytest

from elite_code_dataset.augment import AugmentPass, augment, augmented, techniques
from elite_code_dataset.augment.registry import TECHNIQUES, Abstained, Rewrite, Rng, technique
from elite_code_dataset.config import AUGMENT_RATES
from elite_code_dataset.records import EliteCodeError, Window
from elite_code_dataset.tokens import trained_encoder

CODE = 'def total_{n}(items):\n    """Adds."""\n    result_{n} = 0  # sum\n    for item in items:\n        if item > {n}:\n            result_{n} += item\n    return result_{n}\n\n\nLAST = {n}\n'
CONTEXT = "# kit/sums.py\n"


def window(number, split="train", code=None, scale=256, encoder=None, **more):
    text = CONTEXT + (CODE.replace("{n}", str(number)) if code is None else code)
    context, target = (encoder.ids(CONTEXT), encoder.ids(text[len(CONTEXT) :])) if encoder else ([1], [2])
    made = Window(
        id=f"row{number}", group=f"group{number % 5}", split=split, path="kit/sums.py", language="python", role="core", kind="code", scale=scale,
        technique="original", parent_id="", text=text, context_chars=len(CONTEXT), input_ids=context + target, context_tokens=len(context),
        n_tokens=len(context) + len(target), start_byte=0, end_byte=len(text), start_line=1, end_line=7, units=[f"total_{number}"], signatures=[],
        dependencies=[], complexity=2, commit="c0ffee", timestamp=1_700_000_000, age_days=3.5,
    )  # fmt: skip
    return asdict(replace(made, **more))


@pytest.fixture(scope="module")
def encoder():
    return trained_encoder([CONTEXT + CODE.replace("{n}", str(number)) for number in range(40)], vocabulary=400)


@pytest.fixture(scope="module")
def rows(encoder):
    splits = ["train", "train", "train", "validation", "test"]
    return datasets.Dataset.from_list([window(number, splits[number % 5], encoder=encoder) for number in range(40)])


ALL = {"rename": 1.0, "restructure": 1.0, "comments": 1.0, "format": 1.0}


def test_children_stand_behind_their_parent_in_the_order_of_their_techniques(rows, encoder):
    out = augment(rows, ALL, tokenizer=encoder)
    families: dict[str, list[str]] = {}
    for row in out:
        families.setdefault(row["parent_id"] or row["id"], []).append(row["technique"])
    assert list(families) == rows["id"]
    for row in rows:
        found = families[row["id"]]
        assert found[0] == "original" and found[1:] == sorted(found[1:])
        assert found[1:] == ([] if row["split"] != "train" else ["comments", "format", "rename", "restructure"])


def test_a_child_keeps_all_of_its_parent_but_what_it_is(rows, encoder):
    changed = {"id", "parent_id", "technique", "text", "context_chars", "input_ids", "context_tokens", "n_tokens", "verified", "idiom"}
    out = list(augment(rows, ALL, tokenizer=encoder))
    parents = {row["id"]: row for row in out if not row["parent_id"]}
    children = [row for row in out if row["parent_id"]]
    assert [parents[row["id"]] for row in rows] == list(rows)
    for child in children:
        parent = parents[child["parent_id"]]
        assert {name: child[name] for name in child if name not in changed} == {
            name: parent[name] for name in parent if name not in changed
        }
        assert child["id"] == f"{parent['id']}~{child['technique']}" and child["verified"]
        assert (child["text"], child["context_chars"]) != (parent["text"], parent["context_chars"])
    assert len({row["id"] for row in out}) == len(out)


def test_the_tokens_of_a_child_are_those_of_its_text_with_the_border_kept(rows, encoder):
    for row in augment(rows, ALL, tokenizer=encoder):
        border = row["context_chars"]
        assert encoder.decode(row["input_ids"][: row["context_tokens"]]) == row["text"][:border]
        assert encoder.decode(row["input_ids"][row["context_tokens"] :]) == row["text"][border:]
        assert row["n_tokens"] == len(row["input_ids"]) <= row["scale"]


def test_only_train_of_a_dataset_dict_grows(rows, encoder):
    parts = datasets.DatasetDict({split: rows.filter(lambda row, split=split: row["split"] == split) for split in ("train", "test")})
    out = augment(parts, ALL, tokenizer=encoder)
    assert out["train"].num_rows == 5 * parts["train"].num_rows
    assert out["test"].to_list() == parts["test"].to_list()
    assert list(augment(datasets.DatasetDict({"test": parts["test"]}), ALL, tokenizer=encoder)) == ["test"]


def test_workers_and_a_second_run_make_the_same_rows(rows, encoder):
    alone = augment(rows, ALL, seed=3, tokenizer=encoder).to_list()
    assert augment(rows, ALL, seed=3, num_proc=2, tokenizer=encoder).to_list() == alone
    assert augment(rows.select(range(40)), ALL, seed=3, tokenizer=encoder).to_list() == alone
    assert augment(rows, ALL, seed=4, tokenizer=encoder).to_list() != alone


def test_every_row_that_was_asked_about_is_a_child_or_a_counted_reason(encoder):
    codes = [None, "x = 1\n", "def f(a):\n    return a\n\n\nf(1)\n", "def f(:\n", "", None]
    ds = datasets.Dataset.from_list([window(n, code=code, encoder=encoder) for n, code in enumerate(codes)])
    made = augmented(ds, {"rename": 1.0}, tokenizer=encoder)
    (report,) = made.reports
    assert report.step == "augment/rename" and report.kept == 2 == len(made.dataset) - len(ds)
    assert report.dropped == {"abstained:keyword_parameter": 1, "abstained:no_whole_function": 3}
    assert report.kept_bytes + sum(report.dropped_bytes.values()) == sum(len(text.encode()) for text in ds["text"])
    assert "_augment_outcomes" not in made.dataset.column_names


def test_the_rate_is_the_share_of_rows_that_are_tried(encoder):
    ds = datasets.Dataset.from_list([window(number, encoder=encoder) for number in range(200)])
    made = augmented(ds, {"comments": 0.3, "rename": 0.0}, tokenizer=encoder)
    assert [report.step for report in made.reports] == ["augment/comments"]
    assert 40 <= made.reports[0].kept <= 80
    assert augment(ds, {}, tokenizer=encoder) is ds


def test_children_are_not_augmented_again(rows, encoder):
    once = augment(rows, {"format": 1.0}, tokenizer=encoder)
    twice = augment(once, {"rename": 1.0}, tokenizer=encoder)
    assert {row["technique"] for row in twice if row["parent_id"].endswith("~format")} == set()
    assert len(twice) == len(once) + 24


@pytest.fixture
def invented():
    """A technique of the test's own, taken out again afterwards."""
    names = []

    def declare(name, apply, **more):
        names.append(name)
        return technique(name, **more)(apply)

    yield declare
    for name in names:
        TECHNIQUES.pop(name, None)


def one_row(encoder, **more):
    return datasets.Dataset.from_list([window(0, encoder=encoder, **more)])


def test_a_result_longer_than_its_scale_is_rejected(invented, encoder):
    techniques()
    invented("longer", lambda window, language, rng, helpers: Rewrite(window["text"] * 30, window["context_chars"], "parses"))
    made = augmented(one_row(encoder), {"longer": 1.0}, tokenizer=encoder)
    assert made.reports[0].dropped == {"rejected:too_long": 1} and len(made.dataset) == 1


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (lambda w: Rewrite(w["text"] + "x", w["context_chars"], ""), "rejected:not_verified"),
        (lambda w: Rewrite(w["text"], w["context_chars"], "parses"), "abstained:nothing_changed"),
        (lambda w: Rewrite(w["text"], len(w["text"]), "parses"), "rejected:empty_target"),
        (lambda w: Abstained("shy"), "abstained:shy"),
    ],
)
def test_a_result_that_is_none_is_counted_by_its_reason(invented, encoder, result, reason):
    techniques()
    invented("odd", lambda window, language, rng, helpers: result(window))
    assert augmented(one_row(encoder), {"odd": 1.0}, tokenizer=encoder).reports[0].dropped == {reason: 1}


def test_a_row_in_a_language_nobody_knows_is_counted(encoder):
    made = augmented(one_row(encoder, language="klingon"), {"rename": 1.0}, tokenizer=encoder)
    assert made.reports[0].dropped == {"abstained:unknown_language": 1}


def test_structural_ids_are_taken_as_they_are_given(invented, encoder):
    techniques()
    ids = (encoder.fim.prefix, 5, encoder.fim.suffix, 6, encoder.fim.middle, 7)
    invented("spans", lambda window, language, rng, helpers: Rewrite("abc", 2, "same-text", "middle", ids, 5))
    row = augment(one_row(encoder), {"spans": 1.0}, tokenizer=encoder)[1]
    assert (row["input_ids"], row["context_tokens"], row["n_tokens"], row["idiom"]) == (list(ids), 5, 6, "middle")


def test_a_survey_sees_the_original_train_rows_and_its_answer_reaches_the_technique(invented, encoder):
    techniques()
    invented(
        "counted",
        lambda window, language, rng, helpers: Rewrite(window["text"] + f"# {helpers.survey['rows']}\n", window["context_chars"], "parses"),
        survey=lambda rows: {"rows": sum(1 for row in rows)},
    )
    ds = datasets.Dataset.from_list(
        [
            window(0, encoder=encoder),
            window(1, encoder=encoder),
            window(2, "test", encoder=encoder),
            window(3, encoder=encoder, technique="format"),
        ]
    )
    out = augment(ds, {"counted": 1.0}, tokenizer=encoder)
    assert [row["text"].split("\n")[-2] for row in out if row["technique"] == "counted"] == ["# 2", "# 2"]


def test_a_name_is_declared_once_and_an_unknown_one_is_answered_with_what_exists(invented, rows, encoder):
    with pytest.raises(EliteCodeError, match="'rename' is declared twice.*rename one of them"):
        techniques()
        technique("rename")(lambda window, language, rng, helpers: Abstained("never"))
    with pytest.raises(EliteCodeError, match="unknown technique 'renam'; available: comments, .*rename, restructure"):
        augment(rows, {"renam": 0.5}, tokenizer=encoder)
    for rate in (1.5, -0.1, "half", True):
        with pytest.raises(EliteCodeError, match="rate of 'rename' is .* between 0 and 1"):
            augment(rows, {"rename": rate}, tokenizer=encoder)
    with pytest.raises(EliteCodeError, match="no column context_chars, id"):
        augment(rows.remove_columns(["id", "context_chars"]), {"rename": 1.0}, tokenizer=encoder)


def test_the_default_rates_name_every_technique_there_is():
    assert set(AUGMENT_RATES) == set(techniques())
    assert {name for name, one in techniques().items() if one.preserves_meaning} >= {"rename", "restructure", "comments", "format"}


def test_the_cache_key_follows_options_seed_and_tokenizer(rows, encoder):
    first = augment(rows, {"format": 1.0}, tokenizer=encoder)._fingerprint
    assert augment(rows, {"format": 1.0}, tokenizer=encoder)._fingerprint == first
    other = trained_encoder(["x = 1\n"], vocabulary=300)
    others = [
        augment(rows, {"format": 0.9}, tokenizer=encoder)._fingerprint,
        augment(rows, {"format": 1.0}, seed=1, tokenizer=encoder)._fingerprint,
        augment(rows, {"rename": 1.0}, tokenizer=encoder)._fingerprint,
        augment(rows, {"format": 1.0}, tokenizer=other)._fingerprint,
        augment(rows.select(range(39)), {"format": 1.0}, tokenizer=encoder)._fingerprint,
    ]
    assert len({first, *others}) == 6


def test_draws_depend_on_the_seed_and_the_row_alone():
    assert [Rng(0, "row", "rename").below(1000) for _ in range(2)] == [Rng(0, "row", "rename").below(1000)] * 2
    first = Rng(0, "row", "rename")
    drawn = [first.below(1000) for _ in range(2000)]
    assert 450 < sum(drawn) / 2000 < 550 and len(set(drawn)) > 800
    assert sorted(Rng(1).shuffled(range(50))) == list(range(50)) != Rng(1).shuffled(range(50))
    assert all(0 <= Rng(n).random() < 1 for n in range(100))
    assert Rng(0, "row").below(10**6) == 420_812


def test_the_pass_itself_travels_to_a_process_that_has_imported_nothing(rows, encoder):
    import pickle

    step = AugmentPass((("format", 1.0),), 0, (("format", "null"),), encoder, "digest")
    batch = rows.with_format("arrow")[:2]
    made = [one(batch)["technique"].to_pylist() for one in (pickle.loads(pickle.dumps(step)), step)]
    assert made == [["original", "format", "original", "format"]] * 2
