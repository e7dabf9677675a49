"""Authors: who wrote, committered or signed a history -> files and changes in which none of them stands.

In: author lines (``Name <address``, see ``people.person_of``). Out: a text with ``someone`` in a person's place. Costs one search for all names at
once, about 5 milliseconds a megabyte.

Left out are full names, as they were recorded, in capitals, in lower case, without accents, last name first, without second names or initials; recorded
addresses, function boxes too; handles where a mark or a word of credit stands ahead (``TODO(jroe)``, ``@jroe``, ``author: jroe``, ``thanks to jroe``).
A name of ordinary words alone goes in its own case, and in capitals.

What stays, as it may be code: first names and last names alone, handles in paths, imports and identifiers, a name that runs over the end of a line,
names joined without a blank. A replacement never reaches over a line's end, so that lines can be replaced one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from ahocorasick_rs import BytesAhoCorasick

from elite_code_dataset.names import NO_MENTION, NOBODY, PLACEHOLDERS, SOMEONE, is_program, is_unspaced, ordinary_words, plain_words
from elite_code_dataset.secrets_addresses import is_nobodys
from elite_code_dataset.signers import CREDIT

# Of words; within a run of letters; an address; a word that counts beside a mark of credit alone; one that has such a mark.
NAME, RUN, ADDRESS, HANDLE, MARKED = range(5)
SOMEONES_ADDRESS = b"someone@example.com"
KIND = "author_name"  # as it is counted
_BEHIND = 60  # bytes in which a word of credit is looked for
_MOST_WORDS = 8
_LIST = r"[)\]'\"]{0,2}(?:,?[ \t]+(?:and|und|et|y)|[ \t]*[,;&+/])[ \t]+(?:and[ \t]+)?[(\[]?@?"  # between two names
_LISTED = re.compile(_LIST.encode())
_CREDITED = re.compile(
    rf"(?:\b{CREDIT}|\b(?:by|authors?|maintain(?:ers?|ed)|contributors?)['\"]?[ \t]*[:=]?[ \t]*['\"\[(]*|\b{SOMEONE}(?:@example\.com)?{_LIST})@?$"
    r"|(?<![\w`/.])@$".encode(),
    re.I,
)
_ADDRESSED = re.compile(rb"[ \t]?<[^<>\s]{1,100}@")
_NEXT_NAME = re.compile(rb"[ \t]+[A-Z][\w.]")  # then it is another person of that first name
_MARKED = re.compile(rb"\b(?:TODO|FIXME|XXX|HACK|BUG|NOTE|OPTIMI[SZ]E)[ \t]?\(@?([\w.-]{2,40})\)")


class Authors:
    """The names, addresses and handles of ``people``. ``kinds``: further patterns, see ``traces``."""

    def __init__(self, people: Iterable[str] = (), kinds: Mapping[str, int] | None = None) -> None:
        self._kinds = dict(kinds or {})
        self._marked: set[str] = set()  # words in lower case that mean a person between the brackets of ``TODO(...)``
        self.people = tuple(sorted(people))
        for person in self.people:
            self._add(person)
        self._patterns = sorted(self._kinds)
        self._search = BytesAhoCorasick([_bytes(pattern) for pattern in self._patterns]) if self._patterns else None

    def replaced(self, text: str) -> tuple[str, int]:
        """The text without anybody's name, and how many places were replaced."""
        data = _bytes(text)
        spans = self._spans(data)
        if not spans:
            return text, 0
        pieces, done = [], 0
        for start, end, kind in spans:
            pieces += [data[done:start], SOMEONES_ADDRESS if kind == ADDRESS else SOMEONE.encode()]
            done = end
        return b"".join([*pieces, data[done:]]).decode("utf-8", "surrogatepass"), len(spans)

    def stand_in(self, text: str) -> bool:
        """Whether anybody is named in a text."""
        return bool(self._spans(_bytes(text)))

    def traces(self, known: Authors) -> Authors:
        """Everybody here, to be looked for in texts that ``known`` have left already: a name of ours may have lost a part that is one of theirs."""
        kinds = {}
        for pattern in (pattern for pattern, kind in self._kinds.items() if kind in (NAME, RUN)):
            kinds[known.replaced(pattern)[0]] = self._kinds[pattern]
            for blank in re.finditer(" ", pattern):
                if any(other.startswith(f"{pattern[blank.end() :]} ") for other in known._patterns):
                    kinds[f"{pattern[: blank.start()]} {SOMEONE}"] = NAME
        return Authors(self.people, kinds)

    def _add(self, person: str) -> None:
        name, _, address = person.partition("<")
        local, _, domain = address.partition("@")
        words = plain_words(name)
        if is_program(name) or is_program(local):
            return
        if 2 <= len(words) <= _MOST_WORDS:
            for spelling in _spellings(words):
                self._kinds.setdefault(spelling, NAME)
            self._marked.update(word.lower() for word in (words[0], words[-1]) if word.isalpha())
        if is_unspaced("".join(words)):
            self._kinds["".join(words)] = RUN
        if "." in domain and not is_nobodys(address):
            self._kinds.update({spelling: ADDRESS for spelling in (address, address.lower())})
        number, plus, handle = local.partition("+")
        for word in (handle if plus and number.isdigit() else local, *(words if len(words) == 1 else ())):
            if len(word) > 1 and word.lower() not in NOBODY:
                self._marked.add(word.lower())
            if _is_sure(word):
                self._kinds.setdefault(word, HANDLE)
                self._kinds.setdefault(word.lower(), HANDLE)

    def _spans(self, data: bytes) -> list[tuple[int, int, int]]:
        """(start, end, kind) in order, none overlapping: of those that begin first, the longest."""
        if self._search is None:
            return []
        found = [
            (start, end, self._kinds[self._patterns[at]]) for at, start, end in self._search.find_matches_as_indexes(data, overlapping=True)
        ]
        if b"(" in data:
            found += [(*one.span(1), MARKED) for one in _MARKED.finditer(data) if one[1].decode("ascii").lower() in self._marked]
        spans: list[tuple[int, int, int]] = []
        for start, end, kind in sorted(found, key=lambda span: (span[0], -span[1])):
            done = spans[-1][1] if spans else 0
            if start >= done and _stands(data, start, end, kind, done):
                spans.append((start, end, kind))
        return spans


def _spellings(words: list[str]) -> Iterator[str]:
    """How a name of several words may be written on one line."""
    names = [words]
    family, comma, given = " ".join(words).partition(", ")
    if comma:
        names.append([*given.split(), *family.split()])
    names += [[name[0], name[-1]] for name in names if len(name) > 2 and len(name[-1]) > 2]  # without second names
    for name in names:
        joined = " ".join(name)
        folded = _without_accents(joined).lower()
        if len(folded) < 5 and folded.isascii() or folded in PLACEHOLDERS or all(word in NOBODY for word in folded.split()):
            continue
        common = all(word.strip(".") in ordinary_words() or len(word.strip(".")) < 2 for word in folded.split())
        for one in (joined, f"{name[-1]}, {' '.join(name[:-1])}"):
            for spelt in (one, unicodedata.normalize("NFC", one), unicodedata.normalize("NFD", one), _without_accents(one)):
                yield from (spelt, spelt.upper()) if common else (spelt, spelt.upper(), spelt.lower(), spelt.title())


def _stands(data: bytes, start: int, end: int, kind: int, done: int) -> bool:
    """Whether what was found is no part of a longer word, and a handle is meant as one. ``done``: where the last name ends, 0 for none."""
    if kind in (RUN, MARKED):
        return True
    if _is_letter(data[max(start - 4, 0) : start].decode("utf-8", "ignore")[-1:]) or _is_letter(
        data[end : end + 4].decode("utf-8", "ignore")[:1]
    ):
        return False
    if kind == ADDRESS:
        return data[start - 1 : start] not in (b".", b"+", b"-")
    if kind == HANDLE:
        listed = done and start - done < 12 and _LISTED.fullmatch(data, done, start)
        if data[end : end + 1] in (b"/", b"(", b"-") or _NEXT_NAME.match(data, end):
            return False
        return bool(listed or _ADDRESSED.match(data, end) or _CREDITED.search(data[max(start - _BEHIND, 0) : start]))
    return True


def _is_letter(character: str) -> bool:
    return character == "_" or character.isalnum()


def _is_sure(word: str) -> bool:
    """Whether a word is a handle and no ordinary word."""
    lower = word.lower()
    stem = lower.rstrip("0123456789")
    return (
        len(lower) > 3
        and any(map(str.isalpha, lower))
        and not {lower, stem} & ordinary_words()
        and not {lower, stem} & (NOBODY | NO_MENTION)
    )


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
