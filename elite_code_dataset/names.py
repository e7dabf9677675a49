"""Words of names: what tells a person's name from other words, and what an author line says.

In: author lines, words. Out: verdicts. Costs 15 milliseconds once for the words of ordinary text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

SOMEONE = "someone"
PERSON_BYTES = 1000  # of an author line that are looked at
MOST_WORDS = 8  # of a name
_PROGRAM = re.compile(r"\[bot\]|(?:^|[\s_-])bot$|^github(?:[ -]actions)?$|^gitlab$", re.I)
_TITLES = frozenset("jr sr ii iii iv phd md esq dr prof mr mrs ms mme herr frau".split())
_ELSEWHERE = re.compile(  # what stands behind a name: a company, another program
    r"[ \t]+(?:via|@|\||from|on behalf of|[-–—/])[ \t].*$|[ \t]*,[ \t]*(?:jr|sr|ph\.?d|md|esq)\b.*$", re.I
)
_TOGETHER = re.compile(r"[ \t]+(?:&|and|und|et|y|\+)[ \t]+")  # two persons at one machine
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CHARSET = re.compile(r"(?:iso-?8859|cp|windows|koi8|gb|big5|euc|s(?:hift)?[-_]?jis|iso-?2022|mac|tis|latin)[\w-]*", re.I)
ASIDE = re.compile(r"\([^()]*\)|\"[^\"]*\"|\[[^\[\]]*\]")
LETTERS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f"  # of scripts without blanks between words, or with endings that are written on: Han, Kana, Hangul, Thai
UNSPACED = re.compile(rf"[{LETTERS}]{{2,}}")
_UNSPACED_WORDS = frozenset("测试 用户 匿名 作者 开发 开发者 管理员 系统 名無し 開発 管理者 사용자 관리자 개발자 이름".split())
_MARKS = (  # that stand behind their letter: accents, vowel signs
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09d7\u0a01-\u0a03\u0a3c-\u0a51"
    "\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d57"
)
_WORDS = re.compile(r"[^\W_]+")
_MARKED_WORDS = re.compile(f"(?:[^\\W_][{_MARKS}]*)+")
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
FAMOUS = frozenset(  # whom units, methods and laws are called after
    "aho ampere bayes bernoulli bessel bezier boole boyer brotli cantor cauchy celsius chebyshev corasick damerau delaunay descartes dijkstra euclid"
    " euler fahrenheit fermat fibonacci fischer floyd fourier galois gauss hadamard hamming haversine hertz hilbert horner horspool huffman jaccard"
    " jacobi joule kalman karatsuba kelvin knuth kruskal lagrange laplace lebesgue legendre lempel levenshtein lorentz mandelbrot markov mersenne"
    " minkowski montgomery moore morris myers neumann newton nyquist pareto pascal peano perlin poisson pratt rabin riemann shannon simpson solomon"
    " tesla turing voronoi warshall weibull winkler zipf".split()
)
NO_MENTION = frozenset(  # marks that code and comments have after an @
    "param params property override test tests deprecated see return returns throws types type all here todo internal public private since link"
    " staticmethod classmethod dataclass interface import media export example ts todo channel everyone latest next beta master main".split()
)


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
    words = [word for word in ASIDE.sub(" ", name).split() if any(map(str.isalnum, word))]
    return words or [word for word in re.sub(r"[\"()\[\]]", " ", name).split() if any(map(str.isalnum, word))]


def persons(name: str) -> list[list[str]]:
    """The words of each person's name in a recorded one, without titles, companies and what else stands there."""
    found = []
    for part in _TOGETHER.split(_ELSEWHERE.sub("", _UNSEEN.sub("", name))):
        words = plain_words(part)
        found.append([word for word in words if word.lower().strip(".,") not in _TITLES] or words)
    return [words for words in found if words]


def is_unspaced(word: str) -> bool:
    """Whether this is a name in Han, Kana or Hangul, which may stand within a run of letters."""
    return UNSPACED.fullmatch(word) is not None and word not in _UNSPACED_WORDS


def decoded(raw: bytes) -> str:
    """UTF-8, else Latin-1, which every byte has a letter in."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def in_utf8(raw: bytes, encoding: str) -> bytes:
    """Text in an encoding that a commit names; as it is where nobody writes text in that, or it is none."""
    if not _CHARSET.fullmatch(encoding):
        return raw
    try:
        return raw.decode(encoding).encode()
    except (LookupError, UnicodeError):
        return raw


def words_of(text: str) -> list[re.Match[str]]:
    """Runs of letters and digits, with the accents and vowel signs behind them."""
    return list((_WORDS if text.isascii() else _MARKED_WORDS).finditer(text))


def folded_words(text: str) -> list[str]:
    """The words of a text, each ``folded``."""
    return _WORDS.findall(text.lower()) if text.isascii() else [folded(word.group()) for word in words_of(text)]


def folded(word: str) -> str:
    """A word without its case, its accents and its width."""
    if word.isascii():
        return word.lower()
    return unaccented(word).casefold()


def unaccented(text: str) -> str:
    """A text in its case, without accents and width."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def asides(name: str) -> list[str]:
    """What stands in brackets or quotes within a name, where it is one word: a nickname."""
    found = [aside.group()[1:-1].strip() for aside in ASIDE.finditer(name)]
    return [word for word in found if word.isalpha()]
