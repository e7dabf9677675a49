"""Objects by id: hex ids -> checked bytes, from loose files read here, and from packs by ``git cat-file`` in a repository of our own making.

In: a ``GitPlace`` and object ids. Out: (kind, bytes) whose hash was computed again here, or None, never an exception for what
a repository contains. Costs about 20 microseconds an object, one or two git processes, and a 1 MB read buffer.

The temporary repository is empty but for a link to the packs: the config, hooks, attributes, refs, grafts, replacements and
alternates of the real one are never seen by git, so nothing they name can run. Nor are its loose objects, of which git
would hand on fewer or more bytes than it announced. git starts from ``/`` in a process group of its own, with an
environment made from nothing and limits on memory and CPU; silence, a wrong answer or a death costs one object. What is not
found is looked for again where objects were moved meanwhile: into a pack, out of one, or into another.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import select
import shutil
import signal
import subprocess
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from elite_code_dataset.config import GIT_CPU_SECONDS, GIT_MEMORY_KB, GIT_SILENCE_SECONDS, MAX_META_BYTES
from elite_code_dataset.git_place import HEX_ID, GitPlace, clean_environment, git_program, is_real_folder, plain_bytes
from elite_code_dataset.git_shim import Shim

_WINDOW = 200  # ids written at once: 13 KB at most, which every pipe holds, so that neither side ever waits for the other
_ANSWER = re.compile(rb"([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d{1,19})\Z")
_LOOSE = re.compile(rb"(commit|tree|blob|tag) (\d{1,19})\0")
_MOVES = 5  # times that an object which is moved again and again is looked for
_LOOSE_HEAD = 64  # bytes that hold the head of any loose object
_SHELL = 'ulimit -t "$1" 2>/dev/null; ulimit -v "$2" 2>/dev/null; ulimit -c 0 2>/dev/null; shift 2; exec "$@"'


class Objects:
    """A reader of one repository's objects. Close it, or use it in a ``with``; it may be used again after a fork.

    ``unread``: every id that was asked for in vain, and whether not even a size is known of it.
    """

    def __init__(self, place: GitPlace, silence: float = GIT_SILENCE_SECONDS) -> None:
        self.place = place
        self.id_length = 40 if place.hash_name == "sha1" else 64
        self.unread: dict[str, bool] = {}
        self._silence = silence
        self._folders = (str(place.objects), str(place.objects / "pack"))
        self._stamp = self._moved_at()
        self._fans = set(_fans(place.objects))
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._idle: dict[str, list[_Pipe]] = {"--batch": [], "--batch-check": []}
        self._shim: Shim | None = None

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the git processes and remove the temporary repository."""
        if self._owner == os.getpid():
            for pipe in (pipe for pipes in self._idle.values() for pipe in pipes):
                pipe.end()
            if self._shim is not None:
                self._shim.remove()
        self._forget()

    def sizes(self, oids: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Kind and size of each object that is there, without reading its content."""
        found: dict[str, tuple[str, int]] = {}
        for oid, kind, size, _ in self._asked("--batch-check", list(dict.fromkeys(oids)), 0):
            if kind is not None:
                found[oid] = (kind, size)
            elif len(oid) == self.id_length:
                self.unread[oid] = True
        return found

    def read(self, oids: Iterable[str], limit: int = MAX_META_BYTES) -> Iterator[tuple[str, str | None, bytes]]:
        """(id, kind, content) in the order asked; kind None for what is missing, broken, forged or larger than ``limit`` bytes."""
        for oid, kind, _, data in self._asked("--batch", list(dict.fromkeys(oids)), limit):
            if kind is None and len(oid) == self.id_length:
                self.unread.setdefault(oid, False)
            yield oid, kind, data

    def one(self, oid: str, kind: str, limit: int = MAX_META_BYTES) -> bytes | None:
        """The content of one object of that kind, or None."""
        answers = list(self.read([oid], limit))  # to the end, so that the process can be asked again
        return answers[0][2] if answers and answers[0][1] == kind else None

    def stored(self) -> list[str]:
        """See ``stored_in``."""
        return stored_in(self.place)

    def full_id(self, prefix: str) -> str | None:
        """The only object id that starts with these hex digits, or None for none or several."""
        folder = plain_names(self.place.objects / prefix[:2])
        found = {prefix[:2] + name for name in folder if name.startswith(prefix[2:]) and HEX_ID.match(prefix[:2] + name)}
        pipe = self._taken("--batch-check")
        pipe.write([prefix])
        line = pipe.line() or b""
        pipe.end()  # what follows "ambiguous" differs between versions of git
        match = _ANSWER.match(line)
        found |= {match.group(1).decode()} if match else set()
        return found.pop() if len(found) == 1 and not line.endswith(b" ambiguous") else None

    def _asked(self, mode: str, oids: Sequence[str], limit: int) -> Iterator[tuple[str, str | None, int, bytes]]:
        """Answers in the order of ``oids``: what lies loose or is no id at all is answered here, the rest by git, many at a time."""
        at = 0
        while at < len(oids):
            window: list[str] = []
            here = None
            while len(window) < _WINDOW and at + len(window) < len(oids) and here is None:
                here = self._answered_here(mode, oids[at + len(window)], limit)
                window += [] if here else [oids[at + len(window)]]
            while window:
                answered = 0
                for answer in self._window(mode, window, limit):
                    answered += 1
                    yield answer if answer[1] is not None else self._looked_for(mode, answer, limit)
                at += answered
                window = window[answered:]
            if here is not None:
                at += 1
                yield here

    def _answered_here(self, mode: str, oid: str, limit: int) -> tuple[str, str | None, int, bytes] | None:
        """The answer for what is no id, or is the id of a sound loose object; None for what git has to be asked."""
        if len(oid) != self.id_length or not HEX_ID.match(oid):
            return oid, None, 0, b""
        if oid[:2] not in self._fans:
            return None
        found = loose_object(self.place.objects / oid[:2] / oid[2:], limit if mode == "--batch" else None)
        if found is None or (mode == "--batch" and not self._is_own(oid, found[0], found[2])):
            return None  # there may be a sound copy in a pack
        return oid, *found

    def _looked_for(self, mode: str, answer: tuple[str, str | None, int, bytes], limit: int) -> tuple[str, str | None, int, bytes]:
        """The answer for what git did not find: it may have become loose, or its pack another one, while git looked."""
        oid = answer[0]
        for _ in range(_MOVES):
            if os.path.lexists(f"{self._folders[0]}/{oid[:2]}/{oid[2:]}") and is_real_folder(self.place.objects / oid[:2]):
                self._fans.add(oid[:2])
                here = self._answered_here(mode, oid, limit)
                if here is not None:
                    return here
            before, self._stamp = self._stamp, self._moved_at()
            if self._stamp == before:
                break
            [answer] = self._window(mode, [oid], limit)
            if answer[1] is not None:
                break
        return answer

    def _moved_at(self) -> tuple[int, ...]:
        """When something was last put into, or taken out of, the packs and the folders of loose objects."""
        try:
            return tuple([os.stat(folder).st_mtime_ns for folder in self._folders])
        except OSError:
            return ()  # there are no packs

    def _window(self, mode: str, window: Sequence[str], limit: int) -> Iterator[tuple[str, str | None, int, bytes]]:
        """Answers to one window, up to and with the first that makes git's output untrustworthy."""
        pipe = self._taken(mode)
        pipe.write(window)
        trusted = False  # only a pipe whose every answer was taken and found sound is used again
        try:
            for oid in window:
                line = pipe.line()
                if line == f"{oid} missing".encode():
                    yield oid, None, 0, b""
                    continue
                match = _ANSWER.match(line or b"")
                if match is None or match.group(1) != oid.encode():
                    break
                kind, size = match.group(2).decode(), int(match.group(3))
                data = b"\n" if mode == "--batch-check" else pipe.exactly(size + 1) if size <= limit else b""
                if not data or data[-1:] != b"\n" or (mode == "--batch" and not self._is_own(oid, kind, data[:-1])):
                    break
                yield oid, kind, size, data[:-1]
            else:
                trusted = True
        finally:
            self._idle[mode].append(pipe) if trusted else pipe.end()
        if not trusted:
            yield oid, None, 0, b""

    def _is_own(self, oid: str, kind: str, data: bytes) -> bool:
        digest = hashlib.new(self.place.hash_name, f"{kind} {len(data)}\0".encode(), usedforsecurity=False)
        digest.update(data)
        return digest.hexdigest() == oid

    def _taken(self, mode: str) -> _Pipe:
        """A git process that nobody is reading from, started if there is none."""
        if self._owner != os.getpid():  # after a fork the processes and the temporary repository are the parent's
            self._forget()
        if self._idle[mode]:
            return self._idle[mode].pop()
        if self._shim is None:
            self._shim = Shim(self.place)
            weakref.finalize(self, self._shim.remove)
        environment = clean_environment() | {"GIT_DIR": self._shim.path, "GIT_OBJECT_DIRECTORY": f"{self._shim.path}/objects"}
        return _Pipe([git_program(), "--no-pager", "cat-file", mode], environment, self._silence)


def stored_in(place: GitPlace) -> list[str]:
    """The names of all packs and loose objects of a clone that leaves objects out on purpose (a partial one); none of any other."""
    packs = plain_names(place.objects / "pack")
    if not any(name.endswith(".promisor") for name in packs):
        return []
    loose = (fan + name for fan in _fans(place.objects) for name in plain_names(place.objects / fan))
    return sorted([*(name for name in packs if name.endswith(".pack")), *loose])


def _fans(objects: Path) -> list[str]:
    """The folders of loose objects."""
    return [name for name in plain_names(objects) if len(name) == 2]


def plain_names(folder: Path) -> list[str]:
    """The names in a folder; none if it is no folder."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def loose_object(path: Path, limit: int | None) -> tuple[str, int, bytes] | None:
    """Kind, size and content of a loose object; None if it is missing, broken, not as long as it says, or larger than ``limit``.

    With no limit only its head is read, and the content is empty.
    """
    packed, _ = plain_bytes(os.fsencode(path), (limit or 0) + (limit or 0) // 1000 + 4096, head=4096 if limit is None else None)
    if packed is None:
        return None
    stream = zlib.decompressobj()
    try:
        start = stream.decompress(packed, _LOOSE_HEAD)
        match = _LOOSE.match(start)
        if match is None:
            return None
        kind, size = match.group(1).decode(), int(match.group(2))
        if limit is None:
            return kind, size, b""
        missing = size - (len(start) - match.end())
        if size > limit or missing < 0:
            return None
        data = start[match.end() :] + (stream.decompress(stream.unconsumed_tail, missing + 1) if missing or not stream.eof else b"")
    except zlib.error:
        return None
    return (kind, size, data) if len(data) == size and stream.eof else None


class _Pipe:
    """One git process that answers questions; None from any reader means that it died, fell silent or closed."""

    def __init__(self, command: list[str], environment: dict[str, str], silence: float) -> None:
        shell = shutil.which("sh", path="/bin:/usr/bin") or "/bin/sh"
        limits = ["-c", _SHELL, "sh", str(GIT_CPU_SECONDS), str(GIT_MEMORY_KB)]
        self._process = subprocess.Popen(
            [shell, *limits, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            bufsize=0,
            start_new_session=True,
        )
        self._out = self._process.stdout.fileno()
        try:
            fcntl.fcntl(self._out, getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
        except OSError:
            pass  # a smaller pipe only means more reads
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN | select.POLLHUP)
        self._silence = silence
        self._buffer = b""
        self._at = 0

    def write(self, names: Sequence[str]) -> None:
        try:
            self._process.stdin.write("".join(f"{name}\n" for name in names).encode())
        except OSError:
            pass  # it died; the next read says so

    def line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._at)
        while end < 0:
            if len(self._buffer) - self._at > 4096 or not self._more():
                return None
            end = self._buffer.find(b"\n", self._at)
        line = self._buffer[self._at : end]
        self._at = end + 1
        return line

    def exactly(self, size: int) -> bytes | None:
        have = self._buffer[self._at : self._at + size]
        if len(have) == size:
            self._at += size
            return have
        parts, missing = [have], size - len(have)
        self._buffer, self._at = b"", 0
        while missing:
            if not self._more():
                return None
            part = self._buffer[:missing]
            self._buffer = self._buffer[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _more(self) -> bool:
        if not self._poll.poll(self._silence * 1000):
            return False
        chunk = os.read(self._out, 1 << 20)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def end(self) -> None:
        """Kill the whole process group, so that nothing it may have started outlives it."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (OSError, ProcessLookupError):
            pass
        for stream in (self._process.stdin, self._process.stdout):
            try:
                stream.close()
            except OSError:
                pass
        self._process.wait()
