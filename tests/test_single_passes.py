"""Each pass works alone on what load_dataset returns, and on a built dataset leaves nothing that is no longer true."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import DatasetDict, IterableDatasetDict

import elite_code_dataset as ecd
from elite_code_dataset import metadata
from elite_code_dataset.records import EliteCodeError
from tests import sample


@pytest.fixture(scope="module")
def loaded(small: Path):
    return ecd.load_dataset("w512", data_dir=small)


@pytest.fixture(scope="module")
def built(small: Path):
    return ecd.build(small, windows=[256, 512])


def steps(ds) -> list[str]:
    return [drop["step"] for drop in metadata.of(ds)["drops"]]


def test_augment_alone_finds_the_rows_own_tokenizer_and_reports(loaded) -> None:
    grown = ecd.augment(loaded, {"rename": 1.0, "comments": 1.0})
    children = [row for row in grown["train"] if row["technique"] != "original"]
    assert children and len(grown["train"]) == len(loaded["train"]) + len(children)
    reports = {drop["step"]: drop["kept"] for drop in metadata.of(grown)["drops"]}
    assert reports["augment/rename"] + reports["augment/comments"] == len(children)


def test_augment_takes_a_tokenizers_folder_and_refuses_another_one(loaded, tmp_path: Path) -> None:
    from elite_code_dataset.encoders import encoder_of
    from elite_code_dataset.tokens import trained_encoder

    encoder_of(loaded).save(tmp_path / "own")
    trained_encoder(["another text, and another tokenizer"] * 3, 300).save(tmp_path / "other")
    assert len(ecd.augment(loaded, {"rename": 1.0}, tokenizer=tmp_path / "own")["train"]) > len(loaded["train"])
    with pytest.raises(ecd.EliteCodeError, match="is not the one the rows were made with"):
        ecd.augment(loaded, {"rename": 1.0}, tokenizer=tmp_path / "other")


def test_every_pass_alone_adds_its_report_and_works_on_one_split(loaded) -> None:
    for name, run in (("weigh", ecd.weigh), ("order", ecd.order), ("deduplicate_near", ecd.deduplicate)):
        assert steps(run(loaded)) == [*steps(loaded), name]
        assert steps(run(loaded["train"]))[-1] == name
    assert {row["weight"] for row in ecd.weigh(loaded)["train"]} != {1.0}


def test_what_a_built_dataset_remembers_of_its_rows_follows_a_pass(built) -> None:
    lighter = ecd.weigh(built, roles={"core": 9.0})
    facts = metadata.of(lighter)
    assert facts["weights"]["roles"]["core"] == 9.0
    assert all(check.ok is not False for check in ecd.validate(lighter) if check.name in ("weights_exact", "digests_match"))
    assert facts["digests"] == {split: metadata.digest(rows) for split, rows in lighter.items()} != metadata.of(built)["digests"]
    fewer = ecd.deduplicate(built, mode="semantic")
    assert metadata.of(fewer)["exposures"]["rows"] == len(fewer["train"])


def test_a_dataset_remembers_its_own_options_not_those_of_the_build_before(small: Path) -> None:
    seen = [metadata.of(ecd.load_dataset("w512", data_dir=small, **more))["config"] for more in ({"overlap": 0.5}, {"cut": "blind"}, {})]
    assert [(config["overlap"], config["cut"]) for config in seen] == [(0.5, "syntax"), (0.0, "blind"), (0.0, "syntax")]


def test_an_edits_child_shows_the_same_original_block(small: Path) -> None:
    edits = ecd.load_dataset("edits", data_dir=small)
    grown = ecd.augment(edits, {"temporal_context": 1.0})
    parents = {row["id"]: row for row in edits["train"]}
    children = [row for row in grown["train"] if row["technique"] == "temporal_context"]
    assert children
    for child in children:
        parent = parents[child["parent_id"]]
        shown = [row["text"][row["original_start"] : row["original_end"]] for row in (child, parent)]
        assert shown[0] == shown[1] and child["idiom"] == parent["idiom"]


def test_what_is_no_dataset_is_refused(loaded) -> None:
    with pytest.raises(ecd.EliteCodeError, match="got a list; expected a Dataset or DatasetDict"):
        ecd.weigh([1, 2])
    with pytest.raises(ecd.EliteCodeError, match="no column 'role'"):
        ecd.weigh(loaded.remove_columns(["role"]))


def test_a_child_that_reads_as_a_secret_or_repeats_evaluation_is_dropped_and_counted(built) -> None:
    from elite_code_dataset.passes import _without_shown

    base = next(row for row in built["train"] if row["technique"] == "rename")
    evaluated = {split: built[split] for split in ("validation", "test") if split in built}
    copied = max((row for rows in evaluated.values() for row in rows), key=lambda row: len(row["text"]) - row["context_chars"])
    secret = base | {"id": "a", "text": base["text"] + "\n# mail jane.miller" + "@corporation.io\n"}
    twin = base | {"id": "b", "text": copied["text"], "context_chars": copied["context_chars"]}
    train = built["train"].from_list([base, secret, twin], features=built["train"].features)
    kept, report = _without_shown(type(built)({"train": train, **evaluated}), {})
    assert [row["id"] for row in kept["train"]] == [base["id"]]
    assert dict(report.dropped) == {"twin_in_evaluation": 1, "reads_as_a_secret": 1}


RUNS = {
    "augment": lambda ds: ecd.augment(ds, {"rename": 1.0}),
    "deduplicate": ecd.deduplicate,
    "weigh": ecd.weigh,
    "order": ecd.order,
}


@pytest.mark.parametrize("kind", ["numpy", "arrow", "pandas"])
@pytest.mark.parametrize("name", RUNS)
def test_a_pass_makes_the_same_rows_of_a_dataset_in_any_format_and_keeps_the_format(loaded, name: str, kind: str) -> None:
    plain = RUNS[name](loaded["train"].select(range(40)))
    made = RUNS[name](loaded["train"].select(range(40)).with_format(kind))
    assert made.format["type"] == kind and made.column_names == plain.column_names
    assert made.with_format(None).to_list() == plain.to_list()


@pytest.mark.parametrize("name", RUNS)
def test_a_pass_over_no_rows_gives_no_rows(loaded, name: str) -> None:
    assert len(RUNS[name](loaded["train"].select([]))) == 0
    bare = RUNS[name](loaded.filter(lambda row: row["split"] != "train"))
    assert {split: len(rows) for split, rows in bare.items()}["train"] == 0 and len(bare["test"])


@pytest.mark.parametrize("name", RUNS)
def test_a_streamed_dataset_is_refused_in_one_sentence(loaded, name: str) -> None:
    rows = loaded["train"].to_iterable_dataset()
    for streamed in (rows, IterableDatasetDict({"train": rows})):
        with pytest.raises(ecd.EliteCodeError, match="streamed .*load the dataset without streaming=True"):
            RUNS[name](streamed)


def test_a_second_augment_or_prepare_makes_no_child_again(loaded, built) -> None:
    once = ecd.augment(loaded, {"rename": 1.0})
    twice = ecd.augment(once, {"rename": 1.0, "format": 1.0})
    ids = twice["train"]["id"]
    assert len(ids) == len(set(ids)) > len(once["train"])
    assert sum(technique == "rename" for technique in twice["train"]["technique"]) == sum(t == "rename" for t in once["train"]["technique"])
    again = ecd.prepare(built)["train"]["id"]
    assert len(again) == len(set(again))


def test_prepare_takes_any_format_and_says_what_it_cannot_use():
    plain = sample.dataset().filter(lambda row: row["technique"] == "original" and row["scale"] == 512)
    assert (
        ecd.prepare(plain.with_format("numpy"), tokenizer=sample.tokenizer())["train"][:]
        == ecd.prepare(plain, tokenizer=sample.tokenizer())["train"][:]
    )
    with pytest.raises(EliteCodeError, match="without a train row"):
        ecd.prepare(DatasetDict({**plain, "train": plain["train"].select([])}), tokenizer=sample.tokenizer())
    with pytest.raises(EliteCodeError, match="streamed"):
        ecd.prepare(plain["train"].to_iterable_dataset())
