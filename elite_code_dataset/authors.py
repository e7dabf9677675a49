"""Authors: who wrote, committered or signed a history -> files and changes in which none of them stands.

In: author lines (``Name <address``, see ``names.person_of``). Out: a text with ``someone`` in a person's place. Costs one search for all names at
once, about 12 milliseconds a megabyte.

Left out are full names, as they were recorded, in capitals, in lower case, without accents, last name first, without second names or initials; recorded
addresses, function boxes too; handles where a mark or a word of credit stands ahead (``TODO(jroe)``, ``@jroe``, ``author: jroe``, ``thanks to jroe``).
A name of ordinary words alone goes in its own case, and in capitals.

What stays, as it may be code: first names and last names alone, handles in paths, imports, identifiers and addresses of projects, a name that runs over
the end of a line or is shorter than four letters, names joined without a blank. A replacement never reaches over a line's end, so that lines can be replaced one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ahocorasick_rs import BytesAhoCorasick

from elite_code_dataset.names import (
    MOST_WORDS,
    NO_MENTION,
    NOBODY,
    PLACEHOLDERS,
    SOMEONE,
    is_program,
    is_unspaced,
    ordinary_words,
    persons,
    unaccented,
)
from elite_code_dataset.secrets_addresses import is_nobodys
from elite_code_dataset.signers import CREDIT

# Of words; with the last name first; within a run of letters; an address; a word that counts beside a mark of credit alone; one that has such a mark; see ``traces``.
NAME, REVERSED, RUN, ADDRESS, HANDLE, MARKED, TRACE = range(7)
SOMEONES_ADDRESS = b"someone@example.com"
KIND = "author_name"  # as it is counted
_BEHIND = 60  # bytes in which a word of credit is looked for
_LIST = r"[)\]'\"]{0,2}(?:,?[ \t]+(?:and|und|et|y)|[ \t]*[,;&+/])[ \t]+(?:and[ \t]+)?[(\[]?@?"  # between two names
_LISTED = re.compile(_LIST.encode())
_CREDITED = re.compile(
    rf"(?:\b{CREDIT}|\b(?:by|authors?|maintain(?:ers?|ed)|contributors?)['\"]?[ \t]*[:=]?[ \t]*['\"\[(]*|\b{SOMEONE}(?:@example\.com)?{_LIST})@?$"
    r"|(?<![\w`/.+-])@$".encode(),
    re.I,
)
_ADDRESSED = re.compile(rb"[ \t]?<[^<>\s]{1,100}@")
_NEXT_NAME = re.compile(rb"[ \t]+[A-Z][\w.]")  # then it is another person of that first name
_GOES_ON = re.compile(rb"\.\w|[ \t]*(?:[-+*/|&]?=|\[)")  # then it is code behind an @
_SHORT_RUN = 6  # bytes of two letters in Han, which may begin a longer word
_MARKED = re.compile(rb"\b(?:TODO|FIXME|XXX|HACK)[ \t]?\(@?([\w.-]{2,40})\)")
_CODE = frozenset(
    "begin break case class const def default dim do else end enum extern fn for if impl in int is let long loop mod mut new not or pub public".split()
)
_CODE |= frozenset(
    "private raise ref return self short static strict struct switch then this throw try type union unsafe use val var void where while with yield".split()
)


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

    def traces(self) -> Authors:
        """What of everybody here may be left in texts from which others were taken: their words, and parts of what has none, beside ``someone``. A text
        without any of these is the same whether they are known or not."""
        kinds = {}
        for pattern, kind in self._kinds.items():
            words = [pattern, pattern.partition("@")[2]] if kind == ADDRESS else [w for w in re.split(r"\s+|&nbsp;|%20", pattern) if w]
            kinds |= {word: TRACE for word in words if len(word) > 2}
            kinds |= {
                beside: TRACE
                for word in words
                if len(word) < 3
                for beside in (f"{word} {SOMEONE}", f"{SOMEONE} {word}", f"{word}, {SOMEONE}")
            }
            if kind == RUN:
                kinds |= {part: TRACE for at in range(1, len(pattern)) for part in (pattern[:at] + SOMEONE, SOMEONE + pattern[at:])}
        return Authors(self.people, kinds)

    def _add(self, person: str) -> None:
        name, _, address = person.partition("<")
        local, _, domain = address.partition("@")
        if is_program(name) or is_program(local):
            return
        found = persons(name)
        for words in found:
            if 2 <= len(words) <= MOST_WORDS:
                self._kinds |= {spelling: NAME for spelling in _spellings(words)}
                self._kinds |= {spelling: REVERSED for spelling in _last_names_first(words)}
                self._marked.update(word.lower() for word in (words[0], words[-1]) if word.isalpha())
            if is_unspaced("".join(words)):
                self._kinds["".join(words)] = RUN
        whole = name.strip()
        if " " in whole and len(whole) > 4 and whole.lower() not in PLACEHOLDERS and not _is_code(whole.split()):
            self._kinds.setdefault(whole, NAME)  # as it was recorded, with whatever stands there
        if "." in domain and not is_nobodys(address):
            self._kinds |= {spelling: ADDRESS for spelling in (address, address.lower(), address.upper())}
        number, plus, handle = local.partition("+")
        for word in (handle if plus and number.isdigit() else local, *(words[0] for words in found if len(words) == 1)):
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


_BLANKS = ("  ", "\t", "\u00a0", "&nbsp;", "%20")


def _spellings(words: list[str]) -> Iterator[str]:
    """How a name of several words may be written on one line."""
    names = [words]
    family, comma, given = " ".join(words).partition(", ")
    if comma:
        names.append([*given.split(), *family.split()])
    names += [[name[0], name[-1]] for name in names if len(name) > 2 and len(name[-1]) > 2]  # without second names
    for name in names:
        joined = " ".join(name)
        plain = unaccented(joined).lower()
        if (len(joined) < 4 and plain.isascii()) or plain in PLACEHOLDERS or _is_code(name):
            continue
        ordinary = [word.strip(".") in ordinary_words() or len(word.strip(".")) < 2 for word in plain.split()]
        yield from (re.sub(" ", blank, joined) for blank in _BLANKS)
        for one in (joined, f"{' '.join(name[:-1])} {name[-1].upper()}", f"{name[-1].upper()} {' '.join(name[:-1])}"):
            for spelt in {one, unicodedata.normalize("NFC", one), unicodedata.normalize("NFD", one), unaccented(one)}:
                yield from (spelt, spelt.upper()) if all(ordinary) else (spelt, spelt.upper(), spelt.title())
                if not any(ordinary):  # else it may be code: ``long tran``
                    yield spelt.lower()


def _last_names_first(words: list[str]) -> Iterator[str]:
    """``Roe, Jane`` and, without accents, the same; not for a name that may be two names in code."""
    if "," not in "".join(words) and all(
        len(word) > 2 and unaccented(word).lower() not in ordinary_words() for word in (words[0], words[-1])
    ):
        for one in {f"{words[-1]}, {' '.join(words[:-1])}", f"{words[-1]}, {words[0]}"}:
            yield from {one, unaccented(one)}


def _is_code(words: Sequence[str]) -> bool:
    """Whether these words are words of programs, such as ``const int`` and ``use strict``, or say nobody's name."""
    plain = [word.lower() for word in words]
    written = [word for word in words if word.islower()]
    return all(word in NOBODY or word in _CODE for word in plain) or (
        len(written) == len(words) and any(word in _CODE for word in plain) and all(word in ordinary_words() for word in plain)
    )


def _stands(data: bytes, start: int, end: int, kind: int, done: int) -> bool:
    """Whether what was found is no part of a longer word, and a handle is meant as one. ``done``: where the last name ends, 0 for none."""
    before, after = (data[max(start - 4, 0) : start].decode("utf-8", "ignore")[-2:], data[end : end + 4].decode("utf-8", "ignore")[:1])
    if kind in (MARKED, TRACE) or (kind == RUN and end - start > _SHORT_RUN):
        return True
    escaped = len(before) > 1 and before[0] == "\\" and before[1] in "abfnrtv"
    if kind == REVERSED and _NEXT_NAME.match(data, end):  # two persons: Bob Roe, Jane Doe
        return False
    if kind in (NAME, REVERSED):  # nothing with a blank in it is part of an identifier
        return (escaped or not before[-1:].isalpha()) and not after.isalpha()
    if (_is_letter(before[-1:]) and not escaped) or _is_letter(after):
        return False
    if kind == RUN:
        return True
    if kind == ADDRESS:
        return before[-1:] not in (".", "+", "-") or len(before) < 2 or not before[0].isalnum()
    if kind == HANDLE:
        listed = done and start - done < 12 and _LISTED.fullmatch(data, done, start)
        if data[end : end + 1] in (b"/", b"(", b"-") or _GOES_ON.match(data, end) or _NEXT_NAME.match(data, end):
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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
