"""A commit's message and author -> the message without any person in it, and whether a bot or a revert wrote it.

In: the bytes of a commit object's message and of its author line. Out: text, and two verdicts. Author data is looked at here and
goes no further. Costs about 30 microseconds a message. What is left out: trailers that name people, addresses, ``@handles`` after a
word of thanks, the branch owner of a merge subject, marks of cherry-picks and imports; and the full name of every author or
committer known so far, the commit's own among them, in any case, with or without accents, however its words are joined.

What stays: the name of somebody whose first commit comes later, since a commit's rows must be the same when the history has grown;
single words, since first names are words too; ``user/project#12``.
"""

from __future__ import annotations

import re
import unicodedata

from elite_code_dataset.config import MAX_MESSAGE_CHARACTERS

SOMEONE = "someone"
_PERSON_BYTES = 1000  # of an author line that are looked at
_BOT = re.compile(
    rb"\[bot\]|\b(?:dependabot|renovate|greenkeeper|github-actions|pre-commit-ci|pyup|snyk|mergify|allcontributors|imgbot|weblate|codecov"
    rb"|semantic-release|release-please|copybara|bors|homu|k8s-ci-robot|travis|circleci|jenkins|scala-steward|whitesource|deepsource|restyled)\b"
    rb"|(?:^|[\s_-])(?:ro)?bot(?:$|[\s@<_-])",
    re.I,
)
_PROGRAM = re.compile(r"\[bot\]|(?:^|[\s_-])bot$|^github[ -]actions$", re.I)
_REVERT = re.compile(r"revert\b[ :]|revert(?:ing|ed)? (?:\"|commit\b|[0-9a-f]{7})|back(?:ed)? ?out\b", re.I)
_REVERT_BODY = re.compile(r"^this reverts (?:commit|merge|pull request)\b", re.I | re.M)
_SIGNED = (
    r"signed[ -]off|co[ -]?(?:authored|developed)|(?:originally[ -])?(?:authored|written)|acked|approved|contributed|noticed|pointed[ -]out"
    r"|reported|requested|reviewed|spotted|submitted|suggested|tested"
)
_FULL = r"[^\W\d_a-z][\w.'’-]{0,40}(?:[ \t]{1,9}[\w.'’-]{1,40}){1,3}"
_SAID_BY = re.compile(  # may stand in a list, without hyphens, or with the name on the next line
    rf"^[ \t]*(?:[*+>#|-][ \t]*){{0,3}}(?:{_SIGNED})[ -]by[ \t]*:(?:[ \t]*\n[ \t]*(?-i:{_FULL})(?:[ \t]*<.*)?[ \t]*$\n?|.*$\n?)",
    re.I | re.M,
)
_TRAILER = re.compile(
    r"^[ \t]*(?:[A-Za-z]+(?:-[A-Za-z]+)*-(?:by|to|from|author)|cc|ccs|from|author|authors|committer|contributors?|credits?|thanks|patch by|patch from"
    r"|change-id|git-svn-id|svn-id|rietveld-.*|bazel-.*)[ \t]*:.*$\n?(?:^[ \t]+\S*@.*$\n?)*",
    re.I | re.M,
)
_PICKED = re.compile(r"^[ \t]*\(?(?:cherry[- ]picked|backported) from (?:commit )?[0-9a-f]{7,}.*$\n?", re.I | re.M)
_MERGE = re.compile(r"^(Merge (?:pull request|PR|MR|merge request) [#!]?\d+) from \S+", re.M)
_MERGE_REMOTE = re.compile(r"^(Merge (?:remote-tracking )?branch(?:es)?(?: '[^']*')?) of \S+", re.M)
# Words are bounded, so that a message of one endless word costs no more than its length.
_ADDRESS = r"(?<![\w/])[\w.+%-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}\.[A-Za-z]{2,24}\b"
_NAMED_ADDRESS = re.compile(rf"(?:\b[^\W\d_][\w.'-]{{0,40}}[ \t]{{1,9}}){{0,3}}<[ \t]*{_ADDRESS}[ \t]*>|<?(?:mailto:)?{_ADDRESS}>?")
_NAME = r"[^\W\d_a-z][\w.'-]{0,40}(?:[ \t]{1,9}[^\W\d_a-z][\w'-]{0,40}){1,2}"
_CREDIT = (
    rf"(?:thanks|thank you|thx|cc|credits?|kudos|props|h/t|(?:patch|fix(?:ed)?|found|diagnosed|debugged|merged|{_SIGNED})[ -]by|courtesy|ping)"
    r"(?: to| of| from| goes to)?[:,]?[ \t]+"
)
_HANDLED = rf"(?:@[A-Za-z0-9][\w-]*|{SOMEONE}\b)"
_HANDLE = re.compile(
    rf"(?P<before>\b(?:{_CREDIT}|by[ \t]+)){_HANDLED}(?:(?:[ \t]*[,;&+/][ \t]*|,?[ \t]+and[ \t]+|[ \t]+){_HANDLED})*", re.I
)
_CREDITED = re.compile(rf"(?P<before>\b(?i:{_CREDIT})){_NAME}(?![\w/]|\.\w)")
_MENTION = re.compile(r"(?<![\w`/.])@([A-Za-z0-9][\w-]*)(?![\w/]|\.\w)")
_WORDS = re.compile(r"[^\W_]+")
_MARKED_WORDS = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")  # with accents that stand behind their letter
_ASIDE = re.compile(r"\([^()]*\)|\"[^\"]*\"|\[[^\[\]]*\]")
_SIGN = r"(?:[^\w\s/\\:;=|&!?()<>@#]|_)"
_JOINED = re.compile(rf"{_SIGN}{{0,3}}\s{{0,12}}{_SIGN}{{0,3}}")  # what may stand between two words of a name
_BLANK_LINES = re.compile(r"\n{3,}")


def is_bot(author: bytes) -> bool:
    """Whether this author line (``Name <address>``) is a program's."""
    name, _, address = author[:_PERSON_BYTES].partition(b"<")
    return bool(_BOT.search(name.strip()) or _BOT.search(address.partition(b"@")[0]) or b"[bot]" in address)


def is_revert(message: str) -> bool:
    """Whether the message says that the commit takes another back."""
    message = message[:MAX_MESSAGE_CHARACTERS].lstrip()
    return bool(_REVERT.match(message) or _REVERT_BODY.search(message))


class People:
    """Full names seen so far, told in the order of history so that a commit's cleaned message never depends on later ones."""

    def __init__(self) -> None:
        self._by_start: dict[tuple[str, str], dict[tuple[str, ...], tuple[str, ...]]] = {}  # two words -> name in lower case -> name
        self._longest = 0  # words of a name
        self._handles: set[str] = set()
        self._seen: set[bytes] = set()

    def add(self, person: bytes) -> None:
        """Remember the name in an author or committer line, if it has two words or more, and what may be the person's handle."""
        person = person[:_PERSON_BYTES]
        if person in self._seen:
            return
        self._seen.add(person)
        name, _, address = decoded(person).partition("<")
        if _PROGRAM.search(name.strip()):  # "GitHub Actions" is nobody's name
            return
        self._handles.add(address.partition("@")[0].rpartition("+")[2].lower())
        words = [word for word in _ASIDE.sub(" ", name).split() if any(map(str.isalnum, word))]
        if len(words) == 1:
            self._handles.add(words[0].lower())
        if 2 <= len(words) <= 6:
            self._add_name(" ".join(words))
            family, comma, given = " ".join(words).partition(", ")
            self._add_name(f"{given} {family}") if comma else None

    def _add_name(self, name: str) -> None:
        exact = tuple(word.group() for word in _words(name))
        folded = tuple(map(_folded, exact))
        if len(folded) > 1:
            self._by_start.setdefault(folded[:2], {}).setdefault(folded, exact)
            self._longest = max(self._longest, len(folded))

    def without_names(self, text: str) -> str:
        """The text with every known full name, and every ``@handle`` of a known person, replaced."""
        plain = text.isascii()
        folded = _WORDS.findall(text.lower()) if plain else [_folded(word.group()) for word in _words(text)]
        if not self._by_start.keys().isdisjoint(zip(folded, folded[1:])):
            text = self._replaced(text, folded)
        return (
            _MENTION.sub(lambda found: SOMEONE if found.group(1).lower() in self._handles else found.group(), text) if "@" in text else text
        )

    def _replaced(self, text: str, folded: list[str]) -> str:
        words = _words(text)
        parts, at, done = [], 0, 0
        while at < len(words) - 1:
            names = self._by_start.get((folded[at], folded[at + 1]), {})
            length = min(self._longest, len(words) - at) if names else 0
            while length and not _is_named(text, words[at : at + length], names.get(tuple(folded[at : at + length]))):
                length -= 1
            if length:
                parts += [text[done : words[at].start()], SOMEONE]
                done = words[at + length - 1].end()
                while unicodedata.category(text[done : done + 1] or " ")[0] == "M":  # a vowel sign behind its letter
                    done += 1
            at += length or 1
        return "".join(parts) + text[done:]


def _words(text: str) -> list[re.Match[str]]:
    return list((_WORDS if text.isascii() else _MARKED_WORDS).finditer(text))


def _folded(word: str) -> str:
    """A word without its case and its accents."""
    if word.isascii():
        return word.lower()
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter)).casefold()


def _is_named(text: str, words: list[re.Match[str]], name: tuple[str, ...] | None) -> bool:
    """Whether these words, which are the name's but for case and accents, stand together as a name's do. A name with but one word of two
    letters or more has to be in its own case: who is called "A Person" is not meant by "a person"."""
    if name is None or (sum(len(word) > 1 for word in name) < 2 and tuple(word.group() for word in words) != name):
        return False
    gaps = [text[one.end() : other.start()] for one, other in zip(words, words[1:])]
    return all(gap.count("\n") < 2 and _JOINED.fullmatch(gap) for gap in gaps)


def decoded(raw: bytes) -> str:
    """UTF-8, else Latin-1, which every byte has a letter in."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def cleaned(message: str, people: People) -> str:
    """The message as a row may show it; '' where only names stood."""
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n").replace("\0", "")
    text = _PICKED.sub("", _TRAILER.sub("", _SAID_BY.sub("", text)))
    text = _MERGE.sub(r"\1", text)
    text = _MERGE_REMOTE.sub(r"\1", text)
    text = people.without_names(text)
    text = _NAMED_ADDRESS.sub(SOMEONE, text) if "@" in text else text
    text = _HANDLE.sub(rf"\g<before>{SOMEONE}", text) if "@" in text else text
    text = _CREDITED.sub(rf"\g<before>{SOMEONE}", text)
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
