"""Rewrites of languages with braces: JavaScript and TypeScript, Go, Java, C. What differs between them is data.

None of them overloads operators; ``==`` is turned into ``!=``, which is its negation also for NaN, but ``<`` into ``>=`` only between whole
numbers. Operands change places only beside a literal (or, for ``===``, as two plain names), so that nothing is evaluated in another order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from elite_code_dataset.augment.structures import Edit, Rules, has_comment, shifted, slice_of, unit_between
from elite_code_dataset.augment.syntax import Syntax

INVERSE_OF_NUMBERS = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=", "===": "===", "!==": "!=="}
LONGEST_REST = 12  # lines that add_else may move to the right


@dataclass(frozen=True)
class Braces:
    """A language's words. ``wrapper`` is the node around an else branch ('' where the branch is the alternative itself), ``condition`` the
    node around a condition ('' without parentheses), ``list`` the node between a block and its statements ('' without one).

    ``inverse`` negates a comparison exactly. ``simple`` are operands that bind tighter than any comparison, ``literals`` those that may
    change sides, ``names`` two of which may. ``declares`` are statements that add names to their block, ``jumps`` those that leave it.
    ``unsure`` are nodes in a condition that rule a rewrite out. ``loose`` are expressions that need no care in parentheses.
    """

    block: str
    wrapper: str
    condition: str
    list: str
    ternary: str
    unary: str
    binary: str
    inverse: dict[str, str]
    simple: frozenset[str]
    literals: frozenset[str]
    names: frozenset[str]
    symmetric: frozenset[str]
    declares: frozenset[str]
    jumps: frozenset[str]
    unsure: frozenset[str]
    assignment: str = ""
    statement: str = ""  # the node between a block and an ``if`` in it
    is_plain: Callable[[Syntax, int], bool] = lambda syntax, node: True
    is_count: Callable[[Syntax, int], bool] = lambda syntax, node: False  # certainly a whole number


def _edit(syntax: Syntax, node: int, text: str | None, rule: str) -> Edit | None:
    return None if text is None else Edit(syntax.starts[node], syntax.ends[node], text, rule)


def inner_condition(syntax: Syntax, node: int, words: Braces) -> int:
    """The condition itself, without the parentheses that the grammar demands; -1 where it is more than an expression."""
    condition = syntax.child(node, "condition")
    if condition < 0 or any(syntax.kinds[inner] in words.unsure for inner in range(condition, syntax.lasts[condition])):
        return -1
    if not words.condition or syntax.kinds[node] == words.ternary:
        return condition
    parts = syntax.named_children(condition)
    return parts[0] if syntax.kinds[condition] == words.condition and len(parts) == 1 else -1


def operator_of(syntax: Syntax, node: int) -> str:
    """The operator of a unary or binary expression."""
    operator = syntax.child(node, "operator")
    return syntax.text(operator) if operator >= 0 else syntax.text(node + 1)


def negated(syntax: Syntax, node: int, words: Braces, truth: bool = True) -> str | None:
    """Text for the negation; where more than its truth counts (``truth`` False), one that is a boolean as ``!x`` is."""
    text = syntax.text(node)
    if syntax.kinds[node] == words.unary and operator_of(syntax, node) == "!":
        return syntax.text(syntax.named_children(node)[-1]) if truth and words.is_plain(syntax, node) else None
    if syntax.kinds[node] == words.binary and operator_of(syntax, node) in FLIPPED:
        left, right, operator = syntax.child(node, "left"), syntax.child(node, "right"), syntax.child(node, "operator")
        numbers = words.is_count(syntax, left) and words.is_count(syntax, right)
        inverse = (words.inverse | (INVERSE_OF_NUMBERS if numbers else {})).get(syntax.text(operator))
        before = slice_of(syntax, syntax.starts[left], syntax.starts[operator])
        after = slice_of(syntax, syntax.ends[operator], syntax.ends[right])
        return f"{before}{inverse}{after}" if inverse else None  # `!(a < b)` would read worse than what was there
    return f"!{text}" if syntax.kinds[node] in words.simple else f"!({text})"


def else_block(syntax: Syntax, node: int, words: Braces) -> int:
    """The block of an ``if``'s else, where both branches are blocks and no comment stands between the parts; -1 otherwise."""
    alternative = syntax.child(node, "alternative")
    if alternative < 0 or has_comment(syntax, node):
        return -1
    if words.wrapper:
        parts = syntax.named_children(alternative)
        if syntax.kinds[alternative] != words.wrapper or len(parts) != 1:
            return -1
        alternative = parts[0]
    both = syntax.kinds[alternative] == words.block == syntax.kinds[syntax.child(node, "consequence")]
    return alternative if both else -1


def swap_branches(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``if (c) { A } else { B }`` -> ``if (!c) { B } else { A }``."""
    second, first, condition = else_block(syntax, node, words), syntax.child(node, "consequence"), inner_condition(syntax, node, words)
    if second < 0 or condition < 0 or any(syntax.kinds[one].startswith(("preproc", "case_")) for one in range(node, syntax.lasts[node])):
        return None
    text = negated(syntax, condition, words)
    if text is None:
        return None
    head = slice_of(syntax, syntax.starts[node], syntax.starts[condition])
    colon = slice_of(syntax, syntax.ends[condition], syntax.starts[first])
    middle = slice_of(syntax, syntax.ends[first], syntax.starts[second])
    return _edit(syntax, node, f"{head}{text}{colon}{syntax.text(second)}{middle}{syntax.text(first)}", "swap_branches")


def swap_ternary(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``c ? a : b`` -> ``!c ? b : a``."""
    condition = inner_condition(syntax, node, words)
    first, second = syntax.child(node, "consequence"), syntax.child(node, "alternative")
    if min(condition, first, second) < 0 or has_comment(syntax, node):
        return None
    text = negated(syntax, condition, words)
    last = f"({syntax.text(first)})" if "assignment" in syntax.kinds[first] or "comma" in syntax.kinds[first] else syntax.text(first)
    if text is None:
        return None
    question = slice_of(syntax, syntax.ends[condition], syntax.starts[first])
    colon = slice_of(syntax, syntax.ends[first], syntax.starts[second])
    return _edit(syntax, node, f"{text}{question}{syntax.text(second)}{colon}{last}", "swap_branches")


def flip_comparison(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``x < 3`` -> ``3 > x``; ``a === b`` -> ``b === a``."""
    left, right, operator = syntax.child(node, "left"), syntax.child(node, "right"), operator_of(syntax, node)
    if operator not in FLIPPED or "\n" in syntax.text(node) or has_comment(syntax, node):
        return None
    kinds = [syntax.kinds[left], syntax.kinds[right]]
    beside_literal = sum(kind in words.literals for kind in kinds) == 1 and all(kind in words.simple | words.literals for kind in kinds)
    plain = operator in words.symmetric and all(kind in words.names for kind in kinds)
    if not (beside_literal or plain) or not (words.is_plain(syntax, left) and words.is_plain(syntax, right)):
        return None
    return _edit(syntax, node, f"{syntax.text(right)} {FLIPPED[operator]} {syntax.text(left)}", "flip_comparison")


def operands_of(syntax: Syntax, node: int, operator: str, words: Braces) -> list[int]:
    """The operands of a chain of one logical operator, in order."""
    result, stack = [], [node]
    while stack:
        one = stack.pop()
        if syntax.kinds[one] == words.binary and operator_of(syntax, one) == operator:
            stack += [syntax.child(one, "right"), syntax.child(one, "left")]
        else:
            result.append(one)
    return result


def negation_inwards(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``!(a && b)`` -> ``(!a || !b)``."""
    argument = syntax.named_children(node)[-1] if syntax.named_children(node) else -1
    inner = syntax.named_children(argument) if argument >= 0 else []
    if operator_of(syntax, node) != "!" or len(inner) != 1 or syntax.kinds[argument] != "parenthesized_expression":
        return None
    operator = operator_of(syntax, inner[0]) if syntax.kinds[inner[0]] == words.binary else ""
    if operator not in ("&&", "||") or "\n" in syntax.text(node):
        return None
    parts = [negated(syntax, one, words, truth=False) for one in operands_of(syntax, inner[0], operator, words)]
    if None in parts:
        return None
    text = (" || " if operator == "&&" else " && ").join(parts)
    return _edit(syntax, node, text if _is_open(syntax, node, words) else f"({text})", "move_negation")


def _is_open(syntax: Syntax, node: int, words: Braces) -> bool:
    return syntax.kinds[syntax.parents[node]] in ("parenthesized_expression", "condition_clause", "arguments", "argument_list")


def negation_outwards(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``!a && !b`` -> ``!(a || b)``."""
    operator, above = operator_of(syntax, node), syntax.parents[node]
    if operator not in ("&&", "||") or "\n" in syntax.text(node):
        return None
    if syntax.kinds[above] == words.binary and operator_of(syntax, above) == operator:
        return None
    parts = operands_of(syntax, node, operator, words)
    if any(syntax.kinds[one] != words.unary or operator_of(syntax, one) != "!" for one in parts):
        return None
    text = (" || " if operator == "&&" else " && ").join(syntax.text(syntax.named_children(one)[-1]) for one in parts)
    return _edit(syntax, node, f"!({text})", "move_negation")


def statements_of(syntax: Syntax, block: int, words: Braces) -> list[int]:
    """The statements of a block in order, comments left out."""
    inner = [child for child in syntax.named_children(block) if "comment" not in syntax.kinds[child]]
    if words.list and len(inner) == 1 and syntax.kinds[inner[0]] == words.list:
        inner = [child for child in syntax.named_children(inner[0]) if "comment" not in syntax.kinds[child]]
    return inner


def _jumps(syntax: Syntax, block: int, words: Braces) -> bool:
    """Whether the block always leaves: its last statement, or the expression in it, is a jump."""
    statements = statements_of(syntax, block, words)
    if syntax.kinds[block] != words.block or not statements:
        return False
    last = statements[-1]
    return syntax.kinds[last] in words.jumps or (syntax.kinds[last] == words.statement and syntax.kinds[last + 1] in words.jumps)


def _declares(syntax: Syntax, statements: list[int], words: Braces) -> bool:
    return any(syntax.kinds[one] in words.declares or "preproc" in syntax.kinds[one] for one in statements)


def drop_else(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``if (c) { return A; } else { B }`` -> ``if (c) { return A; }`` and ``B`` after it, where ``B`` declares nothing."""
    second, first = else_block(syntax, node, words), syntax.child(node, "consequence")
    statements = statements_of(syntax, second, words) if second >= 0 else []
    if not statements or not _jumps(syntax, first, words) or _declares(syntax, statements, words) or not _in_block(syntax, node, words):
        return None
    indent, opening, closing = syntax.indent(node), second + 1, syntax.lasts[second] - 1
    body = slice_of(syntax, syntax.ends[opening], syntax.starts[closing])
    if not syntax.begins_line(statements[0]) or not syntax.begins_line(closing) or body.lstrip(" \t").startswith(("//", "/*")):
        return None
    start = syntax.ends[opening] + len(body.encode()) - len(body.lstrip().encode())
    end = start + len(body.strip().encode())
    text = shifted(syntax, start, end, syntax.indent(statements[0]), indent)
    return None if text is None else Edit(syntax.ends[first], syntax.ends[node], f"\n{indent}{text}", "early_exit")


def _in_block(syntax: Syntax, node: int, words: Braces) -> bool:
    """Whether the ``if`` is a statement of a block, and declares nothing itself that its branches would share."""
    own = syntax.child(node, "initializer") >= 0 or inner_condition(syntax, node, words) < 0
    return not own and syntax.kinds[_holder(syntax, node, words)] in (words.block, words.list) and syntax.begins_line(node)


def _holder(syntax: Syntax, node: int, words: Braces) -> int:
    """The node that holds the ``if`` as one of its statements; the ``if`` itself where it is a part of a longer statement."""
    above = syntax.parents[node]
    if words.statement and syntax.kinds[above] == words.statement:
        return syntax.parents[above] if syntax.ends[above] == syntax.ends[node] else node
    return above


def add_else(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``if (c) { return A; }`` and ``B`` after it, to the end of the block -> ``if (c) { return A; } else { B }``."""
    first, above = syntax.child(node, "consequence"), _holder(syntax, node, words)
    if syntax.child(node, "alternative") >= 0 or not _jumps(syntax, first, words) or not _in_block(syntax, node, words):
        return None
    rest = [child for child in syntax.named_children(above) if child >= syntax.lasts[node]]
    statements = [child for child in rest if "comment" not in syntax.kinds[child]]
    closing = syntax.lasts[first] - 1
    if not statements or _declares(syntax, statements, words) or not syntax.begins_line(closing) or not syntax.begins_line(rest[0]):
        return None
    inner = statements_of(syntax, first, words)[0]
    unit, indent = unit_between(syntax.indent(node), syntax.indent(inner)), syntax.indent(node)
    start, end = syntax.starts[rest[0]], syntax.ends[rest[-1]]
    if unit is None or syntax.source[syntax.ends[node] : start].strip(b" \t\r\n;") or syntax.source[start:end].count(b"\n") >= LONGEST_REST:
        return None
    text = shifted(syntax, start, end, indent, indent + unit)
    return None if text is None else Edit(syntax.ends[node], end, f" else {{\n{indent}{unit}{text}\n{indent}}}", "early_exit")


def compound_assignment(syntax: Syntax, node: int, words: Braces) -> Edit | None:
    """``x = x + y`` -> ``x += y``, for a plain name and a plain operand."""
    left, right = syntax.child(node, "left"), syntax.child(node, "right")
    target, value = _only(syntax, left), _only(syntax, right)
    if not syntax.has_token(node, "=") or syntax.kinds[target] != "identifier" or syntax.kinds[value] != words.binary:
        return None
    first, second = syntax.child(value, "left"), syntax.child(value, "right")
    operator = operator_of(syntax, value)
    if (
        operator not in ("+", "-", "*")
        or syntax.text(first) != syntax.text(target)
        or syntax.kinds[second] not in words.simple | words.literals
    ):
        return None
    if not (words.is_plain(syntax, first) and words.is_plain(syntax, second)) or has_comment(syntax, value):
        return None
    text = f"{syntax.text(target)} {operator}= {syntax.text(second)}"
    return Edit(syntax.starts[left], syntax.ends[right], text, "compound_assignment")


def _only(syntax: Syntax, node: int) -> int:
    """The one expression of an expression list, or the node itself."""
    inner = syntax.named_children(node)
    return inner[0] if syntax.kinds[node] == "expression_list" and len(inner) == 1 else node


def rules_for(words: Braces, statement: str = "if_statement") -> Rules:
    """The rules above, bound to a language's words."""
    rules: Rules = {
        statement: tuple(partial(rule, words=words) for rule in (swap_branches, drop_else, add_else)),
        words.unary: (partial(negation_inwards, words=words),),
        words.binary: tuple(partial(rule, words=words) for rule in (flip_comparison, negation_outwards)),
    }
    if words.ternary:
        rules[words.ternary] = (partial(swap_ternary, words=words),)
    if words.assignment:
        rules[words.assignment] = (partial(compound_assignment, words=words),)
    return rules


def _is_no_macro(syntax: Syntax, node: int) -> bool:
    """C: nothing in capitals, which may be a macro that is more than one token or that evaluates its argument twice."""
    return not re.search(r"\b_*[A-Z][A-Z0-9_]{1,}\b", syntax.text(node))


def _counted(pattern: str) -> Callable[[Syntax, int], bool]:
    """What a text must look like that is a number literal without a point, or counts something."""
    shape = re.compile(rf"\d+|{pattern}", re.S)
    return lambda syntax, node: bool(shape.fullmatch(syntax.text(node)))


_JAVASCRIPT = Braces(
    block="statement_block",
    wrapper="else_clause",
    condition="parenthesized_expression",
    list="",
    ternary="ternary_expression",
    unary="unary_expression",
    binary="binary_expression",
    inverse={"==": "!=", "!=": "==", "===": "!==", "!==": "==="},
    simple=frozenset("identifier member_expression call_expression subscript_expression parenthesized_expression this true false".split()),
    literals=frozenset({"number", "string"}),
    names=frozenset({"identifier"}),
    symmetric=frozenset({"===", "!=="}),
    declares=frozenset(
        "lexical_declaration variable_declaration function_declaration generator_function_declaration class_declaration enum_declaration "
        "labeled_statement type_alias_declaration interface_declaration abstract_class_declaration".split()
    ),
    jumps=frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"}),
    unsure=frozenset(),
    assignment="assignment_expression",
)
_GO = replace(
    _JAVASCRIPT,
    block="block",
    wrapper="",
    condition="",
    list="statement_list",
    ternary="",
    inverse={"==": "!=", "!=": "=="},
    simple=frozenset("identifier selector_expression call_expression index_expression parenthesized_expression true false".split()),
    literals=frozenset("int_literal float_literal rune_literal interpreted_string_literal".split()),
    symmetric=frozenset(),
    declares=frozenset(
        "short_var_declaration var_declaration const_declaration type_declaration labeled_statement fallthrough_statement".split()
    ),
    jumps=frozenset({"return_statement"}),
    assignment="assignment_statement",
    is_count=_counted(r"(?:len|cap)\([^()]*\)"),
)
_JAVA = replace(
    _GO,
    condition="parenthesized_expression",
    list="",
    ternary="ternary_expression",
    simple=frozenset("identifier field_access method_invocation array_access parenthesized_expression true false this".split()),
    literals=frozenset("decimal_integer_literal decimal_floating_point_literal character_literal".split()),
    declares=frozenset("local_variable_declaration class_declaration record_declaration labeled_statement".split()),
    jumps=frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"}),
    unsure=frozenset({"instanceof_expression", "switch_expression"}),
    assignment="assignment_expression",
    is_count=_counted(r"[^()]*\.(?:length\(\)|size\(\)|length)"),
)
_C = replace(
    _JAVA,
    block="compound_statement",
    wrapper="else_clause",
    ternary="conditional_expression",
    simple=frozenset("identifier field_expression call_expression subscript_expression parenthesized_expression true false".split()),
    literals=frozenset({"number_literal", "char_literal"}),
    declares=frozenset({"declaration", "labeled_statement", "type_definition", "struct_specifier", "case_statement"}),
    jumps=frozenset({"return_statement", "continue_statement", "break_statement", "goto_statement"}),
    unsure=frozenset(),
    is_plain=_is_no_macro,
    is_count=_counted(r"sizeof\b.*"),
)

RULES: dict[str, Rules] = {
    **{name: rules_for(_JAVASCRIPT) for name in ("javascript", "typescript", "tsx")},
    "go": rules_for(_GO),
    "java": rules_for(_JAVA),
    "c": rules_for(_C),
}
