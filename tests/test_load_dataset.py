"""The three ways in: by name after import, as a loading script (datasets 3.6), and our own function; on whichever datasets is installed."""

from __future__ import annotations

import base64
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from datasets import get_dataset_config_names, get_dataset_split_names, load_dataset

import elite_code_dataset as ecd
from elite_code_dataset import analysis
from elite_code_dataset.elite_code_dataset import FEATURES
from elite_code_dataset.options import CONFIG_NAMES
from elite_code_dataset.records import Window
from elite_code_dataset.rows import ROW_SCHEMA
from tests.repositories import DAY, START, committed, git, module_text, small_repository, started

NAME = "elite_code_dataset"
RUNS_SCRIPTS = int(datasets.__version__.split(".")[0]) < 4
SCRIPT = str(Path(__file__).resolve().parents[1] / "elite_code_dataset")
WAYS = ("registered", "own") + (("script",) if RUNS_SCRIPTS else ())


def loaded(way: str, name: str, place: object, **more: object):
    if way == "own":
        return ecd.load_dataset(name, data_dir=place, **more)
    if way == "script":
        return load_dataset(SCRIPT, name, data_dir=str(place), trust_remote_code=True, **more)
    return load_dataset(NAME, name, data_dir=str(place), **more)


def contents(ds: datasets.DatasetDict) -> dict[str, list[dict]]:
    return {split: list(rows) for split, rows in ds.items()}


@pytest.mark.parametrize("way", WAYS)
def test_all_ways_give_the_same_rows(way: str, small: Path, tmp_path: Path) -> None:
    ds = loaded(way, "w1024", small, cache_dir=str(tmp_path))
    assert set(ds) == {"train", "validation", "test"}
    assert contents(ds) == contents(ecd.load_dataset("w1024", data_dir=small))
    assert {row["commit"] for row in ds["train"]} == {git(small, "rev-parse", "HEAD").strip()}
    texts = "".join(row["text"] for rows in ds.values() for row in rows)
    assert all(f"def case_{n}_0(" in texts for n in range(12))


def test_the_row_schema_is_declared_once() -> None:
    fields = list(Window.__dataclass_fields__)
    assert list(FEATURES) == [*fields, "difficulty", "stage", "weight"] == ROW_SCHEMA.names


def test_names_of_configs_and_splits_are_known_without_generating(small: Path) -> None:
    more = {"trust_remote_code": True} if RUNS_SCRIPTS else {}
    assert tuple(get_dataset_config_names(NAME, **more)) == CONFIG_NAMES
    assert set(get_dataset_split_names(NAME, "w512", data_dir=str(small), **more)) == {"train", "validation", "test"}


@pytest.mark.parametrize("name", CONFIG_NAMES)
def test_every_config_loads_and_its_rows_are_of_its_scale(name: str, small: Path) -> None:
    ds = load_dataset(NAME, name, data_dir=str(small))
    rows = [row for split in ds.values() for row in split]
    assert rows
    if name.startswith("w"):
        assert {row["scale"] for row in rows} == {int(name[1:])} and {row["kind"] for row in rows} == {"code"}
    if name == "edits":
        assert {row["kind"] for row in rows} == {"edit"} and any("Count from one" in row["text"] for row in rows)
    if name == "multiscale":
        assert len({row["scale"] for row in rows if row["kind"] == "code"}) == 5 and {row["kind"] for row in rows} == {"code", "edit"}
    if name == "files":
        assert {row["path"] for row in rows} >= {"src/kit/renamed_1.py", "README.md"} and all("units" in row for row in rows)


def test_streaming_and_two_processes_give_the_same_rows(small: Path, tmp_path: Path) -> None:
    plain = contents(load_dataset(NAME, "w256", data_dir=str(small)))
    assert contents(load_dataset(NAME, "w256", data_dir=str(small), streaming=True)) == plain
    assert contents(load_dataset(NAME, "w256", data_dir=str(small), num_proc=2, cache_dir=str(tmp_path / "two"))) == plain


def test_options_are_keyword_arguments_and_change_the_dataset(small: Path) -> None:
    plain = load_dataset(NAME, "w256", data_dir=str(small))
    overlapped = load_dataset(NAME, "w1024", data_dir=str(small), overlap=0.5)
    only = load_dataset(NAME, "files", data_dir=str(small), include=["src/kit/part_0.py", "src/kit/part_2.py", "src/kit/part_3.py"])
    assert sum(map(len, only.values())) == 3
    assert sum(map(len, overlapped.values())) > sum(map(len, load_dataset(NAME, "w1024", data_dir=str(small)).values()))
    assert sum(map(len, plain.values())) > 40


def test_a_bare_repository_a_relative_path_and_a_home_path_are_the_same_dataset(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(small), str(bare))
    wanted = contents(load_dataset(NAME, "w512", data_dir=str(small)))
    assert contents(load_dataset(NAME, "w512", data_dir=str(bare), cache_dir=str(tmp_path / "a"))) == wanted
    monkeypatch.chdir(tmp_path)
    assert contents(load_dataset(NAME, "w512", data_dir="./bare.git", cache_dir=str(tmp_path / "b"))) == wanted
    monkeypatch.setenv("HOME", str(tmp_path))
    assert contents(load_dataset(NAME, "w512", data_dir="~/bare.git", cache_dir=str(tmp_path / "c"))) == wanted


def test_the_work_tree_is_not_read(tmp_path: Path) -> None:
    place = small_repository(tmp_path / "kit", 6)
    (place / "src/kit/part_0.py").write_text("changed = 'but not committed'\n")
    (place / "src/kit/new.py").write_text("new = 1\n")
    paths = {row["path"]: row["text"] for rows in load_dataset(NAME, "files", data_dir=str(place)).values() for row in rows}
    assert "src/kit/new.py" not in paths and "not committed" not in paths["src/kit/part_0.py"]


def test_a_new_commit_is_a_new_dataset_and_an_unchanged_one_comes_from_the_cache(tmp_path: Path) -> None:
    place = small_repository(tmp_path / "kit", 6)
    cache = str(tmp_path / "cache")
    first = load_dataset(NAME, "w1024", data_dir=str(place), cache_dir=cache)
    again = load_dataset(NAME, "w1024", data_dir=str(place), cache_dir=cache)
    assert again["train"].cache_files == first["train"].cache_files and again["train"]._fingerprint == first["train"]._fingerprint
    made = Path(first["train"].cache_files[0]["filename"]).stat().st_mtime_ns
    assert Path(again["train"].cache_files[0]["filename"]).stat().st_mtime_ns == made
    committed(place, {"src/kit/fresh.py": module_text(77)}, "Add", START + 200 * DAY)
    new = load_dataset(NAME, "w1024", data_dir=str(place), cache_dir=cache)
    assert new["train"].cache_files != first["train"].cache_files
    assert any("case_77_0" in row["text"] for rows in new.values() for row in rows)
    old = load_dataset(NAME, "w1024", data_dir=str(place), commit=first["train"][0]["commit"])
    assert contents(old) == contents(first)


def test_a_plain_folder_gives_its_files_and_says_that_it_has_no_history(tmp_path: Path) -> None:
    place = small_repository(tmp_path / "kit", 6)
    shutil.rmtree(place / ".git")
    ds = load_dataset(NAME, "w1024", data_dir=str(place))
    assert ecd.metadata.of(ds)["kind"] == "folder"
    assert any("case_3_0" in row["text"] for rows in ds.values() for row in rows)
    assert sum(map(len, load_dataset(NAME, "multiscale", data_dir=str(place)).values())) > len(ds["train"])


def test_two_repositories_make_one_dataset(small: Path, tmp_path: Path) -> None:
    other = started(tmp_path / "other")
    committed(other, {f"lib/piece_{n}.py": module_text(100 + n) for n in range(6)})
    ds = ecd.load_dataset("w1024", data_dir=[str(small), str(other)])
    paths = {row["path"] for rows in ds.values() for row in rows}
    assert "kit/src/kit/part_0.py" in paths and "other/lib/piece_3.py" in paths


def test_the_files_of_a_named_commit_keep_their_split_and_tokenizer_whatever_comes(tmp_path: Path) -> None:
    place = started(tmp_path / "kit")
    then = committed(place, {f"src/part_{n}.py": module_text(n) for n in range(40)})
    git(place, "tag", "then")
    before = ecd.load_dataset("files", data_dir=place)
    sides = {row["path"]: split for split, rows in before.items() for row in rows}
    grown = [path for path, split in sorted(sides.items()) if split == "test"]
    committed(place, {path: "".join(module_text(900 + n) for n in range(60)) for path in grown}, "Grow", START + DAY)
    committed(place, {f"src/late_{n}.py": module_text(300 + n) for n in range(20)}, "Add", START + 2 * DAY)
    plain, kept = (ecd.load_dataset("files", data_dir=place, split_as_of=name) for name in (None, then[:12]))
    after, stayed = ({row["path"]: split for split, rows in ds.items() for row in rows} for ds in (plain, kept))
    assert any(after[path] != sides[path] for path in sides)  # by itself the split is mended
    assert {path: stayed[path] for path in sides} == sides and len(stayed) == 60
    told = [ecd.metadata.of(ds) for ds in (before, plain, kept)]
    assert told[0]["tokenizer_digest"] == told[2]["tokenizer_digest"] != told[1]["tokenizer_digest"]
    assert told[2]["config"]["split_as_of"] == then and told[2]["shares"]["test"] > 0.3 > told[1]["shares"]["test"]
    rows = ecd.load_dataset("w512", data_dir=place, split_as_of="then")
    assert {row["path"]: split for split, some in rows.items() for row in some if row["path"] in sides} == sides


def test_a_commit_that_cannot_hold_a_split_is_refused(small: Path, tmp_path: Path) -> None:
    place = small_repository(tmp_path / "kit", 3)
    git(place, "checkout", "-q", "--orphan", "other")
    stranger = committed(place, {"a.py": module_text(1)})
    git(place, "checkout", "-q", "main")
    with pytest.raises(ecd.EliteCodeError, match=f"split_as_of='{stranger}' is not among the commits that lead to"):
        ecd.load_dataset("w512", data_dir=place, split_as_of="other")
    with pytest.raises(ecd.EliteCodeError, match="names a commit of one repository, data_dir names 2"):
        ecd.load_dataset("w512", data_dir=[str(small), str(place)], split_as_of="HEAD")
    with pytest.raises(ecd.EliteCodeError, match="asks for two splits"):
        ecd.load_dataset("w512", data_dir=place, split_as_of="HEAD", split_by="time")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.py").write_text(module_text(1))
    for name, says in (("HEAD", "is a plain folder"), ("v1", "is no git repository")):
        with pytest.raises(ecd.EliteCodeError, match=says):
            ecd.load_dataset("w512", data_dir=tmp_path / "folder", split_as_of=name)


def test_files_that_another_split_holds_in_a_larger_one_are_left_out_and_counted(tmp_path: Path) -> None:
    place = started(tmp_path / "kit")
    small = {f"src/small_{n}.py": module_text(n, 2) for n in range(30)}
    large = {f"src/large_{n}.py": module_text(n, 2) + module_text(700 + n, 8) for n in range(30)}
    committed(place, small | large)
    ds = ecd.load_dataset("files", data_dir=place)
    (report,) = [d for d in ecd.metadata.of(ds)["drops"] if d["step"] == "file_rows"]
    paths = {row["path"] for rows in ds.values() for row in rows}
    assert ecd.certificate(ds).total == 0
    assert set(large) <= paths and 0 < len(set(small) - paths) == report["dropped"]["inside_another_split"]
    gone = sum(len(small[path]) for path in set(small) - paths)
    assert report["dropped_bytes"] == {"inside_another_split": gone}
    assert report["kept_bytes"] + gone == sum(map(len, (small | large).values()))


BAD = {
    "no such path": (lambda p: p / "nowhere", {}, r"no such path: .*nowhere.*; give the folder"),
    "a file": (lambda p: p / "file.py", {}, r"file\.py' is a file; give the folder"),
    "an empty folder": (lambda p: p / "empty", {}, r"empty"),
    "an empty repository": (lambda p: p / "unborn", {}, r"no commit"),
    "an unknown tokenizer": (lambda p: p / "kit", {"tokenizer": "no/such-tokenizer"}, r"unknown tokenizer 'no/such-tokenizer'"),
    "a wrong choice": (lambda p: p / "kit", {"split_by": "luck"}, r"split_by='luck'.*'lineage', 'time'"),
    "a wrong number": (lambda p: p / "kit", {"overlap": 1.5}, r"overlap=1\.5.*share"),
    "text for a number": (lambda p: p / "kit", {"seed": "abc"}, r"seed='abc' is a str; expected int"),
    "a number for globs": (lambda p: p / "kit", {"include": 5}, r"include=5 is a int; expected list\[str\] or None"),
    "text for yes or no": (lambda p: p / "kit", {"redact_secrets": "no"}, r"redact_secrets='no' is a str; expected bool"),
    "nothing to learn from": (lambda p: p / "images", {}, r"nothing to learn from"),
}


@pytest.fixture(scope="module")
def bad_places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bad")
    small_repository(place / "kit", 3)
    (place / "file.py").write_text("x = 1\n")
    (place / "empty").mkdir()
    started(place / "unborn")
    committed(started(place / "images"), {"a.png": b"\x89PNG\0\0", "b.bin": b"\0\1\2"})
    return place


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case: str, bad_places: Path) -> None:
    where, more, said = BAD[case]
    with pytest.raises(ecd.EliteCodeError, match=said) as caught:
        load_dataset(NAME, "w1024", data_dir=str(where(bad_places)), **more)
    assert "\n" not in str(caught.value)


def test_a_missing_repository_an_unknown_config_and_an_unknown_option_are_named() -> None:
    with pytest.raises(ValueError, match="data_dir is missing"):
        load_dataset(NAME, "w1024")
    with pytest.raises(ValueError, match=r"'w999' not found. Available: .*'w1024'"):
        load_dataset(NAME, "w999", data_dir=".")
    with pytest.raises(ecd.EliteCodeError, match="unknown option 'overlapp'; available: .*overlap"):
        ecd.load_dataset("w1024", data_dir=".", overlapp=0.5)


def test_a_list_that_names_a_repository_twice_and_an_empty_name_are_refused(small: Path) -> None:
    with pytest.raises(ecd.EliteCodeError, match="names a repository twice"):
        ecd.load_dataset("w1024", data_dir=[str(small), f"{small}/../{small.name}"])
    with pytest.raises(ecd.EliteCodeError, match="is not a path"):
        load_dataset(NAME, "w1024", data_dir="")


def test_from_the_checkout_the_name_alone_is_a_loading_script_where_datasets_runs_scripts(small: Path, tmp_path: Path) -> None:
    """Nothing is imported first: datasets 3.6 finds the folder and runs the script, later versions refuse, and say so."""
    code = (
        "import datasets\n"
        f"ask = lambda: datasets.load_dataset('elite_code_dataset', 'w1024', data_dir={str(small)!r}, trust_remote_code=True)\n"
        "try:\n    print(len(ask()['train']), len(ask()['train']))\nexcept (ValueError, RuntimeError) as error:\n    print('refused', type(error).__name__)\n"
    )
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path)}
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=root)
    rows = len(load_dataset(NAME, "w1024", data_dir=str(small))["train"])
    assert done.stdout.split()[:2] == ([str(rows)] * 2 if RUNS_SCRIPTS else ["refused", "RuntimeError"]), done.stderr[-1500:]


def test_what_is_missing_from_a_files_rows_is_what_the_drop_report_counts(tmp_path: Path) -> None:
    """A function that two files share, one of them in evaluation, is withheld from the other's rows; its bytes are counted."""
    place = started(tmp_path / "kit")
    shared = [module_text(500 + n, 1).split("import math\n")[1] for n in range(12)]
    files = {f"src/kit/part_{n}.py": module_text(n) + shared[n % 12] for n in range(24)}
    committed(place, files)
    ds = load_dataset(NAME, "w256", data_dir=str(place))
    shown = sum(row["end_byte"] - row["start_byte"] for rows in ds.values() for row in rows)
    (report,) = [d for d in ecd.metadata.of(ds)["drops"] if d["step"] == "w256"]
    assert report["dropped"]["twin_in_evaluation"] > 0
    assert shown == report["kept_bytes"]
    assert shown + report["dropped_bytes"]["twin_in_evaluation"] == sum(len(text.encode()) for text in files.values())
    assert ecd.certificate(ds).total == 0


def test_other_datasets_still_load_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    assert load_dataset("json", data_files=str(tmp_path / "rows.jsonl"), split="train")["a"][:] == [1, 2]


def test_building_a_dataset_never_imports_torch(small: Path, tmp_path: Path) -> None:
    code = (
        "import sys, datasets, elite_code_dataset as ecd\n"
        f"ds = datasets.load_dataset('elite_code_dataset', 'multiscale', data_dir={str(small)!r}, cache_dir={str(tmp_path)!r})\n"
        "print(len(ds['train']), 'elite_code_dataset.trainer' in sys.modules, 'transformers' in sys.modules)"
    )
    environment = {**os.environ, "USE_TORCH": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=True)
    count, trainer, transformers = done.stdout.split()
    assert int(count) > 50 and (trainer, transformers) == ("False", "False")


def test_a_row_says_what_it_is(small: Path) -> None:
    ds = load_dataset(NAME, "w256", data_dir=str(small))
    head = START + 100 * DAY
    edited = next(r for rows in ds.values() for r in rows if r["path"] == "src/kit/part_2.py" and "return 1 +" in r["text"])
    kept = next(r for rows in ds.values() for r in rows if r["path"] == "src/kit/part_3.py" and r["units"])
    assert edited["timestamp"] == head and edited["age_days"] == 0.0
    assert kept["timestamp"] == START and kept["age_days"] == pytest.approx(100.0)
    test = next(r for rows in ds.values() for r in rows if r["path"] == "tests/test_part.py")
    assert test["role"] == "test" and kept["role"] == "core" and kept["language"] == "python"
    assert kept["signatures"] and kept["signatures"][0].startswith("def case_3_0(first_291, second_291=None)")


def test_no_line_of_a_key_that_history_holds_stands_in_a_row(tmp_path: Path) -> None:
    """Rotated whole, changed by a line in its middle and taken away: blocks that begin behind the line that says what follows."""

    def key(seed: int) -> list[str]:
        chance = random.Random(seed)
        return [base64.b64encode(chance.randbytes(48)).decode() for _ in range(50)]

    def with_key(lines: list[str]) -> str:
        return module_text(80) + '\nKEY = """-----BEGIN RSA PRIVATE KEY-----\n' + "\n".join(lines) + '\n-----END RSA PRIVATE KEY-----"""\n'

    first, second = key(1), key(2)
    mended = [*first[:25], second[0], *first[26:]]
    place = started(tmp_path / "kit")
    committed(place, {f"src/part_{n}.py": module_text(n) for n in range(12)} | {"src/config.py": module_text(80)})
    for number, lines in enumerate((first, mended, second)):
        committed(place, {"src/config.py": with_key(lines)}, f"Set the key {number}", START + (number + 1) * DAY)
    committed(place, {"src/config.py": module_text(80)}, "Take the key away", START + 9 * DAY)
    ds = ecd.load_dataset("edits", data_dir=place)
    texts = [row["text"] for rows in ds.values() for row in rows]
    assert sum("REDACTED" in text and "KEY" in text for text in texts) >= 3  # the changes themselves are there
    assert [line for line in {*first, *second} for text in texts if line in text] == []


def test_generated_vendored_and_minified_files_make_no_rows_and_are_counted(tmp_path: Path) -> None:
    place = started(tmp_path / "kit")
    own = {f"src/part_{n}.py": module_text(n) for n in range(8)}
    others = {
        "src/message_pb2.py": "# Generated by the protocol buffer compiler.  DO NOT EDIT!\n" + module_text(50),
        "src/stringer.go": '// Code generated by "stringer -type=Pill"; DO NOT EDIT.\n\npackage kit\n\nfunc One() int {\n\treturn 1\n}\n',
        "vendor/lib/lib.go": "package lib\n\nfunc Two() int {\n\treturn 2\n}\n",
        "web/app.min.js": "function a(b){return b+1}" * 40 + "\n",
    }
    committed(place, own | others)
    for name in ("files", "w256", "edits"):
        ds = ecd.load_dataset(name, data_dir=place)
        assert {row["path"] for rows in ds.values() for row in rows} == own.keys(), name
    drops = {reason: n for report in ecd.metadata.of(ds)["drops"] if report["step"] == "roles" for reason, n in report["dropped"].items()}
    assert drops["generated"] >= 2 and drops["vendored"] >= 1 and sum(drops.values()) == len(others)


def test_near_copies_stand_on_one_side(tmp_path: Path) -> None:
    place = started(tmp_path / "kit")
    texts = {n: module_text(n, 8) for n in range(30)}
    committed(place, {f"src/linux_{n}.py": text for n, text in texts.items()})
    copies = {f"src/mac_{n}.py": text.replace(f"case_{n}_3", f"other_{n}") for n, text in texts.items()}
    committed(place, copies, "Port it", START + DAY)
    ds = ecd.load_dataset("files", data_dir=place)
    sides = {row["path"]: (split, row["group"]) for split, rows in ds.items() for row in rows}
    assert all(sides[f"src/linux_{n}.py"] == sides[f"src/mac_{n}.py"] for n in texts) and len({split for split, _ in sides.values()}) == 3


def test_all_configs_share_one_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = small_repository(tmp_path / "kit", 4)
    made: list[object] = []
    real = analysis._write
    monkeypatch.setattr(analysis, "_write", lambda *some: (made.append(some), real(*some)))
    for name in CONFIG_NAMES:
        ecd.load_dataset(name, data_dir=place)
        analysis._LAST.clear()  # as in another process
    assert len(made) == 1


def test_shares_hold_where_files_are_copies_of_a_few(tmp_path: Path) -> None:
    place = started(tmp_path / "kit")
    texts = {n: module_text(n, 6 + 7 * n % 23) for n in range(20)}
    committed(
        place, {f"{where}/m{n}.py": f"{text}\n\nPLATFORM = '{where}'\n" for where in ("linux", "mac", "win") for n, text in texts.items()}
    )
    ds = ecd.load_dataset("files", data_dir=place)
    assert len({row["group"] for rows in ds.values() for row in rows}) == 20 and sum(map(len, ds.values())) == 60
    assert ecd.metadata.of(ds)["shares"] == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)
