"""Languages as data: one module a language in this folder, each holding one ``LANGUAGE = Language(...)``.

In: a path. Out: the ``Language`` that reads it, or None. Grammars load on first use; a process keeps one parser each.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Language:
    """All that the package knows about one language. Queries are tree-sitter's, node kinds are the grammar's.

    ``grammar`` is ``("tree_sitter_rust", "language")``: a wheel's module and the function that returns the grammar, or
    ``("tree_sitter_languages", "lua")``: a name in that wheel's shared library; None for text cut at headings and blank lines.
    """

    name: str
    suffixes: tuple[str, ...]
    filenames: tuple[str, ...] = ()
    grammar: tuple[str, str] | None = None
    line_comment: str = ""
    block_comment: tuple[str, str] | None = None
    units: str = ""
    imports: str = ""
    statements: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    comments: tuple[str, ...] = ("comment",)
    identifiers: tuple[str, ...] = ("identifier",)
    strings: tuple[str, ...] = ()
    extra: dict = field(default_factory=dict, hash=False, compare=False)


@cache
def all_languages() -> dict[str, Language]:
    """Every language by name, found by looking into this folder."""
    found: dict[str, Language] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        language = getattr(importlib.import_module(f"{__name__}.{module}"), "LANGUAGE", None)
        for one in language if isinstance(language, tuple) else (language,) if language else ():
            if one.name in found:
                raise ValueError(f"language {one.name!r} is declared twice, again in {module}.py; rename or remove one")
            found[one.name] = one
    return found
