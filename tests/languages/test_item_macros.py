"""Rust's macros around items: what stands inside their braces is part of the file, where it is items and nothing else."""

from __future__ import annotations

import pytest

from elite_code_dataset.dependencies import graph_of
from elite_code_dataset.languages import _macros, all_languages, parser_of, tree_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile


def rust(text: str, path: str = "src/lib.rs") -> ParsedFile:
    return parsed(SourceFile(path, "rust", "core", "0" * 40, "0" * 40, text, 0, "lineage"))


def units(text: str) -> list[tuple[str, str, int]]:
    return [(unit.kind, unit.name, unit.parent) for unit in rust(text).units]


def spans(file: ParsedFile) -> list[str]:
    data = file.source.text.encode()
    return [data[unit.start_byte : unit.end_byte].decode() for unit in file.units]


def lines(file: ParsedFile) -> list[str]:
    data = file.source.text.encode()
    return [data[offset:].split(b"\n")[0].decode().strip() for offset in file.statements]


GATED = """//! Ünïts.
use std::fmt;

#[macro_use]
mod gates;

// Only with a network.
when_networked! {
    #![all(feature = "tcp")]

    /// Talks.
    #[derive(Debug)]
    pub struct Talker<T> {
        pub peer: T,
    }

    pub mod wire;
    use self::wire::{Frame, MAX as LONGEST};

    impl<T> Talker<T> {
        // How long.
        pub fn wait(
            &self,
            limit: u32,
        ) -> u32 {
            if limit > LONGEST && self.idle() {
                return LONGEST;
            }
            limit
        }
    }
}

fn after() {}
"""


def test_what_stands_inside_is_what_the_file_holds() -> None:
    file = rust(GATED)
    assert [(unit.kind, unit.name, unit.depth, unit.complexity) for unit in file.units] == [
        ("type", "Talker", 0, 1),
        ("impl", "Talker", 0, 1),
        ("method", "wait", 1, 3),
        ("function", "after", 0, 1),
    ]
    assert [unit.signature for unit in file.units] == [
        "pub struct Talker<T>",
        "impl<T> Talker<T>",
        "pub fn wait(&self, limit: u32) -> u32",
        "fn after()",
    ]
    assert [(one.kind, one.module, one.names) for one in file.imports] == [
        ("use", "std::fmt", ("fmt",)),
        ("mod", "gates", ()),
        ("mod", "wire", ()),
        ("use", "self::wire::Frame", ("Frame",)),
        ("use", "self::wire::MAX", ("MAX",)),
    ]
    assert not file.has_error


def test_spans_are_those_of_the_text_and_stay_between_the_braces() -> None:
    file = rust(GATED)
    talker, methods, wait, _ = spans(file)
    assert talker.startswith("    /// Talks.\n    #[derive(Debug)]\n") and talker.endswith("peer: T,\n    }")
    assert methods.startswith("    impl<T>") and methods.endswith("        }\n    }")
    assert wait.startswith("        pub fn wait(") and wait.endswith("            limit\n        }")
    data = GATED.encode()
    assert {data[one.start_byte : one.end_byte] for one in file.imports if one.kind == "mod"} == {b"mod gates;", b"pub mod wire;"}


def test_a_macro_can_be_cut_before_it_and_between_its_items_and_their_statements() -> None:
    found = lines(rust(GATED))
    for line in (
        "// Only with a network.",
        "/// Talks.",
        "pub mod wire;",
        "impl<T> Talker<T> {",
        "return LONGEST;",
        "limit",
        "fn after() {}",
    ):
        assert line in found, line


def test_a_macro_leaves_all_else_as_it_is_without_it() -> None:
    inside = (
        "mod a;\n/// d\nfn b<T>(x: &T) -> u8 where T: C { if x { 1 } else { 2 } }\ntrait D { type E; fn f(&self); }\nstatic G: u8 = 1;\n"
    )
    bare, wrapped = rust(inside), rust(f"gate! {{\n{inside}}}\n")
    moved = len("gate! {\n")
    assert [(one.kind, one.name, one.signature, one.start_byte + moved, one.end_byte + moved, one.parent) for one in bare.units] == [
        (one.kind, one.name, one.signature, one.start_byte, one.end_byte, one.parent) for one in wrapped.units
    ]
    assert [one.start_byte + moved for one in bare.imports] == [one.start_byte for one in wrapped.imports]
    assert [0, *(offset + moved for offset in bare.statements)] == list(wrapped.statements)


INSIDE = {
    "a name too short to be written over": ("a!{ mod b; fn c() {} }\nfn d() {}\n", [("function", "c", -1), ("function", "d", -1)]),
    "a path, and a semicolon behind": ("a::b::gate! { struct S; };\nfn d() {}\n", [("type", "S", -1), ("function", "d", -1)]),
    "a name on a line of its own": ("gates\n! { struct S; }\n", [("type", "S", -1)]),
    "among methods": ("impl A {\n    gate! {\n        fn b(&self) {}\n    }\n}\n", [("impl", "A", -1), ("method", "b", 0)]),
    "among modules": ("mod a {\n    gate! {\n        fn b() {}\n    }\n}\n", [("module", "a", -1), ("function", "b", 0)]),
    "one in another": ("gate! { inner! { fn a() {} } fn b() {} }\n", [("function", "a", -1), ("function", "b", -1)]),
    "nothing but another": ("gate! {\n    inner! {\n        fn a() {}\n    }\n}\n", [("function", "a", -1)]),
    "a value behind the last item": ("export! {\n    fn a() -> u8 { 1 } ?= std::ptr::null()\n}\n", [("function", "a", -1)]),
    "no semicolon behind the last item": ("local! {\n    static A: B<C> = { d() }\n}\n", [("constant", "A", -1)]),
    "statics behind references": ("lazy! {\n    static ref A: B = c();\n}\n", [("constant", "A", -1)]),
    "calls of macros beside items": ("gate! {\n    fn a() {}\n    check!(a, b);\n}\n", [("function", "a", -1)]),
}


@pytest.mark.parametrize("name", sorted(INSIDE))
def test_items_are_found_inside(name: str) -> None:
    text, expected = INSIDE[name]
    assert units(text) == expected
    assert not rust(text).has_error


OUTSIDE = {
    "no items": "settings! {\n    name = a;\n    other = b();\n}\n",
    "items and what is none": "gate! {\n    fn a() {}\n    let b = 1;\n}\n",
    "a language of its own": "grammar! { pub Rule: A = { fn b() {} => <c> } }\n",
    "an item with an error": "gate! { fn a(x in 0..10) {} fn b() {} }\n",
    "an inside that does not end": "gate! { fn a() {} ?= { fn b() {} \n",
    "parentheses": "gate!(fn a() {});\n",
    "a definition": "macro_rules! gate {\n    ($a:item) => {\n        fn b() {}\n    };\n}\n",
    "a function's body": "fn main() {\n    gate! {\n        fn a() {}\n    }\n}\n",
    "a string": 'const A: &str = "gate! { fn a() {} }";\n',
}


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_what_is_not_all_items_stays_a_macro(name: str) -> None:
    language, source = all_languages()["rust"], OUTSIDE[name].encode()
    assert str(tree_of(source, language, inside_macros=True).root_node) == str(parser_of(language).parse(source).root_node)


def test_an_unread_macro_does_not_keep_its_neighbours_closed() -> None:
    assert units("gate! { fn a(x in 1) {} }\ngate! { fn b() {} }\n") == [("function", "b", -1)]


def test_a_tree_shows_what_is_inside_only_on_request() -> None:
    language, source = all_languages()["rust"], b"gate! { fn a() {} }\n"
    assert "function_item" not in str(tree_of(source, language).root_node)
    assert "function_item" in str(tree_of(source, language, inside_macros=True).root_node)


def test_paths_inside_know_the_modules_around_the_macro() -> None:
    file = rust("mod outer {\n    gate! {\n        use super::a::B;\n        mod deep;\n    }\n}\n")
    assert [(one.kind, one.module, one.names) for one in file.imports] == [("use", "self::a::B", ("B",)), ("mod", "deep", ("outer",))]


def test_a_module_declared_inside_a_macro_is_an_edge() -> None:
    files = [
        rust('#[macro_use]\nmod gates;\ngate! {\n    pub mod wire;\n}\ninner! {\n    #[path = "odd.rs"]\n    mod other;\n}\n'),
        rust("macro_rules! gate { () => {} }\n", "src/gates.rs"),
        rust("use crate::other::Odd;\nexport! { pub struct Frame; }\n", "src/wire.rs"),
        rust("use crate::wire::Frame;\ngate! { pub struct Odd; }\n", "src/odd.rs"),
    ]
    edges = graph_of(files, {"Cargo.toml": '[package]\nname = "a"\nedition = "2021"\n'}).edges
    assert set(edges["src/lib.rs"]) == {"src/gates.rs", "src/wire.rs", "src/odd.rs"}
    assert edges["src/wire.rs"] == ("src/odd.rs",) and edges["src/odd.rs"] == ("src/wire.rs",)


def test_a_source_keeps_its_length_and_its_lines_when_macros_are_opened() -> None:
    language = all_languages()["rust"]
    source = "a!{ fn é() {} }\nlong_name /* { */ ! {\n  static A: u8 = 1\n}\nx! {\n fn b() {} ?= c\n + d\n}\n".encode()
    made = _macros.opened(source, tree_of(source, language), language.macros, parser_of(language), float("inf"))
    assert made != source and len(made) == len(source)
    semicolon = source.index(b"1\n") + 1  # stands where a line ended
    assert [at for at, byte in enumerate(source) if byte == 10 and made[at] != 10] == [semicolon] and made[semicolon] == 59
    assert "fn é() {}".encode() in made and b"?=" not in made


def test_macros_are_looked_into_a_few_levels_deep() -> None:
    levels = _macros.MACRO_LEVELS + 2
    text = "".join(f"gate{level}! {{ fn f{level}() {{}}\n" for level in range(levels)) + "}" * levels
    assert [unit.name for unit in rust(text).units] == [f"f{level}" for level in range(_macros.MACRO_LEVELS)]
