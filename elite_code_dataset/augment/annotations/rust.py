"""Rust: ``let`` types that the value says anyway; taken away and, where nobody wrote them, made explicit."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("rust",)

TYPED = "(let_declaration pattern: (_) @it type: (_) @type @until value: (_) @value)"
UNTYPED = "(let_declaration pattern: (identifier) @it !type value: {value} @value)"
NUMBER = r"[iu](8|16|32|64|128|size)|f(32|64)"
STRING_CALLS = r"String::(new|from|with_capacity|from_utf8_lossy)\b.*"


def redundant(found: Found) -> str | None:
    """Whether the value alone has the type: a literal, a cast, or a path call of the very type."""
    kind, value = "".join(found.raw("type").split()), found.node("value")
    text = found.raw("value")
    said = (
        (value.type == "boolean_literal" and kind == "bool")
        or (value.type == "char_literal" and kind == "char")
        or (value.type in ("string_literal", "raw_string_literal") and kind in ("&str", "&'staticstr") and text[0] != "b")
        or (value.type in ("integer_literal", "float_literal") and re.fullmatch(NUMBER, kind) and text.endswith(kind))
        or (value.type == "type_cast_expression" and re.fullmatch(NUMBER, kind) and re.search(rf"\bas\s+{kind}$", text))
        or (
            value.type in ("call_expression", "struct_expression")
            and re.match(rf"{re.escape(kind)}\s*(::\s*(new|from|with_capacity)\s*\(|\{{)", text)
        )
        or (value.type == "macro_invocation" and kind == "String" and text.startswith("format!"))
    )
    return found["it"] if said else None


EXPLICIT = (
    Idiom("literal", UNTYPED.format(value="(boolean_literal)"), "{it}: bool"),
    Idiom("literal", UNTYPED.format(value="(char_literal)"), "{it}: char", where={"value": "'.*"}),
    Idiom("literal", UNTYPED.format(value="[(string_literal) (raw_string_literal)]"), "{it}: &str", where={"value": r"(?![bc]).*"}),
    Idiom(
        "literal", UNTYPED.format(value="[(integer_literal) (float_literal)]"), lambda f: _suffixed(f), where={"value": rf".*({NUMBER})"}
    ),
    Idiom("cast", UNTYPED.format(value="(type_cast_expression type: (primitive_type) @type)"), "{it}: {type}", where={"type": NUMBER}),
    Idiom("comparison", UNTYPED.format(value='(binary_expression ["==" "!=" "<" "<=" ">" ">=" "&&" "||"])'), "{it}: bool"),
    Idiom(
        "string",
        UNTYPED.format(value="(call_expression function: (scoped_identifier) @called)"),
        "{it}: String",
        where={"called": r"String::(new|from|with_capacity)"},
    ),
    Idiom("string", UNTYPED.format(value="(macro_invocation macro: (identifier) @called)"), "{it}: String", where={"called": "format"}),
)

STRIPPED = (Idiom("variable", TYPED, redundant),)


def _suffixed(found: Found) -> str | None:
    kind = re.search(rf"({NUMBER})$", found.raw("value"))
    return f"{found['it']}: {kind[1]}" if kind and not found.raw("value").startswith("0x") else None
