"""Clones: code that is the same but for its names, as sets of hashed 7-grams of anonymised tokens.

In: texts and their languages. Out: one sorted array of distinct 64-bit hashes a text, for ``similarity`` to compare. Costs one parse: about 900
functions a second.

A token is a leaf of the syntax tree; comments are none, a string is one. An identifier counts only as "the same as the one k places
before it in this 7-gram" or as a new one, so any consistent renaming leaves the set as it is. Where a code language has no tree (no
grammar installed, too slow) words that are nobody's keyword are the identifiers. Prose and data have no clones: without names nothing
of them would be left. Neither have texts of fewer than 80 tokens: short code is alike by its shape alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np

from elite_code_dataset.config import CLONE_GRAM, CLONE_TOKENS
from elite_code_dataset.languages import Language, all_languages, tree_of
from elite_code_dataset.similarity import constants, distinct, mixed

_WORD = re.compile(rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*|\d[\w.]*|[^\s\w]")
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/|(?m:(?:^|\s)(?:#|--)\s[^\n]*)", re.S)
# Reserved in at least one wide-spread language; used only where no grammar is at hand.
_KEYWORDS = frozenset(
    b"abstract and as assert async await begin bool break byte case catch char class const continue def default defer delete do double elif else elsif "
    b"end enum except export extends false final finally float fn for foreach from func function global go goto if impl implements import in include int "
    b"interface is lambda let local long loop match mod module mut namespace new nil None not null object of or override package pass private protected "
    b"protocol pub public raise ref repeat require rescue return self short sizeof static string struct super switch template then this throw trait true "
    b"True False try type typedef typeof union unless unsafe unsigned until use using val var virtual void volatile when where while with yield".split()
)


def clone_shingles(texts: Sequence[str], languages: Sequence[str]) -> list[np.ndarray]:
    """The anonymised 7-grams of each text, uint64[m] sorted; empty where there is nothing to compare."""
    known = all_languages()
    return [_grams(*_tokens(text.encode("utf-8", "surrogatepass"), known.get(name))) for text, name in zip(texts, languages)]


def _tokens(source: bytes, language: Language | None) -> tuple[list[bytes], list[bool]]:
    """Tokens in order, and whether each is an identifier."""
    if language is None or not language.is_code:
        return [], []
    tree = tree_of(source, language)
    pairs = list(_words(source) if tree is None else _leaves(tree, source, language))
    return [token for token, _ in pairs], [named for _, named in pairs]


def _leaves(tree, source: bytes, language: Language) -> Iterator[tuple[bytes, bool]]:
    """Leaves by a cursor: recursion in Python fails on deep trees."""
    cursor = tree.walk()
    whole = frozenset(language.strings)
    while True:
        node = cursor.node
        if node.type not in language.comments and (node.type in whole or not cursor.goto_first_child()):
            token = source[node.start_byte : node.end_byte]
            if token.strip():
                yield token, node.is_named and (node.type in language.identifiers or node.type.endswith("identifier"))
        elif node.type not in language.comments:
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _words(source: bytes) -> Iterator[tuple[bytes, bool]]:
    for match in _WORD.finditer(_COMMENT.sub(b" ", source)):
        token = match[0]
        yield token, (token[:1].isalpha() or token[:1] in b"_$" or token[0] >= 128) and token not in _KEYWORDS


def _grams(tokens: list[bytes], named: list[bool]) -> np.ndarray:
    if len(tokens) < CLONE_TOKENS:
        return np.zeros(0, np.uint64)
    numbers = {token: int.from_bytes(hashlib.blake2b(token, digest_size=8).digest(), "little") for token in set(tokens)}
    hashes = np.array([numbers[token] for token in tokens], np.uint64)
    names = np.array(named, bool)
    count = len(tokens) - CLONE_GRAM + 1
    factors, first_seen = constants(2, CLONE_GRAM), constants(5, CLONE_GRAM)
    total = np.zeros(count, np.uint64)
    for k in range(CLONE_GRAM):
        here = slice(k, k + count)
        seen = np.full(count, first_seen[k])
        for j in range(k - 1, -1, -1):  # down to the first place that holds the same name
            before = slice(j, j + count)
            seen = np.where(names[before] & (hashes[before] == hashes[here]), first_seen[j], seen)
        total += np.where(names[here], seen, hashes[here]) * factors[k]
    return distinct(mixed(total))
