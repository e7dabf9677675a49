"""Java's scopes, for the grammar tree-sitter-java.

A local is visible from its declarator to the end of the block. A class inside a method may inherit fields of any name, so a name that
stands in one is left alone; so are pattern variables, whose scope follows the flow. Annotations may read the names of parameters.
"""

from __future__ import annotations

from elite_code_dataset.augment.scopes import Binder, ScopeRules
from elite_code_dataset.augment.syntax import Syntax

FUNCTIONS = ("method_declaration", "constructor_declaration", "lambda_expression")
BLOCKS = (
    "block",
    "constructor_body",
    "for_statement",
    "switch_block",
    "switch_rule",
    "lambda_expression",
    "try_with_resources_statement",
)
PLAIN_ANNOTATIONS = frozenset(
    "Override Deprecated SuppressWarnings SafeVarargs FunctionalInterface Nullable NonNull Nonnull NotNull Test CheckReturnValue "
    "VisibleForTesting GwtCompatible GwtIncompatible Beta J2ktIncompatible CanIgnoreReturnValue".split()
)


def binds(syntax: Syntax, leaf: int) -> bool:
    """Parameters of a method without a body, and components of a record, are no locals."""
    parameters = syntax.nearest(leaf, ("formal_parameters", "block"))
    if parameters < 0 or syntax.kinds[parameters] == "block":
        return True
    owner = syntax.parents[parameters]
    return syntax.kinds[owner] in FUNCTIONS and syntax.child(owner, "body") >= 0


def veto(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """Parameters where an annotation may read their names, or where the class around them cannot be seen."""
    parameters = syntax.child(function, "parameters")
    if syntax.kinds[function] == "lambda_expression" or parameters < 0:
        return {}
    around = (function, *syntax.ancestors(function))
    annotated = [name for node in around for name in _annotations(syntax, node)] + [
        syntax.text(node + 2) for node in range(parameters, syntax.lasts[parameters]) if syntax.kinds[node].endswith("annotation")
    ]
    if any(name.rpartition(".")[2] not in PLAIN_ANNOTATIONS for name in annotated):
        why = "attribute"
    elif syntax.parents[function] <= 0:
        why = "fragment"
    else:
        return {}
    return {syntax.text(leaf): why for leaf in syntax.leaves(parameters)}


def _annotations(syntax: Syntax, node: int) -> list[str]:
    modifiers = next((child for child in syntax.children(node) if syntax.kinds[child] == "modifiers"), -1)
    found = syntax.children(modifiers) if modifiers >= 0 else ()
    return [syntax.text(syntax.child(one, "name")) for one in found if syntax.kinds[one].endswith("annotation")]


BINDERS = (
    Binder("formal_parameter", "name", "parameter", FUNCTIONS),
    Binder("spread_parameter", "", "parameter", FUNCTIONS),
    Binder("inferred_parameters", "", "parameter", FUNCTIONS),
    Binder("lambda_expression", "parameters", "parameter", FUNCTIONS),
    Binder("local_variable_declaration", "declarator", "local", BLOCKS, "node"),
    Binder("enhanced_for_statement", "name", "loop", ("enhanced_for_statement:body",)),
    Binder("resource", "name", "local", ("try_with_resources_statement:body",), "node"),
    Binder("catch_formal_parameter", "name", "local", ("catch_clause",)),
)

EXPRESSIONS = """
method_invocation.object field_access.object argument_list binary_expression unary_expression update_expression assignment_expression
ternary_expression parenthesized_expression expression_statement return_statement throw_statement variable_declarator.value array_access
array_initializer array_creation_expression dimensions_expr cast_expression.value instanceof_expression.left enhanced_for_statement.value
for_statement.condition resource. resource.value assert_statement lambda_expression.body yield_statement switch_rule
object_creation_expression
""".split()

KEYWORDS = frozenset(
    "abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally float for goto if "
    "implements import instanceof int interface long native new package private protected public return short static strictfp super switch "
    "synchronized this throw throws transient try void volatile while true false null var record yield sealed permits when _".split()
)

RULES = {
    "java": ScopeRules(
        functions=frozenset(FUNCTIONS),
        binders=BINDERS,
        identifiers=frozenset({"identifier"}),
        variables=frozenset(EXPRESSIONS),
        others=frozenset(
            "method_invocation.name field_access.field labeled_statement break_statement continue_statement method_declaration.name".split()
        ),
        skipped=frozenset(
            "variable_declarator.value variable_declarator.dimensions modifiers type_identifier scoped_type_identifier generic_type array_type "
            "annotation marker_annotation lambda_expression.body".split()
        ),
        names=r"[a-z][A-Za-z0-9_]*",
        reserved=KEYWORDS,
        other_leaves=frozenset({"string_fragment", "multiline_string_fragment", "escape_sequence"}),
        comments=frozenset({"line_comment", "block_comment"}),
        walls=frozenset({"class_body", "enum_body", "interface_body", "record_declaration"}),
        binds=binds,
        veto=veto,
    )
}
