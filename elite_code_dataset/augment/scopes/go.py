"""Go's scopes, for the grammar tree-sitter-go.

A name is visible from the end of its declaration to the end of the block, or of the ``if``, ``for``, ``switch`` or ``case`` it
was declared in. The key in a composite literal may be a field, so a name that stands there is left alone; so is a receiver.
"""

from __future__ import annotations

from elite_code_dataset.augment.scopes import OTHER, UNSURE, Binder, ScopeRules
from elite_code_dataset.augment.syntax import Syntax

FUNCTIONS = ("function_declaration", "method_declaration", "func_literal")
SIGNATURES = ("function_type", "method_elem", "method_spec")
BLOCKS = (
    "block",
    "if_statement",
    "for_statement",
    "expression_switch_statement",
    "type_switch_statement",
    "expression_case",
    "type_case",
    "default_case",
    "communication_case",
)


def binds(syntax: Syntax, leaf: int) -> bool:
    """The parameters of a function type bind nothing, and a receiver keeps its name."""
    above = syntax.nearest(leaf, (*FUNCTIONS, *SIGNATURES))
    inside = syntax.nearest(leaf, ("parameter_list",))
    is_receiver = inside >= 0 and syntax.fields[inside] == "receiver" and syntax.parents[inside] == above
    return not is_receiver and (above < 0 or syntax.kinds[above] in FUNCTIONS)


def classify(syntax: Syntax, leaf: int) -> str:
    """The names of parameters in a function type are documentation; a key of a literal is a field, or an expression."""
    element = syntax.parents[leaf]
    if syntax.kinds[element] == "literal_element" and syntax.fields[element] == "key":
        return UNSURE
    if not syntax.kinds[syntax.parents[leaf]].endswith("parameter_declaration") or syntax.fields[leaf] != "name":
        return ""
    above = syntax.nearest(leaf, (*FUNCTIONS, *SIGNATURES))
    return OTHER if above >= 0 and syntax.kinds[above] in SIGNATURES else ""


BINDERS = (
    Binder("parameter_declaration", "name", "parameter", FUNCTIONS),
    Binder("variadic_parameter_declaration", "name", "parameter", FUNCTIONS),
    Binder("short_var_declaration", "left", "local", BLOCKS, "end"),
    Binder("var_spec", "name", "local", BLOCKS, "end"),
    Binder("const_spec", "name", "local", BLOCKS, "end"),
    Binder("range_clause", "left", "loop", ("for_statement:body",), when=":="),
    Binder("type_switch_statement", "alias", "local", ("type_switch_statement",)),
    Binder("receive_statement", "left", "local", ("communication_case",), "end", when=":="),
)

EXPRESSIONS = """
selector_expression.operand index_expression slice_expression call_expression.function argument_list binary_expression unary_expression
parenthesized_expression expression_list expression_statement inc_statement dec_statement send_statement if_statement.condition
for_statement for_clause.condition range_clause.right expression_switch_statement.value type_switch_statement.value
type_assertion_expression.operand type_conversion_expression.operand type_instantiation_expression variadic_argument go_statement
defer_statement return_statement var_spec.value const_spec.value expression_case.value
""".split()

KEYWORDS = frozenset(
    "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct "
    "switch type var any append bool byte cap clear close comparable complex complex64 complex128 copy delete error false float32 float64 imag "
    "int int8 int16 int32 int64 iota len make max min new nil panic print println real recover rune string true uint uint8 uint16 uint32 uint64 "
    "uintptr init main".split()
)

RULES = {
    "go": ScopeRules(
        functions=frozenset(FUNCTIONS),
        binders=BINDERS,
        identifiers=frozenset({"identifier"}),
        variables=frozenset(EXPRESSIONS) | {"literal_element.", "type_switch_statement.alias", "receive_statement.left"},
        others=frozenset(),
        skipped=frozenset({"selector_expression", "index_expression", "call_expression", "unary_expression"}),
        names=r"[a-z][A-Za-z0-9_]*",
        reserved=KEYWORDS,
        other_leaves=frozenset({"field_identifier", "label_name", "interpreted_string_literal_content", "raw_string_literal_content"}),
        binds=binds,
        classify=classify,
    )
}
