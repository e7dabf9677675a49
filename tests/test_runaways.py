"""Functions of C and C++ whose braces conditionals open twice: they end where they end, and what follows is not theirs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile
from elite_code_dataset.runaways import end_before_the_next

TWICE = """namespace shop {

int Count(const Shelf& shelf) {
  int n = 0;
#ifdef SLOW
  while (n == shelf.size()) {
#else
  while (n <= shelf.size()) {
#endif
    if (shelf.empty(n))
      break;
    n++;
  }
  return n;
}

#define MOST 9

// How many are left.
bool Shelf::left(int n) {
  return n < MOST;
}

namespace inner {

int third() { return 3; }

}

}  // namespace shop
"""


def file_of(text: str, language: str) -> ParsedFile:
    return parsed(SourceFile(f"a.{language}", language, "core", "0" * 40, "0" * 40, text, 0, "lineage"))


def lines_of(file: ParsedFile) -> dict[str, tuple[int, int, str]]:
    data = file.source.text.encode()
    return {
        unit.name: (
            data.count(b"\n", 0, unit.start_byte) + 1,
            data.count(b"\n", 0, unit.end_byte) + 1,
            file.units[unit.parent].name if unit.parent >= 0 else "",
        )
        for unit in file.units
    }


def test_a_function_ends_at_its_own_brace() -> None:
    found = lines_of(file_of(TWICE, "cpp"))
    assert found.pop("shop")[0] == 1
    assert found == {
        "Count": (3, 15, "shop"),
        "MOST": (17, 17, "shop"),
        "Shelf::left": (19, 22, "shop"),
        "inner": (24, 28, "shop"),
        "third": (26, 26, "inner"),
    }


def test_a_function_counts_its_own_decisions_alone() -> None:
    whole = {unit.name: unit.complexity for unit in file_of(TWICE, "cpp").units}
    more = {unit.name: unit.complexity for unit in file_of(TWICE.replace("#define MOST 9", "int most = left() ? 9 : 8;"), "cpp").units}
    assert whole["Count"] == more["Count"] == 4


def definition(text: str, start: str, end: int | None = None, kind: str = "function") -> SimpleNamespace:
    """One that begins at ``start`` and ends at ``end``, or at the next brace that closes at the margin."""
    at = text.index(start)
    return SimpleNamespace(kind=kind, code_start=at, body=text.index("{", at), end=text.index("\n}", at) + 2 if end is None else end)


def ends(text: str, *definitions: SimpleNamespace) -> list[str]:
    end_before_the_next(text.encode(), definitions)
    return [text[one.code_start : one.end] for one in definitions]


FIRST, SECOND = "int f(void)\n{\n  g();\n}", "int h(void)\n{\n}"


def test_every_function_around_is_shortened() -> None:
    third = "int k(void)\n{\n}"
    text = f"{FIRST}\n{SECOND}\n{third}\n"
    definitions = [definition(text, "int f", len(text)), definition(text, "int h", len(text)), definition(text, "int k")]
    assert ends(text, *definitions) == [FIRST, SECOND, third]


@pytest.mark.parametrize("head", ["class EXPORTED A", "namespace a", "template <class T> class EXPORTED A", "BEGIN"])
def test_what_is_no_function_keeps_what_it_holds(head: str) -> None:
    text = f"{head} {{\n{SECOND}\n}}\n"
    assert ends(text, definition(text, head, len(text)), definition(text, "int h")) == [text, SECOND]


def test_what_is_indented_stays_inside() -> None:
    text = "int f(void)\n{\n  int h(void) {\n  }\n}\n"
    assert ends(text, definition(text, "int f"), definition(text, "int h", text.index("}") + 1))[0] == text[:-1]


def test_a_brace_inside_another_definition_ends_nothing() -> None:
    text = f"int f(void)\n{{\nstruct s {{\n  int a;\n}};\n{SECOND}\n}}\n"
    struct = definition(text, "struct s", text.index("};") + 2, "type")
    assert ends(text, definition(text, "int f", len(text)), struct, definition(text, "int h"))[0] == text


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_functions_that_may_nest_do(language: str) -> None:
    file = file_of("function f() {\nfunction h() {\n}\n}\nlet = = 1;\n", language)
    assert file.has_error
    assert [(unit.name, unit.parent) for unit in file.units] == [("f", -1), ("h", 0)]
