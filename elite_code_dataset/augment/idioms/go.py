"""Go: errors checked, wrapped and cleaned up after, against the blank identifier, lost wrapping and panics."""

from __future__ import annotations

from elite_code_dataset.augment.idioms import Found, Idiom

LANGUAGES = ("go",)

ERROR = r"err\w*|\w*Err"
NOT_NIL = '(binary_expression left: (identifier) @checked operator: "!=" right: (nil))'
CHECK = f"(if_statement !initializer condition: {NOT_NIL} !alternative) @until"
CALL_OF_TWO = "(call_expression function: (_) @called arguments: (argument_list . (_) @error . (_) @wanted .))"


def ignored(found: Found) -> str | None:
    names = [name.strip() for name in found.raw("left").split(",")]
    if names[-1] != found.raw("checked"):
        return None
    kept = [*names[:-1], "_"]
    return f"{', '.join(kept)} {'=' if set(kept) == {'_'} else found.raw('sign')} {found['right']}"


def ignored_in_place(found: Found) -> str | None:
    names = [name.strip() for name in found.raw("left").split(",")]
    return f"{', '.join('_' for _ in names)} = {found['right']}" if names[-1] == found.raw("checked") else None


def panicking(found: Found) -> str | None:
    here = found.indent_of("it")
    return "{\n" + f"{here}\tpanic({found.raw('checked')})\n{here}" + "}" if "return" in found.raw("it") else None


IDIOMS = (
    Idiom(
        "ignored_error",
        f'((short_var_declaration left: (_) @left ":=" @sign right: (_) @right) @it . {CHECK})',
        ignored,
        where={"checked": ERROR},
    ),
    Idiom(
        "ignored_error",
        f'((assignment_statement left: (_) @left "=" @sign right: (_) @right) @it . {CHECK})',
        ignored,
        where={"checked": ERROR},
    ),
    Idiom(
        "ignored_error",
        f"(if_statement initializer: (short_var_declaration left: (_) @left right: (_) @right) condition: {NOT_NIL} !alternative) @it",
        ignored_in_place,
        where={"checked": ERROR},
    ),
    Idiom(
        "panic_for_error", f"(if_statement condition: {NOT_NIL} consequence: (block) @it !alternative)", panicking, where={"checked": ERROR}
    ),
    Idiom(
        "verb_v_for_w",
        "(call_expression function: (_) @called arguments: (argument_list . (interpreted_string_literal) @it))",
        lambda found: found.raw("it").replace("%w", "%v"),
        where={"called": r"(fmt|errors|xerrors)\.Errorf", "it": ".*%w.*"},
    ),
    Idiom(
        "dropped_wrapping",
        "(call_expression function: (_) @called arguments: (argument_list . (interpreted_string_literal) @format (identifier) @error .)) @it",
        "{error}",
        where={"called": r"(fmt|errors|xerrors)\.Errorf", "format": ".*%w.*", "error": ERROR},
    ),
    Idiom(
        "dropped_wrapping",
        "(call_expression function: (_) @called arguments: (argument_list . (identifier) @error)) @it",
        "{error}",
        where={"called": r"errors\.(Wrap|Wrapf|WithMessage|WithMessagef|WithStack)", "error": ERROR},
    ),
    Idiom(
        "dropped_defer",
        "(defer_statement (call_expression function: [(identifier) @method (selector_expression field: (field_identifier) @method)])) @it",
        "",
        where={"method": "Close|Unlock|RUnlock|Rollback|Stop|Release|Done|Flush|Shutdown|Cancel|cancel"},
        whole_lines=True,
    ),
    Idiom(
        "compared_error",
        f'(unary_expression operator: "!" operand: {CALL_OF_TWO}) @it',
        "{error} != {wanted}",
        where={"called": r"errors\.Is"},
    ),
    Idiom(
        "compared_error",
        f"{CALL_OF_TWO} @it",
        lambda found: None if found.node("it").parent.type == "unary_expression" else f"{found['error']} == {found['wanted']}",
        where={"called": r"errors\.Is"},
    ),
)
