"""Each language against a sample counted by hand; and what it takes to add one."""

from __future__ import annotations

import configparser
import textwrap
from pathlib import Path

import pytest

from elite_code_dataset import languages
from elite_code_dataset.languages import UNIT_KINDS, Language, all_languages, grammar_of, language_of, query_of
from elite_code_dataset.parse import parsed
from elite_code_dataset.records import ParsedFile, SourceFile

SAMPLES = Path(__file__).parent / "samples"
INSIDE_STATEMENTS = {"javascript": {"high", "quoted-name", "f", "g", "run"}}  # functions in objects and arguments: units, but no statements
WITH_GRAMMAR = sorted(name for name, language in all_languages().items() if language.is_code)


def sample_of(name: str) -> Path:
    found = [path for path in sorted(SAMPLES.iterdir()) if path.suffix != ".expected" and path.stem == name]
    assert len(found) == 1, f"language {name!r} needs one sample, tests/languages/samples/{name}.<suffix>, beside a .expected file"
    return found[0]


def parsed_text(path: str, text: str) -> ParsedFile:
    language = language_of(path, text[:8192].encode())
    return parsed(SourceFile(path, language.name if language else "", "core", "0" * 40, "0" * 40, text, 0, "lineage"))


def as_lines(file: ParsedFile) -> list[str]:
    """kind | name | first-last line | parent | complexity | signature; then import | kind | module | names."""
    data = file.source.text.encode()
    lines = []
    for unit in file.units:
        first, last = data.count(b"\n", 0, unit.start_byte) + 1, data.count(b"\n", 0, unit.end_byte - 1) + 1
        parent = file.units[unit.parent].name if unit.parent >= 0 else "-"
        lines.append(f"{unit.kind} | {unit.name} | {first}-{last} | {parent} | {unit.complexity} | {unit.signature}")
    lines += [f"import | {one.kind} | {one.module} | {' '.join(one.names) or '-'}" for one in file.imports]
    return lines


@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_a_sample_holds_exactly_the_units_and_imports_counted_by_hand(name: str) -> None:
    path = sample_of(name)
    file = parsed_text(path.name, path.read_text(encoding="utf-8"))
    assert file.source.language == name
    assert not file.has_error
    assert as_lines(file) == Path(f"{path}.expected").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_a_sample_can_be_cut_at_statements_and_never_inside_a_line_of_code_before_one(name: str) -> None:
    path = sample_of(name)
    file = parsed_text(path.name, path.read_text(encoding="utf-8"))
    data = file.source.text.encode()
    assert len(file.statements) >= 8
    assert list(file.statements) == sorted(set(file.statements)) and list(file.blocks) == sorted(set(file.blocks))
    assert {unit.name for unit in file.units if unit.start_byte not in file.statements} == INSIDE_STATEMENTS.get(name, set())
    for offset in (*file.statements, *file.blocks):
        line = data[data.rfind(b"\n", 0, offset) + 1 : offset]
        assert not line or line.strip(), f"{offset} stands after blanks, it belongs to the start of its line"


@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_units_nest_and_their_headers_end_inside_them(name: str) -> None:
    path = sample_of(name)
    file = parsed_text(path.name, path.read_text(encoding="utf-8"))
    for unit in file.units:
        assert unit.kind in UNIT_KINDS
        assert unit.start_byte <= unit.header_end <= unit.end_byte
        if unit.parent >= 0:
            around = file.units[unit.parent]
            assert around.start_byte <= unit.start_byte and unit.end_byte <= around.end_byte
            assert unit.depth == around.depth + 1
        else:
            assert unit.depth == 0


@pytest.mark.parametrize("name", WITH_GRAMMAR)
def test_what_a_language_names_exists_in_its_grammar(name: str) -> None:
    language = all_languages()[name]
    grammar = grammar_of(language)
    assert query_of(language).pattern_count > 5
    for kind in (*language.comments, *language.identifiers, *language.strings):
        assert grammar.id_for_node_kind(kind, True) is not None, kind


def test_every_grammar_is_a_requirement_of_the_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    required = {line.split(";")[0].split(">")[0].split("=")[0].strip() for line in setup["options"]["install_requires"].splitlines()}
    wheels = {language.grammar[0].replace("_", "-") for language in all_languages().values() if language.is_code}
    assert wheels <= required


def test_a_language_is_added_by_one_file_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy.py").write_text(
        textwrap.dedent(
            """
            from elite_code_dataset.languages import Language

            LANGUAGE = Language(
                name="toy",
                suffixes=(".toy",),
                interpreters=("toyrun",),
                grammar=("tree_sitter_python", "language"),
                units='(function_definition name: (_) @name ":" @header) @function',
                statements=("(module (_) @it)",),
            )
            """
        )
    )
    monkeypatch.setattr(languages, "__path__", [*languages.__path__, str(tmp_path)])
    languages.all_languages.cache_clear()
    languages._index.cache_clear()
    try:
        assert language_of("a.toy").name == language_of("script", b"#!/usr/bin/env toyrun\n").name == "toy"
        units = parsed_text("a.toy", "def f(x):\n    return x\n").units
    finally:
        monkeypatch.undo()
        languages.all_languages.cache_clear()
        languages._index.cache_clear()
    assert [(unit.kind, unit.name, unit.signature) for unit in units] == [("function", "f", "def f(x)")]


def test_two_languages_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zz_twice.py").write_text("from elite_code_dataset.languages import Language\nLANGUAGE = Language(name='rust')\n")
    monkeypatch.setattr(languages, "__path__", [*languages.__path__, str(tmp_path)])
    languages.all_languages.cache_clear()
    try:
        with pytest.raises(ValueError, match="'rust' is declared twice"):
            languages.all_languages()
    finally:
        monkeypatch.undo()
        languages.all_languages.cache_clear()


@pytest.mark.parametrize(
    ("path", "head", "name"),
    [
        ("src/lib.rs", b"", "rust"),
        ("a/b.tar.py", b"", "python"),
        ("x.h", b"int f(void);\n", "c"),
        ("x.h", b"#pragma once\nnamespace a {\n", "cpp"),
        ("x.h", b"#include <vector>\n", "cpp"),
        ("x.h", b"#include <stdio.h>\n", "c"),
        ("x.ts", b"export const a = 1;\n", "typescript"),
        ("x.ts", b"<?xml version='1.0'?>\n<TS/>\n", "xml"),
        ("types/index.d.ts", b"", "typescript"),
        ("View.TSX", b"", "tsx"),
        ("Dockerfile", b"", "dockerfile"),
        ("Dockerfile.prod", b"", "dockerfile"),
        ("GNUmakefile", b"", "makefile"),
        ("LICENSE-MIT", b"", "license"),
        ("COPYING", b"", "license"),
        ("Cargo.toml", b"", "toml"),
        ("Cargo.lock", b"", "toml"),
        ("package-lock.json", b"", "lock"),
        (".gitignore", b"", "ignore"),
        (".bashrc", b"", "bash"),
        ("Gemfile", b"", "ruby"),
        ("data.csv", b"", "csv"),
        ("logo.svg", b"", "svg"),
        ("README.md", b"", "markdown"),
        ("bin/run", b"#!/usr/bin/env -S python3.11 -u\n", "python"),
        ("bin/run", b"#!/bin/sh -e\n", "bash"),
        ("bin/run", b"#! /usr/local/bin/node\n", "javascript"),
        ("lib/x.lua", b"", "lua"),
        ("no/suffix", b"plain words\n", None),
        ("x.unknown", b"", None),
        ("", b"", None),
    ],
)
def test_a_file_is_named_by_its_name_its_suffix_or_its_first_line(path: str, head: bytes, name: str | None) -> None:
    found = language_of(path, head)
    assert (found.name if found else None) == name


def test_a_language_whose_wheel_is_missing_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Language(name="absent", suffixes=(".absent",), grammar=("tree_sitter_of_nothing_at_all", "language"))
    assert grammar_of(absent) is None
    monkeypatch.setitem(all_languages(), "absent", absent)
    file = parsed(SourceFile("a.absent", "absent", "core", "", "", "one\n\ntwo\n", 0, ""))
    assert file.has_error and not file.units
    assert file.blocks == (5,)


def test_the_long_tail_is_text_without_its_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    grammar_of.cache_clear()
    try:
        file = parsed_text("a.jl", "function f()\nend\n\nx = 1\n")
        assert grammar_of(all_languages()["julia"]) is None
    finally:
        grammar_of.cache_clear()
    assert file.has_error and not file.units and file.blocks == (18,)
