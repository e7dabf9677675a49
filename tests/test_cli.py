"""The command line does its work, answers in JSON when asked, and turns every failure into one line and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elite_code_dataset import metadata
from elite_code_dataset.cli import main
from elite_code_dataset.composition import composition
from tests.sample import dataset, repository, saved

COMMANDS = ("build", "show", "stats", "report", "validate", "export", "push", "doctor")


@pytest.fixture
def run(capsys):
    """Runs a command in this process: (exit code, standard output, standard error)."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()  # what was said before
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return ran


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_examples(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0 and "Examples:" in out and f"elite-code-dataset {command}" in out.split("Examples:")[1]


def test_build_makes_a_dataset_that_the_other_commands_open(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    repository(tmp_path / "kit")
    code, out, err = run("build", "kit", "--windows", "512", "--preset", "baseline", "--option", "seed=3")
    assert code == 0 and "saved in kit-dataset" in out and "Left out" in out
    assert metadata.of(__import__("elite_code_dataset").load(tmp_path / "kit-dataset"))["config"]["seed"] == 3
    code, out, _ = run("stats", "kit-dataset", "--json")
    assert code == 0 and json.loads(out)["composition"]["by"]["scale"][0]["value"] == "512"


def test_build_prints_only_json_when_asked(run, tmp_path):
    place = repository(tmp_path / "kit")
    code, out, _ = run("build", str(place), "--out", str(tmp_path / "out"), "--preset", "baseline", "--json")
    said = json.loads(out)
    assert (
        code == 0
        and said["folder"] == str(tmp_path / "out")
        and said["metadata"]["repository"] == "kit"
        and said["composition"]["rows"] > 20
    )


def test_stats_counts_what_the_dataset_holds(run):
    made = composition(dataset())
    code, out, _ = run("stats", str(saved()))
    assert code == 0 and f"{made.splits['train']['rows']:,}" in out and "rename" in out and "5.85" in out
    code, out, _ = run("stats", str(saved()), "--json", "--config", "edits")
    assert code == 0 and [part["value"] for part in json.loads(out)["composition"]["by"]["kind"]] == ["edit"]


def test_show_prints_a_row_with_its_context_and_target(run):
    row = dataset()["validation"][0]
    code, out, _ = run("show", str(saved()), "--split", "validation")
    assert code == 0 and row["path"] in out and row["text"].rstrip("\n") in out and f"id {row['id']}" in out
    code, out, _ = run("show", str(saved()), "--id", row["id"][:16], "--json")
    assert code == 0 and json.loads(out) == row
    code, out, _ = run("show", str(saved()), "--row", "-1", "--json")
    assert json.loads(out)["id"] == dataset()["train"][-1]["id"]


def test_validate_says_what_fails_and_leaves_with_1(run, tmp_path):
    code, out, _ = run("validate", str(saved()))
    assert code == 0 and "0 fail" in out and "no_shared_group" in out
    broken = tmp_path / "broken"
    metadata.attach(dataset().filter(lambda row: row["scale"] != 512), metadata.of(dataset())).save_to_disk(str(broken))
    code, out, _ = run("validate", str(broken))
    assert code == 1 and "FAIL  scales_present: scales 256, 1024, 2048, 4096; missing [512]" in out
    code, out, _ = run("validate", str(broken), "--json")
    said = json.loads(out)
    assert code == 1 and not said["ok"] and not next(one for one in said["checks"] if one["name"] == "scales_present")["ok"]


def test_report_and_export_write_where_they_say(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("report", str(saved()), "--no-png")
    assert code == 0 and Path(out.strip()).is_file() and out.strip() == "kit-dataset-report/report.html"
    code, out, _ = run("export", str(saved()), "jsonl", "--config", "w1024", "--json")
    said = json.loads(out)
    assert code == 0 and set(said["files"]) == {path.name for path in Path("jsonl").glob("training_data_*.jsonl")}


def test_push_refuses_with_its_reasons_and_leaves_with_1(run, tmp_path):
    unclear = tmp_path / "unclear"
    metadata.attach(dataset(), metadata.of(dataset()) | {"licence": []}).save_to_disk(str(unclear))
    code, out, err = run("push", str(unclear), "org/kit", "--dry-run", str(tmp_path / "preview"))
    assert code == 1 and one_line(err) and "refused: the licence is unknown" in err and not (tmp_path / "preview").exists()
    code, out, _ = run("push", str(unclear), "org/kit", "--dry-run", str(tmp_path / "preview"), "--json")
    assert code == 1 and len(json.loads(out)["refused"]) == 1
    code, out, _ = run("push", str(unclear), "org/kit", "--dry-run", str(tmp_path / "preview"), "--licence-ok")
    assert code == 0 and (tmp_path / "preview" / "README.md").is_file()


def test_doctor_says_what_is_here_and_what_would_be_used(run):
    code, out, _ = run("doctor", "--json")
    said = json.loads(out)
    assert code == 0 and said["Libraries"]["datasets"] != "missing" and "python" in said["Languages"]["with a grammar"]
    assert said["Device"]["training"] and "byte-level BPE" in said["Defaults"]["tokenizer"]
    code, out, _ = run("doctor")
    assert code == 0 and "Hub token" in out


def test_doctor_never_shows_the_token(run, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_thisismine")
    code, out, _ = run("doctor")
    assert code == 0 and "found" in out and "thisismine" not in out


BAD = {
    "no such folder": (("stats", "no/such/folder/at/all"), "no dataset at 'no/such/folder/at/all'"),
    "a folder without a dataset": (("validate", "."), "no dataset in '.'"),
    "no such repository": (("build", "no/such/repository"), "no/such/repository"),
    "an unknown preset": (("build", ".", "--preset", "best"), "unknown preset 'best'; available: baseline, effectiveness, elite"),
    "an unknown option": (("build", ".", "--option", "sed=3"), "unknown option 'sed'"),
    "an option without a value": (("build", ".", "--option", "seed"), "expected NAME=VALUE"),
    "windows that are no numbers": (("build", ".", "--windows", "big"), "is not a list of numbers"),
    "a scale that there is not": (("build", ".", "--windows", "300"), "300"),
    "an unknown command": (("shwo",), "No such command 'shwo'"),
    "a missing argument": (("export", "folder"), "Missing argument"),
    "a row that is not there": (("show", "{saved}", "--row", "999999"), "no row 999999 in train"),
    "a split that is not there": (("show", "{saved}", "--split", "dev"), "no split 'dev'; the dataset has train, validation, test"),
    "a config that is not there": (("stats", "{saved}", "--config", "w300"), "no rows of config 'w300'; the dataset has w256"),
    "an id that is not there": (("show", "{saved}", "--id", "zzz"), "no row has an id that begins with 'zzz'"),
    "a name that is none": (("push", "{saved}", "name"), "'name' is not a name on the Hub"),
    "padding without its id": (("export", "{saved}", "jsonl", "--pad-to", "9"), "pad_id is missing"),
    "a file in the way": (("report", "{saved}", "--out", "{file}"), "exists"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_what_cannot_work_gets_one_line_and_exit_code_2(run, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("here")
    arguments, said = BAD[case]
    code, out, err = run(*(one.format(saved=saved(), file=tmp_path / "file") for one in arguments))
    assert code == 2 and out == "" and one_line(err) and err.startswith("error: ") and said in err


def test_a_name_with_terminal_codes_is_shown_and_not_acted_on(run, tmp_path):
    code, _, err = run("stats", "no\x1b[31m/such\x07")
    assert code == 2 and "\x1b" not in err and "\x07" not in err


def test_a_row_with_terminal_codes_is_shown_and_not_acted_on(run, tmp_path):
    rows = dataset().map(lambda row: row | {"text": "\x1b]0;owned\x07" + row["text"], "path": "a\x1b[2Jb"})
    rows.save_to_disk(str(tmp_path / "rows"))
    code, out, _ = run("show", str(tmp_path / "rows"))
    assert code == 0 and "owned" in out and "\x1b" not in out and "\x07" not in out


def test_ctrl_c_ends_a_command_with_one_line_and_130(tmp_path):
    code = (
        "import os, signal, time\n"
        "import elite_code_dataset.passes as passes\n"
        "passes.build = lambda *a, **k: (os.kill(os.getpid(), signal.SIGINT), time.sleep(30))\n"
        "from elite_code_dataset.cli import main\n"
        "main(['build', '.'])\n"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130 and done.stderr == "interrupted; nothing half-made was left behind\n" and list(tmp_path.iterdir()) == []


def test_looking_at_a_dataset_does_not_load_torch(tmp_path):
    code = "import sys\nfrom elite_code_dataset.cli import main\ntry:\n    main(sys.argv[1:])\nfinally:\n    assert 'torch' not in sys.modules\n"
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    arguments = ("report", str(saved()), "--no-png", "--out", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
