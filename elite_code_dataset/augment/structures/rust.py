"""Rust's rewrites: those of the languages with braces that survive operator traits and type inference, and three of its own.

An ``if`` is only turned where its value is not used, and an else is only added or dropped where the condition binds nothing. ``!x`` is not stripped of its ``!``, since ``x`` may be a reference. ``if let`` and
``match`` stand for each other over a place (a path of fields), which makes no temporaries that one would drop sooner than the other.
"""

from __future__ import annotations

import re
from functools import partial

from elite_code_dataset.augment.structures import Edit, Rules, has_comment, shifted, unit_between
from elite_code_dataset.augment.structures.braces import (
    Braces,
    add_else,
    drop_else,
    else_block,
    flip_comparison,
    negation_inwards,
    swap_branches,
)
from elite_code_dataset.augment.syntax import Syntax

# Values without a call, a macro or an operator in them: nothing is evaluated, nothing temporary is made.
VALUES = frozenset(
    "identifier self integer_literal float_literal boolean_literal char_literal string_literal field_expression scoped_identifier "
    "unit_expression".split()
)
INTEGERS = frozenset("u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize".split())
LITERALS = frozenset({"boolean_literal", "integer_literal", "string_literal", "char_literal"})
ITEMS = frozenset(
    "function_item impl_item const_item static_item mod_item trait_item struct_item enum_item use_declaration macro_definition".split()
)
BOOLEAN_CALL = re.compile(r"(?:.*\.)?(?:is|has|contains|starts|ends|can|should|eq|ne|any|all)(?:_\w+)?", re.S)


def _is_plain(syntax: Syntax, node: int) -> bool:
    """Of ``!x``: whether ``x`` surely is a bool and no reference to one. Of a comparison's operand: a length or a number."""
    if syntax.kinds[node] == "unary_expression":
        argument = syntax.named_children(node)[-1]
        called = syntax.text(argument + 1) if syntax.kinds[argument] == "call_expression" else ""
        inner = syntax.named_children(argument)
        compared = syntax.kinds[argument] == "parenthesized_expression" and inner and syntax.kinds[inner[0]] == "binary_expression"
        return bool(compared or BOOLEAN_CALL.fullmatch(called) or syntax.text(argument).startswith("matches!"))
    return _is_count(syntax, node)


def _is_count(syntax: Syntax, node: int) -> bool:
    """A number literal, a length, or a name that the function binds to nothing but primitive integers."""
    kind, text = syntax.kinds[node], syntax.text(node)
    if kind != "identifier":
        return kind == "integer_literal" or text.endswith(".len()")
    function = syntax.nearest(node, ("function_item", "closure_expression"))
    types = set()
    for leaf in syntax.leaves(function) if function >= 0 else ():
        if syntax.kinds[leaf] in ("identifier", "shorthand_field_identifier") and syntax.text(leaf) == text:
            above = syntax.parents[leaf]
            if syntax.kinds[above] in ("parameter", "let_declaration") and syntax.fields[leaf] == "pattern":
                types.add(syntax.text(syntax.child(above, "type")) if syntax.child(above, "type") >= 0 else "")
            elif "pattern" in syntax.kinds[above] or syntax.kinds[above] in ("for_expression", "closure_parameters", "let_condition"):
                if syntax.fields[leaf] in ("pattern", "", "name"):
                    types.add("")
    return bool(types) and types <= INTEGERS


_WORDS = Braces(
    block="block",
    wrapper="else_clause",
    condition="",
    list="",
    ternary="",
    unary="unary_expression",
    binary="binary_expression",
    inverse={"==": "!=", "!=": "=="},
    simple=frozenset("identifier field_expression call_expression index_expression parenthesized_expression macro_invocation".split()),
    literals=frozenset({"integer_literal"}),
    names=frozenset({"identifier"}),
    symmetric=frozenset({"<", ">", "<=", ">=", "==", "!="}),
    declares=ITEMS | {"let_declaration", "attribute_item", "empty_statement"},
    jumps=frozenset({"return_expression", "continue_expression", "break_expression"}),
    statement="expression_statement",
    unsure=frozenset({"let_condition", "let_chain"}),
    is_plain=_is_plain,
    is_count=_is_count,
)


def _is_unit(syntax: Syntax, block: int) -> bool:
    """Whether the block ends in a statement, so that its value is ``()`` or it does not come back."""
    statements = [child for child in syntax.named_children(block) if "comment" not in syntax.kinds[child]]
    if syntax.kinds[block] != "block" or not statements:
        return syntax.kinds[block] == "block"
    last = statements[-1]
    return syntax.kinds[last] in ("expression_statement", "let_declaration") and syntax.kinds[syntax.lasts[last] - 1] == ";"


def _value_kind(syntax: Syntax, block: int) -> str:
    """The kind of the literal that a block ends with; '' where its value is something else."""
    inner = syntax.named_children(block)
    return syntax.kinds[inner[-1]] if inner and syntax.kinds[inner[-1]] in LITERALS else ""


def _is_statement(syntax: Syntax, node: int) -> bool:
    """Whether the value of an ``if`` or ``match`` is not used: it is a statement, or the else branch of one."""
    while syntax.kinds[syntax.parents[node]] == "else_clause":
        node = syntax.parents[syntax.parents[node]]
    return syntax.kinds[syntax.parents[node]] == "expression_statement"


def _open_types(syntax: Syntax, node: int) -> set[str]:
    """Names in the function whose type may still be open where they are bound: the first use of each may decide it."""
    function = syntax.nearest(node, ("function_item",))
    names = set()
    for one in range(max(function, 0), node):
        if syntax.kinds[one] == "let_declaration" and syntax.child(one, "type") < 0:
            value = syntax.child(one, "value")
            text = syntax.text(value) if value >= 0 else ""
            if value < 0 or re.search(r"None|vec!\[\]|::(new|default|with_capacity)\b|\b(collect|parse|into|sum|product)\(\)|^\|", text):
                names |= {syntax.text(leaf) for leaf in syntax.leaves(syntax.child(one, "pattern"))}
    return names


def swap(syntax: Syntax, node: int) -> Edit | None:
    """``if c { A } else { B }`` -> ``if !c { B } else { A }``, as a statement or where both values are literals of one kind."""
    second, first = else_block(syntax, node, _WORDS), syntax.child(node, "consequence")
    if second < 0:
        return None
    unused = _is_statement(syntax, node) and _is_unit(syntax, first) and _is_unit(syntax, second)
    if not unused and not (_value_kind(syntax, first) and _value_kind(syntax, first) == _value_kind(syntax, second)):
        return None
    used = [{syntax.text(leaf) for leaf in syntax.leaves(block)} for block in (first, second)]
    return None if used[0] & used[1] & _open_types(syntax, node) else swap_branches(syntax, node, _WORDS)


def _is_place(syntax: Syntax, node: int) -> bool:
    return all(
        syntax.kinds[one] in ("field_expression", "identifier", "field_identifier", "self", ".", "integer_literal")
        for one in range(node, syntax.lasts[node])
    )


def if_let_to_match(syntax: Syntax, node: int) -> Edit | None:
    """``if let P = x { A } else { B }`` -> ``match x { P => { A } _ => { B } }``, as a statement."""
    condition, first = syntax.child(node, "condition"), syntax.child(node, "consequence")
    second = else_block(syntax, node, _WORDS)
    if syntax.kinds[condition] != "let_condition" or second < 0 or not syntax.begins_line(node) or has_comment(syntax, condition):
        return None
    pattern, value = syntax.child(condition, "pattern"), syntax.child(condition, "value")
    if not _is_place(syntax, value) or not _is_statement(syntax, node) or not (_is_unit(syntax, first) and _is_unit(syntax, second)):
        return None
    indent, unit = syntax.indent(node), _unit(syntax, node)
    blocks = [shifted(syntax, syntax.starts[b], syntax.ends[b], indent, indent + unit) if unit else None for b in (first, second)]
    if None in blocks or "\n" in syntax.text(pattern):
        return None
    arms = f"{indent}{unit}{syntax.text(pattern)} => {blocks[0]}\n{indent}{unit}_ => {blocks[1]}"
    return Edit(syntax.starts[node], syntax.ends[node], f"match {syntax.text(value)} {{\n{arms}\n{indent}}}", "if_let_match")


def match_to_if_let(syntax: Syntax, node: int) -> Edit | None:
    """``match x { P => { A } _ => { B } }`` -> ``if let P = x { A } else { B }``, as a statement."""
    value, body = syntax.child(node, "value"), syntax.child(node, "body")
    arms = syntax.named_children(body)
    if (
        len(arms) != 2
        or any(syntax.kinds[arm] != "match_arm" for arm in arms)
        or not _is_place(syntax, value)
        or not _is_statement(syntax, node)
    ):
        return None
    patterns, blocks = [syntax.child(arm, "pattern") for arm in arms], [syntax.child(arm, "value") for arm in arms]
    guarded = any(syntax.child(pattern, "condition") >= 0 for pattern in patterns)
    if guarded or syntax.text(patterns[1]) != "_" or not all(_is_unit(syntax, block) for block in blocks) or not syntax.begins_line(node):
        return None
    first = syntax.text(patterns[0])
    if (
        "|" in first
        or "\n" in first
        or re.fullmatch(r"(?:mut |ref )*[a-z_]\w*", first)
        or has_comment(syntax, arms[0])
        or has_comment(syntax, arms[1])
    ):
        return None
    inner, indent = syntax.indent(arms[0]), syntax.indent(node)
    texts = [shifted(syntax, syntax.starts[block], syntax.ends[block], inner, indent) for block in blocks]
    if None in texts or not all(syntax.begins_line(arm) for arm in arms):
        return None
    end = "" if syntax.text(blocks[1]) in ("{}", "{ }") else f" else {texts[1]}"
    return Edit(syntax.starts[node], syntax.ends[node], f"if let {first} = {syntax.text(value)} {texts[0]}{end}", "if_let_match")


def _unit(syntax: Syntax, node: int) -> str | None:
    """The indentation that the first statement of the block has beyond the block's own line."""
    for block in (syntax.child(node, "consequence"), syntax.nearest(node, ("block",))):
        inner = syntax.named_children(block) if block >= 0 else []
        if inner and syntax.begins_line(inner[0]):
            return unit_between(syntax.indent(block), syntax.indent(inner[0]))
    return None


def _is_value(syntax: Syntax, node: int) -> bool:
    """A plain value, or ``Ok(..)``, ``Some(..)``, ``Err(..)`` of one."""
    if syntax.kinds[node] == "call_expression" and re.fullmatch(r"Ok|Some|Err", syntax.text(node + 1)):
        arguments = syntax.named_children(syntax.child(node, "arguments"))
        return len(arguments) == 1 and syntax.kinds[arguments[0]] in VALUES
    return syntax.kinds[node] in VALUES


def tail_return(syntax: Syntax, node: int) -> Edit | None:
    """``return x;`` at the end of a function -> ``x``. The other way round would be worse Rust."""
    body = syntax.child(node, "body")
    statements = [child for child in syntax.named_children(body) if "comment" not in syntax.kinds[child]]
    if not statements or syntax.child(node, "return_type") < 0 or "attribute_item" in [syntax.kinds[one] for one in statements[-2:]]:
        return None
    last = statements[-1]
    inner = syntax.named_children(last)
    if syntax.kinds[last] != "expression_statement" or syntax.kinds[inner[0]] != "return_expression" or syntax.text(last)[-1] != ";":
        return None
    value = syntax.named_children(inner[0])
    if len(value) != 1 or not _is_value(syntax, value[0]):
        return None
    return Edit(syntax.starts[last], syntax.ends[last], syntax.text(value[0]), "tail_return")


RULES: dict[str, Rules] = {
    "rust": {
        "if_expression": (swap, if_let_to_match, partial(drop_else, words=_WORDS), partial(add_else, words=_WORDS)),
        "match_expression": (match_to_if_let,),
        "unary_expression": (partial(negation_inwards, words=_WORDS),),
        "binary_expression": (partial(flip_comparison, words=_WORDS),),
        "function_item": (tail_return,),
    }
}
