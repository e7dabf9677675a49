"""C and C++: an included name looked for beside the file, then as the end of exactly one path of the repository.

The folders a build searches are not known, so they are guessed: of several paths that end in the included name, the one below a folder
called ``include`` or nearest in the tree is meant, and equally near ones are ambiguous. ``<x.h>`` with a standard name is the system's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from elite_code_dataset.records import Import, ParsedFile
from elite_code_dataset.resolvers import AMBIGUOUS, MISSING, Family, Outcome, Project, Resolver, found, joined, nearest, outside, unresolved

_STANDARD_C = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbit stdbool stdckdint
stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
aio cpio dirent dlfcn fcntl fmtmsg fnmatch ftw glob grp iconv langinfo libgen malloc memory monetary mqueue ndbm netdb nl_types poll pthread pwd
regex sched search semaphore spawn strings syslog tar termios unistd utime utmpx wordexp alloca getopt features endian byteswap ucontext values
windows winsock2 ws2tcpip io direct process conio tchar shlobj shellapi winbase windef winnt wincrypt intrin immintrin emmintrin xmmintrin
x86intrin smmintrin tmmintrin arm_neon cpuid sysexits err paths pty utmp mntent ifaddrs execinfo link elf ar curses ncurses term"""
_STANDARD = re.compile(
    rf"(?:{'|'.join(_STANDARD_C.split())})\.h|[a-z_0-9]+|(?:sys|arpa|net|netinet|linux|asm|bits|mach|machine|rpc|scsi|experimental)/[\w./-]+"
)


class _Index:
    def __init__(self, project: Project) -> None:
        self.files = project.files
        self.named: dict[str, list[str]] = defaultdict(list)
        for path in project.files:
            self.named[path.rpartition("/")[2]].append(path)

    def answer(self, path: str, one: Import) -> Outcome:
        system = one.kind == "include_system"
        beside = joined(path.rpartition("/")[0], one.module)
        if not system and beside in self.files:
            return found([beside])
        if system and _STANDARD.fullmatch(one.module):
            return outside(one.module)
        ending = joined("", one.module) if not one.module.startswith(".") else one.module.lstrip("./")
        ends = [other for other in self.named.get(ending.rpartition("/")[2], ()) if other == ending or other.endswith("/" + ending)]
        if system and "/" not in ending and len(ends) > 1:  # several copies of a bare name: only one that is put to be found
            ends = [other for other in ends if other == ending or other.endswith(f"include/{ending}")]
        if not ends:
            return outside(one.module) if system or "/" in ending else unresolved(MISSING)
        best = ends[0] if len(ends) == 1 else self._best(ends, ending, path)
        return found([best]) if best else unresolved(AMBIGUOUS)

    def _best(self, ends: list[str], ending: str, origin: str) -> str:
        public = [path for path in ends if path[: -len(ending)].rstrip("/").rpartition("/")[2] in ("include", "inc", "src")]
        return public[0] if len(public) == 1 else nearest(public or ends, origin)


def _resolver(project: Project) -> Resolver:
    index = _Index(project)

    def answers(file: ParsedFile) -> Iterator[Outcome]:
        for one in file.imports:
            yield index.answer(file.source.path, one)

    return answers


FAMILY = Family(("c", "cpp"), (), _resolver)
