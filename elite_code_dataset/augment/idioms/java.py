"""Java: resources closed by the language, specific and chained exceptions, against hand-closed handles, wide handlers and lost causes."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom, emptied, indent_at, last_of_its_kind, without_last

LANGUAGES = ("java",)

LEAVES = ("return_statement", "throw_statement", "continue_statement", "break_statement")
RESOURCE = "(resource_specification . (resource type: (_) @type name: (_) @name value: (_) @value) .)"


def broad(found: Found) -> str | None:
    caught = found.raw("it")
    if caught in ("Exception", "Throwable") or not last_of_its_kind(found, "catch_clause"):
        return None
    return "Throwable" if caught.endswith("Error") else "Exception"


def closed_by_hand(found: Found) -> str | None:
    """Without handlers the try goes away; with them the resource moves into its body."""
    here, block, whole = found.indent_of("it"), found.node("body"), found.node("it")
    if not block.named_child_count:
        return None
    bare = whole.named_children[-1].id == block.id
    inner = here if bare else indent_at(found.source, block.named_children[0].start_byte)
    body = found.dedented("body", inner)
    if body is None:
        return None
    closed = "" if found.ends_in("body", LEAVES) else f"\n{inner}{found['name']}.close();"
    lines = f"{found['type']} {found['name']} = {found['value']};\n{inner}{body}{closed}"
    return lines if bare else "try {\n" + inner + lines + f"\n{here}" + "}" + found.render(block.end_byte, whole.end_byte)


IDIOMS = (
    Idiom("close_without_try", f"(try_with_resources_statement resources: {RESOURCE} body: (block) @body) @it", closed_by_hand),
    Idiom("broad_catch", "(catch_formal_parameter (catch_type) @it)", broad),
    Idiom("swallowed_exception", "(catch_clause body: (block) @it)", emptied),
    Idiom("dropped_cause", "(throw_statement (object_creation_expression arguments: (argument_list) @it))", without_last),
)
