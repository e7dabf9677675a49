"""People: the authors, committers and signers of a whole history -> texts in which none of them is named.

In: author lines (``Name <address>``). Out: a text with ``someone`` in a person's place. Costs about 10 microseconds a message, and 15 milliseconds
once for the words of ordinary text.

Full names are left out wherever they stand, in any case, with or without accents, however their words are joined, last name first, with an initial
for the first name or with half of a double last name; one that consists of ordinary words, in its own case alone. Names in Han, Kana and Hangul are
left out within a run of letters too. Single words are left out by how sure it is that the person is meant: handles that are no ordinary word anywhere
(``dtolnay``), but not in a path, the address of a project, an identifier, between backticks or where a package is bumped; last names of five letters
or more that are no ordinary word, with a capital, but not beside another name or where a law is called after somebody (``Dijkstra's algorithm``);
others, and first names, beside a word of credit or mention alone (``thanks Max``, ``@max``, ``Andrew's``).

What stays: parts of names and declined forms (``van der Berg's``, ``jean-luc``, ``Ибрагима``), names written without a joint (``JaneRoe``), nicknames
and initials, handles in imports and paths, and names that are ordinary words too where nothing tells that a person is meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOMEONE = "someone"
PERSON_BYTES = 1000  # of an author line that are looked at
_MOST_WORDS = 8  # of a name
_PROGRAM = re.compile(r"\[bot\]|(?:^|[\s_-])bot$|^github(?:[ -]actions)?$|^gitlab$", re.I)
_ASIDE = re.compile(r"\([^()]*\)|\"[^\"]*\"|\[[^\[\]]*\]")
SIGNED = (
    r"signed[ -]off|co[ -]?(?:authored|developed)|(?:originally[ -])?(?:authored|written)|acked|approved|contributed|noticed|pointed[ -]out"
    r"|reported|requested|reviewed|spotted|submitted|suggested|tested"
)
CREDIT = (
    rf"(?:thanks|thank you|thx|cc|credits?|kudos|props|h/t|(?:patch|fix(?:ed)?|found|diagnosed|debugged|merged|{SIGNED})[ -]by|courtesy|ping)"
    r"(?: to| of| from| goes to)?[:,]?[ \t]+"
)
_SIGNER = re.compile(
    rf"^[ \t]{{0,9}}(?:(?:{SIGNED}|helped|mentored|nacked)(?P<sign>[ -])by|cc)[ \t]{{0,9}}:(?P<named>[^\n]{{1,300}})".encode(), re.I | re.M
)
_NAME_ALONE = re.compile(  # without an address behind it
    r"[^\W\d_a-z][^\W\d_]*(?:['’.-][^\W\d_]+)*(?:[ \t]+(?:v[ao]n|de[rnl]?|d[aiu]|l[ae]|dos|bin|[^\W\d_a-z][\w'’-]*\.?)){1,3}(?=[ \t]*(?:$|\(|\S+@))"
)
_MAY_SIGN = re.compile(rb"[bB][yY][ \t]{0,9}:|\n[cC][cC]:")
_NAME_WORD = re.compile(r"[^\W\d_][\w.'’-]*")

_WORDS = re.compile(r"[^\W_]+")
_MARKED_WORDS = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")  # with accents that stand behind their letter
_SIGN = r"(?:[^\w\s/\\:;=|&!?()<>@#]|_)"
_JOINED = re.compile(rf"{_SIGN}{{0,3}}\s{{0,12}}{_SIGN}{{0,3}}")  # what may stand between two words of a name
_LISTED = re.compile(r"[ \t]*(?:[,;&+/][ \t]*(?:and[ \t]+)?|and[ \t]+|[ \t])@?")  # between two names of a list
_MENTION = re.compile(r"(?<![\w`/.])@([A-Za-z0-9][\w-]*)(?![\w/]|\.\w)")
_PROFILE = re.compile(r"(git(?:hub|lab)\.com/(?=[\w-]+(?![\w/-]))|(?:/home/|[/\\]Users[/\\]))([\w-]+)")
_TALK = r"/[\w.-]{1,100}(?:[#!]\d|@[0-9a-f]{7}|/(?:issues|pulls?|commits?|compare|discussions|actions|merge_requests)/)"
_REFERRED = re.compile(_TALK)
_REFERENCE = re.compile(rf"(?<![\w.-])([\w-]{{1,40}})(?={_TALK})")  # to what was said or done in somebody's project: user/project#12

# What makes a word a part of something else, on either side of it.
_PART_BEFORE = re.compile(r"[\w`/\\.$#=~]-?$|::$|\w-$|--$|[<&@]$")
_PART_AFTER = re.compile(r"[\w`/\\=(@]|::|\.\w|-(?!patch|fix|style)\w|['’]\w*\(")
_BEHIND = 60  # characters in which a word of credit is looked for
_CREDITED = re.compile(rf"\b{CREDIT}@?$", re.I)
_BESIDE = re.compile(r"\b(?:by|from|per|via|according to|ask(?:ed|ing)?|on behalf of|pair(?:ed|ing)? with)[ \t]+$", re.I)
_TAKES = re.compile(
    r"\b(?:bump|updat|upgrad|downgrad|us|requir|install|pin|migrat)(?:e?s|e?d|ing|e)?(?:[ \t]+to)?[ \t]+$", re.I
)  # packages, not persons
_NUMBERED = re.compile(r"[ \t]+(?:(?:from|to|version)[ \t]+)?v?\d+(?:\.|\b)(?!-)")
_OWNS = re.compile(r"['’](?:s\b|(?!\w))")
_SAYS = re.compile(
    r",?[ \t]+(?:sa(?:id|ys)|suggest(?:s|ed)|point(?:s|ed) out|mention(?:s|ed)|report(?:s|ed)|notice[sd]|ask(?:s|ed)|request(?:s|ed)"
    r"|wrote|writes|explain(?:s|ed)|propose[sd]|recommend(?:s|ed)|found|spotted|discovered|noted|contributed|implemented)\b"
)
_ENDS = re.compile(  # what may follow a name that is an ordinary word too
    r"(?:['’]s)?[ \t]*(?:$|[\n.,;:!?)\]&+]|(?:/|-)[ \t]|(?:for|and|in|on|at|who|with|via|from|to|about|again|as|because|but|or|is|was|has|had)\b)"
)
_NEXT_CAPITAL = re.compile(r"[ \t]+[A-Z]\w")

NOBODY = frozenset(  # as a name alone: what these say in a message is nearly never a person
    "in of on to at by or as is be"
    " the a an this that all any none no new old first last test tests testing tester root admin administrator user users username git svn hub code dev"
    " devel develop developer main master release build builder bot bots ci docs doc web app api cli server client local localhost host mail email info"
    " contact hello support team open source free visual studio your name default unknown nobody null true false me you we us it person people noreply"
    " git github gitlab bitbucket google apple microsoft mozilla oracle intel travis jenkins docker ubuntu debian fedora alpine linux windows mac macos"
    " python rust java ruby golang go julia perl swift scala pascal haskell elixir crystal kotlin dart lua unicode ascii upstream origin here there"
    " badger consortium foundation everyone everybody somebody someone anyone system service project support update merge commit branch patch version data state base"
    " core".split()
)
PLACEHOLDERS = frozenset(
    (
        *("first name", "last name", "full name", "your name", "user name", "first last", "my name", "no name", "no author"),
        *("john doe", "jane doe", "john smith", "foo bar", "hello world", "lorem ipsum", "test user", "test author"),
    )
)
_FAMOUS = frozenset(  # whom units, methods and laws are called after
    "aho ampere bayes bernoulli bessel bezier boole boyer brotli cantor cauchy celsius chebyshev corasick damerau delaunay descartes dijkstra euclid"
    " euler fahrenheit fermat fibonacci fischer floyd fourier galois gauss hadamard hamming haversine hertz hilbert horner horspool huffman jaccard"
    " jacobi joule kalman karatsuba kelvin knuth kruskal lagrange laplace lebesgue legendre lempel levenshtein lorentz mandelbrot markov mersenne"
    " minkowski montgomery moore morris myers neumann newton nyquist pareto pascal peano perlin poisson pratt rabin riemann shannon simpson solomon"
    " tesla turing voronoi warshall weibull winkler zipf".split()
)
_THING = re.compile(
    r"(?:['’]s)?[ \t]+(?:algorithm|theorem|laws?\b|lemma|conjecture|transform|distance|constant|equation|inequality|distribution|paradox|sequence"
    r"|formula|principle|method\b|numbers?\b)",
    re.I,
)
_BESIDE_CAPITAL = re.compile(r"(?<![\w.])([^\W\d_a-z][\w'’]*)[ \t]+(?:[A-Z]\.?[ \t]+)?$")
_LETTERS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # of scripts without blanks between words, or with endings that are written on: Han, Kana, Hangul
_UNSPACED = re.compile(rf"[{_LETTERS}]{{2,}}")
_UNSPACED_WORDS = frozenset("测试 用户 匿名 作者 开发 开发者 管理员 系统 名無し 開発 管理者 사용자 관리자 개발자 이름".split())
NO_MENTION = frozenset(  # marks that code and comments have after an @
    "param params property override test tests deprecated see return returns throws types type all here todo internal public private since link"
    " staticmethod classmethod dataclass interface import media export example ts todo channel everyone latest next beta master main".split()
)
# Where a single word means the person: everywhere; wherever it stands as a name; beside any mention; there if more speaks for it; where it is credited.
ANYWHERE, FAMILY, BESIDE, DOUBTED, CREDITED = 5, 4, 3, 2, 1


class _Form(NamedTuple):
    """A name of several words: ``joints`` are what stands between them (none: whatever joins a name); ``in_case``: only as it is written in ``exact``."""

    exact: tuple[str, ...]
    joints: tuple[str, ...] = ()
    in_case: bool = False


class People:
    """Who is known, by ``add`` or from the start. ``own_words``: further words of this code base that name no one by themselves."""

    def __init__(self, people: Iterable[str] = (), own_words: Container[str] = ()) -> None:
        self._by_start: dict[tuple[str, str], dict[tuple[str, ...], _Form]] = {}  # two words -> name in lower case -> name
        self._single: dict[str, int] = {}
        self._handles: set[str] = set()
        self._longest = 0  # words of a name
        self._unspaced: set[str] = set()  # names that are found within a run of letters
        self._own_words = own_words
        for person in sorted(people):
            self._add(person)

    def add(self, line: bytes) -> None:
        """Take in the name in an author or committer line, and what may be the person's handle."""
        self._add(person_of(line))

    def _add(self, person: str) -> None:
        name, _, address = person.partition("<")
        address = address.partition("@")[0]
        if is_program(name) or is_program(address):
            return
        words = plain_words(name)
        if is_unspaced("".join(words)):
            self._unspaced.add("".join(words))
        if len(words) == 1:
            self._add_handle(words[0])
        if 2 <= len(words) <= _MOST_WORDS:
            self._add_name(" ".join(words))
            family, comma, given = " ".join(words).partition(", ")
            self._add_name(f"{given} {family}") if comma else None
            self._add_spellings(
                given.split() if comma else words[: _family_at(words)], family.split() if comma else words[_family_at(words) :]
            )
        number, plus, handle = address.partition("+")
        self._add_handle(handle if plus and number.isdigit() else number)

    def _add_name(self, name: str) -> None:
        exact = tuple(word.group() for word in _words(name))
        folded = tuple(map(_folded, exact))
        if not 2 <= len(folded) <= _MOST_WORDS or " ".join(folded) in PLACEHOLDERS:
            return
        common = all(word in ordinary_words() or len(word) < 2 for word in folded) or sum(len(word) > 1 for word in folded) < 2
        self._add_form(folded, _Form(exact, (), common))
        for word, kind in ((folded[0], BESIDE), (folded[-1], CREDITED)):
            if len(word) > 2 and word.isalpha():
                self._add_single(word, min(kind, DOUBTED) if word in ordinary_words() else kind)
        if len(exact) > 2 and len(exact[-1]) > 1:  # also without the initials, or the second names
            middle = [word for word in exact[1:-1] if len(word) > 1]
            self._add_name(" ".join([exact[0], *(middle if len(middle) < len(exact) - 2 else ()), exact[-1]]))

    def _add_spellings(self, given: Sequence[str], family: Sequence[str]) -> None:
        """Further ways to write a name whose last is no ordinary word: ``Doe-Roe, Jane``, ``J. Doe-Roe``, ``Jane Doe``, ``Doe``."""
        first, last = _words(given[0] if given else ""), " ".join(family)
        parts = _words(last)
        if not first or not parts or all(self._is_common(_folded(part.group())) for part in parts) or len(parts) > _MOST_WORDS - 2:
            return
        names, inner = [part.group() for part in parts], [last[one.end() : other.start()] for one, other in zip(parts, parts[1:])]
        starts = [first[0].group()[:1], *({first[0].group()} if len(first) == 1 else ())]
        for start in starts:
            self._add_joined([start, *names], [". " if len(start) == 1 else " ", *inner])
        if len(first) == 1:
            self._add_joined([*names, starts[-1]], [*inner, ", "])
        if len(inner) == 1 and inner[0] == "-" and not self._is_common(_folded(names[0])):
            self._add_joined([first[0].group(), names[0]], [" "])
        word = _folded(names[-1])
        if (
            len(names) == 1
            and len(word) > 4
            and word.isalpha()
            and names[-1][0].isupper()
            and not self._is_common(word)
            and word not in _FAMOUS
        ):
            self._add_single(word, FAMILY)

    def _add_joined(self, words: Sequence[str], joints: Sequence[str]) -> None:
        self._add_form(tuple(map(_folded, words)), _Form(tuple(words), tuple(joints)))

    def _add_handle(self, handle: str) -> None:
        """A word that is a person's whole name, or stands before the @ of an address."""
        words = _words(handle)
        folded = tuple(_folded(word.group()) for word in words)
        if not 1 <= len(folded) <= _MOST_WORDS or len(handle) < 2:
            return
        self._handles.add(handle.lower())
        if len(folded) > 1:
            joints = tuple(handle[one.end() : other.start()] for one, other in zip(words, words[1:]))
            if not all(map(self._is_common, folded)):
                self._add_form(folded, _Form(tuple(word.group() for word in words), joints))
        elif any(map(str.isalpha, folded[0])):
            self._add_single(folded[0], DOUBTED if self._is_common(folded[0]) or folded[0] in _FAMOUS else ANYWHERE)

    def is_ordinary(self, word: str) -> bool:
        """Whether a word is one of ordinary text or of this code base."""
        folded = _folded(word.strip(".'’"))
        return folded in ordinary_words() or folded in self._own_words or folded in NOBODY

    def _is_common(self, word: str) -> bool:
        """Whether a word may be one of ordinary text or of this code base."""
        if not word.isascii():
            return len(word) < 2
        stem = word.rstrip("0123456789")
        short = 4 if any(map(str.isdigit, word)) else 5
        return len(word) < short or len(stem) < 2 or bool({word, stem} & ordinary_words()) or word in self._own_words or word in NOBODY

    def _add_form(self, folded: tuple[str, ...], form: _Form) -> None:
        forms = self._by_start.setdefault(folded[:2], {})
        if folded not in forms or (forms[folded].joints and not form.joints) or (forms[folded].in_case and not form.in_case):
            forms[folded] = form
        self._longest = max(self._longest, len(folded))

    def _add_single(self, word: str, kind: int) -> None:
        if word not in NOBODY and (len(word) > 2 or not word.isascii()):
            self._single[word] = max(kind, self._single.get(word, 0))

    def without_names(self, text: str) -> str:
        """The text with every known person's names, and every ``@handle``, replaced."""
        if self._unspaced and not text.isascii():
            text = _UNSPACED.sub(lambda found: self._within(found.group()), text)
        folded = _WORDS.findall(text.lower()) if text.isascii() else [_folded(word.group()) for word in _words(text)]
        if not self._single.keys().isdisjoint(folded) or not self._by_start.keys().isdisjoint(zip(folded, folded[1:])):
            text = self._replaced(text, folded)
        if _REFERRED.search(text):
            text = _REFERENCE.sub(lambda found: SOMEONE if self.is_handle(found[1], surely=True) else found[0], text)
        if "@" in text:
            text = _MENTION.sub(self._mentioned, text)
        if ".com/" in text or "/home/" in text or "Users" in text:
            text = _PROFILE.sub(lambda found: found[1] + SOMEONE if self.is_handle(found[2]) else found[0], text)
        return text

    def is_handle(self, word: str, surely: bool = False) -> bool:
        """Whether a person is known by this word; ``surely``: which is no ordinary one, nor one of several ordinary ones."""
        word = word.lower()
        if word not in self._handles or word in NOBODY:
            return False
        return not surely or self._single.get(word) == ANYWHERE or not all(self._is_common(part.group()) for part in _words(word))

    def _within(self, run: str) -> str:
        """A run of letters without the names in it; the longest name counts."""
        lengths = sorted({len(name) for name in self._unspaced}, reverse=True)
        parts, at = [], 0
        while at < len(run):
            length = next((length for length in lengths if run[at : at + length] in self._unspaced), 0)
            parts.append(SOMEONE if length else run[at])
            at += length or 1
        return "".join(parts)

    def _mentioned(self, found: re.Match[str]) -> str:
        handle = found.group(1).lower()
        return SOMEONE if handle in self._handles and handle not in NO_MENTION else found.group()

    def _replaced(self, text: str, folded: list[str]) -> str:
        words = _words(text)
        parts, at, done = [], 0, 0
        while at < len(words):
            length = self._named_from(text, words, folded, at)
            if not length and folded[at] in self._single and self._is_meant(text, words[at], self._single[folded[at]], done):
                length = 1
            if length:
                start = words[at].start()
                parts += [text[done : start - (text[start - 1 : start] == "@")], SOMEONE]
                done = words[at + length - 1].end()
                while unicodedata.category(text[done : done + 1] or " ")[0] == "M":  # a vowel sign behind its letter
                    done += 1
            at += length or 1
        text = "".join(parts) + text[done:]
        return text.replace(f"{SOMEONE} {SOMEONE}", SOMEONE)

    def _named_from(self, text: str, words: list[re.Match[str]], folded: list[str], at: int) -> int:
        """How many words from here are a name of several words; the longest such name counts."""
        names = self._by_start.get((folded[at], folded[at + 1]), {}) if at + 1 < len(words) else {}
        length = min(self._longest, len(words) - at) if names else 0
        while length and not _is_named(text, words[at : at + length], names.get(tuple(folded[at : at + length]))):
            length -= 1
        return length

    def _is_meant(self, text: str, word: re.Match[str], kind: int, done: int) -> bool:
        """Whether this single word means the person. ``done``: where the last name that was replaced ends, 0 for none."""
        start, end = word.span()
        before, after = text[max(start - _BEHIND, 0) : start], text[end : end + _BEHIND]
        name, own = word.group(), _OWNS.match(after)
        if not own and (_NUMBERED.match(after) or (_TAKES.search(before) and not _BESIDE.search(before))):  # a package of that name
            return False
        if _PART_BEFORE.search(before) or _PART_AFTER.match(after) or name.isupper():  # in capitals it is an abbreviation
            return False
        capital = name[0].isupper() and name[1:].islower()
        if capital and _THING.match(after):
            return False
        if (capital and _NEXT_CAPITAL.match(after)) or kind == ANYWHERE:
            return kind == ANYWHERE and not (capital and _NEXT_CAPITAL.match(after))  # else it is another person of that name
        ends = _ENDS.match(after)
        if kind == FAMILY and capital:
            beside = _BESIDE_CAPITAL.search(before)  # another word of some other name
            return beside is None or self.is_ordinary(beside[1])
        kind = min(kind, BESIDE)
        listed = done and start - done < 12 and capital and _LISTED.fullmatch(text[done:start])
        if listed or ((capital or name in self._handles) and _CREDITED.search(before)):
            return bool(ends or own) or (capital and kind == BESIDE)
        if not capital or kind == CREDITED or not (ends or own or kind == BESIDE):
            return False
        return bool(own or _BESIDE.search(before) or (kind == BESIDE and _SAYS.match(after)))


@cache
def ordinary_words() -> frozenset[str]:
    """Words in lower case that stand in the sources and documents of four or more of 1,416 packages, and names of languages and tools."""
    return frozenset((Path(__file__).parent / "assets" / "ordinary_words.txt").read_text("ascii").split())


def person_of(line: bytes) -> str:
    """An author line's name and address: ``Name <word@domain``."""
    name, mark, address = decoded(line[:PERSON_BYTES]).partition("<")
    return f"{name.strip()} {mark}{address.partition('>')[0].strip()}".strip()


def is_program(word: str) -> bool:
    """Whether a name or what stands before the @ of an address is a program's: ``GitHub Actions`` is nobody's name."""
    return _PROGRAM.search(word.strip()) is not None


def plain_words(name: str) -> list[str]:
    """The words of a name, without what stands in brackets or quotes."""
    return [word for word in _ASIDE.sub(" ", name).split() if any(map(str.isalnum, word))]


def is_unspaced(word: str) -> bool:
    """Whether this is a name in Han, Kana or Hangul, which may stand within a run of letters."""
    return _UNSPACED.fullmatch(word) is not None and word not in _UNSPACED_WORDS


def signers(message: bytes) -> list[str]:
    """Names in trailers such as ``Signed-off-by: Name <address>``; one of a single word only beside an address."""
    if not _MAY_SIGN.search(message):
        return []
    found = (_signer(decoded(line["named"]), line["sign"]) for line in _SIGNER.finditer(message[:100_000]))
    return [name for name in found if name]


def _signer(value: str, sign: bytes | None) -> str:
    """The name that a trailer gives, '' for none. ``sign``: what joins ``signed-off`` and ``by``, None for ``Cc``."""
    name, mark, address = (part.strip() for part in value.partition("<"))
    name = _ASIDE.sub(" ", name).strip() if "(" in name or "[" in name else name.strip('"')
    words = name.split()
    if not mark or not re.search(r"@|\bat\b", address, re.I):
        alone = _NAME_ALONE.match(name) if sign else None
        return alone.group() if alone and not all(map(_is_in_text, alone.group().split())) else ""
    if not 1 <= len(words) <= 6 or not all(_NAME_WORD.fullmatch(word.rstrip(",")) for word in words):
        return ""
    return name if len(words) > 1 or (sign == b"-" and not _is_in_text(name)) else ""


def _is_in_text(word: str) -> bool:
    return _folded(word.strip(".")) in ordinary_words() or word.lower() in NOBODY


def decoded(raw: bytes) -> str:
    """UTF-8, else Latin-1, which every byte has a letter in."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _family_at(words: Sequence[str]) -> int:
    """Where the last name begins: at its last word, or the particles before it."""
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return at


def _words(text: str) -> list[re.Match[str]]:
    return list((_WORDS if text.isascii() else _MARKED_WORDS).finditer(text))


def _folded(word: str) -> str:
    """A word without its case and its accents."""
    if word.isascii():
        return word.lower()
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter)).casefold()


def _is_named(text: str, words: list[re.Match[str]], form: _Form | None) -> bool:
    """Whether these words, which are the name's but for case and accents, stand together as a name's do."""
    if form is None or (form.in_case and tuple(word.group() for word in words) != form.exact):
        return False
    gaps = [text[one.end() : other.start()] for one, other in zip(words, words[1:])]
    if form.joints:
        return (
            tuple(gaps) == form.joints
            and not _PART_BEFORE.search(text[max(words[0].start() - 2, 0) : words[0].start()])
            and not _PART_AFTER.match(text, words[-1].end())
        )
    return all(gap.count("\n") < 2 and _JOINED.fullmatch(gap) for gap in gaps)
