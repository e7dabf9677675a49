"""Python's scopes, for the grammar tree-sitter-python.

A name is local to the whole function that binds it; comprehensions and lambdas are scopes of their own; a class body is not seen
from the functions in it, and what it binds are attributes. Parameters may be called by keyword, so only those stay candidates that
no caller can name: before ``/``, of a lambda that a known function calls, of an inner function that is only called positionally.
"""

from __future__ import annotations

import builtins
import keyword
import re

from elite_code_dataset.augment.scopes import UNSURE, Binder, ScopeRules
from elite_code_dataset.augment.syntax import Syntax

NAME = re.compile(r"[^\W\d]\w*")
FUNCTION = ("function_definition", "lambda")
COMPREHENSIONS = ("list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression")
CALLED_POSITIONALLY = frozenset({"map", "filter", "sorted", "min", "max", "reduce", "groupby", "sort", "takewhile", "dropwhile", "starmap"})


def binds(syntax: Syntax, leaf: int) -> bool:
    """What a class body binds is an attribute; ``(x): int`` in parentheses binds nothing."""
    pattern = syntax.parents[leaf]
    if syntax.kinds[pattern] == "tuple_pattern" and syntax.child(syntax.parents[pattern], "type") >= 0:
        return False
    above = syntax.nearest(leaf, (*FUNCTION, *COMPREHENSIONS, "class_definition"))
    return above < 0 or syntax.kinds[above] != "class_definition"


def spans(syntax: Syntax, scope: int) -> list[tuple[int, int]]:
    """A function's names are visible in its body, a comprehension's everywhere but in its first iterable."""
    if syntax.kinds[scope] in FUNCTION:
        body = syntax.child(scope, "body")
        return [(syntax.starts[body], syntax.ends[body])]
    first = next((child for child in syntax.children(scope) if syntax.kinds[child] == "for_in_clause"), -1)
    outside = syntax.child(first, "right") if first >= 0 else -1
    if outside < 0:
        return [(syntax.starts[scope], syntax.ends[scope])]
    return [(syntax.starts[scope], syntax.starts[outside]), (syntax.ends[outside], syntax.ends[scope])]


def classify(syntax: Syntax, leaf: int) -> str:
    """Names in a pattern of ``match``, and in ``f"{x=}"`` where the text of the expression is printed, are left alone."""
    for above in syntax.ancestors(leaf):
        kind = syntax.kinds[above]
        if kind == "case_pattern" or (kind == "interpolation" and syntax.has_token(above, "=")):
            return UNSURE
        if kind == "block":
            break
    return ""


def _named_in_strings(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """Locals that a string speaks of: it may be a query or code that finds them by their names. Documentation, keys, what is compared and what is
    raised are read by nobody in this way."""
    found = set()
    for leaf in syntax.leaves(function):
        if syntax.kinds[leaf] == "string_content" and not _is_only_text(syntax, leaf):
            found |= set(NAME.findall(syntax.text(leaf)))
    return dict.fromkeys(sorted(found & set(roles)), "in_string")


def _is_only_text(syntax: Syntax, leaf: int) -> bool:
    string = syntax.parents[leaf]
    above = syntax.parents[string]
    if syntax.kinds[above] in ("expression_statement", "subscript", "comparison_operator"):
        return True
    return _place_of(syntax, string) == "pair.key" or syntax.nearest(leaf, ("raise_statement", "block")) == syntax.nearest(
        leaf, ("raise_statement",)
    )


def _place_of(syntax: Syntax, node: int) -> str:
    return f"{syntax.kinds[syntax.parents[node]]}.{syntax.fields[node]}"


def _named_in_decorators(syntax: Syntax, function: int) -> dict[str, str]:
    """Names that a decorator gives as keywords (``@cython.locals(i=int)``) or in strings."""
    above = syntax.parents[function]
    first = above if above >= 0 and syntax.kinds[above] == "decorated_definition" else function
    names = []
    for node in range(first, syntax.lasts[first]):
        if syntax.kinds[node] == "decorator":
            for leaf in syntax.leaves(node):
                if syntax.kinds[leaf] == "string_content" or _place_of(syntax, leaf) == "keyword_argument.name":
                    names += NAME.findall(syntax.text(leaf))
    return dict.fromkeys(names, "decorator")


def veto(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """Names under ``global`` and ``nonlocal``, and parameters that a caller may name."""
    blocked = _named_in_strings(syntax, function, roles) | _named_in_decorators(syntax, function)
    for node in range(function, syntax.lasts[function]):
        kind = syntax.kinds[node]
        if kind in ("global_statement", "nonlocal_statement"):
            blocked.update({syntax.text(child): kind.partition("_")[0] for child in syntax.named_children(node)})
        elif kind in ("parameters", "lambda_parameters") and not _called_positionally(syntax, node, function):
            blocked.update({name: "keyword_parameter" for name in _named_parameters(syntax, node)})
    return blocked


def _named_parameters(syntax: Syntax, parameters: int) -> list[str]:
    """The parameters that a call may name (those after ``/``, but neither ``*args`` nor ``**kwargs``) or whose annotation may be read."""
    children = list(syntax.children(parameters))
    marks = [place for place, child in enumerate(children) if syntax.kinds[child] == "positional_separator"]
    names = []
    for place, child in enumerate(children):
        if marks and place < marks[0] and not syntax.kinds[child].startswith("typed_"):
            continue
        leaf = next((i for i in range(child, syntax.lasts[child]) if syntax.named[i] and syntax.is_leaf(i)), -1)
        splat = syntax.kinds[child].endswith("splat_pattern") or (
            leaf >= 0 and syntax.kinds[syntax.parents[leaf]].endswith("splat_pattern")
        )
        if leaf >= 0 and (not splat or syntax.kinds[child] == "typed_parameter"):
            names.append(syntax.text(leaf))
    return names


def _called_positionally(syntax: Syntax, parameters: int, function: int) -> bool:
    owner = syntax.parents[parameters]
    if owner == function:
        return False
    if syntax.kinds[owner] == "lambda":
        return _is_argument_of_known(syntax, owner)
    if syntax.kinds[syntax.parents[owner]] == "decorated_definition":
        return False
    if syntax.kinds[syntax.nearest(owner, (*FUNCTION, "class_definition"))] == "class_definition":
        return False  # a method is called through an object: who calls it is not to be seen
    called = False
    name_leaf = syntax.child(owner, "name")
    name = syntax.text(name_leaf)
    for leaf in syntax.leaves(function):
        if leaf == name_leaf or syntax.kinds[leaf] != "identifier" or syntax.text(leaf) != name or syntax.fields[leaf] == "attribute":
            continue
        call = syntax.parents[leaf]
        if syntax.kinds[call] != "call" or syntax.fields[leaf] != "function" or _names_arguments(syntax, call):
            return False
        called = True
    return called


def _names_arguments(syntax: Syntax, call: int) -> bool:
    arguments = syntax.child(call, "arguments")
    return any(syntax.kinds[child] in ("keyword_argument", "dictionary_splat") for child in syntax.children(arguments))


def _is_argument_of_known(syntax: Syntax, node: int) -> bool:
    """``sorted(x, key=lambda ...)``, ``map(lambda ...)``: functions that hand over their arguments by position."""
    above = syntax.parents[node]
    if syntax.kinds[above] == "keyword_argument":
        if syntax.text(syntax.child(above, "name")) != "key":
            return False
        above = syntax.parents[above]
    call = syntax.parents[above]
    if syntax.kinds[above] != "argument_list" or syntax.kinds[call] != "call":
        return False
    return syntax.text(syntax.child(call, "function")).rpartition(".")[2] in CALLED_POSITIONALLY


BINDERS = (
    Binder("parameters", "", "parameter", FUNCTION),
    Binder("lambda_parameters", "", "parameter", FUNCTION),
    Binder("assignment", "left", "local", FUNCTION),
    Binder("augmented_assignment", "left", "local", FUNCTION),
    Binder("named_expression", "name", "local", FUNCTION),
    Binder("for_statement", "left", "loop", FUNCTION),
    Binder("for_in_clause", "left", "loop", COMPREHENSIONS),
    Binder("as_pattern_target", "", "local", FUNCTION),
)

EXPRESSIONS = """
attribute.object subscript call.function argument_list keyword_argument.value list tuple set pair dictionary_splat list_splat
binary_operator boolean_operator not_operator comparison_operator unary_operator conditional_expression parenthesized_expression
expression_list expression_statement return_statement yield await assert_statement raise_statement if_statement.condition
elif_clause.condition while_statement.condition for_statement.right for_in_clause.right if_clause with_item as_pattern. assignment.right
augmented_assignment.right named_expression.value default_parameter.value typed_default_parameter.value lambda.body
interpolation.expression format_expression.expression slice delete_statement decorator match_statement.subject except_clause
except_group_clause type generic_type union_type list_comprehension.body set_comprehension.body generator_expression.body
""".split()

RULES = {
    "python": ScopeRules(
        functions=frozenset({"function_definition"}),
        binders=BINDERS,
        identifiers=frozenset({"identifier"}),
        variables=frozenset(EXPRESSIONS),
        others=frozenset({"attribute.attribute", "keyword_argument.name"}),
        skipped=frozenset({"attribute", "subscript", "type", "default_parameter.value", "typed_default_parameter.value"}),
        names=r"(?!(?:self|cls|args|kwargs|mcs|mcls)$)[a-z][A-Za-z0-9_]*",
        reserved=frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins)) | {"self", "cls", "print", "exec"},
        other_leaves=frozenset({"string_content", "string_start", "string_end", "escape_sequence"}),
        calls=("call", r"locals|vars|dir|eval|exec|execfile|(?:.*\.)?(?:_getframe|currentframe|getargvalues)|.*\.(?:query|eval|evaluate)"),
        reflective=frozenset({"f_locals", "co_varnames", "co_freevars", "co_cellvars", "getclosurevars"}),
        hostile={"exec_statement": "reflection", "wildcard_import": "wildcard_import"},
        binds=binds,
        classify=classify,
        veto=veto,
        spans=spans,
    )
}
