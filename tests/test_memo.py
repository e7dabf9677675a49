"""What is remembered from commit to commit changes no row, is used, stays small, and is passed over where it is not whole."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

import elite_code_dataset as ecd
from elite_code_dataset import memo, metadata, passes
from elite_code_dataset.augment import Place, augmented, techniques
from elite_code_dataset.augment.keys import OF_THE_TIP, keys_of
from elite_code_dataset.augment.registry import TECHNIQUES, Helpers, Rng, first_draws, row_alone
from elite_code_dataset.languages import all_languages
from elite_code_dataset.tokens import trained_encoder
from tests.repositories import DAY, START, committed, module_text, small_repository

SCHEMA = pa.schema([("key", pa.binary(16)), ("told", pa.string())])
COMMITS: list[tuple[str, dict[str, str | None]]] = [
    ("nothing that a survey sees", {"setup.cfg": "[metadata]\nname = kit\nversion = 2\n"}),
    (
        "names and signatures",
        {
            "src/kit/part_0.py": module_text(0, 7).replace("total_", "sum_").replace("_0(first", "_0(before, first"),
            "src/kit/new.py": module_text(70),
        },
    ),
    ("a file less", {"src/kit/part_9.py": None}),
]


class Asked:
    """How often each technique was asked while this stood in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times: Counter = Counter()
        for name, one in techniques().items():
            monkeypatch.setitem(TECHNIQUES, name, dataclasses.replace(one, apply=self._counted(name, one.apply)))

    def _counted(self, name: str, apply: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            self.times[name] += 1
            return apply(*arguments)

        return counted


def built(folder: Path, cache: Path) -> tuple[dict[str, list], dict[str, Any]]:
    made = ecd.build(folder, windows=[256, 1024], cache_dir=cache)
    return {split: rows.to_list() for split, rows in made.items()}, metadata.of(made)


def test_builds_after_commits_give_the_rows_of_builds_that_remember_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, asked = small_repository(tmp_path / "repository"), Asked(monkeypatch)
    users = {
        f"src/kit/user_{n}.py": f"from kit.part_{n % 2 and n} import case_{n % 2 and n}_0\n\n{module_text(40 + n)}"
        for n in (0, 2, 3, 4, 6, 8)
    }
    committed(folder, users, "Use parts", START + 90 * DAY)
    built(folder, tmp_path / "cache")
    assert len(list((tmp_path / "cache" / memo.FOLDER).iterdir())) == 2  # the answers, and parts of a survey
    for number, (what, files) in enumerate(COMMITS):
        committed(folder, files, what, START + (100 + number) * DAY)
        asked.times.clear()
        again, few = built(folder, tmp_path / "cache"), Counter(asked.times)
        asked.times.clear()
        with monkeypatch.context() as patch:
            patch.setattr(passes, "_memo_of", lambda *rest: None)
            assert again == built(folder, tmp_path / f"fresh {number}"), what
        assert not (tmp_path / f"fresh {number}" / memo.FOLDER).exists()
        own = asked.times.total() - asked.times["temporal_context"]
        assert few.total() - few["temporal_context"] < (0.05 if number == 0 else 0.75) * own, what
        assert asked.times["temporal_context"] > few["temporal_context"] > 0  # what says the commit is said anew; of edits it stands


def test_a_second_build_of_the_same_commit_asks_nothing_and_several_processes_use_what_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_repository(tmp_path / "repository")
    first = ecd.build(folder, windows=[256], cache_dir=tmp_path / "cache")
    asked = Asked(monkeypatch)
    for number, workers in enumerate((None, 2)):
        plain = ecd.load_dataset("w256", data_dir=folder, cache_dir=tmp_path / "cache")
        place = Place(tmp_path / f"memo {number}", "kit")
        encoder = passes.encoder_of(first)
        made = [augmented(plain, None, number, workers, tokenizer=encoder, memo=place).dataset["train"].to_list()]
        asked.times.clear()
        shuffled = plain["train"].select(
            range(len(plain["train"])), keep_in_memory=True
        )  # another fingerprint, so that nothing is in datasets' cache
        made.append(augmented(shuffled, None, number, workers, tokenizer=encoder, memo=place).dataset.to_list())
        assert asked.times.total() == 0 and made[0] == made[1] and len(made[0]) > len(plain["train"])


@pytest.fixture(scope="module")
def rows() -> datasets.Dataset:
    from tests.augment.test_augment_pass import window

    texts = [f"# kit/sums.py\n{module_text(number, 2)}" for number in range(12)]
    encoder = trained_encoder(texts, vocabulary=400)
    codes = [module_text(number, 2) for number in range(12)]
    made = [window(number, code=code, encoder=encoder, scale=2048) for number, code in enumerate(codes)]
    return datasets.Dataset.from_list(made), encoder


def test_damage_of_any_kind_is_passed_over(tmp_path: Path, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    ds, encoder = rows
    rates = {"comments": 1.0, "format": 1.0, "rename": 1.0}
    plain = augmented(ds, rates, tokenizer=encoder).dataset.to_list()
    asked = Asked(monkeypatch)

    def flipped(data: bytes) -> bytes:
        return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]

    damages = [flipped, lambda data: data[:-40], lambda data: b"", lambda data: b"garbage" * 99, lambda data: data]
    for number, damage in enumerate(damages):
        place = Place(tmp_path / f"{number}", "kit")
        augmented(ds, rates, tokenizer=encoder, memo=place)
        files = list(place.folder.iterdir())
        assert files
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        memo.opened.cache_clear()
        asked.times.clear()
        assert augmented(ds.select(range(12), keep_in_memory=True), rates, tokenizer=encoder, memo=place).dataset.to_list() == plain
        assert (asked.times.total() == 0) == (number == len(damages) - 1)


def test_a_memo_that_cannot_be_written_or_read_is_done_without(tmp_path: Path, rows) -> None:
    ds, encoder = rows
    (tmp_path / "file").write_text("no folder")
    place = Place(tmp_path / "file", "kit")
    made = augmented(ds, {"format": 1.0}, tokenizer=encoder, memo=place).dataset
    assert made.to_list() == augmented(ds, {"format": 1.0}, tokenizer=encoder).dataset.to_list()


def test_rows_in_memory_and_datasets_without_caching_remember_nothing(tmp_path: Path, rows, monkeypatch: pytest.MonkeyPatch) -> None:
    ds, _ = rows
    plan = passes.preset_named("elite")
    assert passes._memo_of(datasets.DatasetDict({"train": ds}), {}, plan, 0, tmp_path) is None
    ds.save_to_disk(str(tmp_path / "saved"))
    on_disk = datasets.DatasetDict({"train": datasets.load_from_disk(str(tmp_path / "saved"))})
    assert passes._memo_of(on_disk, {}, plan, 0, tmp_path) is not None
    datasets.disable_caching()
    try:
        assert passes._memo_of(on_disk, {}, plan, 0, tmp_path) is None
    finally:
        datasets.enable_caching()


def table(told: dict[int, str]) -> pa.Table:
    return pa.table({"key": [number.to_bytes(16, "big") for number in told], "told": list(told.values())}, schema=SCHEMA)


def keep(folder: Path, name: str, told: dict[int, str]) -> None:
    memo.kept(folder, name, SCHEMA, table(told).to_batches())


def test_the_newest_of_a_name_is_kept_and_the_oldest_go_where_all_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        keep(tmp_path, "a", {number: "x" * 1000})
        keep(tmp_path, f"b{number}", {number: "y" * 1000})
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == ["a", "b0", "b1", "b2", "b3"]
    found = memo.opened(memo.newest(tmp_path, "a"))
    assert found.found([(3).to_bytes(16, "big"), (2).to_bytes(16, "big")]) == [0, -1]
    (tmp_path / ".a.123456").write_bytes(b"left by a process that died" * 50)
    for age, path in enumerate(sorted(tmp_path.iterdir())):
        os.utime(path, ns=(age, age))
    monkeypatch.setattr(memo, "MEMO_BYTES", 3 * max(path.stat().st_size for path in tmp_path.iterdir()))
    keep(tmp_path, "c", {9: "z" * 1000})
    assert sorted(path.name.partition("-")[0] for path in tmp_path.iterdir()) == ["b2", "b3", "c"]
    monkeypatch.setattr(memo, "MEMO_BYTES", 10)
    keep(tmp_path, "d", {9: "z" * 1000})
    assert not list(tmp_path.iterdir()) and memo.newest(tmp_path, "d") == ""


def written(folder: str, start: int) -> None:
    for number in range(start, start + 40):
        keep(Path(folder), "kit", {one: f"value {one}" for one in range(number, number + 50)})


def test_processes_that_write_at_once_leave_one_that_is_whole(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=written, args=(str(tmp_path), start)) for start in (0, 1000)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        path = memo.newest(tmp_path, "kit")
        found = memo.opened.__wrapped__(path) if path else None
        if found:  # what was there and has gone since is none
            told = found.table.column("told").to_pylist()
            assert told == [f"value {int.from_bytes(key, 'big')}" for key in found.places]
    assert [worker.exitcode for worker in workers] == [0, 0]
    keep(tmp_path, "kit", {1: "last"})
    assert [path.name for path in tmp_path.iterdir()] == [Path(memo.newest(tmp_path, "kit")).name]


@pytest.mark.parametrize("name", sorted(techniques()))
def test_a_key_says_all_of_the_tip_that_its_technique_looks_at(name: str, rows) -> None:
    """A row whose commit, age, group and weight are others has another key, or is answered alike."""
    ds, encoder = rows
    one = techniques()[name]
    assert one.seen is not None
    now = [row | {"dependencies": ["kit/sums.py"], "commit": "a" * 40, "age_days": 3.0} for row in ds.to_list()]
    later = [row | {"commit": "b" * 40, "age_days": 400.0, "group": "x", "weight": 9.0, "stage": 3} for row in now]
    answers, keys = [], []
    for some in (now, later):
        survey = one.survey(some) if one.survey else None
        helpers = Helpers(encoder, survey)
        answers.append([one.apply(row, all_languages()["python"], Rng(0, row["id"], name), helpers) for row in some])
        asked = [(number, name) for number in range(len(some))]
        plain = [{key: value for key, value in row.items() if key not in ("weight", "stage")} for row in some]
        keys.append(keys_of(pa.Table.from_pylist(plain), asked, {name: passes.json.dumps(survey, sort_keys=True)}, "identity"))
    same = [a == b for a, b in zip(*keys)]
    assert all(x == y for x, y, alike in zip(*answers, same) if alike)
    assert all(same) == (name != "temporal_context")
    if one.seen is row_alone:  # and then it does without the tip altogether
        bare = [{key: value for key, value in row.items() if key not in OF_THE_TIP} for row in now]
        assert [one.apply(row, all_languages()["python"], Rng(0, row["id"], name), Helpers(encoder)) for row in bare] == answers[0]


def test_a_key_follows_the_row_the_draw_and_what_the_survey_found(rows) -> None:
    ds, _ = rows
    told = passes.json.dumps({"python": {"local": ["a"]}, "": {}})
    row = ds.to_list()[0]
    changes = [{}, {"text": row["text"] + "x"}, {"scale": 99}, {"id": "other"}, {"input_ids": [1, 2]}, {"units": ["u"]}]
    variants = [(pa.Table.from_pylist([row | change]), told, "identity") for change in changes]
    variants += [(variants[0][0], told.replace("a", "b"), "identity"), (variants[0][0], told, "another seed")]
    keys = [keys_of(one, [(0, "rename")], {"rename": survey}, identity)[0] for one, survey, identity in variants]
    assert len(set(keys)) == len(keys)
    assert (
        keys_of(pa.Table.from_pylist([row | {"commit": "c", "age_days": 9.0}]), [(0, "rename")], {"rename": told}, "identity") == keys[:1]
    )


def test_first_draws_are_those_of_generators() -> None:
    ends = [("rename", "rate"), ("format", "rate"), ("x", 3)]
    assert first_draws((7, "row é"), ends) == [Rng(7, "row é", *end).random() for end in ends]
