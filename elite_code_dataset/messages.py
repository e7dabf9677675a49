"""A commit's message and author -> the message without any person in it, and whether a bot or a revert wrote it.

In: the bytes of a commit object's message and of its author line. Out: text, and two verdicts. Author data is looked at here and
goes no further. Costs about 20 microseconds a message. What is left out: trailers that name people, addresses, ``@handles`` after a
word of thanks, the branch owner of a merge subject, marks of cherry-picks and imports; and the full name of every author or
committer known so far.
"""

from __future__ import annotations

import re

from elite_code_dataset.config import MAX_MESSAGE_CHARACTERS

SOMEONE = "someone"
_PERSON_BYTES = 1000  # of an author line that are looked at
_BOT = re.compile(
    rb"\[bot\]|\b(?:dependabot|renovate|greenkeeper|github-actions|pre-commit-ci|pyup|snyk|mergify|allcontributors|imgbot|weblate|codecov"
    rb"|semantic-release|release-please|copybara|bors|homu|k8s-ci-robot|travis|circleci|jenkins|scala-steward|whitesource|deepsource|restyled)\b"
    rb"|(?:^|[\s_-])(?:ro)?bot(?:$|[\s@<_-])",
    re.I,
)
_REVERT = re.compile(r"revert\b[ :]|revert(?:ing|ed)? (?:\"|commit\b|[0-9a-f]{7})|back(?:ed)? ?out\b", re.I)
_REVERT_BODY = re.compile(r"^this reverts (?:commit|merge|pull request)\b", re.I | re.M)
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
_CREDIT = r"(?:thanks|thank you|thx|cc|credits?|kudos|props|h/t|(?:patch|fix(?:ed)?|found|noticed|spotted|reported|suggested|contributed|written|reviewed|requested) by|courtesy|ping|pointed out by)(?: to| of| from| goes to)?[:,]?[ \t]+"
_HANDLE = re.compile(rf"(?P<before>\b(?:{_CREDIT}|by[ \t]+))@[A-Za-z0-9][\w-]*(?:(?:,| and|, and| &)[ \t]+@[A-Za-z0-9][\w-]*)*", re.I)
_CREDITED = re.compile(rf"(?P<before>\b(?i:{_CREDIT})){_NAME}(?![\w/.])")
_MENTION = re.compile(r"(?<![\w`/.])@([A-Za-z0-9][\w-]*)(?![\w/.])")
_WORDS = re.compile(r"[^\W_][\w.'’-]*")
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
        self._by_first: dict[str, set[tuple[str, ...]]] = {}
        self._handles: set[str] = set()

    def add(self, person: bytes) -> None:
        """Remember the name in an author or committer line, if it has two words or more, and what may be the person's handle."""
        name, _, address = decoded(person[:_PERSON_BYTES]).partition("<")
        words = tuple(_WORDS.findall(name))
        if 2 <= len(words) <= 6:
            self._by_first.setdefault(words[0], set()).add(words)
        self._handles.add(address.partition("@")[0].rpartition("+")[2].lower())
        if len(words) == 1:
            self._handles.add(words[0].lower())

    def without_names(self, text: str) -> str:
        """The text with every known full name, and every ``@handle`` of a known person, replaced."""
        words = list(_WORDS.finditer(text)) if self._by_first else []
        parts, at, done = [], 0, 0
        while at < len(words):
            names = self._by_first.get(words[at].group(), ())
            length = max((len(name) for name in names if name == tuple(word.group() for word in words[at : at + len(name)])), default=0)
            if not length:
                at += 1
                continue
            parts += [text[done : words[at].start()], SOMEONE]
            done = words[at + length - 1].end()
            at += length
        text = "".join(parts) + text[done:]
        return _MENTION.sub(lambda found: SOMEONE if found.group(1).lower() in self._handles else found.group(), text)


def decoded(raw: bytes) -> str:
    """UTF-8, else Latin-1, which every byte has a letter in."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def cleaned(message: str, people: People) -> str:
    """The message as a row may show it; '' where only names stood."""
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n").replace("\0", "")
    text = _PICKED.sub("", _TRAILER.sub("", text))
    text = _MERGE.sub(r"\1", text)
    text = _MERGE_REMOTE.sub(r"\1", text)
    text = people.without_names(text)
    text = _NAMED_ADDRESS.sub(SOMEONE, text) if "@" in text else text
    text = _HANDLE.sub(rf"\g<before>{SOMEONE}", text) if "@" in text else text
    text = _CREDITED.sub(rf"\g<before>{SOMEONE}", text)
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()
