"""Encoding: tokens are the text's, in their window, with context before target; and they are spread as the tokens of real text are."""

from __future__ import annotations

import numpy as np

from elite_code_dataset.checks import NotApplied, Verdict, View, check, needed

SAMPLE = 400  # rows decoded
LEAST_TOKENS = 2000  # below this the spread of tokens says nothing
MOST_BLANK = 0.01  # blank lines between two units at the smallest scale: 0.3 % on a real repository
MOST_EVEN = 0.93  # entropy over log2 of the distinct ids: real code 0.70-0.86 (three repositories), ids drawn at random 0.99


@check("n_tokens is the number of input_ids")
def tokens_counted(view: View) -> Verdict:
    return view.none_of(view.column("n_tokens") != view.column("input_ids"))


@check("1 to scale tokens in every row")
def tokens_fit_their_window(view: View) -> Verdict:
    sizes = view.column("input_ids")
    return view.none_of((sizes < 1) | (sizes > view.column("scale")))


@check("0 <= context_tokens < n_tokens")
def context_leaves_a_target(view: View) -> Verdict:
    context = view.column("context_tokens")
    return view.none_of((context < 0) | (context >= view.column("n_tokens")))


@check(f"a context within the text, no empty target, and at most {MOST_BLANK:.0%} of the targets only blanks")
def targets_not_empty(view: View) -> Verdict:
    bad, blank = np.zeros(len(view), dtype=bool), 0
    for i, row in view.rows("text", "context_chars"):
        bad[i] = not 0 <= row["context_chars"] < len(row["text"])
        blank += not bad[i] and not row["text"][row["context_chars"] :].strip()
    if bad.any() or blank <= MOST_BLANK * len(view):
        return view.none_of(bad)
    return False, f"{blank} of {len(view)} targets are only blanks"


def whole_text(view: View) -> np.ndarray:
    """Rows whose ids are their text in order; a fill-in-the-middle row moves its parts around."""
    return view.column("technique") != "fill_in_middle"


def encoder_of(view: View):
    if view.encoder is None:
        raise NotApplied(f"tokenizer {view.facts.get('tokenizer') or 'unknown'} is not at hand; give its folder or name as tokenizer")
    return view.encoder


@check("the tokenizer decodes input_ids to exactly the text")
def tokens_decode_to_the_text(view: View) -> Verdict:
    encoder = encoder_of(view)
    ends = {encoder.eos_id}
    bad = np.zeros(len(view), dtype=bool)
    for i, row in view.rows("input_ids", "text", mask=view.sample(SAMPLE, whole_text(view))):
        bad[i] = encoder.decode(without_end(row["input_ids"], ends)) != row["text"]
    return view.none_of(bad)


def without_end(ids: list[int], ends: set) -> list[int]:
    return ids[:-1] if ids and ids[-1] in ends else ids


@check("the first context_tokens decode to the first context_chars characters")
def context_ends_between_tokens(view: View) -> Verdict:
    encoder = encoder_of(view)
    bad = np.zeros(len(view), dtype=bool)
    for i, row in view.rows("input_ids", "text", "context_tokens", "context_chars", mask=view.sample(SAMPLE, whole_text(view))):
        bad[i] = encoder.decode(row["input_ids"][: row["context_tokens"]]) != row["text"][: row["context_chars"]]
    return view.none_of(bad)


@check("ids below the vocabulary's size, and special ones only as a row's end or as marks of fill-in-the-middle")
def no_special_token_in_text(view: View) -> Verdict:
    encoder = encoder_of(view)
    special = np.array(sorted(encoder.special_ids), dtype=np.int64)
    moved = ~whole_text(view)
    bad = np.zeros(len(view), dtype=bool)
    for i, row in view.rows("input_ids", mask=view.sample(20 * SAMPLE, np.ones(len(view), dtype=bool))):
        ids = np.array(without_end(row["input_ids"], {encoder.eos_id}), dtype=np.int64)
        bad[i] = bool(len(ids)) and (ids.min() < 0 or ids.max() >= encoder.vocabulary or (not moved[i] and np.isin(ids, special).any()))
    return view.none_of(bad)


@check(f"some tokens are much commoner than others: entropy at most {MOST_EVEN} of that of equally common ones")
def tokens_spread_like_code(view: View) -> Verdict:
    counts: dict[int, int] = {}
    for _, row in view.rows("input_ids", mask=view.sample(SAMPLE, view.original)):
        ids, times = np.unique(row["input_ids"], return_counts=True)
        for one, count in zip(ids.tolist(), times.tolist()):
            counts[one] = counts.get(one, 0) + count
    total = sum(counts.values())
    needed(total >= LEAST_TOKENS and len(counts) > 1, f"{total} tokens are too few to tell")
    shares = np.array(list(counts.values())) / total
    evenness = float(-(shares * np.log2(shares)).sum() / np.log2(len(counts)))
    return evenness <= MOST_EVEN, f"{evenness:.2f} over {total} tokens"
