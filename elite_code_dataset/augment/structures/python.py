"""Python's rewrites. Operators may be overloaded and operands may be anything, so a rule holds for every value or is not here.

``a < b`` becomes ``b > a`` only beside a literal number or string, whose own comparison gives way to the other operand's; ``==`` is never
turned into ``!=``, nor ``<`` into ``>=``, unless both sides are certainly whole numbers; double negation is dropped, and ``not`` moved
inwards, only where truth alone counts or a bool comes out anyway. What would read worse than before (``not a == b``) is not written.
"""

from __future__ import annotations

import ast
import re
import warnings

from elite_code_dataset.augment.structures import Edit, Rules, has_comment, shifted, slice_of, unit_between
from elite_code_dataset.augment.syntax import Syntax

INVERSE = {"is": "is not", "is not": "is", "in": "not in", "not in": "in"}
INVERSE_OF_NUMBERS = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
COUNT = re.compile(r"len\([^()]*\)|\d+")  # certainly a whole number
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
LOOSE = frozenset({"boolean_operator", "conditional_expression", "lambda", "named_expression"})
CONDITIONS = frozenset({"if_statement.condition", "elif_clause.condition", "while_statement.condition"})
# Places where an expression of any precedence stands without parentheses.
OPEN = frozenset({"parenthesized_expression", "return_statement", "argument_list", "assignment", "expression_statement"})
PLAIN = frozenset({"identifier", "integer", "float", "true", "false", "none"})
JUMPS = frozenset({"return_statement", "raise_statement", "continue_statement", "break_statement"})
LONGEST_REST = 12  # lines that add_else may move to the right


def _edit(syntax: Syntax, node: int, text: str | None, rule: str) -> Edit | None:
    if text is None or syntax.nearest(node, ("interpolation",)) >= 0:  # f"{x == 3=}" prints the expression itself
        return None
    return Edit(syntax.starts[node], syntax.ends[node], text, rule)


def _place(syntax: Syntax, node: int) -> str:
    return f"{syntax.kinds[syntax.parents[node]]}.{syntax.fields[node]}"


def _operator(syntax: Syntax, node: int) -> str:
    """The operator of a comparison with exactly one; '' otherwise."""
    found = [child for child in syntax.children(node) if syntax.fields[child] == "operators"]
    return " ".join(syntax.text(found[0]).split()) if len(found) == 1 else ""


def _negated(syntax: Syntax, node: int, truth: bool = True) -> str | None:
    """Text for the negation of ``node``; where more than its truth counts (``truth`` False), always a bool."""
    text, kind = syntax.text(node), syntax.kinds[node]
    if "\n" in text and kind != "parenthesized_expression":
        return None
    if kind == "not_operator":
        return syntax.text(syntax.child(node, "argument")) if truth else None
    if kind == "comparison_operator":
        left, right = (syntax.text(syntax.named_children(node)[place]) for place in (0, -1))
        operator = _operator(syntax, node)
        table = INVERSE_OF_NUMBERS if COUNT.fullmatch(left) and COUNT.fullmatch(right) else INVERSE
        return f"{left} {table[operator]} {right}" if operator in table else None
    return f"not ({text})" if kind in LOOSE else f"not {text}"


def _has_only_else(syntax: Syntax, node: int) -> int:
    """The else clause of an ``if`` that has no ``elif``, where no comment stands between the parts; -1 otherwise."""
    clauses = [child for child in syntax.children(node) if syntax.fields[child] == "alternative"]
    if len(clauses) != 1 or syntax.kinds[clauses[0]] != "else_clause" or has_comment(syntax, node) or has_comment(syntax, clauses[0]):
        return -1
    return clauses[0] if syntax.begins_line(node) and syntax.begins_line(clauses[0]) else -1


def swap_branches(syntax: Syntax, node: int) -> Edit | None:
    """``if c: A else: B`` -> ``if not c: B else: A``."""
    clause = _has_only_else(syntax, node)
    if clause < 0:
        return None
    condition, first, second = syntax.child(node, "condition"), syntax.child(node, "consequence"), syntax.child(clause, "body")
    negated = _negated(syntax, condition)
    if negated is None or not syntax.begins_line(first) or not syntax.begins_line(second) or syntax.indent(first) != syntax.indent(second):
        return None
    head = slice_of(syntax, syntax.starts[node], syntax.starts[condition])
    colon = slice_of(syntax, syntax.ends[condition], syntax.starts[first])
    middle = slice_of(syntax, syntax.ends[first], syntax.starts[second])
    return _edit(syntax, node, f"{head}{negated}{colon}{syntax.text(second)}{middle}{syntax.text(first)}", "swap_branches")


def swap_ternary(syntax: Syntax, node: int) -> Edit | None:
    """``a if c else b`` -> ``b if not c else a``."""
    parts = syntax.named_children(node)
    if len(parts) != 3 or has_comment(syntax, node):
        return None
    first, condition, second = parts
    negated = _negated(syntax, condition)
    if negated is None:
        return None
    other = syntax.text(second)
    other = f"({other})" if syntax.kinds[second] in ("conditional_expression", "lambda") else other
    return _edit(syntax, node, f"{other} if {negated} else {syntax.text(first)}", "swap_branches")


def _is_literal(syntax: Syntax, node: int) -> bool:
    kind = syntax.kinds[node]
    if kind == "string":
        inner = [syntax.kinds[child] for child in syntax.named_children(node)]
        return "interpolation" not in inner and syntax.source[syntax.starts[node] : syntax.starts[node] + 1] in b"\"'"
    return kind in ("integer", "float")


def flip_comparison(syntax: Syntax, node: int) -> Edit | None:
    """``x < 3`` -> ``3 > x``."""
    operator = _operator(syntax, node)
    operands = [child for child in syntax.named_children(node) if syntax.fields[child] != "operators"]
    if operator not in FLIPPED or len(operands) != 2 or "\n" in syntax.text(node):
        return None
    left, right = operands
    if _is_literal(syntax, left) == _is_literal(syntax, right):
        return None
    return _edit(syntax, node, f"{syntax.text(right)} {FLIPPED[operator]} {syntax.text(left)}", "flip_comparison")


def _operands(syntax: Syntax, node: int, operator: str) -> list[int]:
    """The operands of a chain of one boolean operator, in order."""
    result, stack = [], [node]
    while stack:
        one = stack.pop()
        if syntax.kinds[one] == "boolean_operator" and syntax.text(syntax.child(one, "operator")) == operator:
            stack += [syntax.child(one, "right"), syntax.child(one, "left")]
        else:
            result.append(one)
    return result


def _enclosed(syntax: Syntax, node: int, text: str) -> str:
    above = syntax.kinds[syntax.parents[node]]
    return text if above in OPEN or _place(syntax, node) in CONDITIONS else f"({text})"


def negation_inwards(syntax: Syntax, node: int) -> Edit | None:
    """``not (a and b)`` -> ``not a or not b``."""
    argument = syntax.child(node, "argument")
    inner = syntax.named_children(argument)
    if syntax.kinds[argument] != "parenthesized_expression" or len(inner) != 1 or syntax.kinds[inner[0]] != "boolean_operator":
        return None
    if "\n" in syntax.text(node):
        return None
    operator = syntax.text(syntax.child(inner[0], "operator"))
    truth = _place(syntax, node) in CONDITIONS
    parts = [_negated(syntax, one, truth) for one in _operands(syntax, inner[0], operator)]
    if None in parts:
        return None
    other = " or " if operator == "and" else " and "
    return _edit(syntax, node, _enclosed(syntax, node, other.join(parts)), "move_negation")


def negation_outwards(syntax: Syntax, node: int) -> Edit | None:
    """``not a and not b`` -> ``not (a or b)``."""
    operator = syntax.text(syntax.child(node, "operator"))
    above = syntax.parents[node]
    if syntax.kinds[above] == "boolean_operator" and syntax.text(syntax.child(above, "operator")) == operator:
        return None
    parts = _operands(syntax, node, operator)
    if "\n" in syntax.text(node) or any(syntax.kinds[one] != "not_operator" for one in parts):
        return None
    other = " or " if operator == "and" else " and "
    text = other.join(syntax.text(syntax.child(one, "argument")) for one in parts)
    return _edit(syntax, node, f"not ({text})", "move_negation")


def split_chain(syntax: Syntax, node: int) -> Edit | None:
    """``a < b < c`` -> ``a < b and b < c``, where reading ``b`` twice is the same as reading it once."""
    operands = [child for child in syntax.named_children(node) if syntax.fields[child] != "operators"]
    operators = [syntax.text(child) for child in syntax.children(node) if syntax.fields[child] == "operators"]
    if len(operands) != 3 or len(operators) != 2 or "\n" in syntax.text(node) or any(syntax.kinds[one] not in PLAIN for one in operands):
        return None
    a, b, c = (syntax.text(one) for one in operands)
    return _edit(syntax, node, _enclosed(syntax, node, f"{a} {operators[0]} {b} and {b} {operators[1]} {c}"), "split_chain")


def _stands_alone(syntax: Syntax, node: int) -> bool:
    """Whether the statement fills its lines, so that lines may come before and after it."""
    after = syntax.source[syntax.ends[node] :].split(b"\n", 1)[0]
    return syntax.begins_line(node) and not after.strip()


def _unit(syntax: Syntax, node: int) -> str | None:
    """The indentation that the block around the node adds."""
    block = syntax.parents[node]
    if syntax.kinds[block] != "block":
        return "    "
    return unit_between(syntax.indent(syntax.parents[block]), syntax.indent(node))


def ternary_to_if(syntax: Syntax, node: int) -> Edit | None:
    """``return a if c else b`` -> ``if c: return a``, ``return b``; ``x = a if c else b`` -> an ``if`` with two assignments."""
    statement = node if syntax.kinds[node] == "return_statement" else syntax.parents[node]
    is_return = statement == node
    if not is_return and (syntax.kinds[statement] != "expression_statement" or syntax.child(node, "type") >= 0):
        return None
    value = syntax.named_children(node)[-1] if syntax.named_children(node) else -1
    target = -1 if is_return else syntax.child(node, "left")
    if value < 0 or syntax.kinds[value] != "conditional_expression" or (target >= 0 and syntax.kinds[target] != "identifier"):
        return None
    parts, unit = syntax.named_children(value), _unit(syntax, statement)
    if len(parts) != 3 or "\n" in syntax.text(statement) or unit is None or not _stands_alone(syntax, statement):
        return None
    first, condition, second = (syntax.text(part) for part in parts)
    head, indent = "return " if is_return else f"{syntax.text(target)} = ", syntax.indent(statement)
    middle = f"{indent}" if is_return else f"{indent}else:\n{indent}{unit}"
    return _edit(syntax, statement, f"if {condition}:\n{indent}{unit}{head}{first}\n{middle}{head}{second}", "unfold_ternary")


def _jumps(syntax: Syntax, block: int) -> bool:
    """Whether the block always leaves: its last statement is a jump."""
    statements = [child for child in syntax.named_children(block) if syntax.kinds[child] != "comment"]
    return bool(statements) and syntax.kinds[statements[-1]] in JUMPS


def drop_else(syntax: Syntax, node: int) -> Edit | None:
    """``if c: return A else: B`` -> ``if c: return A`` and ``B`` after it."""
    clause = _has_only_else(syntax, node)
    first = syntax.child(node, "consequence")
    if clause < 0 or not _jumps(syntax, first) or not syntax.begins_line(first):
        return None
    body, indent = syntax.child(clause, "body"), syntax.indent(node)
    if not syntax.begins_line(body):
        return None
    text = shifted(syntax, syntax.starts[body], syntax.ends[body], syntax.indent(body), indent)
    return None if text is None else Edit(syntax.ends[first], syntax.ends[node], f"\n{indent}{text}", "early_exit")


def add_else(syntax: Syntax, node: int) -> Edit | None:
    """``if c: return A`` and ``B`` after it, to the end of the block -> ``if c: return A else: B``."""
    block, first = syntax.parents[node], syntax.child(node, "consequence")
    if syntax.kinds[block] != "block" or syntax.child(node, "alternative") >= 0 or has_comment(syntax, node) or not _jumps(syntax, first):
        return None
    rest = [child for child in syntax.children(block) if child >= syntax.lasts[node]]
    following = rest[0] if any(syntax.kinds[child] != "comment" for child in rest) else -1
    unit = unit_between(syntax.indent(node), syntax.indent(first)) if syntax.begins_line(first) else None
    if following < 0 or unit is None or not syntax.begins_line(following) or not syntax.begins_line(node):
        return None
    start, end, indent = syntax.starts[following], syntax.ends[block], syntax.indent(node)
    between = syntax.source[syntax.ends[node] : start]
    if between.strip() or syntax.source[start:end].count(b"\n") >= LONGEST_REST:
        return None
    text = shifted(syntax, start, end, indent, indent + unit)
    return None if text is None else Edit(syntax.ends[node], end, f"\n{indent}else:\n{indent}{unit}{text}", "early_exit")


def fold_elif(syntax: Syntax, node: int) -> Edit | None:
    """``else:`` with nothing but an ``if`` in it -> ``elif``."""
    body = syntax.child(node, "body")
    inner = list(syntax.children(body))
    if len(inner) != 1 or syntax.kinds[inner[0]] != "if_statement" or has_comment(syntax, node) or not syntax.begins_line(inner[0]):
        return None
    if syntax.kinds[syntax.parents[node]] != "if_statement" or not syntax.begins_line(node):
        return None
    text = shifted(syntax, syntax.starts[inner[0]], syntax.ends[inner[0]], syntax.indent(inner[0]), syntax.indent(node))
    return _edit(syntax, node, None if text is None else f"el{text}", "fold_elif")


def is_valid(before: str, after: str) -> bool:
    """Whether the running interpreter still reads ``after``, where it reads ``before`` (in whole, or as an indented piece)."""
    for frame in ("{}", "if True:\n{}"):
        if _is_read(frame.replace("{}", before)):
            return _is_read(frame.replace("{}", after))
    return True


def _is_read(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


CHECKS = {"python": is_valid}
RULES: dict[str, Rules] = {
    "python": {
        "if_statement": (swap_branches, drop_else, add_else),
        "conditional_expression": (swap_ternary,),
        "comparison_operator": (flip_comparison, split_chain),
        "not_operator": (negation_inwards,),
        "boolean_operator": (negation_outwards,),
        "return_statement": (ternary_to_if,),
        "assignment": (ternary_to_if,),
        "else_clause": (fold_elif,),
    }
}
