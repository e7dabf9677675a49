"""Go: errors checked, wrapped and cleaned up after, against the blank identifier, lost wrapping and panics."""

from __future__ import annotations

import re

import tree_sitter

from elite_code_dataset.augment.idioms import Found, Idiom, Site

LANGUAGES = ("go",)

ERROR = r"err\w*|\w*Err"
NOT_NIL = '(binary_expression left: (identifier) @checked operator: "!=" right: (nil))'
CHECK = f"(if_statement !initializer condition: {NOT_NIL} !alternative) @until"
CALL_OF_TWO = "(call_expression function: (_) @called arguments: (argument_list . (_) @error . (_) @wanted .))"


FUNCTIONS = ("function_declaration", "method_declaration", "func_literal")


def ignored(found: Found) -> str | None:
    """The error is not named any more. ``:=`` must still declare something, and what it declares must be used elsewhere."""
    names = [name.strip() for name in found.raw("left").split(",")]
    function = found.above(FUNCTIONS)
    if names[-1] != found.raw("checked") or function is None:
        return None
    kept = [*names[:-1], "_"]
    if found.raw("sign") == ":=" and set(kept) != {"_"}:
        before = found.source[function.start_byte : found.site.start].decode()
        after = found.source[found.site.end : function.end_byte].decode()
        new = [name for name in kept if name != "_" and not re.search(rf"\b{name}\b", before)]
        if not new or not all(re.search(rf"\b{name}\b", after) for name in new):
            return None
    return f"{', '.join(kept)} {'=' if set(kept) == {'_'} else found.raw('sign')} {found['right']}"


def without_a_trace(sites: list[Site], source: bytes) -> list[Site]:
    """The places in functions that say the error's name nowhere else: it would be undeclared there, or declared and not used."""
    groups: dict[tuple[int, str], list[Site]] = {}
    for site in sites:
        function = _outermost(site.captures["it"][0])
        groups.setdefault((function.start_byte, _text(site.captures["checked"][0], source)), []).append(site)
    kept = []
    for (_, name), group in sorted(groups.items()):
        function = _outermost(group[0].captures["it"][0])
        spans = [(site.start, site.end) for site in group]
        if all(any(a <= leaf.start_byte < b for a, b in spans) for leaf in _named(function, name, source)):
            kept += group
    return sorted(kept, key=lambda site: site.start)


def _outermost(node: tree_sitter.Node) -> tree_sitter.Node:
    found = node
    while node.parent is not None:
        node = node.parent
        found = node if node.type in FUNCTIONS else found
    return found


def _named(function: tree_sitter.Node, name: str, source: bytes) -> list[tree_sitter.Node]:
    """Where the function says the name, but for an ``if`` that declares it for itself."""
    found, stack = [], [function]
    while stack:
        node = stack.pop()
        first = node.child_by_field_name("initializer") if node.type == "if_statement" else None
        if first is not None and first.type == "short_var_declaration" and _says(first.child_by_field_name("left"), name, source):
            continue
        if node.type == "identifier" and _text(node, source) == name:
            found.append(node)
        stack.extend(node.children)
    return found


def _says(node: tree_sitter.Node, name: str, source: bytes) -> bool:
    return name in re.findall(r"\w+", _text(node, source))


def _text(node: tree_sitter.Node, source: bytes) -> str:
    return source[node.start_byte : node.end_byte].decode()


def not_deferred(found: Found) -> str | None:
    """Nothing, where the function still uses what was to be closed: Go refuses a variable that nobody uses."""
    function, name = found.above(FUNCTIONS), re.match(r"defer\s+(\w+)", found.raw("it"))
    if function is None or name is None:
        return None
    uses = re.findall(rf"\b{name[1]}\b", found.text_of(function))
    declared = re.search(rf"\b{name[1]}\b[^=\n;]*:=|\bvar\s+{name[1]}\b", found.text_of(function))
    return "" if len(uses) > 2 or not declared else None


def ignored_in_place(found: Found) -> str | None:
    names = [name.strip() for name in found.raw("left").split(",")]
    return f"{', '.join('_' for _ in names)} = {found['right']}" if names[-1] == found.raw("checked") else None


def panicking(found: Found) -> str | None:
    here = found.indent_of("it")
    return "{\n" + f"{here}\tpanic({found.raw('checked')})\n{here}" + "}" if "return" in found.raw("it") else None


IDIOMS = (
    Idiom(
        "ignored_error",
        '([(short_var_declaration left: (_) @left ":=" @sign right: (_) @right) (assignment_statement left: (_) @left "=" @sign right: (_) @right)]'
        f" @it . {CHECK})",
        ignored,
        where={"checked": ERROR},
        together=without_a_trace,
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
        not_deferred,
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
