"""Python: specific handlers, chained causes and context managers, against wide handlers, lost causes and open handles."""

from __future__ import annotations

import re

from elite_code_dataset.augment.idioms import Found, Idiom, last_of_its_kind

LANGUAGES = ("python",)

LEAVES = ("return_statement", "raise_statement", "continue_statement", "break_statement")
WITH_NAME = (
    "(with_statement (with_clause . (with_item value: (as_pattern (call function: (_) @opener) @call"
    " alias: (as_pattern_target (identifier) @name))) .) body: (block) @body) @it"
)
NOT_EXCEPTIONS = {"BaseException", "BaseExceptionGroup", "KeyboardInterrupt", "SystemExit", "GeneratorExit"}
# callables whose result has close(): the standard library's files, sockets and archives
OPENERS = (
    r"(\w+\.)*(open|fdopen|popen|urlopen|socket|create_connection|NamedTemporaryFile|TemporaryFile|SpooledTemporaryFile"
    r"|ZipFile|TarFile|GzipFile|BZ2File|LZMAFile|FileIO|scandir|Pool)"
)


def bare(found: Found) -> str | None:
    name = re.fullmatch(r".*\bas\s+(\w+)", found.raw("what"), re.DOTALL)
    if not last_of_its_kind(found, "except_clause") or found.raw("what") == "BaseException":
        return None
    return None if name and re.search(rf"\b{name[1]}\b", found.raw("body")) else "except"


def broad(found: Found) -> str | None:
    what = found.raw("it")
    name = re.fullmatch(r"(.*?)\s+as\s+(\w+)", what, re.DOTALL)
    caught = set(re.findall(r"\w+", name[1] if name else what))
    if caught & NOT_EXCEPTIONS or caught == {"Exception"} or not last_of_its_kind(found, "except_clause"):
        return None
    return f"Exception as {name[2]}" if name else "Exception"


def opened(found: Found) -> str | None:
    here = found.indent_of("it")
    body = found.dedented("body", here)
    if body is None or not found.raw("it").startswith("with"):
        return None
    closed = "" if found.ends_in("body", LEAVES) else f"\n{here}{found['name']}.close()"
    return f"{found['name']} = {found['call']}\n{here}{body}{closed}"


def acquired(found: Found) -> str | None:
    here = found.indent_of("it")
    body = found.dedented("body", here)
    if body is None or not found.raw("it").startswith("with"):
        return None
    released = "" if found.ends_in("body", LEAVES) else f"\n{here}{found['lock']}.release()"
    return f"{found['lock']}.acquire()\n{here}{body}{released}"


def without_finally(found: Found) -> str | None:
    here = found.indent_of("it")
    body, cleanup = found.dedented("body", here), found.dedented("cleanup", here)
    if body is None or cleanup is None:
        return None
    return body if found.ends_in("body", LEAVES) else f"{body}\n{here}{cleanup}"


IDIOMS = (
    Idiom("bare_except", '(except_clause "except" @it . (_) @what @until . (block) @body)', bare),
    Idiom("broad_except", "(except_clause . (_) @it . (block))", broad),
    Idiom("swallowed_exception", "(except_clause (block) @it)", "pass", where={"it": r"(?!(pass|continue|break|\.\.\.)\s*$).*"}),
    Idiom("dropped_raise_from", "(raise_statement . (_) @error cause: (_) @cause) @it", "raise {error}", where={"cause": "(?!None$).*"}),
    Idiom("open_without_with", WITH_NAME, opened, where={"opener": OPENERS}),
    Idiom(
        "acquire_without_with",
        "(with_statement (with_clause . (with_item value: [(identifier) (attribute)] @lock) .) body: (block) @body) @it",
        acquired,
        where={"lock": r"(?i).*(lock|mutex|semaphore)"},
    ),
    Idiom("dropped_finally", "(try_statement body: (block) @body . (finally_clause (block) @cleanup) .) @it", without_finally),
    Idiom(
        "assert_for_raise",
        "(if_statement condition: (not_operator argument: (_) @condition) consequence: (block . (raise_statement) .) !alternative) @it",
        "assert {condition}",
    ),
)
