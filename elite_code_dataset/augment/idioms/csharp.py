"""C#: disposal by the language, specific and chained exceptions, against leaked handles, wide handlers and lost traces."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom, emptied, last_of_its_kind, without_last

LANGUAGES = ("csharp",)


def undisposed(found: Found) -> str | None:
    here = found.indent_of("it")
    body = found.dedented("body", here)
    return None if body is None else f"{found['declared']};\n{here}{body}"


def broad(found: Found) -> str | None:
    return "Exception" if found.raw("it") not in ("Exception", "System.Exception") and last_of_its_kind(found, "catch_clause") else None


def rethrown(found: Found) -> str | None:
    clause = found.above(("catch_clause",))
    declared = next((child for child in clause.children if child.type == "catch_declaration"), None) if clause else None
    name = declared.child_by_field_name("name") if declared else None
    return f"throw {found.text_of(name)};" if name else None


IDIOMS = (
    Idiom("dropped_using", "(using_statement (variable_declaration) @declared body: (block) @body) @it", undisposed),
    Idiom("dropped_using", '(local_declaration_statement . "using" (variable_declaration) @declared) @it', "{declared};"),
    Idiom("broad_catch", "(catch_declaration type: (_) @it)", broad),
    Idiom("swallowed_exception", "(catch_clause body: (block) @it)", emptied),
    Idiom("dropped_cause", "(throw_statement (object_creation_expression arguments: (argument_list) @it))", without_last),
    Idiom("lost_stack_trace", "(throw_statement) @it", rethrown, where={"it": r"throw\s*;"}),
    Idiom("missing_await", "(expression_statement (await_expression (_) @value) @it)", "{value}"),
    Idiom("null_forgiven", '(binary_expression left: (_) @left "??" right: (throw_expression)) @it', "{left}!"),
)
