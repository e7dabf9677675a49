"""A rebuild after new commits gives what a fresh build gives, and reads only what is new."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import huggingface_hub
import pyarrow as pa
import pytest

from elite_code_dataset import analysis, edit_rows, parse, pipeline, reading, rows, vocabulary, window_rows
from elite_code_dataset.earlier import ORIGIN
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.options import EliteCodeConfig
from elite_code_dataset.records import SPLITS
from elite_code_dataset.repository import open_repository
from elite_code_dataset.tokens import trained_encoder
from tests.repositories import DAY, START, committed, git, module_text, small_repository, started

NAMES = ("w256", "w1024", "edits", "files")


def made(repository: Path | list[Path], cache: Path, names: tuple[str, ...] = NAMES, **options: Any) -> dict[str, Any]:
    """Rows by config and split, and what is remembered of the build, through this cache."""
    data_dir = [str(one) for one in repository] if isinstance(repository, list) else str(repository)
    found: dict[str, Any] = {}
    for name in names:
        config = EliteCodeConfig(name=name, data_dir=data_dir, **options)
        config.create_config_id({})
        built = pipeline.built(config, name, cache)
        found[name] = {split: [row for _, row in pipeline.examples(built.shards(split))] for split in SPLITS}
        found[f"{name} facts"] = json.loads(built.description)
    return found


def steps(folder: Path, seed: int) -> Any:
    """Commits of every sort, one after another: yields after each."""
    rng = random.Random(seed)
    texts = {f"src/kit/part_{n}.py": module_text(n) for n in range(9)}
    time = START + 100 * DAY

    def commit(files: dict[str, str | None], message: str) -> None:
        nonlocal time
        time += DAY
        committed(folder, files, message, time)

    path = "src/kit/part_2.py"
    commit({path: texts[path].replace("total_", "sum_")}, "Call the sum a sum")
    yield "modified"
    commit({path: texts[path]}, "Call it a total again")
    yield "as it was before"
    commit({"src/kit/new.py": module_text(50), "src/kit/more.py": "from kit.new import case_50_1\n\n" + module_text(51)}, "Add two")
    yield "added"
    commit({"src/kit/more.py": None}, "Remove one")
    yield "deleted"
    git(folder, "mv", "src/kit/part_4.py", "tests/test_part_4.py")
    commit({}, "Make a test of it")
    yield "renamed, in another role"
    commit({"src/kit/twin.py": module_text(3) + "\n\nEND = 1\n"}, "Copy a part")
    yield "a near twin"
    key = "AKIA" + "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    commit({"src/kit/keys.py": f'KEY = "{key}"\nOWNER = "somebody@corporation.io"\n' + module_text(60)}, "Add keys")
    yield "a secret"
    git(folder, "checkout", "-q", "-b", "side", "HEAD~3")
    commit({"src/kit/side.py": module_text(70), "src/kit/part_5.py": texts["src/kit/part_5.py"] + "\n\nSIDE = 1\n"}, "Work aside")
    git(folder, "checkout", "-q", "main")
    time += DAY
    git(folder, "merge", "-q", "--no-ff", "-m", "Join the side", "side", time=time)
    yield "merged"
    commit({"src/kit/part_6.py": "def case_50_1():\n    return 1\n", "logo.bin": "\0\1"}, "Define a name twice")
    commit({"setup.cfg": "[metadata]\nname = other\n"}, "Rename the kit")
    yield "two commits"


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("own", [True, False])
def test_a_rebuild_after_each_commit_gives_what_a_fresh_build_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str, seed: int, own: bool
) -> None:
    folder = small_repository(tmp_path / "repository")
    cache, taken = tmp_path / "cache", Taken(monkeypatch)
    options = {"seed": seed} if own else {"seed": seed, "tokenizer": tokenizer}
    made(folder, cache, **options)
    for number, what in enumerate(steps(folder, seed)):
        taken.commits.clear()
        again, fresh = made(folder, cache, **options), made(folder, tmp_path / f"fresh {number}", **options)
        assert again == fresh, what
        assert sum(map(len, again["edits"].values())) > 12
        assert taken.commits[1] == 0 and (own or taken.commits[0] >= 2), what  # two at least of the three that began it stay as they were


def test_other_choices_are_kept_apart_and_rebuilt_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str) -> None:
    folder, taken = small_repository(tmp_path / "repository"), Taken(monkeypatch)
    ways: list[dict[str, Any]] = [
        {"max_commits": 3},
        {"since": START + 30 * DAY},
        {"first_parent": True},
        {"diff_format": "unified"},
        {"split_by": "time"},
        {"redact_secrets": False},
        {"message_share": 0.9},
    ]
    for options in ways:
        made(folder, tmp_path / "cache", ("edits",), tokenizer=tokenizer, **options)
    for number, what in enumerate(steps(folder, 2)):
        for options in ways:
            taken.commits.clear()
            again = made(folder, tmp_path / "cache", ("edits",), tokenizer=tokenizer, **options)
            assert again == made(folder, tmp_path / f"fresh {number}", ("edits",), tokenizer=tokenizer, **options), (what, options)
            assert taken.commits[0] >= 1 and taken.commits[1] == 0, (what, options)


def test_each_of_several_repositories_is_taken_over_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str) -> None:
    one, two, plain = small_repository(tmp_path / "one"), small_repository(tmp_path / "two", 6), tmp_path / "plain"
    plain.mkdir()
    (plain / "lone.py").write_text(module_text(90))
    made([plain, one, two], tmp_path / "cache", tokenizer=tokenizer)
    made([two, one], tmp_path / "cache", tokenizer=tokenizer)
    committed(one, {"src/kit/part_3.py": module_text(33)}, "Write part 3 anew", START + 200 * DAY)
    taken = Taken(monkeypatch)
    for places in ([plain, one, two], [two, one]):
        again = made(places, tmp_path / "cache", tokenizer=tokenizer)
        assert len(taken.commits) == 2 and min(taken.commits) >= 1  # both hold the same modules, so some sides are decided anew
        assert again == made(places, tmp_path / f"fresh {len(places)}", tokenizer=tokenizer)
        taken.commits.clear()


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One that no commit changes, so that every row may be taken over."""
    folder = tmp_path_factory.mktemp("tokenizer")
    trained_encoder([module_text(number) for number in range(20)], 800).save(folder)
    return str(folder)


class Taken:
    """How many commits' rows the builds took over while this stood in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits: list[int] = []
        real = edit_rows.edit_rows

        def counted(*arguments: Any) -> Any:
            found = real(*arguments)
            self.commits.append(found.taken)
            return found

        monkeypatch.setattr(edit_rows, "edit_rows", counted)


def test_a_clone_that_was_deepened_is_read_again(tmp_path: Path, tokenizer: str) -> None:
    folder = small_repository(tmp_path / "repository")
    shallow = tmp_path / "shallow"
    for number in range(3):  # commits that leave most files alone
        committed(folder, {"README.md": f"# Kit\n\nTold {number} times.\n"}, "Tell it", START + (300 + number) * DAY)
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{folder}", str(shallow))
    before = made(shallow, tmp_path / "cache", tokenizer=tokenizer)
    git(shallow, "fetch", "-q", "--unshallow")
    after = made(shallow, tmp_path / "cache", tokenizer=tokenizer)
    assert sum(map(len, before["edits"].values())) < sum(map(len, after["edits"].values()))
    assert after == {**made(folder, tmp_path / "fresh", tokenizer=tokenizer), **{k: v for k, v in after.items() if "facts" in k}}


class Reads:
    """Blobs that were read through ``Objects`` while this stood in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blobs: Counter = Counter()
        real = Objects.read

        def read(objects: Objects, oids: Any, *limits: Any) -> Any:
            for oid, kind, data in real(objects, oids, *limits):
                if kind == "blob":
                    self.blobs[oid] += 1
                yield oid, kind, data

        monkeypatch.setattr(Objects, "read", read)


def test_a_rebuild_reads_parses_and_tokenizes_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = long_repository(tmp_path / "repository")
    leaves_no_rows = {"poetry.lock": "# @generated\nkey = 1\n", "figures.csv": "a,b\n1,2\n", "odd.unheardof": "what is this\n"}
    committed(folder, leaves_no_rows, "Add what makes no rows", START + 90 * DAY)
    cache = tmp_path / "cache"
    first = made(folder, cache)
    before = git(folder, "rev-parse", "HEAD:src/kit/part_2.py").strip()
    committed(folder, {"src/kit/part_2.py": module_text(2, 7)}, "Add a function", START + 300 * DAY)
    after = git(folder, "rev-parse", "HEAD:src/kit/part_2.py").strip()
    redacted = []
    real_redacted = reading.redacted_many
    monkeypatch.setattr(reading, "redacted_many", lambda texts, **how: redacted.extend(texts) or real_redacted(texts, **how))
    reads, parsed, tokenized, cut = Reads(monkeypatch), [], [], []
    real_parsed, real_encode = parse.parsed, analysis.Encoder.encode
    monkeypatch.setattr("elite_code_dataset.reading.parsed", lambda source: parsed.append(source.path) or real_parsed(source))
    monkeypatch.setattr(analysis.Encoder, "encode", lambda self, texts: tokenized.extend(texts) or real_encode(self, texts))
    real_cut = window_rows.windows_of
    monkeypatch.setattr(
        window_rows, "windows_of", lambda corpus, view, *rest: cut.append(view.source.path) or real_cut(corpus, view, *rest)
    )
    second = made(folder, cache)
    roles = [next(drop for drop in found["w256 facts"]["drops"] if drop["step"] == "roles") for found in (first, second)]
    assert sum(roles[0]["dropped"].values()) == 3 and {k: roles[1][k] for k in ("dropped", "dropped_bytes")} == {
        k: roles[0][k] for k in ("dropped", "dropped_bytes")
    }
    assert redacted == [module_text(2, 7)]
    assert set(reads.blobs) == {before, after}
    assert cut == ["src/kit/part_2.py"] * 2  # two scales
    assert parsed == ["src/kit/part_2.py"] and tokenized == [module_text(2, 7)]
    reads.blobs.clear()
    made(folder, tmp_path / "fresh")
    assert len(reads.blobs) > 12 < min(len(parsed), len(cut))  # and a fresh build does read them all


def test_a_file_is_cut_anew_when_what_it_imports_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str) -> None:
    folder = small_repository(tmp_path / "repository")
    committed(folder, {"src/kit/user.py": "from kit.part_3 import case_3_0\n\n" + module_text(91)}, "Use part 3", START + 90 * DAY)
    cache = tmp_path / "cache"
    made(folder, cache, tokenizer=tokenizer)
    committed(folder, {"src/kit/part_3.py": module_text(3, 7)}, "Add a function", START + 300 * DAY)
    cut = []
    real_cut = window_rows.windows_of
    monkeypatch.setattr(
        window_rows, "windows_of", lambda corpus, view, *rest: cut.append(view.source.path) or real_cut(corpus, view, *rest)
    )
    again = made(folder, cache, tokenizer=tokenizer)
    assert set(cut) == {"src/kit/part_3.py", "src/kit/user.py"}
    assert again == made(folder, tmp_path / "fresh", tokenizer=tokenizer)


def long_repository(folder: Path) -> Path:
    """Eighteen commits on a line, the last two each adding a file: more than the tokenizer's anchor is away."""
    small_repository(folder)
    for number in range(14):
        committed(folder, {"README.md": f"# Kit\n\nWhat it is, told {number} times.\n"}, "Tell it again", START + (60 + number) * DAY)
    committed(folder, {"src/kit/late.py": module_text(80)}, "Add a late one", START + 80 * DAY)
    return folder


def test_a_merge_that_gives_a_file_another_lineage_is_no_surprise(tmp_path: Path) -> None:
    """The content stays, what it is counted for does not."""
    folder = started(tmp_path / "repository")
    base = {f"m{number}.py": module_text(number) for number in range(10)} | {"q.py": module_text(40, 12)}
    first = committed(folder, base, "Begin", START)
    final = module_text(40, 12) + "\n\nEND = 1\n"
    committed(folder, {"p.py": final, "x.py": module_text(50), "y.py": module_text(51)}, "Copy", START + DAY)
    made(folder, tmp_path / "cache")
    git(folder, "checkout", "-q", "-b", "side", first)
    git(folder, "mv", "q.py", "p.py")
    committed(folder, {"p.py": final}, "Rename", START + 2 * DAY)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-s", "ours", "-m", "Join", "side", time=START + 3 * DAY)
    assert made(folder, tmp_path / "cache") == made(folder, tmp_path / "fresh")


def test_no_row_of_train_shows_a_function_of_evaluation_in_its_context(tmp_path: Path, tokenizer: str) -> None:
    folder = small_repository(tmp_path / "repository", 30)
    first = made(folder, tmp_path / "before", ("files",), tokenizer=tokenizer)["files"]
    evaluated = [row["path"] for row in first["test"] + first["validation"] if "part_" in row["path"] and row["path"].endswith(".py")]
    functions = [one for path in evaluated for one in (folder / path).read_text().split("\n\n\n")[2:7]][:10]
    assert len(functions) == 10 and all(function.count("\n") >= 5 for function in functions)
    files = {}
    for number in range(10):
        files[f"src/kit/copy_{number}.py"] = module_text(200 + number, 9) + "\n\n" + functions[number] + "\n"
        files[f"src/kit/user_{number}.py"] = f"from kit.copy_{number} import case_{200 + number}_1\n\n" + module_text(300 + number, 2)
    committed(folder, files, "Copy a function", START + 200 * DAY)
    found = made(folder, tmp_path / "cache", ("files", "w1024", "w4096", "edits"), tokenizer=tokenizer)
    sides = {row["path"]: split for split in SPLITS for row in found["files"][split]}
    assert all(sides[path] != "train" for path in evaluated[:2]) and any(
        sides[f"src/kit/{name}_{n}.py"] == "train" for n in range(10) for name in ("copy", "user")
    )
    for name in ("w1024", "w4096", "edits"):
        assert not [row["path"] for row in found[name]["train"] if any(function.strip() in row["text"] for function in functions)], name
    dropped = {r for drop in found["w4096 facts"]["drops"] + found["edits facts"]["drops"] for r in drop["dropped"]}
    assert {"twin_in_evaluation", "context_shows_evaluation"} <= dropped


def test_secrets_that_only_history_holds_are_counted_too(tmp_path: Path) -> None:
    folder = small_repository(tmp_path / "repository")
    rng = random.Random(5)
    keys = ["AKIA" + "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)) for _ in range(3)]
    text = "".join(f'KEY_{number} = "{key}"\n' for number, key in enumerate(keys))
    committed(folder, {"src/kit/keys.py": text + module_text(60)}, "Add keys", START + 200 * DAY)
    committed(folder, {"src/kit/keys.py": module_text(60)}, "Remove keys", START + 201 * DAY)
    found = made(folder, tmp_path / "cache", ("edits",))
    facts = found["edits facts"]
    assert facts["secrets"] == {} and sum(facts["secrets_in_history"].values()) == 3
    assert not any(key in row["text"] for split in found["edits"].values() for row in split for key in keys)
    committed(folder, {"README.md": "# Kit\n"}, "Say less", START + 202 * DAY)
    assert made(folder, tmp_path / "cache", ("edits",))["edits facts"]["secrets_in_history"] == facts["secrets_in_history"]


def test_a_split_all_of_whose_rows_are_withheld_is_left_out(tmp_path: Path) -> None:
    folder = small_repository(tmp_path / "repository")
    sides = {row["path"]: split for split, some in made(folder, tmp_path / "before", ("files",))["files"].items() for row in some}
    pair = [next(p for p, side in sorted(sides.items()) if (side == "train") is train and p.endswith(".py")) for train in (True, False)]
    more = "\n\n" + module_text(900, 2)
    committed(folder, {path: (folder / path).read_text() + more for path in pair}, "Add the same twice", START + 400 * DAY)
    rows_made = made(folder, tmp_path / "cache", ("edits",), since=START + 399 * DAY, message_share=0.0)["edits"]
    assert rows_made["test"] or rows_made["validation"]
    assert not rows_made["train"]


def test_a_licence_above_every_file_costs_train_nothing(tmp_path: Path) -> None:
    folder = started(tmp_path / "repository")
    header = "".join(f"# Line {number} of what stands above every file of the kit, whoever wrote it.\n" for number in range(12))
    committed(folder, {f"src/kit/part_{number}.py": header + "\n" + module_text(number) for number in range(60)})
    committed(folder, {f"src/kit/lone_{number}/__init__.py": header for number in range(9)}, "Add packages", START + DAY)
    found = made(folder, tmp_path / "cache", ("files", "w256", "w1024", "w4096", "edits", "multiscale"))
    sides = {row["path"]: split for split in SPLITS for row in found["files"][split]}
    for name in ("w256", "w1024", "w4096"):
        rows_of_train = [row for row in found[name]["train"] if row["path"] in sides and "/part_" in row["path"]]
        assert {row["path"] for row in rows_of_train} == {path for path, side in sides.items() if side == "train" and "/part_" in path}
    alone = [row for name in NAMES if name in found for split in ("validation", "test") for row in found[name].get(split, [])]
    assert alone and not [
        row for row in alone if row.get("context_chars") is not None and row["text"][row["context_chars"] :].strip() == header.strip()
    ]
    drops = {reason for drop in found["w256 facts"]["drops"] for reason in drop["dropped"]}
    assert "common_in_train" in drops


def test_repositories_without_code_or_of_one_name_stand_beside_others(tmp_path: Path) -> None:
    one, other = small_repository(tmp_path / "a" / "kit"), small_repository(tmp_path / "b" / "kit", 6)
    empty = started(tmp_path / "empty")
    committed(empty, {"logo.bin": b"\0\1\2"}, "Draw")
    found = made([empty, one, other], tmp_path / "cache", ("w256", "edits", "files"))
    for name in ("w256", "edits"):
        ids = [row["id"] for split in found[name].values() for row in split]
        assert len(ids) == len(set(ids)) > 20
    paths = {row["path"] for split in found["files"].values() for row in split}
    assert {path.split("/")[0] for path in paths} == {"kit", "kit-2"}
    committed(one, {"src/kit/part_3.py": module_text(33)}, "Write part 3 anew", START + 200 * DAY)
    assert made([empty, one, other], tmp_path / "cache") == made([empty, one, other], tmp_path / "fresh")


def test_folders_that_name_each_other_as_earlier_end_the_search(tmp_path: Path) -> None:
    for name, link in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ORIGIN).write_text(json.dumps({"earlier": [[link, 0]]}))
    assert rows.left_by(tmp_path / "a", "w256-x", 0, "t") is None
    (tmp_path / "b" / ORIGIN).write_text("{")
    assert rows.left_by(tmp_path / "a", "w256-x", 0, "t") is None


def test_an_earlier_build_that_is_damaged_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str) -> None:
    folder = small_repository(tmp_path / "repository")
    cache, taken = tmp_path / "cache", Taken(monkeypatch)
    made(folder, cache, tokenizer=tokenizer)
    committed(folder, {"src/kit/part_3.py": module_text(33)}, "Write part 3 anew", START + 200 * DAY)
    root = cache / "elite_code_dataset-analysis"
    for path in (*root.glob("*/files.arrow"), *root.glob("*-edits-*/train.arrow")):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    (root / "half-made").mkdir()
    (root / "half-made" / ORIGIN).write_text("{")
    for number, told in enumerate(("[]", "{}", '{"identity": 1, "places": 3}', '"origin"')):
        (root / f"other-{number}").mkdir()
        (root / f"other-{number}" / ORIGIN).write_text(told)
    assert made(folder, cache, tokenizer=tokenizer) == made(folder, tmp_path / "fresh", tokenizer=tokenizer)
    assert taken.commits == [0, 0, 0]


def test_rows_are_taken_over_from_the_nearest_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str) -> None:
    folder = small_repository(tmp_path / "repository")
    cache = tmp_path / "cache"
    for number in range(3):
        committed(folder, {f"src/kit/late_{number}.py": module_text(80 + number)}, "Add one", START + (200 + number) * DAY)
        made(folder, cache, tokenizer=tokenizer)
    latest = git(folder, "rev-parse", "HEAD").strip()
    committed(folder, {"src/kit/late_9.py": module_text(99)}, "Add one more", START + 300 * DAY)
    seen = []
    real = rows.Left
    monkeypatch.setattr(rows, "Left", lambda rows_folder, place: seen.append(rows_folder.name) or real(rows_folder, place))
    made(folder, cache, tokenizer=tokenizer)
    assert [name.split("-")[0] for name in seen] == [latest[:12]] * 3  # two scales and the edits


def test_line_times_go_on_from_earlier_ones(tmp_path: Path) -> None:
    folder = small_repository(tmp_path / "repository")
    with open_repository(folder) as repository:
        known = {(path, blob): times for (path, times), blob in zip(*_times_and_blobs(repository))}
        since = len(repository.history().commits)
    for what in steps(folder, 3):
        with open_repository(folder) as repository:
            paths = repository.paths()
            assert _plain(repository.line_times_of(paths, known, since)) == _plain(repository.line_times()), what
            known = {(path, blob): times for (path, times), blob in zip(*_times_and_blobs(repository))}
            since = len(repository.history().commits)


def _times_and_blobs(repository: Any) -> tuple[list, list[str]]:
    blobs = {file.path: file.blob for file in repository.files()}
    times = [(path, times) for path, times in repository.line_times().items() if path in blobs]
    return times, [blobs[path] for path, _ in times]


def _plain(times: dict[str, Any]) -> dict[str, list[int]]:
    return {path: values.tolist() for path, values in times.items()}


def test_the_tokenizer_stays_while_commits_come_and_is_a_function_of_the_history_alone(tmp_path: Path) -> None:
    folder = long_repository(tmp_path / "repository")
    digests = []
    for number in range(6):
        committed(folder, {f"src/kit/late_{number}.py": module_text(100 + number)}, "Add one", START + (200 + number) * DAY)
        cached, fresh = (
            made(folder, tmp_path / where, ("w256",))["w256 facts"]["tokenizer_digest"] for where in ("cache", f"fresh {number}")
        )
        assert cached == fresh
        digests.append(cached)
    changes = sum(a != b for a, b in zip(digests, digests[1:]))
    assert 1 <= changes <= 3  # an anchor every second commit of some twenty; were it the tip, there would be five


def test_shares_are_within_a_point_in_the_default_tokenizers_own_tokens_and_stay_so(tmp_path: Path) -> None:
    """On real code: the modules of a package that is installed, and then a commit more."""
    package = Path(huggingface_hub.__file__).parent
    texts = {f"hub/{path.relative_to(package)}": path.read_text() for path in sorted(package.rglob("*.py")) if path.stat().st_size < 40_000}
    assert len(texts) > 90
    folder = started(tmp_path / "repository")
    committed(folder, texts, "Begin")
    sides = []
    for number in range(3):
        config = EliteCodeConfig(name="files", data_dir=str(folder))
        config.create_config_id({})
        found = analysis.analysis_of((str(folder),), config.commits, config, tmp_path / "cache")
        views = [view for corpus in found.corpora for view in corpus.views.values()]
        tokens = {split: sum(len(view.encoding.ids) for view in views if view.split == split) for split in SPLITS}
        shares = {split: count / sum(tokens.values()) for split, count in tokens.items()}
        assert shares == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)
        sides.append({view.source.path: view.split for view in views})
        committed(folder, {f"hub/extra_{number}.py": module_text(number)}, "Add one", START + (number + 1) * DAY)
    assert all({path: side for path, side in after.items() if path in sides[0]} == sides[0] for after in sides[1:])


def test_shares_are_those_of_the_tokens_that_are_written_however_wrong_the_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = started(tmp_path / "repository")
    committed(folder, {f"src/part_{n}.py": module_text(n, 3 + n % 9) for n in range(90)})
    right = vocabulary.Vocabulary.sizes
    monkeypatch.setattr(
        vocabulary.Vocabulary,
        "sizes",
        lambda self, order, side: {k: n * (1 + (side[k] == "validation")) for k, n in right(self, order, side).items()},
    )
    config = EliteCodeConfig(name="files", data_dir=str(folder))
    config.create_config_id({})
    found = analysis.analysis_of((str(folder),), config.commits, config, tmp_path / "cache")
    views = [view for corpus in found.corpora for view in corpus.views.values()]
    tokens = {split: sum(len(view.encoding.ids) for view in views if view.split == split) for split in SPLITS}
    assert found.facts["shares"] == {split: n / sum(tokens.values()) for split, n in tokens.items()}
    assert found.facts["shares"] == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)


def test_what_the_tokenizer_was_trained_on_is_told_of_the_split_that_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = started(tmp_path / "repository")
    committed(folder, {f"src/part_{n}.py": module_text(n, 3 + n % 9) for n in range(90)})
    sides: list[dict[str, str]] = []

    def shares(readings: Any, encodings: Any, split: Any) -> dict[str, float]:
        """The first is the best, and none is good enough."""
        sides.append(dict(split.side))
        return {"train": 0.83 - 0.01 * len(sides), "validation": 0.10, "test": 0.05}

    right = vocabulary.Vocabulary.sizes
    monkeypatch.setattr(
        vocabulary.Vocabulary,
        "sizes",
        lambda self, order, side: {k: n * (1 + (side[k] == "validation")) for k, n in right(self, order, side).items()},
    )
    monkeypatch.setattr(analysis, "_shares", shares)
    config = EliteCodeConfig(name="files", data_dir=str(folder))
    config.create_config_id({})
    found = analysis.analysis_of((str(folder),), config.commits, config, tmp_path / "cache")
    assert dict(found.sides.side) == sides[0] != sides[analysis.DIVIDED_TIMES - 1]
    views = [view for corpus in found.corpora for _, view in sorted(corpus.views.items())]
    trained_on = [(0, view.source.path, view.source.blob) for view in views if view.split == "train"]
    assert json.loads((found.folder / vocabulary.TOLD).read_text())["trained_on"] == vocabulary._digest(trained_on)


def test_anchors_are_commits_that_later_ones_leave_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = started(tmp_path / "repository")
    asked: list[int] = []
    real = vocabulary.Vocabulary.anchor
    monkeypatch.setattr(vocabulary.Vocabulary, "anchor", lambda self, order: asked.append(order) or real(self, order))
    before: list[int] = []
    for number in range(12):
        committed(folder, {f"f{number}.py": module_text(number)}, "Add one", START + number * DAY)
        asked.clear()
        made(folder, tmp_path / f"cache {number}", ("files",))
        assert asked[: len(before)] == before and len(asked) <= len(before) + 1
        before = list(asked)
    assert 5 <= len(before) <= 9  # each time there is a quarter more


def test_files_of_the_anchor_are_those_that_git_has_there(tmp_path: Path) -> None:
    folder = small_repository(tmp_path / "repository")
    for what in steps(folder, 4):
        with open_repository(folder) as repository:
            history = repository.history()
            tip = {file.path: (file.lineage, file.blob) for file in repository.files()}
            for anchor in (history.first_parents()[2], history.first_parents()[-2]):
                found = {path: blob for path, (_, blob) in vocabulary.files_at(history, tip, anchor).items()}
                told = [line.split(maxsplit=3) for line in git(folder, "ls-tree", "-r", anchor.id).splitlines()]
                assert found == {path: blob for _, _, blob, path in told if path != "logo.bin"}, what


def test_rows_stand_in_their_order_again_with_those_that_were_withheld() -> None:
    schema = pa.schema([pa.field("id", pa.string())])
    whole = [f"row {number}" for number in range(7)]
    for out in ([0, 3, 6], [1], [], list(range(7))):
        stay = pa.table({"id": [one for number, one in enumerate(whole) if number not in out]}, schema=schema)
        lost = pa.table({"id": [whole[number] for number in out]}, schema=schema)
        assert rows.whole(stay, lost, out)["id"].to_pylist() == whole


def test_a_new_person_costs_the_commits_whose_messages_name_them_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str
) -> None:
    folder, cache, taken = small_repository(tmp_path / "repository"), tmp_path / "cache", Taken(monkeypatch)
    for number, message in enumerate(("Take Zoe Quill's word", "Take zquill7's word", "Thanks Zoe", "Say it", "Say it again, by Someone")):
        committed(folder, {"README.md": f"# Kit\n\nTold {number} times.\n"}, message, START + (300 + number) * DAY)
    before = made(folder, cache, ("edits",), tokenizer=tokenizer)["edits"]
    text = "".join(row["text"] for rows_of_split in before.values() for row in rows_of_split)
    assert all(word in text for word in ("Zoe Quill", "zquill7", "Thanks Zoe"))
    for number, (writer, known) in enumerate((("A Person", 8), ("Zoe Quill", 6), ("Zoe Quill", 10))):
        committed(folder, {"README.md": f"# Kit\n\nSaid {number} times.\n"}, "Say more", START + (400 + number) * DAY)
        author = f"{writer} <{'zquill7' if writer != 'A Person' else 'person'}@corporation.io>"
        git(folder, "commit", "-q", "--amend", "--no-edit", "--author", author, time=START + (400 + number) * DAY)
        taken.commits.clear()
        again = made(folder, cache, ("edits",), tokenizer=tokenizer)
        assert again == made(folder, tmp_path / f"fresh {number}", ("edits",), tokenizer=tokenizer)
        assert taken.commits == [known, 0], writer
    text = "".join(row["text"] for rows_of_split in again["edits"].values() for row in rows_of_split)
    assert "Take someone's word" in text and not any(word in text for word in ("Zoe", "Quill", "zquill7"))


def config_of(repository: Path, name: str = "edits") -> tuple[EliteCodeConfig, str]:
    config = EliteCodeConfig(name=name, data_dir=str(repository))
    return config, config.create_config_id({})


@pytest.mark.parametrize("left_out", ["blob:none", "tree:0"])
def test_a_partial_clone_that_was_filled_is_read_again(tmp_path: Path, tokenizer: str, left_out: str) -> None:
    folder, clone = small_repository(tmp_path / "a" / "kit"), tmp_path / "b" / "kit"
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-local", f"--filter={left_out}", f"file://{folder}", str(clone))
    before = made(clone, tmp_path / "cache", tokenizer=tokenizer)
    assert made(clone, tmp_path / "cache", tokenizer=tokenizer) == before
    name = config_of(clone)[1]
    git(clone, "config", "--unset", "remote.origin.partialclonefilter")
    git(clone, "fetch", "-q", "--refetch", "origin")
    assert config_of(clone)[1] != name
    after, fresh = (made(one, tmp_path / where, tokenizer=tokenizer) for one, where in ((clone, "cache"), (folder, "fresh")))
    assert after == fresh
    assert sum(map(len, before["edits"].values())) < sum(map(len, after["edits"].values()))


def loose(folder: Path, oid: str) -> Path:
    return folder / ".git" / "objects" / oid[:2] / oid[2:]


@pytest.mark.parametrize("what", ["HEAD:src/kit/part_3.py", "HEAD~1:src/kit/part_2.py", "HEAD~1:src/kit", "HEAD~1"])
def test_a_lost_object_that_is_put_back_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: str, what: str) -> None:
    """A file of the tip, an old version, a tree and a commit of the past; with and without a commit more."""
    folder, cache, taken = small_repository(tmp_path / "kit", 9), tmp_path / "cache", Taken(monkeypatch)
    for number in range(3):
        committed(folder, {"README.md": f"# Kit\n\nTold {number} times.\n"}, "Tell it", START + (300 + number) * DAY)
    whole = made(folder, tmp_path / "whole", tokenizer=tokenizer)
    lost = loose(folder, git(folder, "rev-parse", what.replace("HEAD~1", "HEAD~4")).strip())
    aside = lost.rename(tmp_path / "object")
    damaged, name = made(folder, cache, tokenizer=tokenizer), config_of(folder)[1]
    assert damaged != whole
    git(folder, "update-index", "-q", "--refresh")
    aside.rename(lost)
    assert made(folder, cache, tokenizer=tokenizer) == whole and config_of(folder)[1] != name
    lost.rename(aside)
    assert made(folder, cache, tokenizer=tokenizer) == damaged and config_of(folder)[1] == name
    made(folder, tmp_path / "still", tokenizer=tokenizer)
    aside.rename(lost)
    committed(folder, {"README.md": "# Kit\n\nTold again.\n"}, "Tell it again", START + 400 * DAY)
    lost.rename(aside)
    taken.commits.clear()
    assert made(folder, tmp_path / "still", tokenizer=tokenizer) == made(folder, tmp_path / "fresh still", tokenizer=tokenizer)
    assert taken.commits[0] >= 3  # what is still lost was lost when those were made
    aside.rename(lost)
    committed(folder, {"README.md": "# Kit\n\nTold once more.\n"}, "Tell it once more", START + 401 * DAY)
    assert made(folder, tmp_path / "still", tokenizer=tokenizer) == made(folder, tmp_path / "fresh whole", tokenizer=tokenizer)


def test_a_commit_whose_old_file_was_lost_while_its_rows_were_made_is_made_again(tmp_path: Path, tokenizer: str) -> None:
    folder, cache = small_repository(tmp_path / "kit", 9), tmp_path / "cache"
    made(folder, cache, ("files",), tokenizer=tokenizer)  # when all was there
    lost = loose(folder, git(folder, "rev-parse", "HEAD~1:src/kit/part_2.py").strip())
    aside = lost.rename(tmp_path / "object")
    damaged = made(folder, cache, ("edits",), tokenizer=tokenizer)["edits"]
    aside.rename(lost)
    committed(folder, {"README.md": "# Kit\n\nTold again.\n"}, "Tell it again", START + 400 * DAY)
    again, fresh = (made(folder, where, ("edits",), tokenizer=tokenizer)["edits"] for where in (cache, tmp_path / "fresh"))
    assert again == fresh and {row["id"] for split in damaged.values() for row in split} < {
        row["id"] for split in fresh.values() for row in split
    }


def test_a_whole_repository_keeps_its_name_however_its_objects_are_packed(tmp_path: Path) -> None:
    folder = small_repository(tmp_path / "kit", 5)
    git(folder, "config", "uploadpack.allowFilter", "true")
    config, name = config_of(folder)
    assert config.bounds == ("",)
    made(folder, tmp_path / "cache", ("files",))
    git(folder, "gc", "-q", "--aggressive")
    git(folder, "branch", "other")
    assert config_of(folder)[1] == name
    git(tmp_path, "clone", "-q", "--no-local", "--filter=blob:none", f"file://{folder}", str(tmp_path / "partial"))
    made(tmp_path / "partial", tmp_path / "cache", ("files",))
    assert config_of(tmp_path / "partial")[0].bounds != ("",) and config_of(folder)[1] == name
    git(tmp_path, "clone", "-q", "--no-local", f"file://{folder}", str(tmp_path / "clone"))
    assert config_of(tmp_path / "clone")[1] == name and config_of(tmp_path / "clone")[0].bounds == ("",)


def test_what_is_known_of_a_secret_is_known_in_a_rebuild_too(tmp_path: Path, tokenizer: str) -> None:
    """A value loses its name in one commit and stands alone in the next one, whose rows are all that is new."""
    folder, cache, value = small_repository(tmp_path / "repository"), tmp_path / "cache", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
    text = module_text(90)
    for number, line in enumerate((f'SECRET_KEY = "{value}"', f'VALUE = "{value}"', f'OTHER = ["{value}"]', "NONE = 0")):
        committed(
            folder,
            {"src/kit/keys.py": f"{text}\n{line}\n", f"src/kit/other_{number}.py": module_text(91 + number)},
            "Say it otherwise",
            START + (200 + number) * DAY,
        )
        again, fresh = (made(folder, place, tokenizer=tokenizer) for place in (cache, tmp_path / f"fresh {number}"))
        assert again == fresh
        assert not any(value in row["text"] for row in (row for rows in again["edits"].values() for row in rows))
    assert any("NONE = 0" in row["text"] and "REDACTED_" in row["text"] for rows in again["edits"].values() for row in rows)


def test_a_path_that_makes_a_handle_an_ordinary_word_changes_older_messages(tmp_path: Path, tokenizer: str) -> None:
    folder, cache = small_repository(tmp_path / "repository"), tmp_path / "cache"
    (folder / "src/kit/part_3.py").write_text(module_text(141))
    git(folder, "commit", "-qam", "Tell zorbulon of it", "--author=zorbulon <zorbulon@corporation.io>", time=START + 200 * DAY)
    shown = [row["text"] for rows in made(folder, cache, ("edits",), tokenizer=tokenizer)["edits"].values() for row in rows]
    assert any("Tell someone of it" in text for text in shown) and not any("zorbulon" in text for text in shown)
    committed(folder, {"src/kit/zorbulon.py": module_text(42)}, "Add a part", START + 201 * DAY)
    again, fresh = (made(folder, place, ("edits",), tokenizer=tokenizer) for place in (cache, tmp_path / "fresh"))
    assert again == fresh and any("Tell zorbulon of it" in row["text"] for rows in again["edits"].values() for row in rows)


def test_a_secret_whose_announcement_is_no_longer_chosen_is_treated_as_in_a_fresh_build(tmp_path: Path, tokenizer: str) -> None:
    folder, cache, value = small_repository(tmp_path / "repository"), tmp_path / "cache", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
    lines = (f'SECRET_KEY = "{value}"', f'VALUE = "{value}"', f'VALUE = "{value}"  # said again')
    for number, line in enumerate(lines):
        committed(folder, {"src/kit/keys.py": f"{module_text(90)}\n{line}\n"}, "Say it otherwise", START + (200 + number) * DAY)
    made(folder, cache, ("edits",), tokenizer=tokenizer, max_commits=3)
    for number in range(2):
        committed(folder, {f"src/kit/later_{number}.py": module_text(95 + number)}, "Add a part", START + (210 + number) * DAY)
    options = {"tokenizer": tokenizer, "max_commits": 3}
    assert made(folder, cache, ("edits",), **options) == made(folder, tmp_path / "fresh", ("edits",), **options)
