"""Every named check holds for what ``build`` makes, and fails for a fake made to break it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from datasets import Dataset, DatasetDict, concatenate_datasets

from elite_code_dataset import metadata
from elite_code_dataset.checks import Check, View, all_checks
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.validation import failed, validate, verdict
from tests.sample import changed, dataset, saved, tokenizer, with_facts

Row = dict[str, Any]
Fake = Callable[[DatasetDict], DatasetDict]


@cache
def honest() -> dict[str, Check]:
    """Every check on what ``build`` made."""
    return {one.name: one for one in validate(dataset())}


def failing(ds: DatasetDict) -> set[str]:
    return {one.name for one in failed(validate(ds, tokenizer()))}


def one_check(ds: DatasetDict, name: str) -> Check:
    return verdict(View(ds, metadata.of(ds), tokenizer()), name, *all_checks()[name])


def every(split: str, edit: Callable[[Row], Row | None]) -> Fake:
    """A fake in which every row of a split is edited."""
    return lambda ds: changed(ds, split, edit)


def first(split: str, wanted: Callable[[Row], bool], edit: Callable[[Row], Row]) -> Fake:
    """A fake in which only the first row of a split that is ``wanted`` is edited."""

    def faked(ds: DatasetDict) -> DatasetDict:
        chosen = next(row["id"] for row in ds[split] if wanted(row))
        return changed(ds, split, lambda row: edit(row) if row["id"] == chosen else row)

    return faked


def any_row(row: Row) -> bool:
    return True


def is_code(row: Row) -> bool:
    return row["kind"] == "code" and row["technique"] == "original"


def is_edit(row: Row) -> bool:
    return row["kind"] == "edit" and row["technique"] == "original" and not row["idiom"]


def is_child(row: Row) -> bool:
    return row["technique"] != "original"


def target(row: Row) -> str:
    return row["text"][row["context_chars"] :]


def retold(row: Row, text: str) -> Row:
    """The row with another target."""
    return row | {"text": row["text"][: row["context_chars"]] + text}


def without(column: str) -> Fake:
    return lambda ds: metadata.attach(DatasetDict({k: v.remove_columns(column) for k, v in ds.items()}), metadata.of(ds))


def without_scale(ds: DatasetDict) -> DatasetDict:
    return ds.filter(lambda scales: [scale != 2048 for scale in scales], batched=True, input_columns=["scale"])


def with_row(ds: DatasetDict, split: str, row: Row) -> DatasetDict:
    more = concatenate_datasets([ds[split], Dataset.from_list([row], features=ds[split].features)])
    return metadata.attach(DatasetDict({**ds, split: more}), metadata.of(ds))


def copied(**altered: Any) -> Fake:
    """A fake with one long row of train copied into validation, altered."""

    def faked(ds: DatasetDict) -> DatasetDict:
        row = next(row for row in ds["train"] if is_code(row) and row["scale"] == 512 and len(target(row).split()) > 80)
        said = {name: value(row) if callable(value) else value for name, value in altered.items()}
        return with_row(ds, "validation", row | {"split": "validation", "id": "copy"} | said)

    return faked


def disguised(edit: Callable[[str], str]) -> dict[str, Any]:
    """What hides a copy: another group, path and context, and an edited target."""
    context = "# src/kit/other.py\n"
    hidden = {"group": "other", "path": "src/kit/other.py", "context_chars": len(context)}
    return hidden | {"text": lambda row: context + edit(target(row))}


def random_ids(row: Row) -> Row:
    draw = random.Random(row["id"])
    return row | {"input_ids": [draw.randrange(tokenizer().vocabulary) for _ in row["input_ids"]]}


def random_text(row: Row) -> Row:
    ids = random_ids(row)["input_ids"]
    text = tokenizer().decode(ids)
    return row | {"input_ids": ids, "text": text, "context_chars": 0, "context_tokens": 0}


def shuffled(*names: str) -> Fake:
    """A fake in which columns of train belong to other rows."""

    def faked(ds: DatasetDict) -> DatasetDict:
        rows = list(ds["train"])
        others = sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).digest())
        given = {row["id"]: {name: other[name] for name in names} for row, other in zip(rows, others)}
        return changed(ds, "train", lambda row: row | given[row["id"]])

    return faked


def half_edit(row: Row) -> Row:
    return retold(row, target(row)[: max(1, len(target(row)) // 2)]) if is_edit(row) else row


def with_secret(row: Row) -> Row:
    return retold(row, target(row) + 'api_key = "' + "".join(("q7Lw", "9vTz", "2KxB", "r4Np", "8sHd")) + '"\n')


def like_its_parent(ds: DatasetDict) -> DatasetDict:
    parents = {row["id"]: row for row in ds["train"]}
    same = ("text", "context_chars", "input_ids")
    return changed(ds, "train", lambda row: row | ({name: parents[row["parent_id"]][name] for name in same} if is_child(row) else {}))


def twice(ds: DatasetDict) -> DatasetDict:
    row = next(filter(is_code, ds["train"]))
    return with_row(ds, "train", row | {"id": "again"})


def with_end_inside(row: Row) -> Row:
    at = row["context_tokens"]
    return row | {"input_ids": [*row["input_ids"][:at], tokenizer().eos_id, *row["input_ids"][at + 1 :], 5]}


FAKES: dict[str, Fake] = {
    "schema": without("units"),
    "splits_present": lambda ds: metadata.attach(DatasetDict({k: v for k, v in ds.items() if k != "test"}), metadata.of(ds)),
    "rows_name_their_split": first("validation", any_row, lambda row: row | {"split": "train"}),
    "ids_unique": lambda ds: with_row(ds, "train", ds["train"][0]),
    "values_known": first("train", any_row, lambda row: row | {"role": "hero"}),
    "scales_present": without_scale,
    "tokens_counted": first("train", any_row, lambda row: row | {"n_tokens": row["n_tokens"] + 1}),
    "tokens_fit_their_window": first("train", lambda row: row["n_tokens"] > 256, lambda row: row | {"scale": 256}),
    "context_leaves_a_target": first("test", any_row, lambda row: row | {"context_tokens": row["n_tokens"]}),
    "targets_not_empty": first("test", any_row, lambda row: row | {"context_chars": len(row["text"])}),
    "tokens_decode_to_the_text": every("test", lambda row: row | {"text": row["text"][:-1] + "#"}),
    "context_ends_between_tokens": every("test", lambda row: row | {"context_tokens": row["context_tokens"] + 1}),
    "no_special_token_in_text": first("test", any_row, with_end_inside),
    "tokens_spread_like_code": lambda ds: every("validation", random_ids)(every("train", random_ids)(ds)),
    "no_shared_group": lambda ds: first("test", any_row, lambda row: row | {"group": ds["train"][0]["group"]})(ds),
    "no_shared_path": lambda ds: first("test", is_code, lambda row: row | {"path": next(filter(is_code, ds["train"]))["path"]})(ds),
    "no_copied_text": copied(group="other", path="src/kit/other.py"),
    "no_exact_twins": copied(**disguised(lambda text: text)),
    "no_near_twins": copied(**disguised(lambda text: text + "\nadded = 1\n")),
    "evaluation_is_original": first("test", any_row, lambda row: row | {"technique": "rename"}),
    "parents_exist": first("train", is_child, lambda row: row | {"parent_id": "gone"}),
    "children_differ": like_its_parent,
    "weights_exact": first("train", any_row, lambda row: row | {"weight": row["weight"] * 2}),
    "weights_vary": lambda ds: every("train", lambda row: row | {"weight": 1.0})(
        every("validation", lambda row: row | {"weight": 1.0})(every("test", lambda row: row | {"weight": 1.0})(ds))
    ),
    "difficulty_ranks": first("train", any_row, lambda row: row | {"difficulty": 1.5}),
    "difficulty_follows_complexity": shuffled("difficulty"),
    "stages_ascend": shuffled("stage"),
    "code_targets_whole": first("train", is_code, lambda row: retold(row, target(row)[:-1])),
    "edits_whole": every("train", half_edit),
    "edits_show_what_was": first("train", is_edit, lambda row: row | {"original_end": len(row["text"])}),
    "files_covered": twice,
    "lines_match_targets": first("train", is_code, lambda row: row | {"end_line": row["end_line"] + 5}),
    "ages_follow_times": first("train", any_row, lambda row: row | {"age_days": row["age_days"] + 30}),
    "commits_agree": first("train", is_code, lambda row: row | {"commit": "0" * 40}),
    "dependencies_exist": first("train", is_code, lambda row: row | {"dependencies": ["no/such/file.py"]}),
    "digests_match": lambda ds: metadata.attach(DatasetDict({**ds, "train": ds["train"].select(range(1, 50))}), metadata.of(ds)),
    "certificate_was_clean": lambda ds: with_facts(ds, certificate={"exact": 3, "near": 0}),
    "text_parses": lambda ds: every("validation", random_text)(every("train", random_text)(every("test", random_text)(ds))),
    "languages_match_paths": first("train", lambda row: row["path"].endswith(".py"), lambda row: row | {"language": "rust"}),
    "no_secret_in_text": first("train", any_row, with_secret),
}


@pytest.mark.parametrize("fake", [{"original_start": 0, "original_end": 5}, {"original_end": 0}, {"original_start": 0, "original_end": 0}])
def test_an_original_block_that_stands_elsewhere_is_seen(fake):
    ds = first("train", is_edit, lambda row: row | fake)(dataset())
    assert not one_check(ds, "edits_show_what_was").ok


def test_what_build_makes_passes_every_check():
    assert [(one.name, one.seen) for one in honest().values() if not one.ok or not one.applied] == []
    assert len(honest()) >= 24


def test_every_check_has_a_fake_that_it_catches():
    assert set(FAKES) == set(all_checks())


@pytest.mark.parametrize("name", sorted(FAKES))
def test_a_check_fails_on_a_fake_made_to_break_it(name):
    fake = one_check(FAKES[name](dataset()), name)
    assert honest()[name].ok and honest()[name].applied
    assert not fake.ok and fake.seen and fake.expected


@pytest.mark.parametrize(
    ("fake", "names"),
    [
        (lambda ds: every("validation", random_text)(every("train", random_text)(ds)), {"tokens_spread_like_code", "text_parses"}),
        (copied(), {"no_shared_group", "no_copied_text", "no_exact_twins"}),
        (without_scale, {"scales_present"}),
        (FAKES["weights_vary"], {"weights_vary", "weights_exact"}),
        (shuffled("difficulty", "stage"), {"difficulty_follows_complexity", "stages_ascend"}),
        (FAKES["edits_whole"], {"edits_whole", "tokens_decode_to_the_text"}),
    ],
    ids=["random tokens", "validation copied from train", "missing scale", "constant weights", "shuffled curriculum", "truncated edits"],
)
def test_a_known_kind_of_fake_dataset_is_caught_by_name(fake, names):
    assert names <= failing(fake(dataset()))


def test_rows_without_a_file_piece_leave_a_gap_that_is_seen():
    ds = with_facts(dataset(), drops=[])
    path = next(row["path"] for row in ds["train"] if is_code(row) and row["scale"] == 256 and row["start_byte"] > 500)
    gap = changed(ds, "train", lambda row: None if row["path"] == path and row["scale"] == 256 and row["start_byte"] > 0 else row)
    assert "bytes missing" in one_check(gap, "files_covered").seen
    assert not one_check(gap, "files_covered").ok


def test_a_missing_column_fails_its_checks_and_stops_no_other():
    found = {one.name: one for one in validate(without("weight")(dataset()), tokenizer())}
    assert found["weights_exact"].seen == "no column 'weight'" and not found["weights_exact"].ok
    assert found["tokens_counted"].ok and found["no_shared_group"].ok


def test_rows_that_no_pass_has_seen_are_not_blamed_for_neutral_weights():
    neutral = {"weight": 1.0, "difficulty": 0.0, "stage": 0}
    ds = dataset()
    for split in ds:
        ds = changed(ds, split, lambda row: row | neutral)
    ds = metadata.attach(ds, {name: value for name, value in metadata.of(ds).items() if name != "preset"})
    assert not one_check(ds, "weights_exact").applied
    assert not one_check(with_facts(ds, preset="elite"), "weights_exact").ok


def test_a_dataset_is_checked_where_it_lies_with_the_tokenizer_beside_it():
    found = {one.name: one for one in validate(saved())}
    assert found["tokens_decode_to_the_text"].applied and not failed(list(found.values()))


def test_a_place_without_a_dataset_and_a_strange_tokenizer_are_refused(tmp_path):
    with pytest.raises(EliteCodeError, match="no dataset in"):
        validate(tmp_path)
    with pytest.raises(EliteCodeError, match="unknown tokenizer|is not the one"):
        validate(dataset(), str(tmp_path / "nowhere"))
