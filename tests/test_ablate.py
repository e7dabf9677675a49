"""Ablation: every arm is measured on the same rows after the same number of tokens, none saw them, and no arm that lost goes missing."""

from __future__ import annotations

import functools
import json
from argparse import Namespace
from dataclasses import fields
from pathlib import Path

import pytest
from datasets import DatasetDict

from elite_code_dataset import metadata
from elite_code_dataset.presets import PRESETS
from recipes import ablate
from recipes.ablation_report import Ablation, Run, markdown, metric_page, verdict
from recipes.arms import ARMS, FULL, arms_named
from recipes.intervals import Estimate, Tally
from recipes.options import parsed
from tests import sample
from tests.repositories import small_repository

YAML = """
model_config: {model_type: llama, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2,
  max_position_embeddings: 4096, tie_word_embeddings: true}
tokens: 24_000
token_budget: 512
max_copies: 64
learning_rate: 1e-2
eval_rows: 2
save_every: 100_000
device: cpu
"""


@functools.cache
def arguments(folder: Path) -> Namespace:
    """A command line on a small repository."""
    (folder / "tiny.yaml").write_text(YAML, encoding="utf-8")
    words = ["--repo", str(small_repository(folder / "kit", 16)), "--output", str(folder / "out"), "--config", str(folder / "tiny.yaml")]
    return ablate.parser().parse_args([*words, "--arms", "no_edits,baseline,elite", "--eval-tokens", "600", "--prompts", "2"])


def test_all_arms_are_measured_on_the_same_rows_after_the_same_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = arguments(tmp_path)
    found = ablate.ablate(options)
    runs = {name: runs[0] for name, runs in found.runs.items()}
    assert list(runs) == ["elite", "baseline", "no_edits"]
    measured = {
        name: {m: {c: sums[1] for c, sums in cell.items()} for m, cell in run.plain.as_dict().items()} for name, run in runs.items()
    }
    assert measured["elite"] == measured["baseline"] == measured["no_edits"]
    assert {"bits_per_byte", "bits_per_byte/plain", "bits_per_byte/kind/edit", "next_line_exact", "middle_exact"} <= set(measured["elite"])
    assert all(abs(run.tokens / 24_000 - 1) <= 0.02 and 0 < run.targets <= run.tokens for run in runs.values())
    assert runs["baseline"].rows < runs["no_edits"].rows < runs["elite"].rows
    values = {name: run.plain.as_dict()["bits_per_byte"] for name, run in runs.items()}
    assert len({json.dumps(one) for one in values.values()}) == 3

    told, section = json.loads((tmp_path / "out" / "ablation.json").read_text()), (tmp_path / "out" / "ablation.md").read_text()
    assert set(told["results"]) == {"elite", "baseline", "no_edits", "elite + BM25", "baseline + BM25", "copying"}
    assert set(told["minus_elite"]["baseline"]) == set(told["results"]["baseline"]) and told["minus_elite"]["elite"] == {}
    assert section.startswith("## Ablation\n") and all(f"\n| {name} |" in section for name in told["results"])
    assert "elite without the edits of the history" in section and "- the edits of the history: " in section

    again = [(tmp_path / "out" / name / "seed_0.json").read_text() for name in runs]
    monkeypatch.setattr(ablate.train, "run", lambda options: pytest.fail("trained again"))
    ablate.ablate(options)
    assert again == [(tmp_path / "out" / name / "seed_0.json").read_text() for name in runs]
    assert not list((tmp_path / "out").glob("*/dataset"))


def test_a_stopped_training_is_not_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(ablate.train, "run", lambda options: {"steps": 3})
    with pytest.raises(ValueError, match="arm elite was stopped after step 3 of .*same command"):
        ablate.one_run(ARMS[FULL], sample.dataset(), 0, None, training(tmp_path, tokens=60_000))


# Leaks


def leaking(column: str) -> DatasetDict:
    """The sample with a train row that shows the target of a test row, or with one that has its group."""
    ds = sample.dataset()
    shown = max((row for row in ds["test"] if row["kind"] == "code" and row["scale"] == 512), key=lambda row: row["n_tokens"])
    forged = sample.changed(ds, "train", lambda row: row | {column: shown[column]} if row["id"] == ds["train"][0]["id"] else row)
    if column == "group":
        return forged
    return sample.changed(
        forged, "train", lambda row: row | {"context_chars": shown["context_chars"]} if row["text"] == shown["text"] else row
    )


def test_an_arm_that_shows_held_out_code_is_refused():
    assert ablate.check_no_leak("fine", sample.dataset()) is sample.dataset()
    with pytest.raises(ValueError, match="arm forged show held-out code .*1 exact"):
        one_twin = leaking("text")
        one_twin["test"] = one_twin["test"].filter(lambda row: row["scale"] == 512)
        ablate.check_no_leak("forged", one_twin)


def test_twins_of_held_out_rows_leave_an_arm_before_it_is_trained():
    forged = leaking("text")
    forged["test"] = forged["test"].select(range(1))  # an arm's own test rows count for nothing
    kept, gone = ablate.guarded("forged", forged, sample.dataset())
    first = forged["train"][0]["id"]
    assert gone >= 1 and first not in kept["train"]["id"][:] and kept["test"]["id"][:] == sample.dataset()["test"]["id"][:]
    assert metadata.of(kept)["commit"] == metadata.of(sample.dataset())["commit"]


def test_a_source_on_both_sides_cannot_be_mended_and_is_refused():
    with pytest.raises(ValueError, match="1 groups"):
        ablate.guarded("forged", leaking("group"), sample.dataset())


def test_an_arm_with_other_sides_or_another_tokenizer_is_refused():
    ds = sample.dataset()
    files = metadata.of(ds)["files"]
    path = next(path for path, file in sorted(files.items()) if file["split"] == "test")
    moved = sample.with_facts(ds, files=files | {path: files[path] | {"split": "train"}})
    with pytest.raises(ValueError, match=f"arm moved puts {path} on another side"):
        ablate.shared_sides("moved", moved, ds)
    with pytest.raises(ValueError, match="another tokenizer"):
        ablate.shared_sides("other", sample.with_facts(ds, tokenizer_digest="0" * 16), ds)
    assert ablate.shared_sides("same", ds, ds) is ds


# Budgets and arms


def training(tmp_path: Path, **changes: object):
    (tmp_path / "one.yaml").write_text(YAML, encoding="utf-8")
    words = [word for name, value in changes.items() for word in (f"--{name}", str(value))]
    return parsed(["--config", str(tmp_path / "one.yaml"), "--dataset", "unused", *words])


def test_a_plan_shows_the_tokens_that_were_asked_for(tmp_path: Path):
    for rows in (sample.dataset(), DatasetDict({**sample.dataset(), "train": sample.dataset()["train"].select(range(0, 1200, 8))})):
        options, plan = ablate.with_budget("one", training(tmp_path, tokens=60_000), rows)
        assert abs(plan.tokens.sum() / 60_000 - 1) <= 0.02 and options.learning_rate == 0.01


def test_an_arm_with_too_few_rows_for_the_tokens_is_refused(tmp_path: Path):
    rows = DatasetDict({**sample.dataset(), "train": sample.dataset()["train"].select(range(5))})
    with pytest.raises(ValueError, match="arm few would be shown .* instead of 500,000"):
        ablate.with_budget("few", training(tmp_path, tokens=500_000, max_copies=2), rows)


def test_steps_instead_of_tokens_are_refused(tmp_path: Path):
    (tmp_path / "steps.yaml").write_text(YAML.replace("tokens: 24_000", "steps: 10"), encoding="utf-8")
    with pytest.raises(ValueError, match="give tokens"):
        ablate.with_budget("one", parsed(["--config", str(tmp_path / "steps.yaml"), "--dataset", "unused"]), sample.dataset())


def test_each_lever_is_elite_with_one_thing_changed():
    elite = PRESETS["elite"]
    allowed = {"no_weights": {"roles", "ages", "evolution"}}
    levers = [arm for arm in ARMS.values() if arm.is_lever]
    for arm in levers:
        changed = {one.name for one in fields(elite) if getattr(arm.preset, one.name) != getattr(elite, one.name)}
        assert changed == allowed.get(arm.name, changed) and (len(changed) == 1 or arm.name in allowed), arm.name
    assert len({repr(arm.preset) for arm in ARMS.values()}) == len(ARMS) and len(levers) >= 7
    assert all(ARMS[name].preset == PRESETS[name] for name in PRESETS)


def test_the_full_arm_is_always_there_and_an_unknown_one_is_named():
    assert [arm.name for arm in arms_named(["no_edits", "baseline"])] == [FULL, "baseline", "no_edits"]
    with pytest.raises(ValueError, match="unknown arm 'no_edit'; available: elite, baseline"):
        arms_named(["no_edit"])


# The report


def run_of(bits: float) -> Run:
    tally = Tally()
    for number in range(20):
        tally.add("bits_per_byte", f"f{number}", (bits + 0.01 * (number % 3)) * 100, 100)
    return Run(10, 0, 100, 80, 1.0, 5, tally, Tally())


def ablation(**bits: float) -> Ablation:
    runs = {name: [run_of(value)] for name, value in bits.items()}
    return Ablation(arms_named(list(bits)), runs, Tally(), 512, ["a.py"], {"repository": "kit", "commit": "c" * 40}, {"model": "m"})


def test_losing_arms_stay_in_the_table_and_the_verdict_follows_the_interval():
    found = ablation(elite=2.0, no_edits=2.5, no_weights=1.5, no_curriculum=2.0)
    section = markdown(found)
    assert "- the edits of the history: pays on code" in section and "of 9 intervals at 95 %, about 0.5 miss by chance" in section
    assert "- weights by role, age and evolution: costs on code" in section
    assert "- the curriculum (all rows shuffled): makes no measurable difference on code" in section
    assert [row[0] for row in metric_page(found, "", {"bits_per_byte": "code"}, True).rows] == [
        "elite",
        "no_edits",
        "no_weights",
        "no_curriculum",
    ]


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Estimate(0.1, 0.05, 0.2, 9, 1), "pays"),
        (Estimate(-0.1, -0.2, -0.05, 9, 1), "costs"),
        (Estimate(0.1, -0.1, 0.3, 9, 1), "makes no measurable difference"),
        (Estimate(0.1, None, None, 1, 1), "not measured"),
        (None, "not measured"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side_of_nothing(gain: Estimate | None, said: str):
    assert verdict(gain) == said


def test_a_run_is_read_back_whole_and_only_for_the_same_options(tmp_path: Path):
    run = run_of(2.0)
    run.write(tmp_path / "elite" / "seed_0.json", "one")
    again = Run.read(tmp_path / "elite" / "seed_0.json", "one")
    assert again.as_dict() == run.as_dict() and Run.read(tmp_path / "elite" / "seed_0.json", "another") is None
    assert Run.read(tmp_path / "nothing.json", "one") is None
