"""Bytes of a file -> its text, or the reason why it is none.

In: bytes. Out: ``(text, reason)`` with one of them empty. UTF-8 is taken exactly as it is, byte order mark and line ends
included, so that ``text.encode()`` gives the bytes back; UTF-16 with a byte order mark is decoded. Costs one pass of decoding.
"""

from __future__ import annotations

import codecs
import re

BINARY, NOT_UTF8, LONG_LINE, LFS = "binary", "not_utf8", "long_line", "lfs_pointer"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LFS = b"version https://git-lfs.github.com/spec/"
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def text_of(data: bytes, max_line_bytes: int) -> tuple[str, str]:
    """The text, or why there is none: binary (a NUL), not_utf8, long_line, lfs_pointer."""
    if data.startswith(_LFS) and len(data) < 1024:
        return "", LFS
    try:
        text = data.decode("utf-16") if data.startswith(_UTF16) else data.decode("utf-8")
    except UnicodeDecodeError:
        return "", BINARY if b"\0" in data else NOT_UTF8
    if "\0" in text:
        return "", BINARY
    return ("", LONG_LINE) if has_long_line(data, max_line_bytes) else (text, "")


def has_long_line(data: bytes, limit: int) -> bool:
    """Whether a line is longer than ``limit`` bytes. Jumps from line end to line end ``limit`` bytes at a time."""
    at = 0
    while len(data) - at > limit:
        end = data.rfind(b"\n", at, at + limit + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def oddities(data: bytes, text: str) -> list[str]:
    """What is unusual about a text that is kept: utf16, bom, crlf, bidi_control."""
    found = ["utf16"] if data.startswith(_UTF16) else []
    if text.startswith("\ufeff"):
        found.append("bom")
    if "\r\n" in text:
        found.append("crlf")
    if not text.isascii() and _BIDI.search(text):
        found.append("bidi_control")
    return found
