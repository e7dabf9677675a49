"""Mentions: whether words that are somebody's name mean the person where they stand.

In: a text, a place in it, what kind of name it is. Out: yes or no. Costs some microseconds for each word that is a name.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from elite_code_dataset.signers import CREDIT

# Where a single word means the person: everywhere; with a capital; beside any mention; where it is credited.
HANDLE, NAME, MENTIONED, CREDITED = 4, 3, 2, 1

_SIGN = r"(?:[^\w\s/\\:;=|&!?()<>@#]|_)"
_JOINED = re.compile(rf"{_SIGN}{{0,3}}\s{{0,12}}(?:>[ \t])?{_SIGN}{{0,3}}")  # what may stand between two words of a name
_LISTED = re.compile(r"[ \t]*(?:[,;&+/][ \t]*(?:and[ \t]+)?|and[ \t]+|[ \t])@?")  # between two names of a list
# What makes a word a part of something else, on either side of it.
_PART_BEFORE = re.compile(r"[\w`/\\.$#=~]-?$|::$|\w-$|--$|[<&@]$")
_PART_AFTER = re.compile(r"[\w`/\\=(@]|::|\.\w|-(?!patch|fix|style)\w|['’]\w*\(")
_BEHIND = 60  # characters in which a word of credit is looked for
_CREDITED = re.compile(rf"\b{CREDIT}@?$", re.I)
_BESIDE = re.compile(r"\b(?:by|from|per|via|according to|ask(?:ed|ing)?|on behalf of|[a-z]+(?:ed|ing) with)[ \t]+$", re.I)
_TAKES = re.compile(
    r"\b(?:bump|updat|upgrad|downgrad|us|requir|install|pin|migrat)(?:e?s|e?d|ing|e)?(?:[ \t]+to)?[ \t]+$", re.I
)  # packages, not persons
_NUMBERED = re.compile(r"[ \t]+(?:(?:from|to|version)[ \t]+)?v?\d+(?:\.|\b)(?!-)")
_OWNS = re.compile(r"['’](?:s\b|(?!\w))")
_SAYS = re.compile(
    r",?[ \t]+(?:sa(?:id|ys)|suggest(?:s|ed)|point(?:s|ed) out|mention(?:s|ed)|report(?:s|ed)|notice[sd]|ask(?:s|ed)|request(?:s|ed)"
    r"|wrote|writes|explain(?:s|ed)|propose[sd]|recommend(?:s|ed)|found|spotted|discovered|noted|contributed|implemented|tested|wants|thinks|agrees)\b"
)
_ENDS = re.compile(  # what may follow a name that is an ordinary word too
    r"(?:['’]s)?[ \t]*(?:$|[\n.,;:!?)\]&+]|(?:/|-)[ \t]|(?:for|and|in|on|at|who|with|via|from|to|about|again|as|because|but|or|is|was|has|had)\b)"
)
_NEXT_CAPITAL = re.compile(r"[ \t]+[A-Z]\w")
_OF = re.compile(r"[ \t]+(?:the|an?|of|this|that|these|those|all|it|its|some|any|more|up|down|out|off|over)\b")  # behind a verb
_SENTENCE = re.compile(r"(?:^|[.:;!?][ \t]|\n[ \t]*(?:[-*][ \t]+)?)$")
_THING = re.compile(
    r"(?:['’]s)?[ \t]+(?:algorithm|theorem|laws?\b|lemma|conjecture|transform|distance|constant|equation|inequality|distribution|paradox|sequence"
    r"|formula|principle|method\b|numbers?\b|normal form|filter\b)",
    re.I,
)


class Form(NamedTuple):
    """A name of several words: ``joints`` are what stands between them (none: whatever joins a name); ``in_case``: only as it is written in ``exact``."""

    exact: tuple[str, ...]
    joints: tuple[str, ...] = ()
    in_case: bool = False


def is_named(text: str, words: list[re.Match[str]], form: Form | None) -> bool:
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


def is_meant(text: str, word: re.Match[str], kind: int, done: int, handles: Container[str]) -> bool:
    """Whether this single word means the person. ``done``: where the last name that was replaced ends, 0 for none; ``handles``: in lower
    case."""
    start, end = word.span()
    before, after = text[max(start - _BEHIND, 0) : start], text[end : end + _BEHIND]
    name, own = word.group(), _OWNS.match(after)
    if not own and (_NUMBERED.match(after) or (_TAKES.search(before) and not _BESIDE.search(before))):  # a package of that name
        return False
    if _PART_BEFORE.search(before) or _PART_AFTER.match(after) or (name.isupper() and not (kind == NAME and len(name) > 4)):
        return False  # in capitals it is an abbreviation
    capital = name[0].isupper() and not name.isupper()
    if not name.islower() and _THING.match(after):
        return False
    if kind == NAME and capital and _OF.match(after) and _SENTENCE.search(before):
        return False
    if kind == HANDLE or (kind == NAME and not name.islower()) or (kind == NAME and name.lower() == name.upper()):
        return True
    if capital and _NEXT_CAPITAL.match(after):  # another person of that name
        return False
    ends = _ENDS.match(after)
    listed = done and start - done < 12 and capital and _LISTED.fullmatch(text[done:start])
    if listed or ((capital or kind == NAME or name in handles) and _CREDITED.search(before)):
        return bool(ends or own) or (capital and kind >= MENTIONED)
    if (not capital and kind < NAME) or kind == CREDITED or not (ends or own or kind >= MENTIONED):
        return False
    return bool(own or _BESIDE.search(before) or _SAYS.match(after))
