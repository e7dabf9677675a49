"""Rust: units, imports and idioms for the grammar tree-sitter-rust."""

from __future__ import annotations

from tree_sitter import Node

from elite_code_dataset.languages import ImportParts, Language, Macros

UNITS = """
(function_item name: (_) @name body: (_) @body) @function
(function_signature_item name: (_) @name) @function
(struct_item name: (_) @name body: (field_declaration_list)? @body) @type
(enum_item name: (_) @name body: (_) @body) @type
(union_item name: (_) @name body: (_) @body) @type
(type_item name: (_) @name) @type
(associated_type name: (_) @name) @type
(trait_item name: (_) @name body: (_) @body) @trait
(impl_item type: (generic_type type: (_) @name) body: (_) @body) @impl
(impl_item type: (_) @name body: (_) @body) @impl
(mod_item name: (_) @name body: (_) @body) @module
(const_item name: (_) @name value: (_)? @body) @constant
(static_item name: (_) @name value: (_)? @body) @constant
(macro_definition name: (_) @name @header) @macro
(attribute_item) @attached
(line_comment outer: (_)) @attached
(block_comment outer: (_)) @attached
"""

IMPORTS = """
(use_declaration) @import
(extern_crate_declaration) @import
(mod_item !body) @import
(macro_invocation macro: (identifier) @called (#eq? @called "include")) @import
"""


def read_import(node: Node) -> list[ImportParts]:
    """``use a::{b, c::*};`` -> ("a::b", ("b",), "use"), ("a::c", ("*",), "use"). Names are the defining side's, not the alias.

    ``pub use`` is an "export", ``extern crate`` a "crate", ``include!("x.rs")`` an "include". ``mod foo;`` is a "mod" whose names are the
    inline modules around it, from the outside in; with ``#[path = "x.rs"]`` it is a "mod_path" and module is that path. ``self`` and
    ``super`` inside inline modules are rewritten to start from the file's own module: ``super::*`` in ``mod tests { }`` is "self".
    """
    if node.type == "use_declaration":
        argument = node.child_by_field_name("argument")
        inside = _inline_modules(node)
        kind = "export" if node.named_child(0).type == "visibility_modifier" else "use"
        return [(_from_file(path, inside), names, kind) for path, names in _use_leaves(argument)] if argument else []
    if node.type == "extern_crate_declaration":
        return [(_text(node.child_by_field_name("name")), (), "crate")]
    if node.type == "macro_invocation":
        return [(_string_in(node), (), "include")] if _string_in(node) else []
    path = _path_attribute(node)
    inside = tuple(_inline_modules(node))
    return [(path, inside, "mod_path")] if path else [(_text(node.child_by_field_name("name")), inside, "mod")]


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def _use_leaves(argument: Node) -> list[tuple[str, tuple[str, ...]]]:
    """Every path of a use tree in order, with the name it brings in. A stack, since hostile trees nest deeper than Python recurses."""
    leaves: list[tuple[str, tuple[str, ...]]] = []
    stack = [(argument, "")]
    while stack:
        node, prefix = stack.pop()
        if node.type == "use_as_clause":
            node = node.child_by_field_name("path") or node
        if node.type in ("use_list", "scoped_use_list"):
            path = node.child_by_field_name("path")
            inner = _joined(prefix, _text(path)) if path else prefix
            items = node.child_by_field_name("list") if node.type == "scoped_use_list" else node
            stack.extend((child, inner) for child in reversed(items.named_children if items else []) if "comment" not in child.type)
        elif node.type == "use_wildcard":
            leaves.append((_joined(prefix, _text(node.named_child(0)) if node.named_child_count else ""), ("*",)))
        else:
            path = prefix if node.type == "self" and prefix else _joined(prefix, _text(node))
            leaves.append((path, (path.rsplit("::", 1)[-1],)))
    return leaves


def _joined(prefix: str, path: str) -> str:
    path = "".join(path.split())
    return f"{prefix}::{path}" if prefix and path else prefix or path


def _inline_modules(node: Node) -> list[str]:
    names: list[str] = []
    parent = node.parent
    while parent is not None:
        if parent.type == "mod_item":
            names.insert(0, _text(parent.child_by_field_name("name")))
        parent = parent.parent
    return names


def _from_file(path: str, inside: list[str]) -> str:
    """A path as seen from the file's own module, when it was written inside inline modules."""
    parts = path.split("::")
    if not inside or parts[0] not in ("self", "super"):
        return path
    around = list(inside)
    if parts[0] == "self":
        parts = parts[1:]
    while parts and parts[0] == "super" and around:
        parts, around = parts[1:], around[:-1]
    if parts and parts[0] == "super":
        return "::".join(parts)
    return "::".join(["self", *around, *parts])


def _path_attribute(node: Node) -> str:
    before = node.prev_named_sibling
    while before is not None and (before.type == "attribute_item" or "comment" in before.type):
        attribute = before.named_child(0) if before.type == "attribute_item" else None
        if attribute is not None and attribute.named_child_count and _text(attribute.named_child(0)) == "path":
            return _string_in(attribute)
        before = before.prev_named_sibling
    return ""


def _string_in(node: Node) -> str:
    """The first string literal directly inside, or inside its token tree."""
    for child in node.named_children:
        for one in (child, *child.named_children) if child.type == "token_tree" else (child,):
            if one.type in ("string_literal", "raw_string_literal") and one.named_child_count:
                return _text(one.named_child(0))
    return ""


_BODIES = frozenset("mod_item impl_item trait_item foreign_mod_item".split())  # what holds items in a body
_ITEMS = _BODIES | frozenset(
    "function_item function_signature_item struct_item enum_item union_item type_item associated_type const_item static_item "
    "macro_definition use_declaration extern_crate_declaration".split()
)
_BESIDE_ITEMS = frozenset("attribute_item inner_attribute_item line_comment block_comment empty_statement".split())


def _invocation(node: Node) -> Node | None:
    if node.type == "expression_statement" and node.named_child_count:
        node = node.named_child(0)
    return node if node.type == "macro_invocation" else None


def _item_macros(root: Node) -> list[tuple[Node, Node]]:
    """Invocations among items, at any depth of modules and bodies of methods, whose arguments stand in braces."""
    found: list[tuple[Node, Node]] = []
    stack = [root]
    while stack:
        for node in stack.pop().named_children:
            invocation = _invocation(node)
            tokens = invocation.named_child(invocation.named_child_count - 1) if invocation is not None else None
            if tokens is not None and tokens.type == "token_tree" and tokens.child(0).type == "{":
                found.append((invocation, tokens))
            body = node.child_by_field_name("body") if node.type in _BODIES else None
            stack += [body] if body is not None else []
    return found


def _are_items(root: Node) -> bool:
    children = root.named_children
    if any(node.type not in _ITEMS and node.type not in _BESIDE_ITEMS and _invocation(node) is None for node in children):
        return False
    return any(node.type in _ITEMS for node in children) or bool(_item_macros(root))


LANGUAGE = Language(
    name="rust",
    suffixes=(".rs",),
    grammar=("tree_sitter_rust", "language"),
    line_comment="//",
    block_comment=("/*", "*/"),
    doc_comment=("///", "/**"),
    units=UNITS,
    imports=IMPORTS,
    read_import=read_import,
    macros=Macros(rb"!\s*\{", b"extern", _item_macros, _are_items),
    statements=(
        "(source_file (_) @it)",
        "(declaration_list (_) @it)",
        "(block (_) @it)",
        "(field_declaration_list (_) @it)",
        "(enum_variant_list (_) @it)",
        "match_arm",
        "macro_rule",
    ),
    blocks=(
        "(array_expression (_) @it)",
        "(arguments (_) @it)",
        "(parameters (_) @it)",
        "(field_initializer_list (_) @it)",
        "(tuple_expression (_) @it)",
        "(use_list (_) @it)",
        "(where_clause (_) @it)",
        '(token_tree ["{" ";"] . (_) @it)',  # inside a macro's arguments: where a statement most likely begins
        "(token_tree (token_tree) . (_) @it)",
    ),
    decisions=(
        "if_expression",
        "while_expression",
        "for_expression",
        "match_arm",
        "try_expression",
        "(match_pattern condition: (_) @it)",
        "(let_declaration alternative: (_) @it)",
        '(binary_expression ["&&" "||"] @it)',
        '(let_chain "&&" @it)',
    ),
    defaults=('(match_pattern . "_" @it .)',),
    comments=("line_comment", "block_comment"),
    identifiers=("identifier", "type_identifier", "field_identifier", "shorthand_field_identifier"),
    strings=("string_literal", "raw_string_literal", "char_literal"),
)
