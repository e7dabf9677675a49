"""Verify: what may be said about a rewritten source, each from the two texts alone, without what the rewriter knew.

In: source before and after. Out: True or False. A check parses both, so it costs about two seconds a megabyte.

Levels, as the column ``verified`` records them: ``parses`` (no error that was not there before), ``same-text`` (only the border
between context and target moved), ``same-tokens`` (equal but for blanks and comments), ``same-names`` (names and literals are the same
ones, as often), ``alpha-equivalent`` (equal but for a one-to-one renaming of names that the function itself binds).
"""

from __future__ import annotations

import ast
import symtable
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
            text = syntax.text(node).rstrip(" \t") if kind.startswith("preproc") else syntax.text(node)  # a macro's text ends with its line
            result.append((kind, text if text.strip() else ""))
        else:
            result.append((kind, ""))
            open_nodes.append(node)
        node += 1
    return result + [("end", syntax.kinds[one]) for one in reversed(open_nodes)]


def names_and_literals(syntax: Syntax, language: Language) -> Counter[str]:
    """How often each named leaf (a name, a literal, a piece of a string) occurs; comments do not count."""
    return Counter(syntax.text(leaf) for leaf in syntax.leaves() if syntax.named[leaf] and syntax.kinds[leaf] not in language.comments)


def same_names(before: Syntax, after: Syntax, language: Language) -> bool:
    """Whether the two use the same names and literals equally often."""
    return no_new_errors(before, after) and names_and_literals(before, language) == names_and_literals(after, language)


def same_by_symbols(before: str, after: str) -> bool | None:
    """Python only, a second opinion on a renaming by the interpreter's own parser and symbol table.

    True when the two trees differ in names alone and, in each outermost function, the names changed one to one, the old ones mean
    nothing outside of it, the new ones were not used in it, and no parameter changed that a call may name or whose annotation can
    be read. None when ``before`` is not valid for the running interpreter. For tests and benchmarks: rows must not depend on it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trees = [ast.parse(before), symtable.symtable(before, "<before>", "exec")]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        try:
            other = ast.parse(after)
            compile(after, "<after>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    changes = _changed_names(trees[0], other)
    if changes is None:
        return False
    tables = _function_tables(trees[1])
    for (name, *lines), (pairs, used) in changes.items():
        table = next((tables[name, line] for line in lines if (name, line) in tables), None)
        if not _is_local_bijection(pairs, used, table):
            return False
    return True


def _function_tables(table: symtable.SymbolTable) -> dict[tuple[str, int], symtable.SymbolTable]:
    """The symbol tables of the outermost functions, by name and line."""
    found = {}
    for child in table.get_children():
        if child.get_type() == "function" and child.get_name() != "lambda":
            found[child.get_name(), child.get_lineno()] = child
        else:
            found.update(_function_tables(child))
    return found


Changes = dict[tuple[str, int, int], tuple[set[tuple[str, str]], set[str]]]


def _changed_names(first: ast.AST, second: ast.AST) -> Changes | None:
    """By outermost function: the pairs of names that differ, and all names used; None when the trees differ in more than names."""
    changes: Changes = {}
    stack: list[tuple[object, object, str, tuple[str, int, int] | None]] = [(first, second, "", None)]
    while stack:
        one, other, label, where = stack.pop()
        if type(one) is not type(other):
            return None
        if isinstance(one, ast.AST):
            if where is None and isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                # the table's line is that of `def` or of the first decorator, as the version has it
                where = (one.name, one.lineno, min([one.lineno, *(mark.lineno for mark in one.decorator_list)]))
                if _signature(one) != _signature(other):
                    return None
            for part in one._fields:
                outside = part == "decorator_list" and where and where[1] == one.lineno
                stack.append(
                    (getattr(one, part, None), getattr(other, part, None), f"{type(one).__name__}.{part}", None if outside else where)
                )
        elif isinstance(one, list):
            if len(one) != len(other):
                return None
            stack += [(a, b, label, where) for a, b in zip(one, other)]
        elif label in ("Name.id", "arg.arg", "ExceptHandler.name") and where:
            pairs, used = changes.setdefault(where, (set(), set()))
            used.add(one)
            pairs.add((one, other))
        elif one != other:
            return None
    return changes


def _signature(function: ast.AST) -> tuple:
    """What a caller or a reader of annotations sees of the parameters."""
    given = function.args
    kept = [*given.args, *given.kwonlyargs, *(one for one in (*given.posonlyargs, given.vararg, given.kwarg) if one and one.annotation)]
    return tuple(one.arg for one in kept)


def _is_local_bijection(pairs: set[tuple[str, str]], used: set[str], table: symtable.SymbolTable | None) -> bool:
    changed = {(a, b) for a, b in pairs if a != b}
    if not changed:
        return True
    if len({a for a, _ in pairs}) != len(pairs) or len({b for _, b in pairs}) != len(pairs):
        return False
    if table is None or used & {b for _, b in changed}:
        return False
    tables = [table]
    for one in tables:
        tables += one.get_children()
    return all(_is_local(one, name) for one in tables for name, _ in changed if name in one.get_identifiers())


def _is_local(table: symtable.SymbolTable, name: str) -> bool:
    symbol = table.lookup(name)
    return not symbol.is_global() and not symbol.is_imported() and not (table.get_type() == "class" and symbol.is_local())
