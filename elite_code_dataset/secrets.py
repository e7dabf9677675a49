"""Secrets: found and replaced before anything else sees the text, in files and in history alike.

In: text. Out: the text with placeholders, and how many of each kind. Cost: 40-90 MB/s on clean text (the first call of a process
loads the scanner's rules: 0.2 s from its cache, 2.6 s without), in process, without network.

The finders, whose spans are joined where they overlap:
- forms (``secrets_formats``): a scanner's 490 rules of providers' own formats, base64 unwrapped; ours for keys, hashed passwords and signed
  addresses; long random tokens that stand alone;
- logins (``secrets_logins``): passwords in URLs, headers, cookies, commands and calls;
- names (``secrets_names``): values bound to a name that says it is secret, in the syntax of any language or configuration file;
- personal e-mail addresses (``secrets_addresses``), an option.
What is harmless by its form or name is left (``secrets_harmless``): ciphertext made to be committed, binary files in base64, public keys, addresses, ids.

What nothing announces is not found: a lone hexadecimal key, a password that is compared, a PIN. Rules look at the line of a value and at little more, so
that lines cut out of a text without findings have none.

A placeholder is one word, such as ``REDACTED_GITHUB_PAT_3fa9``, for an address ``redacted-3fa9@example.com``: it is valid inside a
string, a name, a URL or YAML, and the same secret has the same placeholder wherever it stands, also in another commit. The last
four digits are 16 bits of a keyed hash: enough to tell a repository's secrets apart, far too few to confirm a guess.
Text without findings after replacement is what ``redacted`` promises, so redacting twice changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick

from elite_code_dataset.secrets_addresses import personal_addresses
from elite_code_dataset.secrets_formats import own_forms, scanned, unannounced
from elite_code_dataset.secrets_harmless import is_harmless
from elite_code_dataset.secrets_logins import logins
from elite_code_dataset.secrets_names import bound_values

_SHORT_VALUE, _LONG_VALUE = 8, 512  # bytes of a secret that is looked for elsewhere as a whole
_MOST_VALUES = 256  # that are looked for in the versions that follow: the newest ones
_LONG_WORD = re.compile(rb"(?<![\w+/=-])[A-Za-z0-9+/=-]{20,}(?![\w+/=-])")
_KINDS = (re.compile(rb"\d"), re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"))
_HEX = re.compile(rb"(?=[a-f]*\d)[0-9a-f]{16,}|(?=[A-F]*\d)[0-9A-F]{16,}")
_WORD = re.compile(rb"[A-Za-z][a-z]{4}|[A-Z]{5}|[\[\](){}=<>,\s]")  # words, and what code is made of
_PLACEHOLDER = re.compile(rb"REDACTED_[A-Z0-9_]+|redacted-[0-9a-f]{4}@example\.com")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One secret's place: bytes [start, end) of the text in UTF-8, on ``line`` (from 1). It does not hold the secret."""

    start: int
    end: int
    kind: str
    line: int


def _found(data: bytes, emails: bool) -> list[tuple[int, int, str]]:
    """Spans in order, none overlapping: joined where they did, named after the first finder's longest."""
    spans, openings = scanned(data)
    spans += [*own_forms(data, openings), *logins(data, openings)]
    named = [*bound_values(data, openings), *unannounced(data)]
    spans = [span for some, by_name in ((spans, False), (named, True)) for span in some if not is_harmless(data, span, by_name)]
    spans += personal_addresses(data) if emails else ()
    joined: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if _PLACEHOLDER.search(data[start:end]):
            continue
        if joined and start < joined[-1][1]:
            before, until, first = joined[-1]
            joined[-1] = (before, max(end, until), first)
        else:
            joined.append((start, end, kind))
    return joined


def findings(text: str, emails: bool = True) -> list[Finding]:
    """Where the secrets of a text are, in order. Empty for anything that ``redacted`` returned."""
    data = text.encode("utf-8", "surrogatepass")
    return [Finding(start, end, kind, data.count(b"\n", 0, start) + 1) for start, end, kind in _found(data, emails)]


_PLACEHOLDERS = re.compile(r"redacted-[0-9a-f]{4}@example\.com|REDACTED_[A-Z0-9_]+_[0-9a-f]{4}\b")


def placeholder(secret: bytes, kind: str, salt: str = "") -> bytes:
    """The word that stands for a secret; the same for the same secret, kind and salt."""
    mark = hashlib.blake2b(secret, key=hashlib.sha256(salt.encode()).digest(), digest_size=2).hexdigest()
    if kind == "email":
        return f"redacted-{mark}@example.com".encode()
    return f"REDACTED_{re.sub('[^A-Z0-9]+', '_', kind.upper())}_{mark}".encode()


def placeholders(texts: Iterable[str]) -> dict[str, int]:
    """Kind -> how many different placeholders of that kind the texts hold."""
    found = {match.group() for text in texts for match in _PLACEHOLDERS.finditer(text)}
    kinds = Counter("email" if one.startswith("redacted-") else one[9:-5].lower() for one in found)
    return dict(sorted(kinds.items()))


def redacted(text: str, emails: bool = True, salt: str = "", values: dict[bytes, str] | None = None) -> tuple[str, dict[str, int]]:
    """The text with its secrets replaced, and how many of each kind (a secret that stands twice counts twice).

    ``salt`` keys the placeholders: give what names the repository to make the same secret look different in two of them. What was found is added to
    ``values``, see ``without_values``."""
    data = text.encode("utf-8", "surrogatepass")
    counts: Counter[str] = Counter()
    spans = _found(data, emails)
    if not spans:
        return text, {}
    if values is not None:
        values.update((piece, kind) for start, end, kind in spans if kind != "email" for piece in _pieces(data[start:end]))
    while spans:  # what is left changes its neighbourhood, so look again; each round shortens what is not yet a placeholder
        pieces, done = [], 0
        for start, end, kind in spans:
            pieces += [data[done:start], placeholder(data[start:end], kind, salt)]
            done = end
            counts[kind] += 1
        data = b"".join([*pieces, data[done:]])
        spans = _found(data, emails)
    return data.decode("utf-8", "surrogatepass"), dict(sorted(counts.items()))


def without_values(texts: Sequence[str], values: Mapping[bytes, str], salt: str = "") -> list[str]:
    """The texts without these secrets, which were found elsewhere and may be announced by nothing here."""
    if not values:
        return list(texts)
    known = sorted(values)
    search = BytesAhoCorasick(known)
    return [_without(text, search, known, values, salt) for text in texts]


def _without(text: str, search: BytesAhoCorasick, known: Sequence[bytes], values: Mapping[bytes, str], salt: str) -> str:
    data, pieces, done = text.encode("utf-8", "surrogatepass"), [], 0
    found = ((start, -end, known[at]) for at, start, end in search.find_matches_as_indexes(data, overlapping=True))
    for start, end, value in sorted(one for one in found if _stands_alone(data, one[0], -one[1])):
        if start >= done:
            pieces += [data[done:start], placeholder(value, values[value], salt)]
            done = -end
    return b"".join([*pieces, data[done:]]).decode("utf-8", "surrogatepass") if pieces else text


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """Whether no letter or digit stands on either side, but that of an escape such as ``\\n``."""
    before, after = data[max(start - 1, 0) : start], data[end : end + 1]
    return (not before.isalnum() or data[max(start - 2, 0) : start - 1] == b"\\") and not after.isalnum()


def _pieces(secret: bytes) -> Iterator[bytes]:
    """What of a secret is looked for elsewhere: the whole of it, or the long words of each line; nothing that may be a name in code."""
    if b"\n" in secret or len(secret) > _LONG_VALUE:
        yield from (word for word in _LONG_WORD.findall(secret) if all(part.search(word) for part in _KINDS))
    elif (
        len(secret) >= _SHORT_VALUE
        and (_HEX.fullmatch(secret) or (_KINDS[0].search(secret) and not _WORD.search(secret)))
        and not secret.isdigit()
    ):
        yield secret


def redacted_many(texts: Iterable[str], emails: bool = True, salt: str = "") -> Iterator[tuple[str, dict[str, int]]]:
    """``redacted`` for one text after the other; equal texts that follow one another are scanned once."""
    last: str | None = None
    answer: tuple[str, dict[str, int]] = ("", {})
    for text in texts:
        if text != last:
            last, answer = text, redacted(text, emails, salt)
        yield answer[0], dict(answer[1])


@dataclass(frozen=True)
class Redactor:
    """Replaces the secrets of texts. ``values``, where given, are secrets found before: they are replaced in all the texts, wherever one of
    these shows more of them, they are added."""

    emails: bool = True

    def __call__(self, texts: Sequence[str], values: dict[bytes, str] | None = None) -> list[str]:
        if values is None:
            return [text for text, _ in redacted_many(texts, self.emails)]
        clean = [redacted(text, self.emails, values=values)[0] for text in texts]
        for old in list(values)[: max(0, len(values) - _MOST_VALUES)]:
            del values[old]
        return without_values(clean, values)


def left_alone(texts: Sequence[str], values: dict[bytes, str] | None = None) -> list[str]:
    """A ``Redactor`` that replaces nothing."""
    return list(texts)
