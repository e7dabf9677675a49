"""Scopes of JavaScript and TypeScript, for the grammars tree-sitter-javascript and tree-sitter-typescript.

``let`` and ``const`` are visible in the whole block, ``var`` in the whole function. A shorthand property is written out. A variable
that holds an anonymous function gives it its ``name``, so it stays; ``with``, ``eval`` and ``arguments`` keep the function as it is.
"""

from __future__ import annotations

from elite_code_dataset.augment.scopes import OTHER, UNSURE, Binder, ScopeRules, Site
from elite_code_dataset.augment.syntax import Syntax

FUNCTIONS = (
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "arrow_function",
    "method_definition",
)
# Types look like functions, and what they name are no variables.
SIGNATURES = (
    "function_type",
    "constructor_type",
    "call_signature",
    "construct_signature",
    "method_signature",
    "abstract_method_signature",
    "function_signature",
    "index_signature",
    "labeled_tuple_type",
    "mapped_type_clause",
)
ANONYMOUS = frozenset({"arrow_function", "function_expression", "generator_function", "class", "function"})
# Calls that hand a function its arguments by the names of its parameters.
INJECTORS = frozenset(
    "controller factory service provider directive filter component decorator animation run config value inject invoke define "
    "instantiate annotate".split()
)
BLOCKS = (
    "statement_block",
    "for_statement",
    "for_in_statement",
    "switch_body",
    "switch_statement",
    "class_static_block",
    "internal_module",
    "module",
)


def binds(syntax: Syntax, leaf: int) -> bool:
    """Parameters of function types bind nothing; ``constructor(private x: T)`` makes a field as well."""
    above = syntax.nearest(leaf, (*FUNCTIONS, *SIGNATURES, "required_parameter", "optional_parameter"))
    if above >= 0 and syntax.kinds[above].endswith("_parameter"):
        if any(syntax.kinds[child] in ("accessibility_modifier", "override_modifier", "readonly") for child in syntax.children(above)):
            return False
        above = syntax.nearest(above, (*FUNCTIONS, *SIGNATURES))
    return above < 0 or syntax.kinds[above] in FUNCTIONS


def site(syntax: Syntax, leaf: int) -> Site:
    """``{ x }`` becomes ``{ x: new }``, in an object and in a pattern."""
    short = syntax.kinds[leaf].startswith("shorthand_property_identifier")
    return Site(syntax.starts[leaf], syntax.ends[leaf], f"{syntax.text(leaf)}: " if short else "")


def classify(syntax: Syntax, leaf: int) -> str:
    """Names inside the parameters of a function type are documentation; a parameter with a modifier is also a field."""
    if syntax.kinds[leaf] != "identifier":
        return ""
    above = syntax.nearest(leaf, (*FUNCTIONS, *SIGNATURES))
    if above >= 0 and syntax.kinds[above] in SIGNATURES:
        parent = syntax.kinds[syntax.parents[leaf]]
        return OTHER if parent in ("required_parameter", "optional_parameter", "rest_pattern") else UNSURE
    return ""


def injected(syntax: Syntax, function: int) -> dict[str, str]:
    """Parameters that somebody fills in by their names: AngularJS reads them from the function's source, RequireJS looks for ``require``."""
    blocked = dict.fromkeys(("require", "exports", "module"), "injected")
    for node in range(function, syntax.lasts[function]):
        if syntax.kinds[node] in ("formal_parameters", "arrow_function"):
            owner = node if syntax.kinds[node] == "arrow_function" else syntax.parents[node]
            names = _parameters(syntax, owner)
            if any(name.startswith("$") and len(name) > 1 for name in names) or _is_given_to_injector(syntax, owner):
                blocked |= dict.fromkeys(names, "injected")
    return blocked


def _parameters(syntax: Syntax, function: int) -> list[str]:
    parts = [part for part in (syntax.child(function, "parameters"), syntax.child(function, "parameter")) if part >= 0]
    return [syntax.text(leaf) for part in parts for leaf in syntax.leaves(part) if "identifier" in syntax.kinds[leaf]]


def _is_given_to_injector(syntax: Syntax, function: int) -> bool:
    """Whether the function is an argument of such a call, also as the last one in a list, or is called ``$get``."""
    above = syntax.parents[function]
    if above >= 0 and syntax.kinds[above] == "pair":
        return syntax.text(syntax.child(above, "key")).strip("'\"") in ("$get", "controller", "resolve", "link")
    if above >= 0 and syntax.kinds[above] == "array":
        above = syntax.parents[above]
    if above < 0 or syntax.kinds[above] != "arguments":
        return False
    called = syntax.child(syntax.parents[above], "function")
    return called >= 0 and syntax.text(called).rpartition(".")[2] in INJECTORS


def veto(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """A variable whose name becomes the ``name`` of a function or a class, and parameters that are filled in by name."""
    blocked = injected(syntax, function)
    pairs = {
        "variable_declarator": ("name", "value"),
        "assignment_expression": ("left", "right"),
        "required_parameter": ("pattern", "value"),
    }
    pairs |= {"assignment_pattern": ("left", "right"), "object_assignment_pattern": ("left", "right")}
    for node in range(function, syntax.lasts[function]):
        kind = syntax.kinds[node]
        if kind in pairs:
            target, value = (syntax.child(node, part) for part in pairs[kind])
            if target >= 0 and value >= 0 and syntax.is_leaf(target) and syntax.kinds[value] in ANONYMOUS:
                blocked[syntax.text(target)] = "function_name"
    return blocked


BINDERS = (
    Binder("formal_parameters", "", "parameter", FUNCTIONS),
    Binder("arrow_function", "parameter", "parameter", FUNCTIONS),
    Binder("lexical_declaration", "", "local", BLOCKS),
    Binder("variable_declaration", "", "local", FUNCTIONS),
    Binder("for_in_statement", "left", "loop", ("for_in_statement",), when="let const"),
    Binder("for_in_statement", "left", "loop", FUNCTIONS, when="var"),
    Binder("catch_clause", "parameter", "local", ("catch_clause",)),
)

EXPRESSIONS = """
member_expression.object subscript_expression call_expression.function new_expression.constructor arguments binary_expression
unary_expression update_expression ternary_expression parenthesized_expression sequence_expression expression_statement return_statement
yield_expression await_expression throw_statement assignment_expression augmented_assignment_expression variable_declarator.value
for_in_statement.left for_in_statement.right for_statement spread_element array template_substitution pair.value pair_pattern.value
computed_property_name arrow_function.body assignment_pattern object_assignment_pattern required_parameter.value optional_parameter.value
switch_case.value jsx_expression object array_pattern object_pattern rest_pattern as_expression satisfies_expression non_null_expression
type_assertion type_query type_predicate.name asserts instantiation_expression public_field_definition.value field_definition.value
""".split()

KEYWORDS = frozenset(
    "abstract any arguments as async await boolean break case catch class const constructor continue debugger declare default delete do else "
    "enum eval export extends false finally for from function get global if implements import in instanceof interface is keyof let module "
    "namespace never new null number object of package private protected public readonly require return set static string super switch symbol "
    "this throw true try type typeof undefined unknown var void while with yield window document console process exports NaN Infinity self "
    "name event top parent location history".split()
)

_RULES = ScopeRules(
    functions=frozenset(FUNCTIONS),
    binders=BINDERS,
    identifiers=frozenset({"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"}),
    variables=frozenset(EXPRESSIONS),
    others=frozenset(),
    skipped=frozenset(
        "variable_declarator.value variable_declarator.type required_parameter.value required_parameter.type optional_parameter.value "
        "optional_parameter.type assignment_pattern.right object_assignment_pattern.right computed_property_name type_annotation decorator "
        "member_expression subscript_expression".split()
    ),
    names=r"(?!(?:self|that)$)[a-z][A-Za-z0-9_]*",
    reserved=KEYWORDS,
    other_leaves=frozenset(
        "property_identifier private_property_identifier statement_identifier string_fragment escape_sequence regex_pattern regex_flags "
        "jsx_text html_character_reference html_comment".split()
    ),
    calls=("call_expression", r"eval|(?:globalThis\.|window\.)?Function"),
    reflective=frozenset({"arguments"}),
    hostile={"with_statement": "reflection"},
    binds=binds,
    site=site,
    classify=classify,
    veto=veto,
)

RULES = dict.fromkeys(("javascript", "typescript", "tsx"), _RULES)
