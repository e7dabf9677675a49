"""What a dataset remembers survives what people do with datasets."""

from __future__ import annotations

import json

import numpy as np
import pytest
from datasets import Dataset, DatasetDict, concatenate_datasets, load_from_disk

from elite_code_dataset import metadata
from elite_code_dataset.records import DropReport, EliteCodeError

FACTS = {"commit": "c0ffee", "drops": [DropReport("read", 3, {"binary": 1}).as_dict()], "git_diffs": 7}


@pytest.fixture
def ds() -> DatasetDict:
    rows = Dataset.from_dict({"id": ["a", "b", "c"], "text": ["x", "é\n", ""], "input_ids": [[1, 2], [], [3]], "weight": [1.0, 2.0, 0.5]})
    return DatasetDict(train=rows, test=rows.select([2, 0]))


def test_facts_attached_are_read_back_and_the_given_dataset_is_left_alone(ds):
    marked = metadata.attach(ds, FACTS)
    assert {k: metadata.of(marked)[k] for k in FACTS} == FACTS
    assert metadata.of(ds) == {}


def test_facts_survive_saving_mapping_filtering_and_joining(ds, tmp_path):
    metadata.attach(ds, FACTS).save_to_disk(tmp_path)
    back = load_from_disk(tmp_path)
    for one in (back, back.map(lambda row: {"n": 1}), back.filter(lambda row: row["id"] != "a"), back["train"].shuffle(seed=3)):
        assert metadata.of(one)["commit"] == "c0ffee"
    other = metadata.attach(ds["test"], {"commit": "other"})
    assert metadata.of(concatenate_datasets([back["train"], other]))["commit"] == "c0ffee"


def test_a_description_that_somebody_else_wrote_holds_no_facts(ds):
    ds["train"].info.description = 'A fine dataset {"of": "code"}'
    assert metadata.of(ds["train"]) == {}
    ds["train"].info.description = "Said before. " + metadata.dumped(FACTS) + "\n\nSaid after."
    assert metadata.of(ds["train"])["git_diffs"] == 7


def test_facts_are_read_from_the_file_beside_published_rows(tmp_path):
    (tmp_path / metadata.FILE_NAME).write_text(json.dumps(json.loads(metadata.dumped(FACTS)), indent=2), encoding="utf-8")
    assert metadata.of(tmp_path)["commit"] == "c0ffee"
    assert metadata.of(tmp_path / "nowhere") == {}


def test_numbers_and_reports_of_any_kind_become_plain_json_and_the_rest_is_refused(ds):
    kept = metadata.of(metadata.attach(ds, {"n": np.int64(3), "drops": [DropReport("cut", 1)], "seen": {2, 1}}))
    assert kept["n"] == 3 and kept["drops"][0]["step"] == "cut" and kept["seen"] == [1, 2]
    with pytest.raises(EliteCodeError, match="metadata holds a object"):
        metadata.attach(ds, {"x": object()})


def test_the_digest_knows_the_rows_but_not_how_they_are_stored(ds, tmp_path):
    rows = ds["train"]
    rows.to_parquet(tmp_path / "rows.parquet")
    stored = Dataset.from_parquet(str(tmp_path / "rows.parquet"), cache_dir=str(tmp_path / "cache"))
    joined = concatenate_datasets([rows.select([0]), rows.select([1, 2])])
    assert metadata.digest(rows) == metadata.digest(stored) == metadata.digest(joined)
    moved = rows.map(lambda row: {"input_ids": {"a": [1], "b": [2], "c": [3]}[row["id"]]})
    changed = [rows.select([1, 0, 2]), rows.select([0, 1]), rows.map(lambda row: {"weight": 1.0}), moved]
    assert len({metadata.digest(one) for one in (rows, *changed)}) == 5
