"""A dataset goes to the Hub whole, or not at all with the reasons; and is loaded from there by people who do not have this package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import DatasetDict, load_dataset

from elite_code_dataset import metadata
from elite_code_dataset.checks import all_checks
from elite_code_dataset.opening import dataset_at
from elite_code_dataset.publish import Refused, folder_published, label_of, notices, push, refusals
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.validation import failed, validate
from tests.hub_server import Hub, Repository
from tests.sample import changed, dataset, saved, with_facts

PUSH = """
import sys
from elite_code_dataset.opening import dataset_at
from elite_code_dataset.publish import push
from elite_code_dataset.records import EliteCodeError
try:
    print(push(dataset_at(sys.argv[1]), "org/kit", create_pr=len(sys.argv) > 2).url)
except EliteCodeError as error:
    print("error:", error)
"""
LOAD = """
import json, sys
from datasets import get_dataset_config_names, load_dataset
names = get_dataset_config_names("org/kit")
found = {"configs": names, "default": load_dataset("org/kit")["test"].num_rows}
for name in ("w1024", "edits"):
    ds = load_dataset("org/kit", name)
    found[name] = {split: rows["id"] if isinstance(rows["id"], list) else list(rows["id"]) for split, rows in ds.items()}
row = load_dataset("org/kit", "w1024", split="train")[0]
found["row"] = row
found["streamed"] = [one["id"] for one in load_dataset("org/kit", "w1024", split="train", streaming=True)]
assert not any(name.split(".")[0] == "elite_code_dataset" for name in sys.modules), "our package was imported"
print(json.dumps(found))
"""
CHECK = """
from elite_code_dataset.validation import failed, validate
found = validate("org/kit")
print([one.name for one in failed(found)], sum(one.applied for one in found))
"""


def run(hub: Hub, home: Path, code: str, *arguments: str) -> str:
    """The output of a fresh process that takes ``hub`` for the Hub, started where our package lies in no folder of its path."""
    env = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": "hf_made_up", "HF_HUB_DISABLE_XET": "1"}
    env |= {"HF_HOME": str(home), "HF_DATASETS_CACHE": str(home / "datasets"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    env["PYTHONPATH"] = str(Path(__file__).parents[1]) if "import push" in code or "import failed" in code else ""
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=env, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().split("\n")[-1]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The sample on a Hub of our own."""
    with Hub() as hub:
        home = tmp_path_factory.mktemp("home")
        said = run(hub, home, PUSH, str(saved()))
        assert said == f"{hub.endpoint}/datasets/org/kit", said
        yield hub, home


def ids(name: str, split: str) -> list[str]:
    rows = dataset()[split]
    return [
        row["id"] for row in rows if (row["kind"] == "edit") == (name == "edits") and (name == "edits" or row["scale"] == int(name[1:]))
    ]


def test_what_was_pushed_is_loaded_by_plain_datasets_without_our_package(published, tmp_path):
    hub, _ = published
    found = json.loads(run(hub, tmp_path, LOAD))
    assert sorted(found["configs"]) == ["edits", "w1024", "w2048", "w256", "w4096", "w512"]
    for name in ("w1024", "edits"):
        assert found[name] == {split: ids(name, split) for split in ("train", "validation", "test")}
    assert found["streamed"] == ids("w1024", "train") and found["default"] == len(ids("w1024", "test"))
    assert found["row"] == next(row for row in dataset()["train"] if row["id"] == found["row"]["id"])


def test_what_was_pushed_passes_every_check_when_read_back_from_the_hub(published, tmp_path):
    hub, _ = published
    names, applied = run(hub, tmp_path, CHECK).rsplit(" ", 1)
    assert names == "[]" and int(applied) == len(all_checks())


def test_the_repository_is_private_and_holds_parquet_card_metadata_and_licences_alone(published):
    hub, _ = published
    there = hub.repositories["org/kit"]
    assert there.private
    names = {name.split("/")[0] for name in there.files}
    assert names == {"README.md", "elite_metadata.json", "tokenizer", "licences", "edits", "w256", "w512", "w1024", "w2048", "w4096"}
    texts = [text for name, text in there.files.items() if name.startswith("licences/")]
    assert texts == [one["text"].encode() for one in metadata.of(dataset())["licence"]] and b"`licences/`" in there.files["README.md"]
    assert not any(name.endswith(".py") for name in there.files)
    facts = json.loads(there.files["elite_metadata.json"])
    assert facts["commit"] == metadata.of(dataset())["commit"] and facts["licence"][0]["spdx"] == ["MIT"]
    assert str(saved()) not in json.dumps(facts) and "text" not in facts["licence"][0]
    assert len(there.commits) == 2, "one commit, since a reader must never see half a dataset"


def test_an_interrupted_upload_leaves_nothing_and_is_repeated_without_sending_twice(tmp_path):
    with Hub() as hub:
        hub.fail = ("POST */commit/*",)
        said = run(hub, tmp_path, PUSH, str(saved()))
        assert said.startswith("error: the Hub did not take 'org/kit'") and "push again" in said
        assert hub.repositories["org/kit"].files == {} and len(hub.asked("PUT *")) == 18
        hub.fail = ()
        assert run(hub, tmp_path, PUSH, str(saved())).endswith("/datasets/org/kit")
        assert len(hub.asked("PUT *")) == 18 and len(hub.repositories["org/kit"].files) > 18


def test_a_second_push_replaces_the_rows_and_keeps_what_others_put_there(published):
    hub, home = published
    there = hub.repositories["org/kit"]
    there.files |= {"w256/train-00007-of-00009.parquet": b"old", "notes.txt": b"kept"}
    run(hub, home, PUSH, str(saved()))
    assert "w256/train-00007-of-00009.parquet" not in there.files and there.files["notes.txt"] == b"kept"


def test_code_that_was_to_be_private_does_not_go_to_a_public_repository(tmp_path):
    with Hub() as hub:
        hub.repositories["org/kit"] = Repository(private=False)
        said = run(hub, tmp_path, PUSH, str(saved()))
        assert "exists and is public" in said and not hub.repositories["org/kit"].files


def secret() -> str:
    return 'api_key = "' + "".join(("q7Lw", "9vTz", "2KxB", "r4Np", "8sHd")) + '"\n'


def test_a_secret_left_in_a_text_is_named_by_place_and_kind_and_stops_the_push():
    row = dataset()["train"][0]
    leaky = changed(dataset(), "train", lambda one: one | {"text": one["text"] + secret()} if one["id"] == row["id"] else one)
    with pytest.raises(Refused) as refused:
        push(leaky, "org/kit")
    assert len(refused.value.reasons) == 1
    assert row["path"] in str(refused.value) and "api-key" in str(refused.value) and "q7Lw" not in str(refused.value)


def test_an_unknown_licence_stops_the_push_unless_its_owner_says_so():
    unclear = with_facts(dataset(), licence=[{"path": "LICENSE", "text": "All rights reserved."}])
    with pytest.raises(Refused, match="the licence is unknown: LICENSE matches no known text .*--licence-ok"):
        push(unclear, "org/kit")
    with pytest.raises(Refused, match="no licence file"):
        push(with_facts(dataset(), licence=[]), "org/kit")
    assert refusals(unclear, [], licence_ok=True) == []


def test_a_split_that_leaks_stops_the_push_whatever_its_old_certificate_says():
    row = next(row for row in dataset()["train"] if row["scale"] == 1024 and row["technique"] == "original")
    leaky = changed(dataset(), "validation", lambda one: one)
    rows = [*leaky["validation"], row | {"id": "copy", "split": "validation"}]
    leaky["validation"] = type(leaky["validation"]).from_list(rows, features=leaky["validation"].features)
    assert metadata.of(leaky)["certificate"]["exact"] == 0
    with pytest.raises(Refused, match="stand on two sides of the split"):
        push(leaky, "org/kit")


def test_all_reasons_are_told_at_once(tmp_path):
    bad = with_facts(changed(dataset(), "test", lambda one: one | {"text": one["text"] + secret()}), licence=[])
    with pytest.raises(Refused) as refused:
        folder_published(bad, tmp_path / "preview", "org/kit")
    assert len(refused.value.reasons) == 2 and not (tmp_path / "preview").exists()


def test_what_would_be_sent_can_be_looked_at_in_a_folder(tmp_path):
    folder = folder_published(dataset(), tmp_path / "preview", "org/kit")
    rows = load_dataset(str(folder), "w512", cache_dir=str(tmp_path / "cache"))
    assert list(rows["test"]["id"]) == ids("w512", "test")
    assert failed(validate(folder)) == []
    assert len(dataset_at(folder, "edits")["train"]) == len(ids("edits", "train"))
    with pytest.raises(EliteCodeError, match="is not empty"):
        folder_published(dataset(), folder, "org/kit")


def test_published_parquet_is_the_same_bytes_each_time_and_tied_to_no_version(tmp_path):
    import pyarrow.parquet as pq

    ds = DatasetDict(test=dataset()["test"])
    one, two = (folder_published(metadata.attach(ds, metadata.of(dataset())), tmp_path / name, "org/kit") for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files and all((one / path).read_bytes() == (two / path).read_bytes() for path in files)
    assert pq.read_schema(one / "w512/test-00000-of-00001.parquet").metadata is None


def test_a_name_that_is_none_and_rows_of_another_kind_are_refused_in_a_sentence():
    with pytest.raises(EliteCodeError, match="'kit' is not a name on the Hub"):
        push(dataset(), "kit")
    with pytest.raises(EliteCodeError, match="no column 'scale'"):
        push(DatasetDict(train=dataset()["train"].remove_columns("scale")), "org/kit")


def test_a_folder_of_the_publisher_is_not_published():
    assert label_of("/home/someone/models/tok") == "tok" and label_of("~/tok") == "tok" and label_of("org/name") == "org/name"


def test_licences_of_like_names_are_all_kept_in_one_folder():
    odd = [
        ("a b", "LICENSE A"),
        ("a_b", "LICENSE_A"),
        ("..", "../LICENSE"),
        (".", "LICENSE."),
        ("x" * 300, "LICENSE"),
        ("", "\udcff"),
        ("", ""),
    ]
    found = notices([{"repository": repository, "path": path, "text": str(n)} for n, (repository, path) in enumerate(odd)])
    assert list(found.values()) == [str(n) for n in range(len(odd))]
    assert all(re.fullmatch(r"licences/[\w.-]{1,200}", name) and not name.endswith(".") and "/." not in name for name in found)
