"""No repository runs a program, reads what lies outside it, hangs, or makes us believe a byte that is not its own."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from elite_code_dataset.git_objects import Objects
from elite_code_dataset.git_place import place_of
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import open_repository
from elite_code_dataset.trees import label
from tests.payloads import PAYLOADS, Payload, Target
from tests.repositories import committed, git, started

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 25  # payloads that must fire under plain git, so that a matrix of duds cannot pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits of two files."""
    folder = started(tmp_path_factory.mktemp("base") / "base")
    committed(folder, {"one.txt": "one\n", "README": "read\n"}, "Begin")
    committed(folder, {"one.txt": "one\ntwo\n"}, "Go on", time=1_600_001_000)
    return folder


@pytest.fixture(scope="module")
def packed(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in one pack, so that git has to be asked for every object."""
    folder = Path(shutil.copytree(base, tmp_path_factory.mktemp("packed") / "packed", symlinks=True))
    git(folder, "repack", "-q", "-a", "-d")
    return folder


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "copy", symlinks=True))


def everything(folder: Path) -> tuple[int, int, int]:
    """Read all there is: numbers of files, commits and changes."""
    with open_repository(folder) as repository:
        files, changes = list(repository.files()), list(repository.changes())
        repository.line_times()
        return len(files), len(repository.history().commits), len(changes)


def loose(git_dir: Path, kind: str, data: bytes, oid: str | None = None, declared: int | None = None) -> str:
    """Write a loose object, under a false id or with a false size if given; its id."""
    head = f"{kind} {len(data) if declared is None else declared}\0".encode()
    oid = oid or hashlib.sha1(f"{kind} {len(data)}\0".encode() + data).hexdigest()
    path = git_dir / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(zlib.compress(head + data, 1))
    return oid


def tree_of(git_dir: Path, *entries: tuple[bytes, bytes, str]) -> str:
    return loose(git_dir, "tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries))


def commit_of(
    git_dir: Path, tree: str, *parents: str, message: bytes = b"Made\n", who: bytes = b"A <a@b.invalid>", when: str = "1600002000"
) -> str:
    lines = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
    people = [b"author " + who + f" {when} +0000".encode(), b"committer " + who + f" {when} +0000".encode()]
    oid = loose(git_dir, "commit", b"\n".join([*lines, *people]) + b"\n\n" + message)
    (git_dir / "HEAD").write_text(oid + "\n")
    return oid


FIRED: dict[str, bool] = {}


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_no_payload_runs_when_we_read(name: str, packed: Path, tmp_path: Path) -> None:
    payload: Payload = PAYLOADS[name]
    target = Target(Path(shutil.copytree(packed, tmp_path / "target", symlinks=True)), tmp_path)
    payload.plant(target)
    expected = len(git(target.folder, "rev-list", "HEAD").split())
    files, commits, changes = everything(target.folder)
    assert not target.mark.exists(), f"{name} ran"
    assert commits == expected and files >= 1 and changes >= 2
    FIRED[name] = target.fires(payload)  # only now, as it may change the repository


def test_the_payloads_do_fire_under_plain_git() -> None:
    assert len(FIRED) >= 30, "run the whole file: this counts what the matrix above saw"
    assert sum(FIRED.values()) >= ENOUGH, sorted(name for name, fired in FIRED.items() if not fired)


def test_the_callers_git_variables_and_settings_change_nothing(packed: Path, tmp_path: Path) -> None:
    mark = tmp_path / "fired"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    settings = (
        f"[core]\n\tfsmonitor = {program}\n\tpager = {program}\n\tquotePath = false\n[diff]\n\texternal = {program}\n\tnoprefix = true\n"
    )
    (home / ".gitconfig").write_text(settings + "[log]\n\tshowSignature = true\n\tdate = raw\n[core]\n\tabbrev = 4\n")
    script = (
        "import json, sys; from elite_code_dataset.repository import open_repository\n"
        "with open_repository(sys.argv[1]) as r:\n"
        "    print(json.dumps([[f.path, f.blob, f.last_changed, f.lineage] for f in r.files()] + [[c.path, c.before, c.after, c.message] for c in r.changes()]))"
    )
    hostile = {
        "HOME": str(home),
        "GIT_DIR": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/nonexistent",
        "GIT_WORK_TREE": "/",
        "GIT_INDEX_FILE": "/nonexistent",
        "GIT_EXTERNAL_DIFF": str(program),
        "GIT_PAGER": str(program),
        "GIT_SSH_COMMAND": str(program),
        "GIT_ASKPASS": str(program),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_TRACE2_EVENT": str(tmp_path / "trace2"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(program),
        "GIT_CONFIG_PARAMETERS": f"'core.pager'='{program}'",
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_NAMESPACE": "other",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "tr_TR.UTF-8",
    }
    outputs = []
    for extra in ({}, hostile):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | extra
        done = subprocess.run(
            [sys.executable, "-c", script, str(packed)], env=environment, capture_output=True, text=True, check=True, cwd=tmp_path
        )
        outputs.append(json.loads(done.stdout))
    assert outputs[0] == outputs[1] and len(outputs[0]) == 5
    assert not mark.exists() and not (tmp_path / "trace").exists() and not (tmp_path / "trace2").exists()


def test_a_git_program_inside_the_repository_is_not_the_one_we_run(copy: Path, tmp_path: Path) -> None:
    mark = tmp_path / "fired"
    git(copy, "repack", "-q", "-a", "-d")
    for name in ("git", "sh"):
        (copy / name).write_text(f"#!/bin/sh\ntouch '{mark}'\n")
        (copy / name).chmod(0o755)
    script = "from elite_code_dataset.repository import open_repository\nwith open_repository('.') as r: print(len(list(r.changes())))"
    environment = {"PATH": f".:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=copy, check=True)
    assert done.stdout.strip() == "3" and not mark.exists()
    subprocess.run("git", env=environment, cwd=copy, shell=True, check=True)
    assert mark.exists(), "the planted program would have run"


def _alternates(git_dir: Path, elsewhere: Path) -> None:
    (git_dir / "objects/info").mkdir(exist_ok=True)
    (git_dir / "objects/info/alternates").write_text(f"{elsewhere}/.git/objects\n")


def _linked(name: str):
    def plant(git_dir: Path, elsewhere: Path) -> None:
        path = git_dir / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.symlink_to(elsewhere / ".git" / name)

    return plant


def _pipe(name: str):
    def plant(git_dir: Path, elsewhere: Path) -> None:
        path = git_dir / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)

    return plant


def _text(name: str, text: str):
    def plant(git_dir: Path, elsewhere: Path) -> None:
        (git_dir / name).write_text(text.replace("ELSEWHERE", str(elsewhere)))

    return plant


def _only_a_mark(git_dir: Path, elsewhere: Path) -> None:
    shutil.rmtree(git_dir)
    git_dir.write_text(f"gitdir: {elsewhere}/.git\n")


def _link_as_git_dir(git_dir: Path, elsewhere: Path) -> None:
    shutil.rmtree(git_dir)
    git_dir.symlink_to(elsewhere / ".git")


def _false_worktree(git_dir: Path, elsewhere: Path) -> None:
    """A folder of our own that says it is a work tree of somebody else's repository."""
    shutil.rmtree(git_dir)
    made = git_dir.parent / "made"
    made.mkdir()
    (made / "HEAD").write_text("ref: refs/heads/main\n")
    (made / "commondir").write_text(f"{elsewhere}/.git\n")
    (made / "gitdir").write_text(f"{git_dir}\n")
    git_dir.write_text("gitdir: made\n")


REFUSED = {
    "alternates": (_alternates, "borrows objects"),
    "objects is a symlink": (_linked("objects"), "must hold its own objects"),
    "objects/pack is a symlink": (_linked("objects/pack"), "not a folder"),
    "HEAD is a symlink": (_linked("HEAD"), "HEAD is missing or not a plain file"),
    "config is a symlink": (_linked("config"), "not a plain file"),
    "refs is a symlink": (_linked("refs"), "no commit at HEAD"),
    "HEAD is a pipe": (_pipe("HEAD"), "HEAD is missing or not a plain file"),
    "config is a pipe": (_pipe("config"), "not a plain file"),
    "the branch is a pipe": (_pipe("refs/heads/main"), "no commit at HEAD"),
    "a pack is a pipe": (_pipe("objects/pack/pack-x.idx"), "not a plain file"),
    "a loose object is a pipe": (_pipe("objects/ab/cdef"), "not a plain file"),
    "HEAD leads out": (_text("HEAD", "ref: ../../other/.git/refs/heads/main\n"), "no commit at HEAD"),
    "HEAD leads to itself": (_text("HEAD", "ref: HEAD\n"), "no commit at HEAD"),
    "HEAD is an option": (_text("HEAD", "ref: --output=/tmp/written\n"), "no commit at HEAD"),
    "HEAD is noise": (_text("HEAD", "\0\0\0"), "no commit at HEAD"),
    "commondir leads out": (_text("commondir", "ELSEWHERE/.git\n"), "is no work tree"),
    "a reftable": (_text("config", "[extensions]\n\trefStorage = reftable\n"), "reftable"),
    "an unknown hash": (_text("config", "[extensions]\n\tobjectFormat = md5\n"), "object format 'md5'"),
    ".git names another repository": (_only_a_mark, "does not point back"),
    ".git is a symlink": (_link_as_git_dir, "neither a folder nor a plain file"),
    "a false work tree": (_false_worktree, "is no work tree"),
}


@pytest.mark.timeout(60)  # git itself would wait for ever at a pipe
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_leads_out_of_the_repository_or_blocks_is_refused_at_once(name: str, base: Path, copy: Path) -> None:
    plant, reason = REFUSED[name]
    assert everything(copy)[0] == 2
    plant(copy / ".git", base)
    with pytest.raises(EliteCodeError, match=reason) as refusal:
        everything(copy)
    assert "\n" not in str(refusal.value)


def test_a_symlink_out_of_the_tree_and_a_submodule_are_counted_and_not_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside\n")
    (copy / "link.py").symlink_to(tmp_path / "secret")
    (copy / "folder").symlink_to("/etc")
    git(copy, "add", "-A")
    git(copy, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(copy, "commit", "-q", "-m", "Links")
    with open_repository(copy) as repository:
        texts = [file.text for file in repository.files()]
        assert repository.drops == {"symlink": [2, 0], "submodule": [1, 0]}
        changes = list(repository.changes())
        assert repository.drops["symlink"][0] == 2 and repository.drops["submodule"][0] == 1
        assert repository.file_bytes("link.py") is None and "link.py" in repository.paths()
    assert not any("outside" in text for text in texts) and not any("outside" in (change.after or "") for change in changes)


def test_a_forged_answer_is_not_believed(copy: Path) -> None:
    """A blob that declares five bytes and then imitates git's answers for the blobs asked after it."""
    git_dir = copy / ".git"
    honest = [loose(git_dir, "blob", f"honest {i}\n".encode()) for i in range(4)]
    imitation = b"".join(f"{oid} blob 7\nforged\n\n".encode() for oid in honest)
    first = loose(git_dir, "blob", b"12345\n" + imitation, oid="0" * 39 + "1", declared=5)
    names = [(b"100644", f"{i}.py".encode(), oid) for i, oid in enumerate([first, *honest])]
    commit_of(git_dir, tree_of(git_dir, *names))
    with open_repository(copy) as repository:
        texts = {file.path: file.text for file in repository.files()}
        assert texts == {f"{i + 1}.py": f"honest {i}\n" for i in range(4)}
        assert repository.drops["unreadable_blob"][0] == 1


def test_an_object_under_another_ones_id_is_skipped(copy: Path) -> None:
    git_dir = copy / ".git"
    blob = git(copy, "rev-parse", "HEAD:one.txt").strip()
    loose(git_dir, "blob", b"something else\n", oid=blob)
    with open_repository(copy) as repository:
        assert [file.path for file in repository.files()] == ["README"]
        assert repository.drops == {"unreadable_blob": [1, 15]}


@pytest.mark.timeout(30)  # git announces the false size, hands on what there is, and waits
@pytest.mark.parametrize("declared", [0, 1, 14, 16, 10**6, 10**12, 2**63])
def test_an_object_of_another_size_than_it_declares_is_skipped_at_once(declared: int, copy: Path) -> None:
    blob = git(copy, "rev-parse", "HEAD:one.txt").strip()
    loose(copy / ".git", "blob", b"something else\n", oid=blob, declared=declared)
    with open_repository(copy) as repository:
        assert [file.path for file in repository.files()] == ["README"]
        assert sum(pair[0] for pair in repository.drops.values()) == 1


def test_a_sound_copy_in_a_pack_stands_in_for_a_broken_loose_one(copy: Path) -> None:
    git(copy, "repack", "-q", "-a")
    blob = git(copy, "rev-parse", "HEAD:one.txt").strip()
    for damage in (b"", b"x\x9c", zlib.compress(b"blob 4\0nope")):
        path = copy / ".git/objects" / blob[:2] / blob[2:]
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(damage)
        with open_repository(copy) as repository:
            assert {file.path: file.text for file in repository.files()} == {"README": "read\n", "one.txt": "one\ntwo\n"}


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "empty"])
def test_a_damaged_blob_costs_itself_alone(damage: str, copy: Path) -> None:
    blob = git(copy, "rev-parse", "HEAD:one.txt").strip()
    path = copy / ".git/objects" / blob[:2] / blob[2:]
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"cut": data[:-6], "flipped": data[:4] + bytes([data[4] ^ 255]) + data[5:], "empty": b""}[damage])
    with open_repository(copy) as repository:
        assert [file.path for file in repository.files()] == ["README"]
        assert repository.drops["unreadable_blob"][0] == 1
        assert [change.path for change in repository.changes()] == ["README", "one.txt"]
        assert repository.drops["unreadable_blob"][0] == 1 and repository.commit_time == 1_600_001_000


def test_a_damaged_tree_or_commit_in_the_past_costs_what_hangs_on_it(copy: Path) -> None:
    commits = [committed(copy, {f"src/{i}.py": f"value = {i}\n" * 5}, f"Number {i}", time=1_600_002_000 + i) for i in range(4)]
    tree = git(copy, "rev-parse", f"{commits[1]}:src").strip()
    for oid in (tree, commits[0]):
        (copy / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with open_repository(copy) as repository:
        history = repository.history()
        assert [commit.id for commit in history.commits] == commits[1:]
        assert history.drops == {
            "unreadable_commit": [1, 0],
            "unreadable_tree": [2, 0],
        }  # of its own commit, and of what the next differs in
        assert [file.path for file in repository.files()] == ["README", "one.txt", *(f"src/{i}.py" for i in range(4))]
        assert [change.path for change in repository.changes()] == ["src/3.py"]  # src/2.py cannot be told from what stood there before
        assert repository.drops["unreadable_parent"][0] == 2  # what the oldest commit left holds


def test_a_bomb_of_folders_is_cut_off(copy: Path) -> None:
    git_dir = copy / ".git"
    tree = tree_of(git_dir, (b"100644", b"f", loose(git_dir, "blob", b"boom\n")))
    for _ in range(10):
        tree = tree_of(git_dir, *((b"40000", f"d{i}".encode(), tree) for i in range(10)))
    tree = tree_of(git_dir, (b"100644", b"a.py", loose(git_dir, "blob", b"kept\n")), (b"40000", b"bomb", tree))
    commit_of(git_dir, tree)
    with open_repository(copy) as repository:
        assert [file.path for file in repository.files()] == ["a.py"]
        assert repository.drops["too_many_entries"][0] > 1


def test_folders_deeper_than_the_limit_are_counted(copy: Path) -> None:
    git_dir = copy / ".git"
    tree = tree_of(git_dir, (b"100644", b"deep.py", loose(git_dir, "blob", b"deep\n")))
    for _ in range(5000):
        tree = tree_of(git_dir, (b"40000", b"d", tree))
    commit_of(git_dir, tree_of(git_dir, (b"100644", b"top.py", loose(git_dir, "blob", b"top\n")), (b"40000", b"d", tree)))
    with open_repository(copy) as repository:
        assert [file.path for file in repository.files()] == ["top.py"]
        assert repository.drops == {"tree_too_deep": [1, 0]}


def test_huge_files_and_lines_are_skipped_in_bounded_memory(copy: Path) -> None:
    """1 GiB of zeros (1 MB as an object), 50 MB of text and one line of 20 MB, in a process that may not take 1 GB."""
    git_dir = copy / ".git"
    packer = zlib.compressobj(1)
    digest = hashlib.sha1(head := f"blob {1 << 30}\0".encode())
    packed = [packer.compress(head)]
    zeros = bytes(1 << 20)
    for _ in range(1024):
        digest.update(zeros)
        packed.append(packer.compress(zeros))
    oid = digest.hexdigest()
    (git_dir / "objects" / oid[:2]).mkdir(exist_ok=True)
    (git_dir / "objects" / oid[:2] / oid[2:]).write_bytes(b"".join(packed) + packer.flush())
    text = loose(git_dir, "blob", b"x = 1 # a line of text\n" * 2_200_000)
    line = loose(git_dir, "blob", b"y" * 20_000_000)
    short = loose(git_dir, "blob", b"z" * 500_000 + b"\n")
    small = loose(git_dir, "blob", b"kept = True\n")
    names = [(b"100644", f"{i}.py".encode(), blob) for i, blob in enumerate([oid, text, line, short, small])]
    commit_of(git_dir, tree_of(git_dir, *names))
    script = (
        "import json, re, sys; from elite_code_dataset.repository import open_repository\n"
        "with open_repository(sys.argv[1]) as r:\n"
        "    paths = [f.path for f in r.files()]; drops = dict(r.drops); changes = [c.path for c in r.changes()]; r.line_times()\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])  # ru_maxrss would be the parent's\n"
        "print(json.dumps([paths, drops, changes, peak]))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script, str(copy)], env=environment, capture_output=True, text=True, check=True)
    paths, drops, changes, peak = json.loads(done.stdout)
    assert paths == changes == ["4.py"]
    assert drops == {"too_large": [3, (1 << 30) + 50_600_000 + 20_000_000], "long_line": [1, 500_001]}
    assert peak < 1_000_000  # kilobytes


def test_odd_names_round_trip_and_broken_ones_become_labels(copy: Path) -> None:
    git_dir = copy / ".git"
    names = [
        b"new\nline.py",
        b'quo"te.py',
        b"-dash.py",
        b"a|b.py",
        b"tab\t.py",
        b" space .py",
        b"--output=x.py",
        "größe.py".encode(),
        b"\xff\xfe.py",
        rb"\xff\xfe.py",
        b"\\\xff.py",
        rb"a\b\n.py",
        b"..",
        b".git",
    ]
    entries = [(b"100644", name, loose(git_dir, "blob", b"name = %d\n" % i)) for i, name in enumerate(names)]
    commit_of(git_dir, tree_of(git_dir, *entries))
    with open_repository(copy) as repository:
        texts = {file.path: file.text for file in repository.files()}
        expected = {label(name): f"name = {i}\n" for i, name in enumerate(names)}
        assert len(expected) == len(names)
        assert texts == expected and "\\xff\\xfe.py" in texts
        assert {change.path: change.after for change in repository.changes()} == expected
        assert repository.file_bytes("new\nline.py") == b"name = 0\n"
    assert not (copy.parent / "x.py").exists() and not Path("x.py").exists()


def test_texts_of_every_encoding_are_kept_exactly_or_counted(copy: Path) -> None:
    contents = {
        "bom.py": "\ufeffx = 1\n".encode(),
        "crlf.py": b"x = 1\r\ny = 2\r\n",
        "cr.py": b"x = 1\ry = 2\r",
        "utf16le.py": b"\xff\xfe" + "x = 'ü'\n".encode("utf-16-le"),
        "utf16be.py": b"\xfe\xff" + "x = 'ü'\n".encode("utf-16-be"),
        "odd16.py": b"\xff\xfe\x00",
        "latin.py": "x = 'ü'\n".encode("latin-1"),
        "surrogate.py": b"x = '\xed\xa0\x80'\n",
        "nul.py": b"x\0y\n",
        "bidi.py": "x = '\u202e'\n".encode(),
        "separators.py": "a\x0cb\u2028c\u0085d\n".encode(),
        "empty.py": b"",
        "large.txt": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n",
    }
    committed(copy, contents, "Every kind")
    with open_repository(copy) as repository:
        files = {file.path: file.text for file in repository.files(exclude=["README", "one.txt"])}
        assert {path: files[path] for path in ("utf16le.py", "utf16be.py")} == dict.fromkeys(("utf16le.py", "utf16be.py"), "x = 'ü'\n")
        exact = ("bidi.py", "bom.py", "cr.py", "crlf.py", "separators.py")
        assert {path: text.encode() for path, text in files.items() if path in exact} == {path: contents[path] for path in exact}
        assert set(files) == {*exact, "utf16le.py", "utf16be.py"}
        assert {reason: pair[0] for reason, pair in repository.drops.items()} == {
            "excluded": 2, "binary": 2, "not_utf8": 2, "empty": 1, "lfs_pointer": 1
        }  # fmt: skip
        assert {oddity: pair[0] for oddity, pair in repository.noted.items()} == {"bom": 1, "crlf": 1, "utf16": 2, "bidi_control": 1}


def test_broken_text_in_a_commit_costs_nothing_else(copy: Path) -> None:
    git_dir = copy / ".git"
    tree = tree_of(git_dir, (b"100644", b"a.py", loose(git_dir, "blob", b"a = 1\n")))
    first = commit_of(git_dir, tree, message=b"Caf\xe9 \xff\n", who=b"\xff\xfe <\x80>")
    tree = tree_of(git_dir, (b"100644", b"a.py", loose(git_dir, "blob", b"a = 2\n")))
    second = commit_of(git_dir, tree, first, when="99999999999999999999")
    tree = tree_of(git_dir, (b"100644", b"a.py", loose(git_dir, "blob", b"a = 3\n")))
    commit_of(git_dir, tree, second, when="-7")
    with open_repository(copy) as repository:
        changes = list(repository.changes())
        assert [change.after for change in changes] == ["a = 1\n", "a = 2\n", "a = 3\n"]
        assert changes[0].message == "Café ÿ"
        assert [change.committed for change in changes] == [1_600_002_000, 253_402_300_799, 0]  # times that no table can hold are clamped


@pytest.mark.timeout(60)
def test_an_endless_message_or_name_costs_no_more_than_its_length(copy: Path) -> None:
    git_dir = copy / ".git"
    parts = [
        b"a" * 300_000,
        b"A" * 300_000,
        b"by-" * 100_000,
        b"Aa " * 100_000,
        b"a.b-" * 80_000 + b"@",
        b"@" * 300_000,
        b" " * 300_000,
        b"thanks to " * 30_000,
    ]
    for part in (*parts, b"\n".join(parts), b"\n" * 300_000):
        data = b"a = 1\n"
        commit_of(
            git_dir,
            tree_of(git_dir, (b"100644", b"a.py", loose(git_dir, "blob", data))),
            message=b"Subject\n\n" + part,
            who=part.replace(b"\n", b" "),
        )
        with open_repository(copy) as repository:
            messages = [change.message for change in repository.changes()]
            assert len(messages) == 1 and messages[0].startswith("Subject") and len(messages[0]) <= 20_000


def test_replacements_grafts_and_commit_graphs_of_the_repository_do_not_count(copy: Path) -> None:
    honest = committed(copy, {"one.txt": "one\ntwo\nthree\n"}, "Third", time=1_600_002_000)
    git(copy, "commit-graph", "write", "--reachable")
    blob, other = git(copy, "rev-parse", "HEAD:one.txt").strip(), git(copy, "rev-parse", "HEAD:README").strip()
    git(copy, "replace", blob, other)
    (copy / ".git/info").mkdir(exist_ok=True)
    (copy / ".git/info/grafts").write_text(f"{honest}\n")
    assert git(copy, "show", "HEAD:one.txt") == "read\n", "plain git is taken in"
    with open_repository(copy) as repository:
        assert repository.file_bytes("one.txt") == b"one\ntwo\nthree\n" and len(repository.history().commits) == 3


def test_a_repository_that_changes_while_it_is_read_gives_the_pinned_commit(copy: Path) -> None:
    with open_repository(copy) as repository:
        pinned = repository.commit
        reading = repository.files()
        seen = [next(reading).path]
        committed(copy, {"one.txt": "changed since\n", "new.py": "new\n", "README": None}, "Later")
        git(copy, "repack", "-q", "-a", "-d")
        texts = {file.path: file.text for file in reading}
        assert repository.commit == pinned and seen + list(texts) == ["README", "one.txt"] and texts["one.txt"] == "one\ntwo\n"
        assert len(repository.history().commits) == 2 and len(list(repository.changes())) == 3


def test_a_git_that_falls_silent_costs_one_object(copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    git(copy, "repack", "-q", "-a", "-d")
    place = place_of(copy)
    oids = [git(copy, "rev-parse", name).strip() for name in ("HEAD:one.txt", "HEAD:README", "HEAD")]
    real = shutil.which("git")
    fake = tmp_path / "git"
    asleep = tmp_path / "asleep"
    fake.write_text(f'#!/bin/sh\nif [ -e {asleep} ]; then exec {real} "$@"; fi\nsleep 600 &\necho $! > {asleep}\nsleep 600\n')
    fake.chmod(0o755)
    monkeypatch.setattr("elite_code_dataset.git_objects.git_program", lambda: str(fake))
    with Objects(place, silence=2.0) as objects:
        found = [kind for _, kind, _ in objects.read(oids)]
    assert found == [None, "blob", "commit"]
    state = Path(f"/proc/{asleep.read_text().strip()}/stat")
    assert not state.exists() or ") Z " in state.read_text(), "what the silent process started must not outlive it"


def test_nothing_is_left_behind(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    git(copy, "repack", "-q", "-a", "-d")
    before = sorted(str(path) for path in copy.rglob("*"))
    with open_repository(copy) as repository:
        list(repository.changes())
        assert len(list(scratch.iterdir())) == 1
    assert not list(scratch.iterdir()) and sorted(str(path) for path in copy.rglob("*")) == before


def test_what_a_killed_reader_left_is_swept_away_and_a_living_ones_is_not(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import os, sys; from elite_code_dataset.repository import open_repository\n"
        "open_repository(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", script.replace("open_repository(sys", "kept = open_repository(sys"), str(packed)]
    readers = [subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    assert [reader.stdout.readline() for reader in readers] == [b"open\n"] * 2
    assert len(list(tmp_path.glob("elite-code-dataset-*"))) == 2
    readers[0].kill()
    readers[0].wait()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_repository(packed):
        assert len(list(tmp_path.glob("elite-code-dataset-*"))) == 2, "the living reader's and this one's"
    readers[1].communicate(b"")
    assert readers[1].returncode == 0 and not list(tmp_path.glob("*elite-code-dataset-*"))


def test_mutated_repositories_neither_crash_nor_hang_nor_lie(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("fuzz_repository", ROOT / "benchmarks" / "fuzz_repository.py")
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    bases = fuzz.base_repositories(tmp_path / "bases")
    outcomes = [(seed, *fuzz.outcome(bases[seed % len(bases)], tmp_path, seed)) for seed in range(160)]
    assert [case for case in outcomes if case[1].startswith("FAILED")] == []
    assert sum(case[1] == "refused" for case in outcomes) > 20 and sum(case[1].endswith("files") for case in outcomes) > 20


def test_the_fuzzer_would_notice_a_wrong_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("fuzz_repository", ROOT / "benchmarks" / "fuzz_repository.py")
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    base = fuzz.base_repositories(tmp_path / "bases")[0]
    monkeypatch.setattr(fuzz, "MUTATIONS", (fuzz.swap_objects,))
    monkeypatch.setattr(Objects, "_is_own", lambda self, oid, kind, data: True)  # a reader that believes what it is told
    assert any("WrongByte" in fuzz.outcome(base, tmp_path, seed)[0] for seed in range(60))
