"""Exported lines say what the rows say, under the names that file-based pipelines use."""

from __future__ import annotations

import json
import stat

import pytest
from datasets import DatasetDict

from elite_code_dataset import metadata
from elite_code_dataset.export import FILES, augmentation_type_of, export_jsonl, line_of
from elite_code_dataset.opening import dataset_at
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.validation import failed, validate
from tests.sample import dataset, tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return export_jsonl(dataset(), tmp_path_factory.mktemp("export") / "jsonl")


def lines_of(folder, split):
    return [json.loads(line) for line in (folder / FILES[split]).read_text("utf-8").split("\n") if line]


def test_each_row_is_one_line_with_its_tokens_and_the_usual_names(folder):
    rows, lines = list(dataset()["train"]), lines_of(folder, "train")
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines):
        said = line["metadata"]
        assert line["tokens"] == row["input_ids"]
        assert (said["seq_id"], said["source_file"], said["window_size"]) == (row["id"], row["path"], row["scale"])
        assert said["is_core"] == (row["role"] == "core") and said["is_evolution"] == (row["kind"] == "edit")
        assert (said["complexity"], said["commit"], said["age_days"], said["weight"]) == tuple(
            row[name] for name in ("complexity", "commit", "age_days", "weight")
        )
        assert said["text"] == row["text"] and said["context_tokens"] == row["context_tokens"]


def test_priority_follows_the_weight_and_the_type_the_technique(folder):
    said = [line["metadata"] for split in FILES for line in lines_of(folder, split)]
    assert {one["priority"] for one in said if one["weight"] >= 3} == {"high"}
    assert {one["priority"] for one in said if 1 <= one["weight"] < 3} == {"medium"}
    assert {one["priority"] for one in said if one["weight"] < 1} == {"low"}
    kinds = {(one["kind"], one["technique"]): one["augmentation_type"] for one in said}
    assert kinds[("code", "original")] == "base" and kinds[("edit", "original")] == "git_diff" and kinds[("code", "rename")] == "ast_based"
    assert augmentation_type_of("code", "cross_file_context") == "cross_file_context"


def test_the_metadata_file_counts_what_the_files_hold(folder):
    summary = json.loads((folder / "dataset_metadata.json").read_text("utf-8"))
    counts = {split: len(lines_of(folder, split)) for split in FILES}
    assert summary["total_sequences"] == sum(counts.values())
    assert (summary["train_sequences"], summary["val_sequences"], summary["test_sequences"]) == tuple(counts.values())
    assert summary["total_tokens"] == sum(len(line["tokens"]) for split in FILES for line in lines_of(folder, split))
    facts = metadata.of(dataset())
    assert summary["source_files"] == facts["source_files"] > 15 and summary["git_diffs"] == facts["git_diffs"] > 10
    assert summary["function_signatures"] == facts["function_signatures"] and summary["dependency_graph_nodes"] == facts["graph"]["nodes"]
    assert summary["context_windows"] == [256, 512, 1024, 2048, 4096] and summary["primary_window"] == 1024
    assert summary["creation"]["commit"] == facts["commit"] and summary["elite_version"] and summary["tokenizer"]
    techniques = {one["metadata"]["technique"] for one in lines_of(folder, "train")} - {"original"}
    assert set(summary["augmentation_techniques"]) == techniques
    assert sum(summary["weighting_strategy"]["rows_by_weight"].values()) == summary["total_sequences"]
    assert summary["learning_strategy"]["stages"] and [step["step"] for step in summary["deduplication"]]


def test_an_exported_folder_opens_as_the_same_rows_and_passes_every_check(folder):
    back = dataset_at(folder)
    assert {split: metadata.digest(rows) for split, rows in back.items()} == metadata.of(dataset())["digests"]
    assert failed(validate(folder, tokenizer())) == []


def test_rows_are_padded_only_on_request(folder, tmp_path):
    ds = DatasetDict(test=dataset()["test"].select(range(3)))
    assert {len(line["tokens"]) for line in lines_of(folder, "train")} != {4096}
    padded = export_jsonl(ds, tmp_path / "padded", pad_to=4096, pad_id=7)
    for row, line in zip(ds["test"], lines_of(padded, "test")):
        assert len(line["tokens"]) == 4096 and line["tokens"][: row["n_tokens"]] == row["input_ids"]
        assert set(line["tokens"][row["n_tokens"] :]) <= {7} and sum(line["attention_mask"]) == row["n_tokens"]
    assert metadata.digest(dataset_at(padded)["test"]) == metadata.digest(ds["test"])
    with pytest.raises(EliteCodeError, match="pad_id is missing"):
        export_jsonl(ds, tmp_path / "none", pad_to=4096)
    with pytest.raises(EliteCodeError, match="more than pad_to=2"):
        line_of(ds["test"][0], pad_to=2, pad_id=0)


def test_a_file_that_was_touched_is_refused(tmp_path):
    folder = export_jsonl(DatasetDict(test=dataset()["test"].select(range(4))), tmp_path / "jsonl")
    file = folder / FILES["test"]
    text = file.read_text("utf-8")
    file.write_text(text[: len(text) // 2] + " " + text[len(text) // 2 :], "utf-8")
    with pytest.raises(EliteCodeError, match="is not the file that was exported"):
        dataset_at(folder)


def test_an_export_that_fails_leaves_no_folder_that_opens(tmp_path):
    ds = DatasetDict(test=dataset()["test"].select(range(4)))
    folder = export_jsonl(ds, tmp_path / "jsonl")
    with pytest.raises(EliteCodeError, match="more than pad_to=5"):
        export_jsonl(ds, folder, pad_to=5, pad_id=0)
    with pytest.raises(EliteCodeError, match="no dataset in"):
        dataset_at(folder)
    assert all(stat.S_ISREG(path.stat().st_mode) for path in folder.iterdir())


def test_a_split_without_a_file_name_is_refused(tmp_path):
    with pytest.raises(EliteCodeError, match="a split 'dev'; export knows train, validation, test"):
        export_jsonl(DatasetDict(dev=dataset()["test"]), tmp_path)
