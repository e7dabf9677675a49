"""The card quotes this build's figures, in YAML that the Hub reads, and says nothing that it cannot back."""

from __future__ import annotations

import re

import yaml
from datasets import DatasetDict

from elite_code_dataset import metadata
from elite_code_dataset.card import Stored, card, rendered
from elite_code_dataset.composition import composition
from elite_code_dataset.licences import Licence, hub_licence, licences_of, objections
from tests.sample import MIT, dataset, with_facts

STORED = (
    Stored("w1024", "train", ("w1024/train-00000-of-00001.parquet",), 40, 900, 300),
    Stored("edits", "test", ("edits/test.parquet",), 2, 90, 30),
)


MINE = (Licence("LICENSE", ("MIT",)),)


def made(ds: DatasetDict, licences=MINE) -> tuple[dict, str]:
    text = card(ds, "org/kit", STORED, licences, "w1024")
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


def test_the_front_matter_names_configs_sizes_features_and_licence():
    fields, _ = made(dataset())
    assert fields["license"] == "mit" and fields["language"] == ["code"] and "python" in fields["tags"]
    assert fields["configs"][0] == {"config_name": "w1024", "default": True, "data_files": [{"split": "train", "path": "w1024/train-*"}]}
    assert [one["config_name"] for one in fields["configs"]] == ["w1024", "edits"] and "default" not in fields["configs"][1]
    info = fields["dataset_info"][0]
    assert info["splits"] == [{"name": "train", "num_bytes": 900, "num_examples": 40}] and info["download_size"] == 300
    features = {one["name"]: one.get("dtype") or one.get("list") for one in info["features"]}
    assert features["input_ids"] == "int32" and features["text"] == "string" and features["weight"] == "float64" and len(features) == 33


def test_every_number_of_the_tables_is_one_of_the_build():
    ds = dataset()
    _, body = made(ds)
    counted, facts = composition(ds), metadata.of(ds)
    assert f"{counted.rows:,} rows with {counted.tokens:,} tokens" in body and facts["commit"] in body
    for split, one in counted.splits.items():
        assert f"| {split} | {one['rows']:,} | {one['tokens']:,} | {one['target_tokens']:,} | {one['files']:,} |" in body
    for part in counted.by["technique"]:
        assert re.search(rf"\| {part.value.replace('_', '.{1,2}')} \| {part.rows['train']:,} \|", body)
    for step in facts["drops"]:
        for reason, count in step["dropped"].items():
            assert any(reason.replace("_", " ") in line.replace("\\", "") and f" {count:,} " in line for line in body.split("\n")), reason
    assert f"| compared | {facts['certificate']['compared']:,} |" in body


def test_a_part_without_figures_is_left_out():
    ds = metadata.attach(dataset(), {})
    one_stage = ds.map(lambda row: {"stage": 0}).filter(lambda row: row["technique"] == "original")
    fields, body = made(one_stage, licences=())
    titles = re.findall(r"^## (.*)$", body, re.M)
    assert titles == ["Load", "What it is made of", "Weights", "Exposure", "Licence", "Limits"]
    assert "{{" not in body and "commit" not in body.split("## Load")[0] and "None was found." in body
    assert fields["license"] == "unknown" and fields["pretty_name"] == "Code of a repository"


def test_names_of_a_repository_cannot_write_into_the_card():
    nasty = 'x` <script>alert(1)</script> {{rows}} | ![i](http://e.example)\n# Title: "a"'
    ds = with_facts(dataset(), repository=nasty, drops=[{"step": nasty, "kept": 1, "dropped": {nasty: 2}}])
    fields, body = made(ds, licences=(Licence(nasty, ("MIT",)),))
    assert fields["pretty_name"] == f"Code and history of {nasty}"
    lines = body.split("\n")
    assert not any(line.startswith("# Title") for line in lines)
    tables = "\n".join(line for line in lines if line.startswith("|"))
    assert "<script>" not in tables.replace("\\<script\\>", "") and "![" not in tables.replace("\\!\\[", "")


def test_a_template_keeps_what_a_value_says_and_drops_what_is_empty():
    assert rendered("a {{x}}{{#y}} and {{y}}{{/y}}.", {"x": "{{y}}", "y": ""}) == "a {{y}}."
    assert rendered("a {{x}}{{#y}} and {{y}}{{/y}}.", {"x": 1, "y": 2}) == "a 1 and 2."


def test_licences_are_told_apart_and_only_those_that_allow_passing_on_pass():
    mit = licences_of([{"path": "LICENSE", "text": MIT}])
    assert mit == [Licence("LICENSE", ("MIT",))] and objections(mit) == []
    house = licences_of([{"path": "LICENSE", "text": "All rights reserved. No part of this may be copied."}])
    assert "unknown" in objections(house)[0] and "LICENSE" in objections(house)[0]
    assert "no licence file" in objections(licences_of([]))[0]
    assert "does not let everybody" in objections([Licence("LICENSE", ("CC-BY-NC-ND-4.0",))])[0]
    assert "LICENSE matches no known text" in objections([*house, Licence("LICENSE-DOCS", ("MIT",))])[0]
    assert licences_of([{"path": "third_party/LICENSE", "text": MIT}]) == []


def test_of_several_repositories_each_must_allow_it():
    mine = licences_of([{"path": "LICENSE", "text": MIT, "repository": "one"}])
    assert objections(mine, ["one", "two"]) == ["two: the licence is unknown: no licence file at the root of the repository"]
    both = [*mine, Licence("LICENSE", ("Apache-2.0",), "two")]
    assert objections(both, ["one", "two"]) == []


def test_the_hub_is_told_the_licence_in_its_own_words():
    assert hub_licence([Licence("a", ("Apache-2.0",)), Licence("b", ("MIT",))]) == {"license": ["apache-2.0", "mit"]}
    assert hub_licence([Licence("a", ("GPL-3.0-or-later",))]) == {"license": "gpl-3.0"}
    assert hub_licence([Licence("a", ("0BSD",))]) == {"license": "other", "license_name": "0bsd"}
    assert hub_licence([]) == {"license": "unknown"}
