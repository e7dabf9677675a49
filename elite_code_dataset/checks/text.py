"""Text: it reads like code in the language it is said to be in, and holds no secret."""

from __future__ import annotations

import numpy as np

from elite_code_dataset import secrets
from elite_code_dataset.checks import Verdict, View, check, needed
from elite_code_dataset.languages import Language, all_languages, grammar_of, language_of, tree_of

SAMPLE = 200  # rows parsed
LEAST_ROWS = 10
HALF = 0.5
LEAST_PARSED = (
    0.25  # share of rows that parse over half of their bytes: blind cuts of real code 0.4-0.6, shuffled or random tokens under 0.1
)


def error_share(text: str, language: Language) -> float | None:
    """Share of the bytes that lie in error nodes; None when the grammar could not read it."""
    data = text.encode("utf-8", "surrogatepass")
    tree = tree_of(data, language)
    if tree is None:
        return None
    errors, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        if node.is_error:
            errors += node.end_byte - node.start_byte
        elif node.has_error:
            stack += node.children
    return errors / max(1, len(data))


@check(f"at least {LEAST_PARSED:.0%} of the rows of real code parse over half of their bytes in their language")
def text_parses(view: View) -> Verdict:
    known = {name for name, language in all_languages().items() if language.is_code and grammar_of(language) is not None}
    readable = view.code & np.isin(view.column("language").astype(str), sorted(known))
    widest = readable & (view.column("scale") == view.column("scale")[readable].max(initial=0))
    shares = []
    for _, row in view.rows("text", "context_chars", "language", mask=view.sample(SAMPLE, widest)):
        share = error_share(row["text"][row["context_chars"] :], all_languages()[row["language"]])
        shares += [] if share is None else [share]
    needed(len(shares) >= LEAST_ROWS, f"only {len(shares)} rows that a grammar can read")
    parsed = sum(share < HALF for share in shares) / len(shares)
    return parsed >= LEAST_PARSED, f"{parsed:.0%} of {len(shares)} rows"


@check("the language that the path's name stands for")
def languages_match_paths(view: View) -> Verdict:
    found: dict[str, str] = {}
    bad = np.zeros(len(view), dtype=bool)
    for i, (path, language) in enumerate(zip(view.column("path"), view.column("language"))):
        if path not in found:
            known = language_of(path)
            found[path] = known.name if known else ""
        bad[i] = bool(found[path]) and found[path] != language and language in all_languages()
    return view.none_of(bad)


@check("no secret in any text")
def no_secret_in_text(view: View) -> Verdict:
    options = view.facts.get("config") or {}
    emails = bool(options.get("redact_emails", True))
    bad = np.zeros(len(view), dtype=bool)
    for i, row in view.rows("text"):
        bad[i] = bool(secrets.findings(row["text"], emails=emails))
    return view.none_of(bad)
