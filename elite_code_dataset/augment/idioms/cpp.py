"""C++: owned memory, scoped locks and specific handlers, against raw pointers, hand-held locks and handlers of everything."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom, emptied, last_of_its_kind
from elite_code_dataset.augment.idioms.c import IDIOMS as C_IDIOMS

LANGUAGES = ("cpp",)

GUARD = re.compile(r"(?:const\s+)?(?:std::)?(?:lock_guard|scoped_lock|unique_lock)\s*(?:<[^<>]*>)?\s+\w+\s*[({]\s*([\w.>:*-]+?)\s*[)}]\s*;")


def caught_all(found: Found) -> str | None:
    name = re.search(r"(\w+)\s*\)$", found.raw("it"))
    used = name is not None and re.search(rf"\b{name[1]}\b", found.raw("body"))
    return "(...)" if last_of_its_kind(found, "catch_clause") and not used else None


def raw_new(found: Found) -> str | None:
    declared = found.above(("declaration",))
    kind = found.text_of(declared.child_by_field_name("type")) if declared else ""
    return f"new {found['type']}{found['arguments']}" if kind == "auto" else None


def locked_by_hand(found: Found) -> str | None:
    guard = GUARD.fullmatch(found.raw("it"))
    return f"{guard[1]}.lock();" if guard else None


IDIOMS = (
    *C_IDIOMS,
    Idiom("catch_all", "(catch_clause parameters: (parameter_list (parameter_declaration)) @it body: (_) @body)", caught_all),
    Idiom("swallowed_exception", "(catch_clause body: (compound_statement) @it)", emptied),
    Idiom(
        "raw_new",
        "(init_declarator value: (call_expression function: (qualified_identifier name: (template_function name: (identifier) @made"
        " arguments: (template_argument_list . (_) @type .))) arguments: (argument_list) @arguments) @it)",
        raw_new,
        where={"made": "make_unique|make_shared"},
    ),
    Idiom("manual_lock", "(declaration) @it", locked_by_hand),
)
