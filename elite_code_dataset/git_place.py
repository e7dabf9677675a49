"""Where a repository keeps its things: a folder -> ``GitPlace``, and a revision -> object id, all of it read as plain text.

In: the folder the user named (a work tree, a ``.git``, a bare repository, a linked work tree, a submodule's checkout).
Out: folders of objects and refs that were looked at with ``lstat`` first, or ``None`` for a folder without git.
Costs one scan of ``objects/``. No git program runs here but ``git config --file -`` on text we pass in, and no setting
of the repository counts, except which hash it uses. There is no upward search. Others may commit, push, pack and prune meanwhile.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elite_code_dataset.config import MAX_META_BYTES
from elite_code_dataset.records import EliteCodeError

HEX_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REF_NAME = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+\Z")
_SMALL_FILE = 1_000_000  # bytes; HEAD, .git files, loose refs and config are far smaller
_SYMREF_DEPTH = 5


@dataclass(frozen=True)
class GitPlace:
    """``git_dir`` has HEAD, ``common_dir`` the refs and objects (they differ for a linked work tree). ``hash_name`` is sha1 or sha256."""

    git_dir: Path
    common_dir: Path
    hash_name: str
    name: str

    @property
    def objects(self) -> Path:
        return self.common_dir / "objects"


@cache
def git_program() -> str:
    """The absolute path of git. Relative entries of PATH are passed over: they would depend on where the user stands."""
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(folder)]
    found = shutil.which("git", path=os.pathsep.join(folders))
    if not found:
        raise EliteCodeError("git was not found in PATH; install git 2.30 or newer")
    return found


def clean_environment() -> dict[str, str]:
    """The environment of every git process, made from nothing: the caller's GIT_* variables and settings change nothing."""
    return {
        "PATH": os.pathsep.join(dict.fromkeys([os.path.dirname(git_program()), "/usr/bin", "/bin"])),
        "LC_ALL": "C",
        "TZ": "UTC",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }


def plain_text(root: Path, *parts: str, limit: int = _SMALL_FILE) -> str | None:
    """The text of ``root/parts``, or None where there is none; symlinks, FIFOs, devices and oversized files count as none."""
    current = root
    for part in parts[:-1]:
        current = current / part
        if not is_real_folder(current):
            return None
    data, _ = plain_bytes(os.fsencode(current / parts[-1]), limit)
    return None if data is None else data.decode("utf-8", "backslashreplace")


def plain_bytes(path: bytes, limit: int, head: int | None = None) -> tuple[bytes | None, int]:
    """Content and size of a plain file; content None for a link, a FIFO, a folder, or more than ``limit`` bytes. Never blocks.

    With ``head`` only that many bytes are read, however large the file is.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None, 0
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or (head is None and status.st_size > limit):
            return None, status.st_size
        if head is not None:
            return os.read(handle, head), status.st_size
        parts, left = [], limit + 1  # it may grow while it is read
        while left > 0 and (part := os.read(handle, min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
    except OSError:
        return None, 0
    finally:
        os.close(handle)
    data = b"".join(parts)
    return (data, len(data)) if left > 0 else (None, len(data))


def place_of(folder: Path) -> GitPlace | None:
    """The git repository at exactly this folder, or None where the folder holds none. Raises EliteCodeError for one we refuse."""
    mark = folder / ".git"
    try:
        kind = os.lstat(mark).st_mode
    except OSError:
        return _checked(folder, folder, _label(folder)) if _looks_like_git_dir(folder) else None
    if stat.S_ISDIR(kind):
        return _checked(mark, mark, _label(folder))
    if not stat.S_ISREG(kind):
        raise EliteCodeError(f"{mark} is neither a folder nor a plain file; name the repository it leads to instead")
    return _place_of_mark(folder, mark)


def _label(folder: Path) -> str:
    name = folder.parent.name if folder.name == ".git" else folder.name
    return name.removesuffix(".git") or "repository"


def _looks_like_git_dir(folder: Path) -> bool:
    """Two of a git folder's marks are enough, so that a broken repository is refused and not read as a folder of odd files."""
    marks = [os.path.lexists(folder / name) for name in ("HEAD", "objects", "refs", "commondir")]
    return sum(marks) >= 2 and (marks[0] or marks[1])


def _place_of_mark(folder: Path, mark: Path) -> GitPlace:
    """Follow a ``.git`` file, but only where the other end names this folder too: a file alone could point at anybody's repository."""
    text = plain_text(folder, ".git") or ""
    if not text.startswith("gitdir:"):
        raise EliteCodeError(f"{mark} is no git repository: it should be a folder, or a file that starts with 'gitdir:'")
    git_dir = _named(folder, text.removeprefix("gitdir:"))
    back = plain_text(git_dir, "gitdir")
    if back is not None:
        points_back = _named(git_dir, back) == Path(os.path.realpath(mark))
    else:
        worktree = _setting(plain_text(git_dir, "config") or "", "core.worktree")
        points_back = bool(worktree) and _named(git_dir, worktree) == Path(os.path.realpath(folder))
    if not points_back:
        raise EliteCodeError(f"{mark} points at {git_dir}, which does not point back at {folder}; name {git_dir} itself if you mean it")
    return _checked(git_dir, git_dir, _label(folder))


def _named(folder: Path, text: str) -> Path:
    """The real place that a line of text in this folder names."""
    return Path(os.path.realpath(folder / text.replace("\0", "").strip("\r\n ")))


def _checked(git_dir: Path, common_dir: Path, name: str) -> GitPlace:
    common = plain_text(git_dir, "commondir")
    if common is not None:
        common_dir = _named(git_dir, common)
        if git_dir.resolve().parent != common_dir / "worktrees":
            raise EliteCodeError(f"{git_dir} takes its objects from {common_dir}, of which it is no work tree; name that repository itself")
    if not is_real_folder(git_dir) or plain_text(git_dir, "HEAD") is None:
        raise EliteCodeError(f"{git_dir} is no git repository we can read: HEAD is missing or not a plain file")
    _refuse_odd_objects(common_dir / "objects")
    config = plain_text(common_dir, "config")
    if config is None and os.path.lexists(common_dir / "config"):
        raise EliteCodeError(f"{common_dir / 'config'} is not a plain file; the repository is refused")
    config = config or ""
    if os.path.lexists(common_dir / "reftable") or _setting(config, "extensions.refstorage").lower() not in ("", "files"):
        raise EliteCodeError(
            f"{common_dir} keeps its refs in a reftable, which is not supported; run 'git refs migrate --ref-format=files' there"
        )
    hash_name = _setting(config, "extensions.objectformat").lower() or "sha1"
    if hash_name not in ("sha1", "sha256"):
        raise EliteCodeError(f"{common_dir} uses the object format {hash_name!r}; sha1 and sha256 are supported")
    return GitPlace(git_dir, common_dir, hash_name, name)


def is_real_folder(path: Path) -> bool:
    """Whether a folder lies there, and not a link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _refuse_odd_objects(objects: Path) -> None:
    """Objects must lie here: no other repository's (alternates), nothing behind a symlink, nothing that blocks when opened."""
    if not is_real_folder(objects):
        raise EliteCodeError(f"{objects} is missing or a symlink; a repository must hold its own objects")
    for name in ("alternates", "http-alternates"):
        if os.path.lexists(objects / "info" / name):
            raise EliteCodeError(
                f"{objects / 'info' / name} borrows objects of another repository, which is refused; "
                "run 'git repack -a -d' there and delete that file, or clone without --shared/--reference"
            )
    try:
        for name in sorted(os.listdir(objects)):
            if len(name) == 2 or name in ("pack", "info"):  # nobody reads another, such as the tmp_objdir-* of a push that is under way
                _refuse_odd_files(objects / name)
    except OSError as error:
        raise EliteCodeError(f"{objects} cannot be read: {error.strerror}") from None


def _refuse_odd_files(folder: Path) -> None:
    """The same for one folder of objects. What was listed and is gone is no fault: git may pack and prune at this moment."""
    kind = _kind(folder)
    if kind is None:
        return
    if not stat.S_ISDIR(kind):
        raise EliteCodeError(f"{folder} is not a folder; the repository is refused")
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            kind = stat.S_IFREG if entry.is_file(follow_symlinks=False) else _kind(entry.path)
            if kind is not None and not stat.S_ISREG(kind) and not (folder.name == "info" and stat.S_ISDIR(kind)):
                raise EliteCodeError(f"{entry.path} is not a plain file; the repository is refused")


def _kind(path: str | Path) -> int | None:
    """The mode of what lies there, None where nothing does."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None


def _setting(config: str, key: str) -> str:
    """One value of a config text, by git's own reader with includes off; '' where it is absent or the text is broken."""
    if key.rpartition(".")[2] not in config.lower():
        return ""
    command = [git_program(), "config", "--file", "-", "--no-includes", "--get", key]
    try:
        done = subprocess.run(
            command, input=config.encode(), capture_output=True, cwd="/", env=clean_environment(), timeout=20, start_new_session=True
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return done.stdout.decode("utf-8", "backslashreplace").rstrip("\n") if done.returncode == 0 else ""


def head_id(place: GitPlace) -> str:
    """The commit HEAD names. Raises EliteCodeError for a repository without a commit."""
    found = _followed(place, "HEAD")
    if not found:
        raise EliteCodeError(f"{place.name} ({place.git_dir}) has no commit at HEAD; commit something, or name a branch as revision")
    return found


def named_id(place: GitPlace, revision: str) -> str | None:
    """A branch, tag or full ref name -> object id (a tag's may be that of a tag object), in git's order of look-up; None if unknown."""
    if revision in ("HEAD", "@"):
        return head_id(place)
    if not _valid_ref(revision):
        return None
    for _ in range(2):  # a ref that is packed after packed-refs was read, and before its own file is, is found by the second look
        packed = _packed_refs(place)
        for pattern in ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD"):
            name = pattern.format(revision)
            if name.startswith("refs/") and (found := _followed(place, name, packed)):
                return found
    return None


def shallow_ids(place: GitPlace) -> frozenset[str]:
    """Commits whose parents a shallow clone left out."""
    text = plain_text(place.common_dir, "shallow", limit=MAX_META_BYTES) or ""
    return frozenset(line for line in text.split("\n") if HEX_ID.match(line))


def _valid_ref(name: str) -> bool:
    parts = name.split("/")
    return bool(_REF_NAME.match(name)) and ".." not in name and all(part and not part.startswith((".", "-")) for part in parts)


def _followed(place: GitPlace, name: str, packed: dict[str, str] | None = None) -> str | None:
    """Follow a ref through ``ref:`` lines, at most five deep, to a hex id."""
    for _ in range(_SYMREF_DEPTH):
        roots = [place.git_dir, place.common_dir]
        texts = (plain_text(root, *name.split("/")) for root in dict.fromkeys(roots))
        text = next((text for text in texts if text is not None), None)
        if text is None:
            packed = _packed_refs(place) if packed is None else packed
            return packed.get(name)
        text = text.strip()
        if not text.startswith("ref:"):
            return text if HEX_ID.match(text) else None
        name = text.removeprefix("ref:").strip()
        if not name.startswith("refs/") or not _valid_ref(name):
            return None
    return None


def _packed_refs(place: GitPlace) -> dict[str, str]:
    text = plain_text(place.common_dir, "packed-refs", limit=MAX_META_BYTES) or ""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        oid, _, name = line.rstrip("\r").partition(" ")
        if HEX_ID.match(oid) and name:
            found[name] = oid
    return found
