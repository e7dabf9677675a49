"""Comments: either they are dropped, or the documentation at the head of a row becomes context and the code after it the target.

In: a row of code, or a whole source. Out: the code without the comments that only people read, token for token the same; or the same
text with its border moved; or a reason. What a tool reads (a lint mark, a build tag, an encoding, a licence) stays, and so does what a
language makes part of the program (Rust's doc comments). Docstrings are code. Cost: two parses.
"""

from __future__ import annotations

import re

from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, Window, row_alone, technique
from elite_code_dataset.augment.syntax import Syntax, syntax_of
from elite_code_dataset.augment.verify import SAME_TEXT, SAME_TOKENS, same_tokens
from elite_code_dataset.languages import Language

DROPPED, DOC_TO_CODE = "drop_comments", "doc_to_code"
SHORTEST_CODE = 40  # characters after the documentation: less is a declaration, not an answer to it

# What tools read. Matched anywhere in the comment, in any case.
DIRECTIVE = re.compile(
    r"^#!|coding[:=]|-\*-|\bvim?:|\bnoqa|\btype:\s|pylint|flake8|\bmypy|pyright|pytype|\bruff|\bisort|\byapf|\bfmt:|\bblack:|nosec|pragma|"
    r"cython:|distutils:|eslint|jshint|jslint|tslint|biome-|prettier|@ts-|@flow|@jsx|@license|@preserve|istanbul|\bc8\b|v8 ignore|webpack|"
    r"@vite|__PURE__|sourceMappingURL|<reference|<amd|\bglobals?\s|\bexported\s|^//go:|^//\s*\+build|^//export|^//line|nolint|"
    r"^//\s*(?:unordered )?output:|do not edit|clang-format|IWYU|LINT|fall.?thr|@formatter|checkstyle|nosonar|noinspection|spotless|"
    r"@deprecated|rustfmt|^//[~@]|compile-flags|ignore-tidy|shellcheck|frozen_string_literal|warn_indent|rubocop|:nocov:|swiftlint|"
    r"swift-tools|sourcery:|ktlint|detekt|scalastyle|scalafmt|^//>|psalm|phpstan|phpcs|luacheck|^---@|^#'|spdx-|copyright|licen[sc]e",
    re.I,
)
# Comments that the language itself, or a library at run time, reads: by their first characters.
PART_OF_THE_PROGRAM = {"rust": ("///", "//!", "/**", "/*!"), "php": ("/**",), "ocaml": ("(**",), "haskell": ("{-#",)}
# Sources in which a comment is a program: cgo reads the comment above its import.
HOSTILE = {"go": re.compile(rb'import\s+(?:\([^)]*)?"C"'), "perl": re.compile(rb"")}


def without_comments(source: bytes, language: Language) -> bytes | Abstained:
    """``source`` without the comments that only people read."""
    syntax = syntax_of(source, language)
    if syntax is None:
        return Abstained("language" if not language.is_code else "not_parsed")
    if language.name in HOSTILE and HOSTILE[language.name].search(source):
        return Abstained("comments_are_code")
    found = [node for node, kind in enumerate(syntax.kinds) if kind in language.comments and _parent_is_code(syntax, node, language)]
    if not found:
        return Abstained("no_comment")
    read = [node for block in _blocks(syntax, found) if all(_is_for_people(syntax, one, language) for one in block) for node in block]
    cuts = [cut for node in read if (cut := _cut(source, *_span(syntax, node)))]
    if not cuts:
        return Abstained("only_directives")
    result = _without(source, cuts)
    after = syntax_of(result, language)
    if after is None or not same_tokens(syntax, after, language, comments=False):
        return Abstained("not_same_tokens")
    return result


def _blocks(syntax: Syntax, nodes: list[int]) -> list[list[int]]:
    """Comments on lines of their own directly below each other belong together: a licence, or an expected output."""
    blocks: list[list[int]] = []
    for node in nodes:
        between = syntax.source[_span(syntax, blocks[-1][-1])[1] : syntax.starts[node]] if blocks else b"code"
        together = not between.strip() and between.count(b"\n") == 1 and syntax.begins_line(blocks[-1][-1]) and syntax.begins_line(node)
        if together:
            blocks[-1].append(node)
        else:
            blocks.append([node])
    return blocks


def _parent_is_code(syntax: Syntax, node: int, language: Language) -> bool:
    """A comment inside a comment is a part of it, one in an interpolation is what stops it from being empty."""
    return syntax.kinds[syntax.parents[node]] not in (*language.comments, "jsx_expression")


def _span(syntax: Syntax, node: int) -> tuple[int, int]:
    """The comment's bytes, without the line end that some grammars count in."""
    text = syntax.source[syntax.starts[node] : syntax.ends[node]]
    return syntax.starts[node], syntax.ends[node] - (len(text) - len(text.rstrip(b"\r\n")))


def _is_for_people(syntax: Syntax, node: int, language: Language) -> bool:
    text = syntax.text(node)
    first_line = syntax.starts[node] == 0 and text.startswith("#!")
    return not (first_line or DIRECTIVE.search(text) or text.startswith(PART_OF_THE_PROGRAM.get(language.name, ("\0",))) or "\\\n" in text)


def _cut(source: bytes, start: int, end: int) -> tuple[int, int, bytes] | None:
    """What to take out with the comment: its whole lines, or the blanks before it; None where code would move."""
    line_start = source.rfind(b"\n", 0, start) + 1
    line_end = source.find(b"\n", end)
    line_end = len(source) if line_end < 0 else line_end
    before, after = source[line_start:start], source[end:line_end]
    if not before.strip() and not after.strip():
        return line_start, min(line_end + 1, len(source)), b""
    if not after.strip():
        return line_start + len(before.rstrip(b" \t")), end, b""
    if not before.strip() or b"\n" in source[start:end]:
        return None
    joined = not before[-1:].isspace() and not after[:1].isspace()
    return start, end + (before[-1:].isspace() and after[:1] == b" "), b" " if joined else b""


def _without(source: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    pieces, position = [], 0
    for start, end, text in sorted(cuts):
        if start >= position:
            pieces += [source[position:start], text]
            position = end
        elif end > position:
            position = end
    return b"".join([*pieces, source[position:]])


def documentation_end(target: str, language: Language) -> int:
    """Characters of ``target`` up to the end of the documentation it begins with; 0 where it begins with something else."""
    syntax = syntax_of(target.encode(), language)
    if syntax is None:
        return 0
    end = _leading_comments_end(syntax, language) or _docstring_end(syntax)
    end += syntax.source[end : end + 1] == b"\n" if end else 0  # the target begins with a line
    code = syntax.source[end:]
    licence = re.search(rb"copyright|licen[sc]e", syntax.source[:end], re.I)
    return len(syntax.source[:end].decode()) if end and not licence and len(code.decode().strip()) >= SHORTEST_CODE else 0


def _leading_comments_end(syntax: Syntax, language: Language) -> int:
    """The byte after the doc comment that the source begins with, where code follows on the next line."""
    end = 0
    for node, kind in enumerate(syntax.kinds):
        if node == 0 or syntax.parents[node] != 0 and kind not in language.comments:
            continue
        if kind not in language.comments:
            break
        start, stop = _span(syntax, node)
        text = syntax.text(node)
        fits = text.startswith(language.doc_comment) if language.doc_comment else language.comments_attach
        if syntax.source[end:start].strip() or syntax.source[end:start].count(b"\n") > bool(end) or not fits or text.startswith("#!"):
            break
        end = max(end, stop)
    return end if end and syntax.source[end : end + 1] == b"\n" and syntax.source[end + 1 : end + 2].strip() else _line_after(syntax, end)


def _line_after(syntax: Syntax, end: int) -> int:
    """``end`` when the next line is code that is indented; 0 when there is a blank line, or nothing to move."""
    line = syntax.source[end:].split(b"\n", 2)
    return end if end and len(line) > 1 and not line[0].strip() and line[1].strip() else 0


def _docstring_end(syntax: Syntax) -> int:
    """The byte after the docstring of the function or class that the source begins with (Python)."""
    first = next((child for child in syntax.named_children(0)), -1)
    if first >= 0 and syntax.kinds[first] == "decorated_definition":
        first = syntax.child(first, "definition")
    if first < 0 or syntax.kinds[first] not in ("function_definition", "class_definition"):
        return 0
    body = syntax.child(first, "body")
    inner = [child for child in syntax.children(body)]
    is_doc = len(inner) > 1 and syntax.kinds[inner[0]] == "expression_statement" and syntax.kinds[inner[0] + 1] == "string"
    return syntax.ends[inner[0]] if is_doc else 0


def rewrite_source(source: bytes, language: Language, rng: Rng) -> bytes | Abstained:
    """A whole file without the comments that only people read."""
    return without_comments(source, language)


@technique("comments", preserves_meaning=True, rewrite_source=rewrite_source, seen=row_alone)
def apply(window: Window, language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """The row without its comments, or with its leading documentation as context; which one is drawn, the other stands in."""
    if window["kind"] != "code":
        return Abstained("edit")
    border = window["context_chars"]
    context, target = window["text"][:border], window["text"][border:]
    end = documentation_end(target, language)
    if end and rng.random() < 0.5:
        return Rewrite(window["text"], border + end, SAME_TEXT, DOC_TO_CODE)
    result = without_comments(target.encode(), language)
    if not isinstance(result, Abstained):
        return Rewrite(context + result.decode(), border, SAME_TOKENS, DROPPED)
    return Rewrite(window["text"], border + end, SAME_TEXT, DOC_TO_CODE) if end else result
