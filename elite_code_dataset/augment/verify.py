"""Verify: what may be said about a rewritten source, each from the two texts alone, without what the rewriter knew.

In: source before and after. Out: True or False. A check parses both, so it costs about two seconds a megabyte.

Levels, as the column ``verified`` records them: ``parses`` (no error that was not there before), ``same-text`` (only the border
between context and target moved), ``same-tokens`` (equal but for blanks and comments), ``same-names`` (names and literals are the same
ones, as often), ``alpha-equivalent`` (equal but for a one-to-one renaming of names that the function itself binds).
"""

from __future__ import annotations

import dis
import types
import warnings
from collections import Counter

from elite_code_dataset.augment.scopes import rules_of, scopes_of
from elite_code_dataset.augment.syntax import Syntax
from elite_code_dataset.languages import Language

PARSES, SAME_TEXT, SAME_TOKENS, SAME_NAMES, ALPHA_EQUIVALENT = "parses", "same-text", "same-tokens", "same-names", "alpha-equivalent"


def no_new_errors(before: Syntax, after: Syntax) -> bool:
    """Whether the parser stumbles over ``after`` no more often than over ``before``."""
    return len(after.broken) <= len(before.broken)


def alpha_text(syntax: Syntax, language: Language) -> bytes:
    """The source with every name that a function binds replaced by its number in that function; shorthands are written out."""
    rules = rules_of(language)
    pieces, position = [], 0
    for scope in scopes_of(syntax, rules) if rules else []:
        sites = sorted((site.start, site.end, site.prefix, name) for name, found in scope.sites.items() for site in found)
        numbers: dict[str, int] = {}
        for start, end, prefix, name in sites:
            number = numbers.setdefault(name, len(numbers))
            pieces += [syntax.source[position:start], prefix.encode(), b"\0%d\0" % number]
            position = end
    return b"".join([*pieces, syntax.source[position:]])


def alpha_equivalent(before: Syntax, after: Syntax, language: Language) -> bool:
    """Whether the two differ only in the names of locals, one to one: both are analysed anew and compared number by number."""
    return no_new_errors(before, after) and alpha_text(before, language) == alpha_text(after, language)


def same_tokens(before: Syntax, after: Syntax, language: Language, comments: bool = True) -> bool:
    """Whether both have the same tree over the same tokens. With ``comments`` these count too, but for blanks at the starts of their lines."""
    return no_new_errors(before, after) and _shape(before, language, comments) == _shape(after, language, comments)


def _shape(syntax: Syntax, language: Language, comments: bool) -> list[tuple[str, str]]:
    """Each node's kind, each leaf's text, and where each node ends, in order."""
    result: list[tuple[str, str]] = []
    open_nodes: list[int] = []
    node = 0
    while node < len(syntax.kinds):
        while open_nodes and node >= syntax.lasts[open_nodes[-1]]:
            result.append(("end", syntax.kinds[open_nodes.pop()]))
        kind = syntax.kinds[node]
        if kind in language.comments:
            if comments:
                result.append((kind, "\n".join(line.strip() for line in syntax.text(node).split("\n"))))
            node = syntax.lasts[node]
            continue
        if syntax.is_leaf(node):
            text = syntax.text(node)
            result.append((kind, text if text.strip() else ""))
        else:
            result.append((kind, ""))
            open_nodes.append(node)
        node += 1
    return result


def names_and_literals(syntax: Syntax, language: Language) -> Counter[str]:
    """How often each named leaf (a name, a literal, a piece of a string) occurs; comments do not count."""
    return Counter(syntax.text(leaf) for leaf in syntax.leaves() if syntax.named[leaf] and syntax.kinds[leaf] not in language.comments)


def same_names(before: Syntax, after: Syntax, language: Language) -> bool:
    """Whether the two use the same names and literals equally often."""
    return no_new_errors(before, after) and names_and_literals(before, language) == names_and_literals(after, language)


def same_bytecode(before: str, after: str) -> bool | None:
    """Python only: whether both compile to the same instructions but for the names of locals, one to one in each code object.

    None when ``before`` does not compile with the running interpreter. Nothing is executed. For tests and benchmarks: the answer
    depends on the interpreter's version, which rows must not.
    """
    first, second = _compiled(before), _compiled(after)
    return None if first is None else second is not None and _same_code(first, second)


def _compiled(source: str) -> types.CodeType | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(source, "<source>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _same_code(first: types.CodeType, second: types.CodeType) -> bool:
    parts = [(code.co_name, code.co_names, code.co_argcount, code.co_flags, len(code.co_consts)) for code in (first, second)]
    if parts[0] != parts[1]:
        return False
    pairs: set[tuple[str, str]] = set()
    instructions = [list(dis.get_instructions(code)) for code in (first, second)]
    if len(instructions[0]) != len(instructions[1]):
        return False
    for one, other in zip(*instructions):
        if one.opname != other.opname:
            return False
        if isinstance(one.argval, types.CodeType):
            if not (isinstance(other.argval, types.CodeType) and _same_code(one.argval, other.argval)):
                return False
        elif one.opcode in dis.haslocal or one.opcode in dis.hasfree:
            both = [value if isinstance(value, tuple) else (value,) for value in (one.argval, other.argval)]
            pairs.update(zip(*both))
        elif repr(one.argval) != repr(other.argval):
            return False
    return len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})
