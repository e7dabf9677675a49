"""cross_file_context: a ``Dependencies:`` header with the signatures of what the code really imports, ahead of the row's own context.

In: a row whose file imports files of the repository. Out: the row with a header of comment lines, each dependency's path and below it the
signatures that the target uses (first) and others as they fit. The survey is path -> signatures of the train rows, so no evaluation code is
shown. The target is never touched. Costs one encoding of the header; the survey one reading of the short columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, technique
from elite_code_dataset.augment.repair import VERIFIED, fitted_context, lines_of, marked, target_of
from elite_code_dataset.config import SIGNATURE_CHARACTERS
from elite_code_dataset.languages import Language

HEADER = "Dependencies:"
MOST_UNUSED = 4  # signatures of one dependency that the target does not name: they show what else is there
WORD = re.compile(r"[^\W\d]\w{2,}")

Signatures = Mapping[str, Iterable[tuple[str, str]]]  # path -> (name, signature) in the order of the file


def survey(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[list[str]]]:
    """What the train rows define: "commit:path" -> [name, signature] in the order of the file; a signature once."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    wanted: set[str] = set()
    for row in rows:
        if row["kind"] != "code":
            continue
        wanted.update(_key(row, path) for path in row["dependencies"])
        here = found.setdefault(_key(row, row["path"]), {})
        for at, (name, signature) in enumerate(zip(row["units"], row["signatures"])):
            line = " ".join(signature.split())
            if line and len(line) <= SIGNATURE_CHARACTERS:
                place = row["start_byte"] * 1000 + at
                here[name, line] = min(place, here.get((name, line), place))
    return {
        key: [list(one) for one in sorted(found[key], key=lambda s: (found[key][s], s))]
        for key in sorted(wanted & set(found))
        if found[key]
    }


def seen(window: Mapping[str, Any], signatures: Mapping[str, Any] | None, digests: Mapping[str, str]) -> list:
    """The signatures of what the row's file imports."""
    return [digests.get(_key(window, path)) for path in window["dependencies"]]


@technique("cross_file_context", survey=survey, seen=seen)
def cross_file_context(window: Mapping[str, Any], language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """The header of the row's dependencies, from the survey."""
    known = helpers.survey or {}
    return with_dependencies(window, language, {path: known.get(_key(window, path), ()) for path in window["dependencies"]}, helpers)


def with_dependencies(window: Mapping[str, Any], language: Language, signatures_of: Signatures, helpers: Helpers) -> Rewrite | Abstained:
    """The row under a ``Dependencies:`` header. ``signatures_of`` may know more files than the row imports: only those count."""
    if window["kind"] != "code":
        return Abstained("not_code")
    if not window["dependencies"]:
        return Abstained("no_dependencies")
    own = {unit.replace("::", ".").rpartition(".")[2] for unit in window["units"]}  # a name that the target defines is not the dependency's
    used = set(WORD.findall(target_of(window))) - own
    foreign = {path: [one for one in signatures_of.get(path, ()) if one[0] not in own] for path in window["dependencies"]}
    shelves = [(path, ranked(foreign[path], used)) for path in window["dependencies"]]
    shelves = [(path, lines) for path, lines in shelves if lines]
    if not shelves:
        return Abstained("no_signatures")
    if not any(named for _, lines in shelves for named, _ in lines):
        return Abstained("nothing_used")
    for header, moved, extra in headers(shelves, language):
        context = "".join(line for line in lines_of(window["text"][: window["context_chars"]]) if line.strip() not in moved)
        fitted = fitted_context({**window, "text": context + target_of(window), "context_chars": len(context)}, header, helpers, ahead=True)
        if fitted is not None and not (extra and fitted != header + context):
            view = framed(header, language)
            if view is None or view.trouble:
                return Abstained("not_verified")
            return Rewrite(fitted + target_of(window), len(fitted), VERIFIED)
    return Abstained("no_room")


def headers(shelves: Sequence[tuple[str, list[tuple[bool, str]]]], language: Language) -> Iterator[tuple[str, set[str], bool]]:
    """The header and the signatures it holds: with a few that the target does not use (then True: not worth a line of context), with those it uses,
    then with fewer and fewer of them."""
    everything = [(path, line) for path, lines in shelves for _, line in lines]
    used = [(path, line) for path, lines in shelves for named, line in lines if named]
    chosen = [everything, used]
    while len(chosen[-1]) > 1:
        chosen.append(chosen[-1][: len(chosen[-1]) // 2])
    for lines in chosen:
        text, above = marked(language, HEADER), ""
        for path, line in lines:
            text += (marked(language, path) if path != above else "") + marked(language, f"  {line}")
            above = path
        yield text, {line for _, line in lines}, lines is everything


def ranked(signatures: Iterable[tuple[str, str]], used: set[str]) -> list[tuple[bool, str]]:
    """Signatures whose name the target says, then a few others; each with whether it is named, both in the order of the file."""
    named, others = [], []
    for name, signature in signatures:
        (named if name in used else others).append(signature)
    return [(True, one) for one in dict.fromkeys(named)] + [(False, one) for one in list(dict.fromkeys(others))[:MOST_UNUSED]]


def _key(row: Mapping[str, Any], path: str) -> str:
    return f"{row['commit']}:{path}"  # two repositories of one data set may share paths
