"""People: the authors, committers and signers of a whole history -> texts in which none of them is named.

In: author lines (``Name <address``). Out: a text with ``someone`` in a person's place. Costs 10 to 60 microseconds a message.

Full names are left out wherever they stand, in any case, with or without accents, however their words are joined, last name first, with an initial
for the first name or with half of a double last name; one that consists of ordinary words, in its own case alone. Of single words go

- handles that are no ordinary word, anywhere, and in addresses of projects and pages;
- first and last names that are no ordinary word, with a capital, with what belongs to them (``Jane R.``, ``van den``, a namesake's other name), but not
  where a law is called after somebody (``Dijkstra's algorithm``) nor in an identifier, a path, between backticks or where a package is bumped; written
  differently at their end too, as other languages decline them;
- other names and handles, beside a word of credit or mention alone (``thanks Max``, ``@max``, ``Mark's``).

What stays: names that are ordinary words too where nothing tells that a person is meant, nicknames that no author line has, initials, other
transliterations, and parts of names written without a joint (``janeRoe``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from functools import cached_property

from elite_code_dataset.mentions import CREDITED, HANDLE, MENTIONED, NAME, Form, is_meant, is_named
from elite_code_dataset.names import (
    FAMOUS,
    MOST_WORDS,
    NO_MENTION,
    NOBODY,
    PLACEHOLDERS,
    SOMEONE,
    UNSPACED,
    asides,
    folded,
    folded_words,
    is_program,
    is_unspaced,
    ordinary_words,
    person_of,
    persons,
    words_of,
)

_MENTION = re.compile(r"(?<![\w`/.])@([A-Za-z0-9][\w-]*(?:\.[\w-]+)*)(?![\w/])")
_HOME = re.compile(r"((?:/home/|[/\\]Users[/\\]|(?<![\w./~])~(?=[a-z][\w.-]*/)))([\w.-]+)")
_URL = re.compile(
    r"(?:https?|git|ssh)://[^\s<>\"')\]]+|git@[\w.-]+:[^\s<>\"')\]]+"
    r"|(?<![\w/@.-])(?:[\w-]+\.)*(?:github|gitlab|bitbucket|codeberg|githubusercontent|twitter|linkedin|crates|pypi|reddit)\.(?:com|org|io|net)/[^\s<>\"')\]]+"
)
_URL_PART = re.compile(r"[^\W_][\w-]*")
_PROJECT = re.compile(r"(?<![\w./@$~-])([\w-]{2,40})(?=/[\w.-])")  # user/project

_INITIAL = re.compile(r"[ \t]+[A-Z](?:\.|(?=[\s,;:)]|$))")
_FIRST_NAME = re.compile(r"(?<![\w.'’/-])([^\W\d_a-z][\w'’-]+)[ \t]+$")
_OTHER_NAME = re.compile(r"[ \t]+([^\W\d_](?:\w|['’-](?=\w))*)")
_AHEAD = re.compile(  # initials and particles ahead of a last name
    r"(?:(?<![\w.])(?:(?:[A-Z]\.[ \t]?|[B-HJ-Z][ \t]+){1,3}|[OoDdLl]['’]|(?:(?:[Vv][ao]n|[Dd]e[rnl]?|[Dd][aiu]|[Ll][ae]|dos|das|bin|ibn|al|el|te[nr]?|zu[rm]?|'t)[ \t]+){1,3}))$"
)
_FAMILY_WORDS = frozenset("van von der den del dos das bin ibn ter ten zur zum".split())
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_PREFIXES = "ولبفكהובלמשכ"  # words that Arabic and Hebrew write on to the next one
_HONOURED = "さん|くん|君|ちゃん|氏|様|先生|老师|同学|님|씨|군|양|建议|提|报告|发现|说|指出|反馈|写|修|添加|实现|贡献|에게|가|이|의"
_THANKED = "感谢|谢谢|多谢|鸣谢|ありがとう"
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "ß": "ss"})
_STEM = 6  # letters that a declined name keeps, of a script without capitals or accents 4


class People:
    """Who is known, by ``add`` or from the start. ``own_words``: further words of this code base that name no one by themselves."""

    def __init__(self, people: Iterable[str] = (), own_words: Container[str] = ()) -> None:
        self._by_start: dict[tuple[str, str], dict[tuple[str, ...], Form]] = {}  # two words -> name in lower case -> name
        self._single: dict[str, int] = {}
        self._firsts: set[str] = set()  # words that are names, or begin one
        self._handles: set[str] = set()
        self._longest = 0  # words of a name
        self._runs: set[str] = set()  # names that are found within a run of letters
        self._parts: set[str] = set()  # parts of such names, which need a word of respect or thanks beside them
        self._stems: set[str] = set()
        self._stem_starts: set[str] = set()
        self._own_words = own_words
        for person in sorted(people):
            self._add(person)

    def add(self, line: bytes) -> None:
        """Take in the name in an author or committer line, and what may be the person's handle."""
        self._add(person_of(line))

    def _add(self, person: str) -> None:
        self.__dict__.pop("_honoured", None)
        self.__dict__.pop("_run_lengths", None)
        name, _, address = person.partition("<")
        address = address.partition("@")[0]
        if is_program(name) or is_program(address):
            return
        if "@" in name and " " not in name.strip():  # an address in a name's place
            name, address = "", name.strip().partition("@")[0]
        for aside in asides(name):
            self._add_word(aside)
        for words in persons(name):
            self._add_person(words)
        number, plus, handle = address.partition("+")
        self._add_handle(handle if plus and number.isdigit() else number)
        dotted = number.split(".")  # first.last@
        if 2 <= len(dotted) <= 3 and all(len(word) > 2 and word.isalpha() for word in dotted):
            for word in dotted:
                self._add_word(word)

    def _add_person(self, words: list[str]) -> None:
        self._add_run(words)
        if len(words) == 1:
            self._add_handle(words[0])
            if len(camel := _CAMEL.split(words[0])) in (2, 3) and all(len(part) > 2 for part in camel):
                words = camel
        if 2 <= len(words) <= MOST_WORDS:
            self._add_name(" ".join(words))
            family, comma, given = " ".join(words).partition(", ")
            self._add_name(f"{given} {family}") if comma else None
            self._add_spellings(
                given.split() if comma else words[: _family_at(words)], family.split() if comma else words[_family_at(words) :]
            )

    def _add_run(self, words: Sequence[str]) -> None:
        """A name in a script without blanks between words."""
        joined = "".join(words)
        if not is_unspaced(joined):
            return
        self._runs.add(joined)
        if len(words) > 1:
            self._runs.update(word for word in words if len(word) > 1 and is_unspaced(word))
        elif 3 <= len(joined) <= 5:
            self._parts.update(part for part in (joined[-2:], joined[:2] if len(joined) > 3 else "") if part and is_unspaced(part))

    def _add_name(self, name: str) -> None:
        exact = tuple(word.group() for word in words_of(name))
        plain = tuple(map(folded, exact))
        if not 2 <= len(plain) <= MOST_WORDS or " ".join(plain) in PLACEHOLDERS:
            return
        common = all(word in ordinary_words() or len(word) < 2 for word in plain) or sum(len(word) > 1 for word in plain) < 2
        self._add_form(plain, Form(exact, (), common))
        for word in exact:
            self._add_word(word, word is exact[-1])
        if len(exact) > 2 and len(exact[-1]) > 1:  # also without the initials, or the second names
            middle = [word for word in exact[1:-1] if len(word) > 1]
            self._add_name(" ".join([exact[0], *(middle if len(middle) < len(exact) - 2 else ()), exact[-1]]))

    def _add_word(self, word: str, last: bool = False) -> None:
        """One word of a name."""
        plain = folded(word)
        if len(plain) < 3 and plain.isascii() or not plain.replace("'", "").isalpha() or plain in _FAMILY_WORDS:
            return
        if self._is_word(plain) or plain in FAMOUS:
            self._add_single(plain, CREDITED if last else MENTIONED)
            return
        self._add_single(plain, NAME)
        if (spelt := folded(word.lower().translate(_SPELT_OUT))) != plain:
            self._add_single(spelt, NAME)
        least = _STEM if plain.isascii() else 4
        for stem in {plain[: len(plain) - cut] for cut in range(3) if len(plain) - cut >= least}:
            self._stems.add(stem)
            self._stem_starts.add(stem[:4])

    def _add_spellings(self, given: Sequence[str], family: Sequence[str]) -> None:
        """Further ways to write a name whose last is no ordinary word: ``Doe-Roe, Jane``, ``J. Doe-Roe``, ``Jane Doe``, ``de la Roe``, ``jroe``."""
        first, last = words_of(given[0] if given else ""), " ".join(family)
        parts = words_of(last)
        if not first or not parts or all(self._is_word(folded(part.group())) for part in parts) or len(parts) > MOST_WORDS - 2:
            return
        names, inner = [part.group() for part in parts], [last[one.end() : other.start()] for one, other in zip(parts, parts[1:])]
        starts = [first[0].group()[:1], *({first[0].group()} if len(first) == 1 else ())]
        for start in starts:
            self._add_joined([start, *names], [". " if len(start) == 1 else " ", *inner])
        if len(first) == 1:
            self._add_joined([*names, starts[-1]], [*inner, ", "])
        if len(first) == 2:  # a double first name
            self._add_joined([word.group() for word in first], [given[0][first[0].end() : first[1].start()]])
        if len(names) > 1:
            self._add_joined(names, inner)
        plain = [folded(first[0].group()), folded(names[-1])]
        if all(word.isascii() and word.isalpha() for word in plain) and len(plain[1]) > 3:
            for handle in (plain[0][:1] + plain[1], plain[0] + plain[1], plain[0] + plain[1][:1]):
                if len(handle) > 4 and handle not in ordinary_words():
                    self._add_single(handle, HANDLE)
                    self._handles.add(handle)

    def _add_joined(self, words: Sequence[str], joints: Sequence[str]) -> None:
        self._add_form(tuple(map(folded, words)), Form(tuple(words), tuple(joints)))

    def _add_handle(self, handle: str) -> None:
        """A word that is a person's whole name, or stands before the @ of an address."""
        words = words_of(handle)
        plain = tuple(folded(word.group()) for word in words)
        if not 1 <= len(plain) <= MOST_WORDS or len(handle) < 2:
            return
        self._handles.add(handle.lower())
        if len(plain) > 1:
            joints = tuple(handle[one.end() : other.start()] for one, other in zip(words, words[1:]))
            if not all(map(self._is_common, plain)):
                self._add_form(plain, Form(tuple(word.group() for word in words), joints))
        elif any(map(str.isalpha, plain[0])):
            self._add_single(plain[0], MENTIONED if self._is_common(plain[0]) or plain[0] in FAMOUS else HANDLE)

    def _add_form(self, plain: tuple[str, ...], form: Form) -> None:
        self._firsts.add(plain[0])
        forms = self._by_start.setdefault(plain[:2], {})
        if plain not in forms or (forms[plain].joints and not form.joints) or (forms[plain].in_case and not form.in_case):
            forms[plain] = form
        self._longest = max(self._longest, len(plain))

    def _add_single(self, word: str, kind: int) -> None:
        if word not in NOBODY and (len(word) > 2 or not word.isascii()):
            self._single[word] = max(kind, self._single.get(word, 0))
            self._firsts.add(word)

    def is_ordinary(self, word: str) -> bool:
        """Whether a word is one of ordinary text or of this code base."""
        plain = folded(word.strip(".'’"))
        return plain in ordinary_words() or plain in self._own_words or plain in NOBODY

    def _is_word(self, word: str) -> bool:
        """Whether a name's word is one of ordinary text too; of this code base only if it is short, as others may stand in paths because of the person."""
        return word in ordinary_words() or word in NOBODY or (len(word) < _STEM and word in self._own_words)

    def _is_common(self, word: str) -> bool:
        """Whether a handle may be a word of ordinary text or of this code base."""
        if not word.isascii():
            return len(word) < 2
        stem = word.rstrip("0123456789")
        short = 4 if any(map(str.isdigit, word)) else 5
        return len(word) < short or len(stem) < 2 or bool({word, stem} & ordinary_words()) or word in self._own_words or word in NOBODY

    def is_handle(self, word: str, surely: bool = False) -> bool:
        """Whether a person is known by this word; ``surely``: which is no ordinary one, nor one of several ordinary ones."""
        word = word.lower()
        if word not in self._handles or word in NOBODY:
            return False
        return not surely or self._single.get(word) == HANDLE or not all(self._is_common(part.group()) for part in words_of(word))

    def is_name(self, word: str) -> bool:
        """Whether a person is surely known by this word: a handle, or a first or last name that is no ordinary word."""
        return self.is_handle(word, surely=True) or self._single.get(folded(word), 0) >= NAME

    def without_names(self, text: str) -> str:
        """The text with every known person's names, and every ``@handle``, replaced."""
        if (self._runs or self._parts) and not text.isascii():
            text = UNSPACED.sub(lambda found: self._within(found.group()), text).replace(f"{SOMEONE} {SOMEONE}", SOMEONE)
        plain = folded_words(text)
        hits = [at for at, word in enumerate(plain) if word in self._firsts or self._may_be_declined(word)]
        if hits:
            text = self._replaced(text, words_of(text), plain, hits)
        if "/" in text or "\\" in text:
            text = _URL.sub(lambda found: _URL_PART.sub(self._without_handle, found.group()), text)
            text = _PROJECT.sub(lambda found: SOMEONE if self.is_handle(found[1], surely=True) else found[0], text)
            text = _HOME.sub(lambda found: found[1] + (SOMEONE if self._lives(found) else found[2]), text)
        return _MENTION.sub(self._mentioned, text) if "@" in text else text

    def _without_handle(self, found: re.Match[str]) -> str:
        """A part of an address without the handle that it is, or begins with."""
        part, (first, dash, rest) = found.group(), found.group().partition("-")
        if self.is_handle(part, surely=True) or (len(part) > _STEM and self.is_name(part)):
            return SOMEONE
        return f"{SOMEONE}-{rest}" if dash and rest[:1].isdigit() and self.is_handle(first, surely=True) else part

    def _lives(self, found: re.Match[str]) -> bool:
        return self.is_handle(found[2]) or self.is_name(found[2]) or any(self.is_name(word.group()) for word in words_of(found[2]))

    def _within(self, run: str) -> str:
        """A run of letters without the names in it; the longest name counts. Parts of names, beside a word of respect or thanks."""
        if run in self._parts:
            return SOMEONE
        parts, at = [], 0
        while at < len(run):
            length = next((length for length in self._run_lengths if run[at : at + length] in self._runs), 0)
            parts.append(SOMEONE if length else run[at])
            at += length or 1
        joined = "".join(parts)
        return self._honoured.sub(lambda found: (found[1] or "") + SOMEONE, joined) if self._parts else joined

    @cached_property
    def _run_lengths(self) -> list[int]:
        return sorted({len(name) for name in self._runs}, reverse=True)

    @cached_property
    def _honoured(self) -> re.Pattern[str]:
        some = "|".join(map(re.escape, sorted(self._parts)))
        return re.compile(rf"({_THANKED})?(?:{some})(?(1)|(?={_HONOURED}))")

    def _mentioned(self, found: re.Match[str]) -> str:
        handle = found[1]
        for _ in range(3):  # with or without what stands behind a dot
            if (handle.lower() in self._handles and handle.lower() not in NO_MENTION) or self.is_name(handle):
                return SOMEONE + found[1][len(handle) :]
            handle = handle.rpartition(".")[0]
        return found.group()

    def _replaced(self, text: str, words: list[re.Match[str]], plain: list[str], hits: list[int]) -> str:
        """The text without the names that begin with the words at ``hits``."""
        parts, done = [], 0
        for at in hits:
            if words[at].start() < done:
                continue
            length = self._named_from(text, words, plain, at)
            start, end = words[at].start(), words[at + max(length, 1) - 1].end()
            if not length and " ".join(plain[at : at + 2]) in PLACEHOLDERS:
                continue
            if not length:
                kind = self._single.get(plain[at], 0) or self._declined(words[at].group(), plain[at])
                length = int(bool(kind) and is_meant(text, words[at], kind, done, self._handles))
                if length and kind >= NAME and not words[at].group()[0].islower():
                    start, end = self._whole(text, start, end, done)
            if length:
                parts += [text[done : start - (text[start - 1 : start] == "@")], SOMEONE]
                done = end
                while unicodedata.category(text[done : done + 1] or " ")[0] == "M":  # a vowel sign behind its letter
                    done += 1
        text = "".join(parts) + text[done:]
        return text.replace(f"{SOMEONE} {SOMEONE}", SOMEONE)

    def _whole(self, text: str, start: int, end: int, done: int) -> tuple[int, int]:
        """Where a name of which one word is known begins and ends: with initials, particles and other words of it."""
        ahead = _AHEAD.search(text, done, start)
        start = ahead.start() if ahead else start
        first = _FIRST_NAME.search(text, done, start)
        if first and not first[1].isupper() and folded(first[1]).isascii() and not self._is_text(first[1]):
            start = first.start()
        for _ in range(3):
            initial, other = _INITIAL.match(text, end), _OTHER_NAME.match(text, end)
            if initial:
                end = initial.end()
            elif other and other[1][0].isupper() and not other[1].isupper() and not self._is_text(other[1]):
                end = other.end()
            else:
                break
        return start, end

    def _is_text(self, word: str) -> bool:
        return any(self.is_ordinary(part.group()) for part in words_of(word)) or self.is_ordinary(
            word.removesuffix("'s").removesuffix("’s")
        )

    def _may_be_declined(self, plain: str) -> bool:
        return (plain[:4] in self._stem_starts and plain not in ordinary_words()) or plain[0] in _PREFIXES

    def _declined(self, word: str, plain: str) -> int:
        """NAME where this is a name with another ending, or with a word written on to it, else 0."""
        if not word.islower() and self._may_be_declined(plain) and plain not in self._own_words:
            if any(plain[: len(plain) - cut] in self._stems for cut in range(4)):
                return NAME
        if word[0] in _PREFIXES and len(word) > 3 and self._single.get(plain[1:], 0) >= NAME:
            return NAME
        return 0

    def _named_from(self, text: str, words: list[re.Match[str]], plain: list[str], at: int) -> int:
        """How many words from here are a name of several words; the longest such name counts."""
        names = self._by_start.get((plain[at], plain[at + 1]), {}) if at + 1 < len(words) else {}
        length = min(self._longest, len(words) - at) if names else 0
        while length and not is_named(text, words[at : at + length], names.get(tuple(plain[at : at + length]))):
            length -= 1
        return length


def _family_at(words: Sequence[str]) -> int:
    """Where the last name begins: at its last word, or the particles before it; a first word in capitals is one (``ROE Jane``)."""
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return at
