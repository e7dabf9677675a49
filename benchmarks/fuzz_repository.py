"""Mutated repositories: a seed -> a small repository with something wrong in it, read from end to end.

In: ``python benchmarks/fuzz_repository.py [number of cases] [first seed]``. Out: a line every 500 cases, and a summary; exit status 1 if
a case crashed, hung, or gave a byte that is not the object's own. Costs about 30 cases a second on one core.

Each case copies one of five base repositories (loose objects, one pack, both, each hash), applies one to four mutations and reads files,
history, changes and line times. Allowed are a clear refusal, or content whose hash is the id it is filed under.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import open_repository

SECONDS_A_CASE = 120  # of the clock, so that a busy machine is not taken for a hang; a case takes 0.05 on an idle one
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A Writer",
    "GIT_AUTHOR_EMAIL": "writer@home.invalid",
    "GIT_COMMITTER_NAME": "A Writer",
    "GIT_COMMITTER_EMAIL": "writer@home.invalid",
}


class Hang(Exception):
    """A case took longer than SECONDS_A_CASE."""


class WrongByte(Exception):
    """Something was read that is not what its id says."""


def _git(folder: Path, *arguments: str, moment: int = 1_600_000_000) -> str:
    stamps = {"GIT_AUTHOR_DATE": f"{moment} +0000", "GIT_COMMITTER_DATE": f"{moment} +0000"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=_ENVIRONMENT | stamps, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def base_repositories(root: Path) -> list[Path]:
    """Five small repositories with a rename, a merge, a tag, a symlink and packed refs."""
    made = []
    long_ids = ["--object-format=sha256"]
    for name, options in (("loose", []), ("packed", []), ("sha256", long_ids), ("packed-sha256", long_ids), ("mixed", [])):
        folder = root / name
        folder.mkdir(parents=True)
        _git(folder, "init", "-q", "-b", "main", "--template=", *options)
        (folder / "src").mkdir()
        (folder / "src/one.py").write_text("".join(f"value_{i} = {i}\n" for i in range(60)))
        (folder / "two.txt").write_text("first\nsecond\nthird\n")
        os.symlink("two.txt", folder / "link")
        _save(folder, "Begin", 1)
        _git(folder, "mv", "src/one.py", "src/uno.py")
        (folder / "two.txt").write_text("first\nsecond, better\nthird\n")
        _save(folder, "Rename one", 2)
        _git(folder, "checkout", "-q", "-b", "side")
        (folder / "three.md").write_bytes("\ufefftitle\r\n".encode())
        _save(folder, "Add three", 3)
        _git(folder, "checkout", "-q", "main")
        (folder / "src/deep").mkdir()
        (folder / "src/deep/four.rs").write_text("fn main() {}\n")
        _save(folder, "Add four", 4)
        _git(folder, "merge", "-q", "--no-ff", "-m", "Join", "side", moment=1_600_000_500)
        _git(folder, "tag", "-a", "-m", "Tag", "v1")
        _git(folder, "pack-refs", "--all")
        if name.startswith("packed"):
            _git(folder, "repack", "-q", "-a", "-d")
        if name == "mixed":
            _git(folder, "repack", "-q", "-a")  # each object twice
        made.append(folder / ".git")
    return made


def _save(folder: Path, message: str, number: int) -> None:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", message, moment=1_600_000_000 + number * 100)


class Case:
    """One copy of a base repository that mutations change; ``random`` is seeded by the case alone."""

    def __init__(self, git_dir: Path, seed: int) -> None:
        self.git_dir = git_dir
        self.random = random.Random(seed)
        self.hash_name = "sha256" if (git_dir / "config").exists() and "sha256" in (git_dir / "config").read_text() else "sha1"

    def some_file(self, *parts: str) -> Path | None:
        """A random file below one of these folders or names."""
        found = []
        for part in parts:
            path = self.git_dir / part
            found += [path] if path.is_file() else [f for f in sorted(path.rglob("*")) if f.is_file() and not f.is_symlink()]
        return self.random.choice(found) if found else None

    def put(self, kind: str, data: bytes, oid: str | None = None, declared: int | None = None) -> str:
        """Write a loose object, truthfully or under another's id or with another's size."""
        head = f"{kind} {len(data)}\0".encode()
        oid = oid or hashlib.new(self.hash_name, head + data).hexdigest()
        head = head if declared is None else f"{kind} {declared}\0".encode()
        path = self.git_dir / "objects" / oid[:2] / oid[2:]
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(zlib.compress(head + data))
        return oid

    def loose(self) -> list[str]:
        return sorted(f.parent.name + f.name for f in (self.git_dir / "objects").glob("??/*") if f.is_file())

    def tip(self, oid: str) -> None:
        """Make HEAD this object."""
        (self.git_dir / "HEAD").unlink(missing_ok=True)
        (self.git_dir / "HEAD").write_text(oid + "\n")

    def commit(self, tree: str, parents: tuple[str, ...] = (), extra: bytes = b"", when: str = "1600001000 +0000") -> str:
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        people = [f"author A Writer <writer@home.invalid> {when}", f"committer A Writer <writer@home.invalid> {when}"]
        return self.put("commit", "\n".join([*lines, *people]).encode() + b"\n" + extra + b"\nMutated\n")

    def blob(self, data: bytes = b"honest\n") -> str:
        return self.put("blob", data)

    def tree(self, *entries: tuple[bytes, bytes, str]) -> str:
        return self.put("tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries))


def _noise(case: Case, size: int = 40) -> bytes:
    return case.random.randbytes(case.random.randrange(1, size))


def flip_bytes(case: Case) -> None:
    if path := case.some_file(*case.random.choice([("objects",), ("HEAD", "refs", "packed-refs", "config")])):
        data = bytearray(path.read_bytes())
        for _ in range(case.random.randrange(1, 4)):
            if data:
                data[case.random.randrange(len(data))] ^= 1 << case.random.randrange(8)
        _overwrite(path, bytes(data))


def cut_file(case: Case) -> None:
    if path := case.some_file("objects", "HEAD", "refs", "packed-refs", "config"):
        data = path.read_bytes()
        _overwrite(path, data[: case.random.randrange(len(data) + 1)])


def lengthen_file(case: Case) -> None:
    if path := case.some_file("objects", "HEAD", "refs", "packed-refs", "config"):
        _overwrite(path, path.read_bytes() + _noise(case))


def remove_file(case: Case) -> None:
    if path := case.some_file("objects", "HEAD", "refs", "packed-refs", "config"):
        path.unlink()


def swap_objects(case: Case) -> None:
    loose = case.loose()
    if len(loose) > 1:
        one, other = (case.git_dir / "objects" / oid[:2] / oid[2:] for oid in case.random.sample(loose, 2))
        _overwrite(one, other.read_bytes())


def put_a_pipe(case: Case) -> None:
    name = case.random.choice(["HEAD", "config", "packed-refs", "shallow", "refs/heads/main", "objects/info/x", "commondir"])
    if path := (case.git_dir / name if case.random.random() < 0.7 else case.some_file("objects")):
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)


def put_a_link(case: Case) -> None:
    name = case.random.choice(["HEAD", "config", "packed-refs", "refs/heads/main", "objects/pack", "objects/info/alternates", "objects"])
    path = case.git_dir / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(case.random.choice(["/etc/passwd", "/dev/zero", ".", "/nonexistent"]), path)


def put_a_folder(case: Case) -> None:
    if path := case.some_file("objects", "HEAD", "refs", "packed-refs", "config"):
        path.unlink()
        path.mkdir()


def odd_text(case: Case) -> None:
    name = case.random.choice(
        ["HEAD", "packed-refs", "shallow", "config", "refs/heads/main", "commondir", "objects/info/alternates", "info/grafts"]
    )
    head = case.random.choice(
        [
            "ref: refs/heads/main",
            "ref: ../../HEAD",
            "ref: HEAD",
            "ref: refs/heads/--output=x",
            "0" * 40,
            "f" * 40,
            "ref: refs/heads/" + "a/" * 500,
        ]
    )
    texts = [head, head + "\n" + head, "[core]\n\trepositoryformatversion = 9\n", "[include]\n\tpath = /dev/zero\n", "\0" * 30, "../.."]
    path = case.git_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(case.random.choice(texts).encode() + (_noise(case) if case.random.random() < 0.3 else b""))


def forged_blob(case: Case) -> None:
    """A blob that declares less than it holds and imitates git's next answer."""
    loose = case.loose()
    target = case.random.choice(loose) if loose else "a" * 40
    other = case.random.choice(loose) if loose else "b" * 40
    forged = b"12345\n" + f"{other} blob 6\nforged\n".encode() * case.random.randrange(1, 60)
    case.put("blob", forged, oid=target, declared=5)


def wrong_size(case: Case) -> None:
    if loose := case.loose():
        declared = case.random.choice([0, 1, 10**6, 10**12, 2**63, 2**64 + 1, -1])
        case.put(
            case.random.choice(["blob", "tree", "commit", "tag", "blobb"]), _noise(case), oid=case.random.choice(loose), declared=declared
        )


def odd_tree(case: Case) -> None:
    blob = case.blob()
    names = [b"..", b".git", b"a/b", b"", b"\xff\xfe", b"new\nline", b'quo"te', b"-dash", b"a|b", b"x" * 5000, b"\\xff", b"plain"]
    modes = [b"100644", b"100755", b"120000", b"160000", b"40000", b"040000", b"777777", b"0", b"10064", b"999999"]
    chosen = case.random.sample(names, case.random.randrange(1, len(names)))
    entries = [(case.random.choice(modes), name, blob) for name in chosen]
    tree = case.tree(*(entries * case.random.choice([1, 1, 2])))
    if case.random.random() < 0.3:
        tree = case.put("tree", _noise(case, 200))
    case.tip(case.commit(tree))


def odd_commit(case: Case) -> None:
    blob = case.blob(_noise(case, 2000))
    tree = case.tree((b"100644", b"file.py", blob))
    when = case.random.choice(["99999999999999999999 +0000", "-5 +0000", "now", "", "1 +999999", "1600000000"])
    extra = case.random.choice([b"", b"encoding latin-9\n", b"gpgsig x\n y\n", b"parent zz\n", _noise(case)])
    first = case.commit(case.random.choice([tree, blob, "0" * len(tree)]), (), extra, when)
    parents = case.random.choice([(first,), (first, first), (tree,), ("1" * len(tree),), (first,) * 20, (blob, first)])
    case.tip(case.commit(tree, parents, extra, when))


def raw_commit(case: Case) -> None:
    tree = case.tree((b"100644", b"file.py", case.blob()))
    texts = [b"tree " + tree.encode(), b"tree " + tree.encode() + b"\n\nno people\n", b"", b"\n\n", b"parent x\n", _noise(case, 300)]
    case.tip(case.put("commit", case.random.choice(texts)))


def bomb(case: Case) -> None:
    entry = (b"100644", b"f", case.blob(b"boom\n"))
    width, depth = case.random.choice([(10, 3), (2, 11), (1, 200)])
    tree = case.tree(entry)
    for _ in range(depth):
        tree = case.tree(*((b"40000", f"d{i}".encode(), tree) for i in range(width)))
    case.tip(case.commit(tree))


def tag_chain(case: Case) -> None:
    target, kind = case.blob(), case.random.choice(["blob", "commit", "tag", "tree"])
    for _ in range(case.random.choice([1, 3, 30])):
        target = case.put("tag", f"object {target}\ntype {kind}\ntag t\ntagger A <a@b> 1 +0000\n\nt\n".encode())
        kind = "tag"
    case.tip(target)


def odd_blob(case: Case) -> None:
    contents = [
        b"\0\0\0",
        b"\xff\xfe" + "wide\n".encode("utf-16-le"),
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf",
        b"\r\r\r",
        b"a" * 200_000,
        b"\n" * 100_000,
    ]
    blobs = [case.blob(content) for content in case.random.sample(contents, 3)]
    case.tip(case.commit(case.tree(*((b"100644", f"f{i}.py".encode(), blob) for i, blob in enumerate(blobs)))))


def break_pack(case: Case) -> None:
    if path := case.some_file("objects/pack"):
        data = bytearray(path.read_bytes())
        at = case.random.randrange(len(data))
        end = min(len(data), at + case.random.randrange(1, 64))
        data[at:end] = case.random.choice([b"\0", b"\xff", b""]) * (end - at)
        _overwrite(path, bytes(data))


MUTATIONS: tuple[Callable[[Case], None], ...] = (
    flip_bytes,
    cut_file,
    lengthen_file,
    remove_file,
    swap_objects,
    put_a_pipe,
    put_a_link,
    put_a_folder,
    odd_text,
    forged_blob,
    wrong_size,
    odd_tree,
    odd_commit,
    raw_commit,
    bomb,
    tag_chain,
    odd_blob,
    break_pack,
)


def _overwrite(path: Path, data: bytes) -> None:
    path.unlink()  # git writes objects read-only
    path.write_bytes(data)


def mutated(base: Path, target: Path, seed: int) -> tuple[Case, list[str]]:
    """A copy of a base repository with one to four mutations; the first names them in turn, so that every kind comes up."""
    shutil.copytree(base, target, symlinks=True)
    case = Case(target, seed)
    chosen = [MUTATIONS[seed % len(MUTATIONS)], *case.random.choices(MUTATIONS, k=case.random.choice([0, 0, 1, 3]))]
    for mutation in chosen:
        try:
            mutation(case)
        except OSError:
            pass  # an earlier mutation removed what this one wanted
    return case, [mutation.__name__ for mutation in chosen]


def read_all(folder: Path) -> str:
    """Read everything; 'refused', or how much came out. Raises WrongByte for content that is not its id's."""
    try:
        with open_repository(folder) as repository:
            hash_name = "sha1" if len(repository.commit) == 40 else "sha256"
            files = list(repository.files())
            for file in files:
                data = file.text.encode()
                own = hashlib.new(hash_name, f"blob {len(data)}\0".encode() + data).hexdigest()
                if own != file.blob and not (repository.file_bytes(file.path) or b"").startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise WrongByte(f"{file.path}: {file.blob} holds something else")
            known = {commit.id for commit in repository.history().commits}
            changes = list(repository.changes())
            strangers = [change for change in changes if change.commit not in known or "forged" in (change.after or "")]
            if strangers or any("forged" in file.text for file in files):
                raise WrongByte("a forged answer was believed")
            repository.line_times()
            return f"{len(files)} files" if files else "nothing"
    except EliteCodeError:
        return "refused"


def _on_alarm(*_: object) -> None:
    raise Hang


def outcome(base: Path, scratch: Path, seed: int) -> tuple[str, list[str]]:
    """What came of one case: 'refused', 'nothing', 'N files', or the name of what went wrong."""
    folder = scratch / "case"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _, mutations = mutated(base, folder / ".git", seed)
    before = signal.signal(signal.SIGALRM, _on_alarm)
    signal.alarm(SECONDS_A_CASE)
    try:
        return read_all(folder), mutations
    except Exception as error:  # the point of the exercise is that none comes
        return f"FAILED {type(error).__name__}: {error}", mutations
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(number: int = 10_000, first: int = 0) -> int:
    """Run the cases; the number that failed."""
    outcomes: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-repository-") as root:
        bases = base_repositories(Path(root) / "bases")
        for seed in range(first, first + number):
            result, mutations = outcome(bases[seed % len(bases)], Path(root), seed)
            outcomes["failed" if result.startswith("FAILED") else result] += 1
            if result.startswith("FAILED"):
                print(f"seed {seed} {bases[seed % len(bases)].parent.name} {mutations}: {result}", flush=True)
            if (seed - first) % 500 == 499:
                print(f"{seed - first + 1} cases, {time.monotonic() - started:.0f} s, {dict(outcomes.most_common())}", flush=True)
    print(f"{number} cases, {time.monotonic() - started:.0f} s, {outcomes['failed']} failed; {dict(outcomes.most_common())}")
    return outcomes["failed"]


if __name__ == "__main__":
    sys.exit(1 if main(*(int(argument) for argument in sys.argv[1:])) else 0)
