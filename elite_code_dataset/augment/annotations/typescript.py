"""TypeScript: annotations of parameters, results, variables and fields of code that has a body; literals behind ``let`` are certain."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("typescript", "tsx")

# a type written inside these is what the declaration is, not a note on it
TYPES = (
    "interface_declaration",
    "type_alias_declaration",
    "object_type",
    "function_type",
    "constructor_type",
    "function_signature",
    "method_signature",
    "abstract_method_signature",
    "ambient_declaration",
)


def noted(found: Found) -> str | None:
    """The name before it must stand without its type: ``x!: T`` may not."""
    before = found.node("it").prev_sibling
    return None if found.above(TYPES) is not None or (before is not None and before.type == "!") or _is_a_type(found) else ""


def _is_a_type(found: Found) -> bool:
    """Nobody adds or joins functions: an arrow beside an operator is the type of a function, in a window that lost its beginning."""
    arrow = found.above(("arrow_function",))
    around = arrow.parent if arrow else None
    while around is not None and around.type == "parenthesized_expression":
        around = around.parent
    return around is not None and around.type == "binary_expression" and any(child.type in ("&", "|") for child in around.children)


BODIED = "[(function_declaration {r}) (function_expression {r}) (arrow_function {r}) (method_definition {r}) (generator_function_declaration {r})]"

STRIPPED = (
    Idiom("parameter", "(required_parameter type: (type_annotation) @it)", noted),
    Idiom("parameter", '(optional_parameter "?" @it type: (type_annotation) @until)', noted),
    Idiom("result", BODIED.format(r="return_type: (_) @it"), noted),
    Idiom("variable", "(variable_declarator type: (type_annotation) @it)", noted),
    Idiom("field", "(public_field_definition type: (type_annotation) @it)", noted),
)

LET = '(lexical_declaration "let" (variable_declarator name: (identifier) @it !type value: {value}))'

EXPLICIT = (
    Idiom("literal", LET.format(value="(number) @value"), "{it}: number", where={"value": r".*[^n]"}),
    Idiom("literal", LET.format(value="[(string) (template_string)]"), "{it}: string"),
    Idiom("literal", LET.format(value="[(true) (false)]"), "{it}: boolean"),
)
