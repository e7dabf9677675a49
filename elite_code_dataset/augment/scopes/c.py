"""Scopes of C and C++, for the grammars tree-sitter-c and tree-sitter-cpp.

A name is visible right after its declarator. The preprocessor knows no scope: a function that calls what looks like a macro, or that
holds a directive with text, is left alone, and so is a name that a macro of the same file speaks of. ``extern`` names are from outside.
"""

from __future__ import annotations

import re

from elite_code_dataset.augment.scopes import OTHER, UNSURE, Binder, ScopeRules
from elite_code_dataset.augment.syntax import Syntax

BLOCKS = (
    "compound_statement",
    "for_statement",
    "if_statement",
    "while_statement",
    "switch_statement",
    "for_range_loop",
    "lambda_expression",
    "catch_clause",
)
FUNCTIONS = ("function_definition", "lambda_expression", "catch_clause")
MACRO_CALL = re.compile(r"(?:\w*_)?[A-Z][A-Z0-9_]+|(?:\w*_)?(?:for_each|foreach)\w*|\w*(?:container_of|offsetof|_entry|_member)")


def binds(syntax: Syntax, leaf: int) -> bool:
    """Not a function that is only declared, nor a parameter of a function pointer's type, nor ``extern``, nor a typedef."""
    if syntax.kinds[syntax.parents[leaf]] == "function_declarator":
        return False
    holder = syntax.nearest(leaf, ("parameter_declaration", "optional_parameter_declaration", "declaration"))
    if holder >= 0 and syntax.kinds[holder] == "declaration":
        return not any(syntax.kinds[one] == "storage_class_specifier" and syntax.text(one) == "extern" for one in syntax.children(holder))
    return holder < 0 or _is_own_parameter(syntax, holder)


def _is_own_parameter(syntax: Syntax, declaration: int) -> bool:
    """Whether the parameter is one of a function with a body, of a lambda or of a ``catch``."""
    declarator = syntax.parents[syntax.parents[declaration]]
    if syntax.kinds[declarator] == "catch_clause":
        return True
    above = syntax.parents[declarator]
    while syntax.kinds[above] in ("pointer_declarator", "reference_declarator"):
        above = syntax.parents[above]
    return syntax.kinds[above] in ("function_definition", "lambda_expression")


def classify(syntax: Syntax, leaf: int) -> str:
    """Parameters of a function pointer are documentation; preprocessor conditions name macros; ``a.*b`` reads a variable ``b``."""
    above = syntax.parents[leaf]
    if syntax.kinds[above].startswith("preproc_") or syntax.source[: syntax.starts[leaf]].endswith((b".*", b"->*")):
        return UNSURE
    holder = syntax.nearest(leaf, ("parameter_declaration", "compound_statement"))
    if holder >= 0 and syntax.kinds[holder] == "parameter_declaration" and not _is_own_parameter(syntax, holder):
        return OTHER if syntax.kinds[leaf] == "identifier" and syntax.fields[leaf] == "declarator" else UNSURE
    return ""


def veto(syntax: Syntax, function: int, roles: dict[str, str]) -> dict[str, str]:
    """All names when a macro may be called; names in the text of the file's own macros."""
    called = {syntax.text(node + 1) for node in range(function, syntax.lasts[function]) if syntax.kinds[node] == "call_expression"}
    macros, words = _macros(syntax)
    if any(MACRO_CALL.fullmatch(name) or name in macros for name in called):
        return dict.fromkeys(roles, "macro")
    return {name: "macro" for name in roles if name in words}


def _macros(syntax: Syntax) -> tuple[set[str], set[str]]:
    """The names of the function-like macros of the file, and every word that stands in the text of a macro."""
    names, words, node = set(), set(), 0
    while node < len(syntax.kinds):
        if syntax.kinds[node] in ("preproc_def", "preproc_function_def"):
            if syntax.kinds[node] == "preproc_function_def":
                names.add(syntax.text(syntax.child(node, "name")))
            words.update(re.findall(r"[A-Za-z_]\w*", syntax.text(node)))
            node = syntax.lasts[node]
        else:
            node += 1
    return names, words


BINDERS = (
    Binder("parameter_declaration", "declarator", "parameter", FUNCTIONS),
    Binder("optional_parameter_declaration", "declarator", "parameter", FUNCTIONS),
    Binder("declaration", "declarator", "local", BLOCKS, "node"),
    Binder("for_range_loop", "declarator", "loop", ("for_range_loop:body",)),
    Binder("lambda_capture_initializer", "left", "local", ("lambda_expression",)),
)

EXPRESSIONS = """
field_expression.argument subscript_expression subscript_argument_list call_expression.function argument_list binary_expression
unary_expression pointer_expression update_expression assignment_expression conditional_expression parenthesized_expression
comma_expression expression_statement return_statement init_declarator.value declaration.value array_declarator.size initializer_list
initializer_pair.value subscript_designator cast_expression.value sizeof_expression.value for_statement for_range_loop.right
condition_clause.value case_statement gnu_asm_output_operand.value gnu_asm_input_operand.value delete_expression throw_statement
lambda_capture_specifier lambda_capture_initializer.right co_await_expression co_return_statement co_yield_statement
""".split()

KEYWORDS = frozenset(
    "alignas alignof and asm auto bool break case catch char class compl concept const consteval constexpr constinit const_cast continue co_await "
    "co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline "
    "int long mutable namespace new noexcept not nullptr operator or private protected public register reinterpret_cast requires restrict return "
    "short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union "
    "unsigned using virtual void volatile wchar_t while xor NULL errno stdin stdout stderr assert main linux unix std size_t bit_and bit_or".split()
)

_RULES = ScopeRules(
    functions=frozenset({"function_definition"}),
    binders=BINDERS,
    identifiers=frozenset({"identifier"}),
    variables=frozenset(EXPRESSIONS),
    others=frozenset(),
    skipped=frozenset(
        "init_declarator.value array_declarator.size function_declarator.parameters attribute_declaration attribute_specifier trailing_return_type "
        "type_qualifier gnu_asm_expression noexcept".split()
    ),
    names=r"[a-z][A-Za-z0-9_]*",
    reserved=KEYWORDS,
    other_leaves=frozenset(
        {"field_identifier", "statement_identifier", "string_content", "character", "escape_sequence", "system_lib_string"}
    ),
    walls=frozenset({"field_declaration_list"}),
    hostile=dict.fromkeys(("preproc_def", "preproc_function_def", "preproc_call", "preproc_include"), "macro"),
    binds=binds,
    classify=classify,
    veto=veto,
)

RULES = dict.fromkeys(("c", "cpp"), _RULES)
