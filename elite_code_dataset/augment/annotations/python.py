"""Python: annotations of parameters, results and variables; ``-> None`` and constants are certain."""

from __future__ import annotations

import tree_sitter

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("python",)

STRIPPED = (
    Idiom("parameter", "(typed_parameter . (_) @name type: (type)) @it", "{name}"),
    Idiom("default_parameter", "(typed_default_parameter name: (_) @name value: (_) @value) @it", "{name}={value}"),
    Idiom("result", "(function_definition parameters: (_) @it return_type: (type) @until)", "{it}"),
    Idiom("variable", "(assignment left: (_) @name type: (type) right: (_) @value) @it", "{name} = {value}"),
)

FUNCTIONS = ("function_definition", "lambda", "class_definition")
STUBS = ("pass_statement", "ellipsis", "string", "raise_statement", "comment")


def returning_none(found: Found) -> str | None:
    """Only where the whole function is in sight, does something, and neither yields nor returns a value."""
    function, body = found.above(("function_definition",)), found.node("body")
    if function is None or body is None or not _is_closed(function) or _is_stub(body):
        return None
    return None if _gives_a_value(body) else found["it"] + " -> None"


def _is_closed(function: tree_sitter.Node) -> bool:
    """Whether code stands after the function further left or level with it; else a cut may have taken its end away."""
    node: tree_sitter.Node | None = function
    while node is not None:
        after = node.next_named_sibling
        while after is not None and after.type == "comment":
            after = after.next_named_sibling
        if after is not None and not after.has_error:
            return True
        node = node.parent
    return False


def _is_stub(body: tree_sitter.Node) -> bool:
    """Whether nothing is done: what it will return is for others to say. So is a body that ends by raising."""
    statements = [child for child in body.named_children if child.type != "comment"]
    inner = [child.named_children[0] if child.type == "expression_statement" and child.named_child_count else child for child in statements]
    return all(node.type in STUBS for node in inner) or inner[-1].type == "raise_statement"


def _gives_a_value(body: tree_sitter.Node) -> bool:
    stack = [body]
    while stack:
        node = stack.pop()
        if node.type in ("yield", "ERROR") or (node.type == "return_statement" and node.named_child_count):
            return True
        stack.extend(child for child in node.children if child.type not in FUNCTIONS)
    return False


UNDECORATED = "(module (function_definition parameters: (parameters) @it !return_type body: (block) @body))"
METHOD = "(class_definition body: (block (function_definition parameters: (parameters) @it !return_type body: (block) @body)))"
CONSTANT = "(module (expression_statement (assignment left: (identifier) @it !type right: {value})))"
CAPITALS = {"it": r"_*[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|_*[A-Z]{3,}"}

EXPLICIT = (
    Idiom("no_result", UNDECORATED, returning_none),
    Idiom("no_result", METHOD, returning_none),
    Idiom(
        "constant",
        CONSTANT.format(value="[(string) (concatenated_string)] @value"),
        "{it}: str",
        where=CAPITALS | {"value": r"(?i)[rfu]*['\"].*"},
    ),
    Idiom("constant", CONSTANT.format(value="(integer) @value"), "{it}: int", where=CAPITALS | {"value": r"[\w]*[^jJ]"}),
    Idiom("constant", CONSTANT.format(value="(float) @value"), "{it}: float", where=CAPITALS | {"value": r".*[^jJ]"}),
    Idiom("constant", CONSTANT.format(value='[(true) (false) (comparison_operator operators: "is")]'), "{it}: bool", where=CAPITALS),
)
