"""Sources: rows are the files and changes they come from, whole; ages, dependencies and counts agree with the repository's."""

from __future__ import annotations

import re

import numpy as np

from elite_code_dataset import metadata
from elite_code_dataset.checks import Verdict, View, check, needed
from elite_code_dataset.names import SOMEONE

DAY = 86_400.0
MARKS = ("REDACTED_", "redacted-", SOMEONE)


def target_bytes(view: View, mask: np.ndarray) -> np.ndarray:
    """int64[n]: UTF-8 bytes of each target that ``mask`` keeps, -1 elsewhere; -2 where a placeholder stands for a secret of another length."""
    sizes = np.full(len(view), -1, dtype=np.int64)
    for i, row in view.rows("text", "context_chars", "kind", mask=mask):
        target = row["text"][row["context_chars"] :]
        replaced = row["kind"] == "edit" and any(mark in target for mark in MARKS)
        sizes[i] = -2 if replaced else len(target.encode("utf-8", "surrogatepass"))
    return sizes


ORIGINAL = re.compile(r"^.* Original:.*\n\Z", re.MULTILINE)  # the line ahead of an edit's original block
UPDATED = re.compile(r"\n?.* (?:Updated|Diff):.*\n")  # and the one behind it


@check("the target of each row of code is as many bytes as its span in the file")
def code_targets_whole(view: View) -> Verdict:
    needed(view.code.any(), "no rows of code")
    sizes = target_bytes(view, view.code)
    return view.none_of(view.code & (sizes != view.column("end_byte") - view.column("start_byte")))


@check("the target of each edit is as many bytes as its span in the updated file")
def edits_whole(view: View) -> Verdict:
    blocks = view.edits & (view.column("idiom") != "message")
    needed(blocks.any(), "no edits")
    needed((view.facts.get("config") or {}).get("diff_format", "blocks") == "blocks", "edits are unified diffs")
    sizes = target_bytes(view, blocks)
    return view.none_of(blocks & (sizes != -2) & (sizes != view.column("end_byte") - view.column("start_byte")))


@check("the original block of each edit lies in its context")
def edits_show_what_was(view: View) -> Verdict:
    needed(view.edits.any(), "no edits")
    start, end = view.column("original_start"), view.column("original_end")
    inside = (start >= 0) & (start <= end) & (end <= view.column("context_chars"))
    texts = view.column("text")
    framed = [bool(ORIGINAL.search(text[:a]) and UPDATED.match(text[b:])) for text, a, b in zip(texts, start.tolist(), end.tolist())]
    return view.none_of(view.edits & ~(inside & np.array(framed, bool)))


@check(
    "at each scale a file's targets follow one another from its first byte, without overlap or gap but for what a report says was dropped"
)
def files_covered(view: View) -> Verdict:
    needed(view.code.any(), "no rows of code")
    overlap = float((view.facts.get("config") or {}).get("overlap") or 0)
    needed(not overlap, f"windows overlap by {overlap:.0%} on request")
    rows = np.flatnonzero(view.code)
    keys = list(zip(view.column("path")[rows].tolist(), view.column("scale")[rows].tolist()))
    starts, ends = view.column("start_byte")[rows], view.column("end_byte")[rows]
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for key, start, end in zip(keys, starts.tolist(), ends.tolist()):
        spans.setdefault(key, []).append((start, end))
    sizes: dict[str, int] = {}
    for (path, _), found in spans.items():
        sizes[path] = max(sizes.get(path, 0), max(end for _, end in found))
    overlaps = sorted(key for key, found in spans.items() if any(a[1] > b[0] for a, b in zip(sorted(found), sorted(found)[1:])))
    missing = sum(sizes[path] - sum(end - start for start, end in found) for (path, _), found in spans.items())
    allowed = dropped_bytes(view, ("dedup", "w"))
    seen = f"{len(spans)} files at scales, {len(overlaps)} overlapping, {max(0, missing)} bytes missing, {allowed} reported"
    return not overlaps and missing <= allowed, seen + (f"; first {overlaps[0][0]!r}" if overlaps else "")


def dropped_bytes(view: View, steps: tuple[str, ...]) -> int:
    """Bytes that the reports of these steps say were dropped."""
    reports = [one for one in view.facts.get("drops") or [] if str(one.get("step", "")).startswith(steps)]
    return sum(sum((one.get("dropped_bytes") or {}).values()) for one in reports)


@check("lines and bytes of a span agree: a target has as many line breaks as its lines say")
def lines_match_targets(view: View) -> Verdict:
    needed(view.code.any(), "no rows of code")
    first, last = view.column("start_line"), view.column("end_line")
    bad = np.zeros(len(view), dtype=bool)
    for i, row in view.rows("text", "context_chars", mask=view.code):
        breaks = row["text"][row["context_chars"] :].count("\n")
        bad[i] = not (1 <= first[i] <= last[i]) or not 0 <= breaks - (last[i] - first[i]) <= 1
    return view.none_of(bad)


@check("age_days counts from the commit's time back to the row's timestamp, never below 0")
def ages_follow_times(view: View) -> Verdict:
    ages, times = view.column("age_days").astype(float), view.column("timestamp").astype(float)
    head = view.facts.get("commit_time")
    if isinstance(head, (int, float)) and head > 0:
        due = np.maximum(0.0, (head - times) / DAY)
        return view.none_of(np.abs(ages - due) > 1e-3)
    needed((times > 0).any(), "no times: a folder without history")
    heads = np.round(times + ages * DAY)[ages > 0]
    return bool((ages >= 0).all()) and len(np.unique(heads)) <= 1, f"{len(np.unique(heads))} different times of HEAD"


@check("rows of code come from the commit that the metadata names")
def commits_agree(view: View) -> Verdict:
    head = view.facts.get("commit")
    needed(isinstance(head, str) and head and view.code.any(), "the metadata names no single commit")
    return view.none_of(view.code & (view.column("commit") != head))


@check("every dependency is a path of the repository: it has rows, or a report or the import graph knows it")
def dependencies_exist(view: View) -> Verdict:
    graph = view.facts.get("graph") or {}
    known = (
        set(view.column("path").tolist())
        | {path for edge in graph.get("edge_list") or [] for path in edge}
        | set(view.facts.get("files") or {})
    )
    missing = {one for _, row in view.rows("dependencies") for one in row["dependencies"] if one not in known}
    return not missing, f"{len(missing)} unknown" + (f", first {min(missing)!r}" if missing else "")


@check("each split's digest is the one that was noted when it was built")
def digests_match(view: View) -> Verdict:
    noted = view.facts.get("digests") or {}
    needed(noted, "no digest was noted")
    changed = sorted(split for split, rows in view.ds.items() if noted.get(split) != metadata.digest(rows))
    return not changed and set(noted) == set(view.ds), f"changed: {', '.join(changed)}" if changed else f"{len(noted)} splits as built"


@check("the build's own certificate counts 0")
def certificate_was_clean(view: View) -> Verdict:
    noted = view.facts.get("certificate")
    needed(isinstance(noted, dict) and noted, "no certificate was attached")
    counts = {name: value for name, value in noted.items() if isinstance(value, int) and not isinstance(value, bool) and name in COUNTS}
    return not any(counts.values()), ", ".join(f"{name} {value}" for name, value in counts.items()) or "no counts"


COUNTS = ("exact", "near", "contained", "shown", "pairs", "total")
