"""Linguist's rules, asked of the ``enry`` library: (path, bytes) -> vendored? generated?; a suffix or name -> kind of language.

The library is a Go program in a shared object, and a Go program does not survive ``fork``: a forked worker that calls it hangs
for good. So it lives in a helper process of its own, one for each process that asks, which ends when its asker does.

Cost: 0.1 s for the first question of a process, then one round trip a file (about 0.15 ms, most of it linguist's own rules).
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from elite_code_dataset.records import EliteCodeError

# Its rules look at the first 40 lines and the last two, except that minified code is told by the mean line of the whole file.
WHOLE_FILE_SUFFIXES = (".js", ".css", ".xml", ".yml")
HEAD_BYTES = 32_768
_REQUEST = struct.Struct("<BIII")

_HELPER = """
import struct, sys
sys.path.append(sys.argv[1])
import enry
request, read, write = struct.Struct("<BIII"), sys.stdin.buffer.read, sys.stdout.buffer
def kind(guess):
    return enry.get_language_type(guess.language) if guess.language else ""
while len(head := read(request.size)) == request.size:
    operation, *sizes = request.unpack(head)
    first, second, content = (read(size) for size in sizes)
    first, second = first.decode(), second.decode()
    if operation == 0:
        folder = second[: len(second) - len(second.rpartition("/")[2])]
        by_folder = enry.is_vendor(folder + "own.py") if folder else False
        vendored = by_folder or enry.is_vendor(second)
        answer = "%d%d%d" % (vendored, by_folder, enry.is_generated(first, content))
    else:
        answer = kind(enry.get_language_by_extension(first)) or kind(enry.get_language_by_filename(first))
    write.write(answer.encode() + b"\\n")
    write.flush()
"""


@dataclass(frozen=True)
class Verdict:
    """What linguist says of one file. ``vendored_folder``: a rule for its folder says so, not only one for its name."""

    vendored: bool
    vendored_folder: bool
    generated: bool


def verdict(path: str, content: bytes, path_for_vendoring: str | None = None) -> Verdict:
    """Linguist's verdict on one file; the second path, when given, is the one shown to the rules about copied code."""
    sent = content if path.endswith(WHOLE_FILE_SUFFIXES) else content[:HEAD_BYTES]
    answer = _answer(0, path, path_for_vendoring or path, sent)
    return Verdict(*(flag == "1" for flag in answer))


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """programming, markup, prose or data, by the name's suffix, else by the whole name; '' where linguist does not know it."""
    return _answer(1, name, "", b"")


class _Helper:
    """The helper process of one process; questions are answered one at a time."""

    def __init__(self) -> None:
        found = importlib.util.find_spec("enry")
        if found is None or not found.origin:
            raise EliteCodeError("the package 'enry-python' is not installed, and roles need its rules; run: pip install enry-python")
        folder = os.path.dirname(os.path.dirname(found.origin))
        # -I: neither the working directory nor the environment decides what the helper imports
        command = [sys.executable, "-I", "-c", _HELPER, folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = os.getpid()
        self.lock = threading.Lock()
        atexit.register(self.end)

    def answer(self, request: bytes) -> str:
        with self.lock:
            try:
                self.process.stdin.write(request)
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # it ended; the empty answer below says so
            line = self.process.stdout.readline()
        if not line:
            raise EliteCodeError(
                f"the helper that runs enry ended with status {self.process.wait()}; check with: {sys.executable} -c 'import enry'"
            )
        return line[:-1].decode()

    def end(self) -> None:
        """End the helper of this very process; a fork has a copy of its parent's, which is not its to end."""
        if self.pid == os.getpid():
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            with suppress(OSError):  # what was not sent is nobody's loss
                self.process.stdin.close()


_helper: _Helper | None = None
_inherited: list[_Helper] = []  # kept, since letting go of a running process is warned about
_starting = threading.Lock()


def _answer(operation: int, first: str, second: str, content: bytes) -> str:
    global _helper
    if _helper is None or _helper.pid != os.getpid():
        with _starting:
            if _helper is None or _helper.pid != os.getpid():
                _helper = _Helper()
    one, two = first.encode("utf-8", "replace"), second.encode("utf-8", "replace")
    return _helper.answer(_REQUEST.pack(operation, len(one), len(two), len(content)) + one + two + content)


def _forget_in_child() -> None:
    """A forked child has its own helper, and its own lock, since another thread may have held the parent's."""
    global _helper, _starting
    if _helper is not None:
        _inherited.append(_helper)
    _helper, _starting = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
