"""A repository of any shape gives the files of the pinned commit, and one clear line where it cannot."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from elite_code_dataset.git_objects import Objects
from elite_code_dataset.git_place import place_of
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import RawFile, open_repository
from elite_code_dataset.texts import has_long_line
from tests.repositories import ENVIRONMENT, committed, git, started


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits, a branch, a lightweight and an annotated tag; one ref packed and one loose."""
    folder = started(tmp_path_factory.mktemp("base") / "base")
    committed(folder, {"src/b.py": "b = 1\n", "src/a.py": "a = 1\n", "README.md": "# Base\n"}, "Begin", time=1_600_000_100)
    git(folder, "tag", "light")
    committed(folder, {"src/a.py": "a = 2\n", "run.sh": "echo\n"}, "Go on", time=1_600_000_200)
    git(folder, "tag", "-a", "-m", "Noted", "noted", time=1_600_000_250)
    git(folder, "tag", "-a", "-m", "Twice", "twice", "noted", time=1_600_000_260)
    git(folder, "branch", "group/topic")
    git(folder, "pack-refs", "--all")
    (folder / "run.sh").chmod(0o755)
    committed(folder, {"src/a.py": "a = 3\n"}, "End", time=1_600_000_300)
    git(folder, "tag", "tree-tag", "HEAD^{tree}")
    return folder


def files_of(path: str | Path, revision: str = "HEAD") -> list[RawFile]:
    with open_repository(path, revision) as repository:
        return list(repository.files())


def test_files_are_those_that_git_lists_with_their_times(base: Path) -> None:
    files = files_of(base)
    listed = [line.split() for line in git(base, "ls-tree", "-r", "-l", "HEAD").splitlines()]
    assert [(f"{file.mode:o}", file.blob, str(file.size), file.path) for file in files] == [
        (line[0], line[2], line[3], line[4]) for line in listed
    ]
    assert [file.path for file in files] == ["README.md", "run.sh", "src/a.py", "src/b.py"]
    for file in files:
        assert file.text == git(base, "show", f"HEAD:{file.path}")
        assert str(file.last_changed) == git(base, "log", "-1", "--format=%ct", "--", file.path).strip()


def test_the_work_tree_and_the_index_do_not_count(base: Path, tmp_path: Path) -> None:
    before = files_of(base)
    folder = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(base), str(folder))
    (folder / "src/a.py").write_text("edited\n")
    (folder / "new.py").write_text("new\n")
    git(folder, "add", "new.py")
    assert files_of(folder) == before


def test_every_shape_of_repository_gives_the_same_files(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = files_of(base)
    git(tmp_path, "clone", "-q", "--bare", str(base), "bare.git")
    git(tmp_path, "clone", "-q", "--mirror", str(base), "mirror")
    git(tmp_path, "clone", "-q", str(base), "packed")
    git(tmp_path / "packed", "repack", "-q", "-a", "-d")
    git(tmp_path / "packed", "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    git(tmp_path, "clone", "-q", str(base), "detached")
    git(tmp_path / "detached", "checkout", "-q", "--detach")
    outer = started(tmp_path / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(base), "inner")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "outer")
    shapes = [base / ".git", tmp_path / "bare.git", tmp_path / "mirror", tmp_path / "packed", tmp_path / "linked", tmp_path / "detached"]
    shapes += [outer / "inner", Path("~/packed"), "~/bare.git", Path("../packed"), "../bare.git", "inner", str(base) + "/"]
    for shape in shapes:
        assert files_of(shape) == expected, shape
    assert (tmp_path / "linked/.git").is_file() and (outer / "inner/.git").is_file()


def test_a_repository_with_long_ids_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", "--object-format=sha256")
    first = committed(folder, {"a.py": "a = 1\n"}, "Begin")
    committed(folder, {"a.py": "a = 2\n", "b/c.py": "c = 1\n"}, "End", time=1_600_000_100)
    with open_repository(folder) as repository:
        assert len(repository.commit) == 64
        assert [file.path for file in repository.files()] == ["a.py", "b/c.py"]
        assert [change.after for change in repository.changes()] == ["a = 1\n", "a = 2\n", "c = 1\n"]
    with open_repository(folder, first[:10]) as repository:
        assert repository.commit == first


def test_the_name_is_the_folders(base: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(base), "thing.git")
    with open_repository(base) as one, open_repository(base / ".git") as two, open_repository(tmp_path / "thing.git") as three:
        assert (one.name, two.name, three.name) == ("base", "base", "thing")


def test_a_revision_may_be_a_branch_a_tag_or_a_commit_id(base: Path) -> None:
    commits = git(base, "rev-list", "--reverse", "HEAD").split()
    named = {
        "HEAD": 2,
        "@": 2,
        "main": 2,
        "heads/main": 2,
        "refs/heads/main": 2,
        "light": 0,
        "tags/light": 0,
        "noted": 1,
        "twice": 1,
        "group/topic": 1,
    }
    for revision, number in [
        *named.items(),
        *((oid, i) for i, oid in enumerate(commits)),
        *((oid[:7].upper(), i) for i, oid in enumerate(commits)),
    ]:
        with open_repository(base, revision) as repository:
            assert repository.commit == commits[number], revision
            assert repository.commit_time == 1_600_000_100 + 100 * number
    assert [file.text for file in files_of(base, "light")] == ["# Base\n", "a = 1\n", "b = 1\n"]


def test_a_remote_branch_can_be_named(base: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(base), "clone")
    with open_repository(tmp_path / "clone", "origin/group/topic") as one, open_repository(tmp_path / "clone", "origin") as two:
        assert one.commit == git(base, "rev-parse", "group/topic").strip() and two.commit == git(base, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize(
    "revision",
    [
        "nowhere",
        "HEAD~1",
        "main^",
        "--output=written",
        "-h",
        "../../HEAD",
        "main..topic",
        "abc",
        "f" * 40,
        "deadbeef",
        "",
        "a\nb",
        "tree-tag",
    ],
)
def test_an_unknown_revision_is_refused_in_one_line(revision: str, base: Path) -> None:
    with pytest.raises(EliteCodeError, match="revision|commit") as refusal:
        open_repository(base, revision)
    assert len(str(refusal.value).split("\n")) == 1


def _not_there(folder: Path) -> Path:
    return folder / "nowhere"


def _a_file(folder: Path) -> Path:
    (folder / "file.py").write_text("x\n")
    return folder / "file.py"


def _without_commit(folder: Path) -> Path:
    return started(folder / "new")


def _without_file(folder: Path) -> Path:
    (folder / "hollow/inner").mkdir(parents=True)
    return folder / "hollow"


def _not_git(folder: Path) -> Path:
    (folder / "odd/.git").mkdir(parents=True)
    (folder / "odd/x.py").write_text("x\n")
    return folder / "odd"


def _broken_mark(folder: Path) -> Path:
    (folder / "odd").mkdir()
    (folder / "odd/.git").write_text("nonsense\n")
    return folder / "odd"


@pytest.mark.parametrize(
    "make, words",
    [
        (_not_there, "no such path"),
        (lambda folder: "~nobody-of-that-name/code", "no such path"),
        (lambda folder: "nul\0inside", "no such path"),
        (_a_file, "is a file"),
        (_without_commit, "no commit at HEAD"),
        (_without_file, "holds no file"),
        (_not_git, "no git repository we can read"),
        (_broken_mark, "should be a folder, or a file that starts with 'gitdir:'"),
    ],
)
def test_what_cannot_be_read_says_so_in_one_line(make, words: str, tmp_path: Path) -> None:
    with pytest.raises(EliteCodeError, match=words) as refusal:
        open_repository(make(tmp_path))
    assert "\n" not in str(refusal.value)


def test_a_commit_without_files_is_an_empty_set_of_files(tmp_path: Path) -> None:
    folder = started(tmp_path / "bare")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Nothing")
    with open_repository(folder) as repository:
        assert list(repository.files()) == list(repository.changes()) == repository.paths() == []


def test_a_plain_folder_gives_files_only(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    (folder / "src").mkdir(parents=True)
    (folder / "src/a.py").write_text("a = 1\n")
    (folder / "b.md").write_bytes("\ufeffb\r\n".encode())
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    started(folder / "nested")
    (folder / "nested/c.py").write_text("c = 1\n")
    with open_repository(folder) as repository:
        assert (repository.kind, repository.commit_time, repository.name) == ("folder", 0, "plain")
        files = list(repository.files())
        assert [(file.path, file.last_changed) for file in files] == [("b.md", 0), ("nested/c.py", 0), ("src/a.py", 0)]
        assert repository.drops == {"symlink": [2, 0], "special_file": [1, 0]}
        assert list(repository.changes()) == [] and repository.history().commits == [] and repository.line_times() == {}
        assert repository.unit_times("src/a.py", [(0, 1)]) == [0]
        assert repository.file_bytes("src/a.py") == b"a = 1\n" == repository.blob(files[2].blob)
        commit = repository.commit
    for file in files:
        assert file.blob == git(tmp_path, "hash-object", "--no-filters", str(folder / file.path)).strip()
    with open_repository(folder) as again:
        assert again.commit == commit and list(again.files()) == files
    (folder / "src/a.py").write_text("a = 2\n")
    with open_repository(folder) as changed:
        assert changed.commit != commit and changed.commit.startswith("folder-")
    with pytest.raises(EliteCodeError, match="has no revision 'main'"):
        open_repository(folder, "main")


def test_there_is_no_search_upwards(base: Path) -> None:
    with open_repository(base / "src") as repository:
        assert repository.kind == "folder" and [file.path for file in repository.files()] == ["a.py", "b.py"]


def test_include_and_exclude_choose_paths(base: Path) -> None:
    with open_repository(base) as repository:
        assert [file.path for file in repository.files(include="*.py")] == ["src/a.py", "src/b.py"]
        assert repository.drops["excluded"][0] == 2
        assert [file.path for file in repository.files(include=["src/", "*.md"], exclude=["*/a.*"])] == ["README.md", "src/b.py"]


def test_limits_are_those_the_caller_names(base: Path) -> None:
    with open_repository(base) as repository:
        assert [file.path for file in repository.files(max_file_bytes=6)] == ["run.sh", "src/a.py", "src/b.py"]
        assert repository.drops == {"too_large": [1, 7]}
        assert [file.path for file in repository.files(max_line_bytes=5)] == ["run.sh", "src/a.py", "src/b.py"]
        assert repository.drops == {"long_line": [1, 7]}


@pytest.mark.parametrize("data, limit, expected", [(b"", 3, False), (b"abc\n", 3, False), (b"abcd\n", 3, True), (b"abc", 3, False), (b"abcd", 3, True), (b"a\nb\nabcd\nc", 3, True), (b"abc\nabc\nabc", 3, False), (b"\n\n\n\n\n", 3, False)])  # fmt: skip
def test_a_long_line_is_longer_than_the_limit_without_its_end(data: bytes, limit: int, expected: bool) -> None:
    assert has_long_line(data, limit) is expected


def test_a_partial_clone_is_read_and_nothing_is_fetched(base: Path, tmp_path: Path) -> None:
    git(base, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--no-local", "--filter=blob:none", f"file://{base}", "partial.git")
    objects = sorted(str(path) for path in (tmp_path / "partial.git/objects").rglob("*"))
    with open_repository(tmp_path / "partial.git") as repository:
        assert list(repository.files()) == [] and repository.drops == {"unreadable_blob": [4, 0]}
        assert len(repository.history().commits) == 3 and list(repository.changes()) == []
        assert {reason: pair[0] for reason, pair in repository.drops.items()} == {"unreadable_blob": 6, "mode_only": 1}
        assert repository.line_times() == {}
    assert sorted(str(path) for path in (tmp_path / "partial.git/objects").rglob("*")) == objects


def test_reading_can_be_left_and_nested_without_mixing_answers(base: Path) -> None:
    with open_repository(base) as repository:
        next(repository.files())
        next(repository.changes())
        for file in repository.files():
            assert repository.file_bytes(file.path) == file.text.encode()
            assert repository.blob_sizes([file.blob]) == {file.blob: file.size}
        oids = [file.blob for file in repository.files()]
    with Objects(place_of(base)) as objects:
        for oid, _, data in objects.read(oids):
            for inner, _, same in objects.read(oids):
                assert hashlib.sha1(f"blob {len(same)}\0".encode() + same).hexdigest() == inner
            assert hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest() == oid


def test_an_open_repository_survives_a_fork(base: Path) -> None:
    with open_repository(base) as repository:
        expected = list(repository.files())
        child = os.fork()
        if child == 0:
            try:
                same = list(repository.files()) == expected
                repository.close()
                os._exit(0 if same else 1)
            except BaseException:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert list(repository.files()) == expected


def test_ids_that_are_none_are_answered_and_not_passed_on(base: Path) -> None:
    real = git(base, "rev-parse", "HEAD:README.md").strip()
    odd = ["HEAD", "--batch-all-objects", "", "x" * 40, "0" * 40, real[:10], f"{real} x", f"{real}\n{real}", real.upper()]
    with Objects(place_of(base)) as objects:
        assert [kind for _, kind, _ in objects.read([*odd, real])] == [None] * len(odd) + ["blob"]
        assert list(objects.sizes([*odd, real])) == [real]


def test_more_objects_than_a_pipe_holds_are_read_in_order(base: Path) -> None:
    data = {}
    for i in range(1200):
        text = f"number {i}\n" * (i % 40 + 1)
        data[hashlib.sha1(f"blob {len(text)}\0".encode() + text.encode()).hexdigest()] = text.encode()
    stream = b"".join(b"blob\ndata %d\n%s\n" % (len(text), text) for text in data.values())
    subprocess.run(["git", "fast-import", "--quiet"], cwd=base, env=ENVIRONMENT, input=stream, check=True)
    with Objects(place_of(base)) as objects:
        assert [(oid, content) for oid, _, content in objects.read(data)] == list(data.items())
