"""temporal_context: how long the code has stood and as of which commit, in a comment ahead of the row's own context. Never by whom.

In: a row with ``age_days`` and ``commit``. Out: the row under one comment line; the target is never touched. Costs one encoding of the context.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng, technique
from elite_code_dataset.augment.repair import VERIFIED, fitted_context, marked, target_of
from elite_code_dataset.config import AGE_OLDER, AGE_WORDS
from elite_code_dataset.languages import Language

HEXADECIMAL = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
COMMIT_DIGITS = 10  # of a commit's name: enough to be one commit in any repository of today


def age_words(age_days: float) -> str:
    """The age in words: coarse, so that a model learns eras and no dates."""
    return next((words for days, words in AGE_WORDS if age_days < days), AGE_OLDER)


def seen(window: Mapping[str, Any], survey: Any, digests: Mapping[str, str]) -> list:
    """The tip and the age, as they are said."""
    return [window["commit"], math.isnan(window["age_days"]), age_words(window["age_days"])]


@technique("temporal_context", seen=seen)
def temporal_context(window: Mapping[str, Any], language: Language, rng: Rng, helpers: Helpers) -> Rewrite | Abstained:
    """``Last changed within two months, as of commit 0123456789.``"""
    if not HEXADECIMAL.fullmatch(window["commit"]) or math.isnan(window["age_days"]):
        return Abstained("no_history")
    verb = "Last changed" if window["kind"] == "code" else "Changed"
    header = marked(language, f"{verb} {age_words(window['age_days'])}, as of commit {window['commit'][:COMMIT_DIGITS]}.")
    view = framed(header, language)
    if view is not None and view.trouble:
        return Abstained("not_verified")
    fitted = fitted_context(window, header, helpers, ahead=True)
    if fitted is None:
        return Abstained("no_room")
    return Rewrite(fitted + target_of(window), len(fitted), VERIFIED)
