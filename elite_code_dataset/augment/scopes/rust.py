"""Rust's scopes, for the grammar tree-sitter-rust.

A binding is visible from the end of its ``let`` to the end of the block; items inside a function see nothing of it. Macros are token
trees: of the standard ones it is known that their arguments are expressions and which argument is the format string, whose captures
(``{name:>width$}``) are then occurrences too; a name that stands in any other macro is left alone, also where it stands in a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from elite_code_dataset.augment.scopes import OTHER, UNSURE, VARIABLE, Binder, ScopeRules, Site
from elite_code_dataset.augment.syntax import Syntax

# Macros whose arguments are expressions (or a pattern: matches), with the place of their format string; -1 without one.
FORMAT_AT = {
    **dict.fromkeys(
        ("format", "format_args", "print", "println", "eprint", "eprintln", "panic", "todo", "unimplemented", "unreachable"), 0
    ),
    **dict.fromkeys(("write", "writeln", "assert", "debug_assert"), 1),
    **dict.fromkeys(("assert_eq", "assert_ne", "debug_assert_eq", "debug_assert_ne"), 2),
    **dict.fromkeys(("vec", "matches"), -1),
}
# Of the logging macros it is known only where they begin with the format string: otherwise a name may be the name of a field.
LOGGING = frozenset({"trace", "debug", "info", "warn", "error", "bail", "anyhow"})
# Attributes that do not read the names of parameters.
PLAIN_ATTRIBUTES = frozenset(
    "inline must_use allow warn deny expect cfg cfg_attr doc test bench cold track_caller deprecated no_mangle target_feature ignore "
    "should_panic rustfmt clippy stable unstable derive non_exhaustive repr default link_section export_name automatically_derived".split()
)
CAPTURE = re.compile(rb"\\u\{[0-9a-fA-F_]+\}|\{\{|\}\}|\{([^{}]*)\}")
ITEMS = frozenset("function_item impl_item const_item static_item mod_item trait_item struct_item enum_item union_item".split())


def binds(syntax: Syntax, leaf: int) -> bool:
    """A capital letter in a pattern is a constant or a variant, not a new name; ``FnOnce(path::Type)`` has parameters without names."""
    owner = syntax.nearest(leaf, ("parameters", "closure_parameters", "block", "match_arm"))
    if owner >= 0 and syntax.kinds[owner] == "parameters" and syntax.kinds[syntax.parents[owner]] == "function_type":
        return False
    return syntax.source[syntax.starts[leaf] : syntax.starts[leaf] + 1].islower() or syntax.text(leaf).startswith("_")


def site(syntax: Syntax, leaf: int) -> Site:
    """``S { x }`` becomes ``S { x: new }``, ``S { ref mut x }`` becomes ``S { x: ref mut new }``."""
    above, name = syntax.parents[leaf], syntax.text(leaf)
    if syntax.kinds[above] == "shorthand_field_initializer":
        return Site(syntax.starts[leaf], syntax.ends[leaf], f"{name}: ")
    if syntax.kinds[leaf] == "shorthand_field_identifier":
        how = syntax.source[syntax.starts[above] : syntax.starts[leaf]].decode("utf-8", "replace")
        return Site(syntax.starts[above], syntax.ends[leaf], f"{name}: {how}")
    return Site(syntax.starts[leaf], syntax.ends[leaf])


def classify(syntax: Syntax, leaf: int) -> str:
    """What an identifier inside a token tree is; '' outside of one."""
    if syntax.kinds[syntax.parents[leaf]] != "token_tree":
        return ""
    if syntax.kinds[leaf] != "identifier" or not _in_known_macro(syntax, leaf):
        return UNSURE
    before = syntax.source[: syntax.starts[leaf]].rstrip()
    after = syntax.source[syntax.ends[leaf] : syntax.ends[leaf] + 80].lstrip()
    if (before.endswith(b".") and not before.endswith(b"..")) or before.endswith(b"::") or after.startswith(b"::"):
        return OTHER
    if after.startswith(b":") or before.endswith((b"$", b"#", b"'")) or re.match(rb"!(?!=)|=(?![=>])", after):
        return UNSURE
    return VARIABLE


def _macro_of(syntax: Syntax, tree: int) -> str:
    """The macro whose arguments the token tree is; '' for a bracket inside of them."""
    above = syntax.parents[tree]
    if syntax.kinds[above] == "macro_invocation":
        return syntax.text(syntax.child(above, "macro"))
    mark = syntax.source[syntax.starts[above] : syntax.starts[tree]].rstrip()
    found = re.search(rb"([A-Za-z_]\w*)\s*!$", mark)
    return found[1].decode() if found else "" if syntax.kinds[above] == "token_tree" else "?"


def _in_known_macro(syntax: Syntax, leaf: int) -> bool:
    """Whether all macros around the leaf are known, and no brace (a struct literal or a block) stands between."""
    for tree in syntax.ancestors(leaf):
        if syntax.kinds[tree] != "token_tree":
            return syntax.kinds[tree] == "macro_invocation"
        macro = _macro_of(syntax, tree)
        if macro and _format_place(syntax, tree, macro) is None:
            return False
        if not macro and syntax.kinds[tree + 1] == "{":
            return False
    return False


def _format_place(syntax: Syntax, tree: int, macro: str) -> int | None:
    """Which argument is the format string; -1 for none, None for a macro that is not known."""
    first = syntax.named_children(tree)[:1]
    if macro in LOGGING:
        return 0 if first and syntax.kinds[first[0]].endswith("string_literal") else None
    return FORMAT_AT.get(macro)


def _token_trees(syntax: Syntax, function: int) -> Iterator[tuple[int, str]]:
    for node in range(function, syntax.lasts[function]):
        if syntax.kinds[node] == "token_tree":
            yield node, _macro_of(syntax, node)


def _format_string(syntax: Syntax, tree: int, place: int) -> int:
    """The literal that stands as the macro's argument number ``place``; -1 when another kind of token does."""
    comma, begins = 0, True
    for child in syntax.children(tree):
        if child == tree + 1:
            continue
        if begins and comma == place:
            return child if syntax.kinds[child] in ("string_literal", "raw_string_literal") else -1
        begins = syntax.kinds[child] == ","
        comma += begins
    return -1


def captures(syntax: Syntax, function: int) -> list[tuple[str, Site]]:
    """Every name that a format string captures: ``{x}``, ``{x:?}``, ``{:>width$}``, ``{:.*}`` (none)."""
    found = []
    for tree, macro in _token_trees(syntax, function):
        place = _format_place(syntax, tree, macro) if macro else None
        literal = _format_string(syntax, tree, place) if place is not None and place >= 0 else -1
        if literal < 0:
            continue
        start, end = syntax.starts[literal], syntax.ends[literal]
        for braces in CAPTURE.finditer(syntax.source, start, end):
            if braces[1] is None:
                continue
            argument = re.match(rb"\s*([A-Za-z_]\w*)\s*(?=:|$)", braces[1])
            spec = braces[1].find(b":") + 1
            inside = [argument.span(1)] if argument else []
            inside += [match.span(1) for match in re.finditer(rb"([A-Za-z_]\w*)\$", braces[1]) if spec and match.start() >= spec]
            offset = braces.start(1)
            found += [(braces[1][a:b].decode(), Site(offset + a, offset + b)) for a, b in inside]
    return found


def veto(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """Names in strings of unknown macros; parameters where an attribute may read them, or where it cannot be seen whether one does."""
    blocked = {}
    for tree, macro in _token_trees(syntax, function):
        if macro and (macro == "?" or _format_place(syntax, tree, macro) is None):
            for leaf in syntax.leaves(tree):
                if syntax.kinds[leaf] == "string_content":
                    blocked.update({word: "macro" for word in re.findall(r"[A-Za-z_]\w*", syntax.text(leaf)) if word in roles})
    why = _parameters_read(syntax, function)
    if why:
        blocked.update({name: why for name in _own_parameters(syntax, function)})
    return blocked


def _own_parameters(syntax: Syntax, function: int) -> list[str]:
    parameters = syntax.child(function, "parameters")
    return [syntax.text(leaf) for leaf in syntax.leaves(parameters)] if parameters >= 0 else []


def _parameters_read(syntax: Syntax, function: int) -> str:
    for node in (function, *syntax.ancestors(function)):
        if any(name not in PLAIN_ATTRIBUTES for name in _attributes(syntax, node)):
            return "attribute"
    outside = syntax.parents[function] == 0
    return "fragment" if outside and syntax.indent(function) else ""


def _attributes(syntax: Syntax, node: int) -> list[str]:
    """The names of the attributes that stand before the node among its siblings."""
    above, names = syntax.parents[node], []
    for sibling in syntax.children(above) if above >= 0 else ():
        if sibling == node:
            return names
        if syntax.kinds[sibling] == "attribute_item":
            names.append(re.match(r"#\s*\[\s*(?:unsafe\s*\()?\s*([\w]*)", syntax.text(sibling))[1])
        elif "comment" not in syntax.kinds[sibling]:
            names = []
    return names


BLOCK = ("block",)
BINDERS = (
    Binder("parameters", "", "parameter", ("function_item", "function_signature_item")),
    Binder("closure_parameters", "", "parameter", ("closure_expression",)),
    Binder("let_declaration", "pattern", "local", BLOCK, "end"),
    Binder("let_condition", "pattern", "local", ("if_expression:consequence", "while_expression:body", "match_arm"), "end"),
    Binder("match_arm", "pattern", "local", ("match_arm",)),
    Binder("for_expression", "pattern", "loop", ("for_expression:body",)),
)

EXPRESSIONS = """
arguments binary_expression unary_expression reference_expression field_expression.value index_expression call_expression.function
generic_function.function return_expression break_expression let_declaration.value let_condition.value match_expression.value
if_expression.condition while_expression.condition for_expression.value block expression_statement assignment_expression
compound_assignment_expr parenthesized_expression tuple_expression array_expression range_expression try_expression await_expression
type_cast_expression.value closure_expression.body match_arm.value match_pattern.condition field_initializer.value
base_field_initializer shorthand_field_initializer async_block let_chain yield_expression
""".split()

KEYWORDS = frozenset(
    "abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop macro "
    "match mod move mut override priv pub raw ref return self static struct super trait true try type typeof union unsafe unsized use virtual "
    "where while yield str bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 std core alloc".split()
)

RULES = {
    "rust": ScopeRules(
        functions=frozenset({"function_item"}),
        binders=BINDERS,
        identifiers=frozenset({"identifier", "shorthand_field_identifier"}),
        variables=frozenset(EXPRESSIONS),
        others=frozenset({"scoped_identifier", "scoped_type_identifier", "macro_invocation.macro", "label", "lifetime"}),
        skipped=frozenset(
            "tuple_struct_pattern.type struct_pattern.type match_pattern.condition parameter.type scoped_identifier range_pattern const_block "
            "macro_invocation generic_pattern attribute_item self_parameter scoped_type_identifier lifetime".split()
        ),
        names=r"[a-z][a-z0-9_]*",
        reserved=KEYWORDS,
        other_leaves=frozenset({"field_identifier", "string_content", "escape_sequence"}),
        comments=frozenset({"line_comment", "block_comment", "doc_comment"}),
        walls=ITEMS,
        walls_block=False,
        hostile={"macro_definition": "macro"},
        binds=binds,
        site=site,
        classify=classify,
        veto=veto,
        captures=captures,
    )
}
