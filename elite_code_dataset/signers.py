"""Signers: whom a commit message names for sure: in trailers, and as the owner of what was merged.

In: the bytes of a message. Out: people as ``names.person_of`` gives them. Costs a microsecond where nothing is signed.
"""

from __future__ import annotations

import re

from elite_code_dataset.names import ASIDE, NOBODY, decoded, folded, ordinary_words

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

_PLAIN_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,200}>?")
_OWNERS = (
    re.compile(
        rb"(?:Merge (?:pull request|PR|MR|merge request) [#!]?\d{1,9} from |(?:Auto|Rollup) merge of #\d{1,9} - )([\w.-]{2,39})[/:]"
    ),
    re.compile(
        rb"Merge [^\n]{1,200} of (?:https?://|(?:ssh://)?git@|git://)?(?:www\.)?(?:github|gitlab|bitbucket|codeberg)\.(?:com|org)[/:]([\w.-]{2,39})/"
    ),
)


def signers(message: bytes) -> list[str]:
    """People in trailers such as ``Signed-off-by: Name <address>``, one of a single word only beside an address; and who owned what was merged."""
    people = [f"<{found[1].decode()}@users.noreply.github.com" for pattern in _OWNERS if (found := pattern.match(message))]
    if _MAY_SIGN.search(message):
        people += [_signer(decoded(line["named"]), line["sign"]) for line in _SIGNER.finditer(message[:100_000])]
    return [person for person in people if person]


def _signer(value: str, sign: bytes | None) -> str:
    """The name that a trailer gives, '' for none. ``sign``: what joins ``signed-off`` and ``by``, None for ``Cc``."""
    name, mark, address = (part.strip() for part in value.partition("<"))
    name = ASIDE.sub(" ", name).strip() if "(" in name or "[" in name else name.strip('"')
    words = name.split()
    if not mark or not re.search(r"@|\bat\b", address, re.I):
        alone = _NAME_ALONE.match(name) if sign else None
        return alone.group() if alone and not all(map(_is_in_text, alone.group().split())) else ""
    if not 1 <= len(words) <= 6 or not all(_NAME_WORD.fullmatch(word.rstrip(",")) for word in words):
        return ""
    person = f"{name} <{address.rstrip('>')}" if _PLAIN_ADDRESS.fullmatch(address) else name
    return person if len(words) > 1 or (sign == b"-" and not _is_in_text(name)) else ""


def _is_in_text(word: str) -> bool:
    return folded(word.strip(".")) in ordinary_words() or word.lower() in NOBODY
