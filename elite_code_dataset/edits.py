"""Edits: ``Change`` -> ``Window`` rows of kind 'edit': the path, what was asked, the original block as context, the updated block as target.

In: changes in the order of history, where each lineage goes, an encoder. Out: rows at the smallest scale they fit, and a ``DropReport`` whose
bytes and the rows' bytes add up to all changed bytes. An edit that is too large is divided, never cut off. Costs one line difference a
change and one encoding of each block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from elite_code_dataset.authors import Authors
from elite_code_dataset.config import EDIT_AROUND_LINES, EDIT_CONTEXT_HUNKS, EDIT_MESSAGE_CHARACTERS
from elite_code_dataset.edit_blocks import Block, Place, ends_of, size_of, unified
from elite_code_dataset.hunks import grouped, hunks_of, joined, lines_of, widened
from elite_code_dataset.languages import all_languages
from elite_code_dataset.records import SCALES, Change, DropReport, Window
from elite_code_dataset.secrets import left_alone, without_values
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.trees import count
from elite_code_dataset.windows import DAY, one_line, row_id

Clean = Callable[..., list[str]]  # see ``secrets.Redactor``
FAR_SCALE = 1024  # rows from this scale on show other hunks and signatures
HELD = 16_000_000  # characters of newest texts that are held, so that each version is searched once
BATCH = 256  # changes whose blocks are encoded together
NAME = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True)
class EditRules:
    """What a user can choose, and what the rows are measured against. ``signatures``: name -> (path, signature, split) of what is
    defined once in the repository."""

    commit_time: int
    unified: bool = False
    message_share: float = 0.0
    seed: int = 0
    around: int = EDIT_AROUND_LINES
    signatures: dict[str, tuple[str, str, str]] = field(default_factory=dict)


@dataclass
class Account:
    """What became of the hunks of one commit. ``lines``: split -> digest of the signatures that its rows show, row after row; ``names``: how many
    places in its blocks named somebody; ``secrets``: lineages in which secrets had been found by then."""

    kept: int = 0
    kept_bytes: int = 0
    dropped: dict[str, list[int]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    names: int = 0
    secrets: list[str] = field(default_factory=list)


@dataclass
class Edits:
    """Iterate to get rows; ``report`` is complete afterwards. ``place_of`` answers with a reason for a change that is left out; ``clean``
    replaces secrets in a list of texts (``secrets.Redactor``), in whole versions of files too. Names of ``authors`` are replaced in blocks and messages alone: where a block
    begins and how many bytes changed is told of the texts that still have them, so that nothing moves when somebody new comes."""

    changes: Iterable[Change]
    place_of: Callable[[Change], Place | str]
    encoder: Encoder
    rules: EditRules
    clean: Clean = left_alone
    authors: Authors = field(default_factory=Authors)
    accounts: dict[str, Account] = field(default_factory=dict)
    _lines: dict[str, list[int]] = field(default_factory=dict)
    _values: dict[str, dict[bytes, str]] = field(default_factory=dict)  # lineage -> secrets found in its versions so far
    _last: dict[str, tuple[str, str]] = field(default_factory=dict)  # see ``_remember``
    _held: int = 0  # characters of those

    def __iter__(self) -> Iterator[Window]:
        batch: list[Block] = []
        last_commit, held = "", 0
        for change in self.changes:
            # a commit stays in one batch, as its hunks are context to each other
            if held >= BATCH and change.commit != last_commit:
                yield from self._rows(batch)
                batch, held = [], 0
            last_commit, held = change.commit, held + 1
            batch += self._blocks(change)
        yield from self._rows(batch)

    @property
    def report(self) -> DropReport:
        dropped: dict[str, list[int]] = {}
        for account in self.accounts.values():
            for reason, (number, size) in account.dropped.items():
                count(dropped, reason, size, number)
        kept, size = (sum(getattr(a, name) for a in self.accounts.values()) for name in ("kept", "kept_bytes"))
        return DropReport("edits", kept, {r: n for r, (n, _) in dropped.items()}, size, {r: b for r, (_, b) in dropped.items()})

    def _account(self, change: Change) -> Account:
        return self.accounts.setdefault(change.commit, Account())

    def _drop(self, change: Change, reason: str, size: int) -> None:
        count(self._account(change).dropped, reason, size)

    def _without_secrets(self, change: Change) -> Change:
        """The change with the secrets of both whole texts replaced: a block out of the middle of a key is not known for one, nor is a value that lost its
        name. So what is found in one version of a lineage, or in the message of its change, is replaced in the other and in those that follow."""
        before, after, message = change.before or "", change.after or "", change.message
        values = self._values.pop(change.lineage, {})
        known = self._last.pop(change.lineage, None)
        self._held -= len(known[0]) if known else 0
        new = [text for text in (before, after, message) if known is None or text != known[0]]
        clean = dict(zip(new, self.clean(new, values)))
        if known:
            clean[known[0]] = without_values([known[1]], values)[0]
        self._remember(change.lineage, after, clean[after])
        if values:
            self._values[change.lineage] = values
            self._account(change).secrets.append(change.lineage)
        change = change if clean[message] == message else replace(change, message=clean[message])
        if clean[before] is before and clean[after] is after:
            return change
        return replace(change, before=clean[before], after=clean[after])

    def _remember(self, lineage: str, text: str, clean: str) -> None:
        """The newest text of a lineage, without and with placeholders; as many as fit, those of the latest changes."""
        self._last[lineage] = text, clean
        self._held += len(text)
        while self._held > HELD and len(self._last) > 1:
            self._held -= len(self._last.pop(next(iter(self._last)))[0])

    def _blocks(self, change: Change) -> list[Block]:
        change = self._without_secrets(change)
        before, after = lines_of(change.before or ""), lines_of(change.after or "")
        hunks = hunks_of(before, after)
        ends = ends_of(before), ends_of(after)
        place = self.place_of(change)
        if not isinstance(place, str) and self.authors.stand_in(change.path):
            place = "name_in_path"
        if isinstance(place, str):
            self._drop(change, place, sum(size_of(h, ends) for h in hunks))
            return []
        blocks = []
        for group in grouped(hunks, self.rules.around):
            wide = widened(joined(group), self.rules.around, len(before), len(after))
            blocks.append(Block(change, place, wide, before, after, ends, sum(size_of(h, ends) for h in group), tuple(group)))
        return blocks

    def _rows(self, blocks: list[Block]) -> Iterator[Window]:
        fitted = self._fitted(blocks)
        cleaned = iter(self.clean([text for block in fitted for text in (block.original, block.updated, block.change.message)]))
        drafts = [self._draft(block, next(cleaned), next(cleaned), next(cleaned)) for block in fitted]
        parts = [text for draft in drafts for text in (draft.head, draft.original, draft.mark, draft.target)]
        ids = self.encoder.ids_of(parts)
        siblings: dict[str, list[_Draft]] = {}
        sized = [replace(d, ids=tuple(ids[4 * i : 4 * i + 4])) for i, d in enumerate(drafts)]
        for draft in sized:
            siblings.setdefault(draft.block.change.commit, []).append(draft)
        least = {commit: min(draft.size for draft in found) for commit, found in siblings.items()}
        for draft in sized:
            commit = draft.block.change.commit
            row = self._row(draft, siblings[commit], least[commit])
            if row is None:
                self._drop(draft.block.change, "line_too_long", draft.block.changed)
                continue
            account = self._account(draft.block.change)
            account.kept += 1
            account.kept_bytes += draft.block.changed
            account.names += draft.names
            yield row
            if self.rules.message_share and _chosen(row.id, self.rules):
                message = self._message_row(draft, row)
                if message is not None:
                    yield message

    def _draft(self, block: Block, original: str, updated: str, message: str) -> _Draft:
        target = unified(block) if self.rules.unified else updated
        named = _draft(block, original, target, message, self.rules.unified)
        found = [self.authors.replaced(text) for text in (original, target, message)]
        if not any(number for _, number in found):
            return named
        draft = _draft(block, *(text for text, _ in found), self.rules.unified)
        return replace(draft, names=found[0][1] + found[1][1], named=(named.head, named.original, named.mark, named.target))

    def _fitted(self, blocks: list[Block]) -> list[Block]:
        """Each block, the large ones in pieces that fit the largest scale by the tokens a byte that the block really has."""
        pieces: list[Block] = []
        large = [b for b in blocks if b.size + 2 * len(b.change.message) > SCALES[-1] / 2]
        counts = iter(self.encoder.ids_of([text for b in large for text in (b.original, b.updated, b.change.message)]))
        tokens = {id(b): (len(next(counts)) + len(next(counts)), len(next(counts))) for b in large}
        for block in blocks:
            inside, message = tokens.get(id(block), (0, 0))
            if inside + message <= 0.9 * SCALES[-1] - 64:
                pieces.append(block)
                continue
            per_byte = inside / max(1, block.size)
            for piece in block.divided(int((0.75 * SCALES[-1] - min(message, EDIT_MESSAGE_CHARACTERS)) / max(per_byte, 1e-9))):
                if piece.updated:
                    pieces.append(piece)
                else:
                    self._drop(block.change, "nothing_left_to_write", piece.changed)
        return pieces

    def _row(self, draft: _Draft, siblings: Sequence[_Draft], least: int) -> Window | None:
        block, (head, original, mark, target) = draft.block, draft.ids
        n = len(head) + len(original) + len(mark) + len(target)
        scale = next((s for s in SCALES if n <= s), None)
        if scale is None or not draft.target or self._is_too_long(draft):
            return None
        far_text, far_ids = self._far(draft, siblings, least, scale - n) if scale >= FAR_SCALE else ("", [])
        context = far_text + draft.head + draft.original + draft.mark
        change, place = block.change, block.place
        return Window(
            id=row_id("edit", change.commit, change.path, block.hunk.b0, block.hunk.b1, block.hunk.a0, block.hunk.a1, self.rules.unified),
            group=place.group,
            split=place.split,
            path=change.path,
            language=place.language,
            role=place.role,
            kind="edit",
            scale=scale,
            technique="original",
            parent_id="",
            text=context + draft.target,
            context_chars=len(context),
            input_ids=far_ids + head + original + mark + target,
            context_tokens=len(far_ids) + n - len(target),
            n_tokens=len(far_ids) + n,
            start_byte=block.ends[1][block.hunk.b0],
            end_byte=block.ends[1][block.hunk.b1],
            start_line=block.hunk.b0 + 1,
            end_line=max(block.hunk.b0 + 1, block.hunk.b1),
            units=[],
            signatures=[],
            dependencies=[],
            complexity=1,
            commit=change.commit,
            timestamp=change.timestamp,
            age_days=max(0.0, (self.rules.commit_time - change.timestamp) / DAY),
            original_start=len(far_text) + len(draft.head),
            original_end=len(far_text) + len(draft.head) + len(draft.original),
        )

    def _is_too_long(self, draft: _Draft) -> bool:
        """Whether a row would not fit with the names in it, so that which rows there are does not depend on who is known."""
        return sum(map(len, draft.named)) > SCALES[-1] and sum(map(len, self.encoder.ids_of(list(draft.named)))) > SCALES[-1]

    def _far(self, draft: _Draft, siblings: Sequence[_Draft], least: int, room: int) -> tuple[str, list[int]]:
        """Other hunks of the same commit (none has less than ``least`` tokens), then signatures of what the block calls, as far as they fit.
        A train row shows train only."""
        text, ids = "", []
        split, path = draft.block.place.split, draft.block.change.path
        left = int(room * EDIT_CONTEXT_HUNKS)
        for other in siblings:
            if left < least:
                break
            if other is not draft and other.size <= left and (split != "train" or other.block.place.split == "train"):
                text += other.head + other.original + other.mark + other.target
                ids = ids + [i for part in other.ids for i in part]
                left -= other.size
        left = room - len(ids)
        lines = signature_lines(draft.original, path, split, self.rules.signatures)
        account = self._account(draft.block.change)
        if lines:
            account.lines[split] = row_id(account.lines.get(split, ""), *lines)
        for line in lines:
            encoded = self._line_ids(line)
            if line and len(encoded) <= left:
                text += line
                ids = ids + encoded
                left -= len(encoded)
        return text, ids

    def _line_ids(self, line: str) -> list[int]:
        if line not in self._lines:
            self._lines[line] = self.encoder.ids(line)
        return self._lines[line]

    def _message_row(self, draft: _Draft, row: Window) -> Window | None:
        """The same change with the message as target."""
        comment = _comment(draft.block.place.language)
        head = f"{comment(draft.block.change.path)}{comment('Original:')}"
        ask = comment("Message:")
        context = head + draft.original + draft.mark + draft.target + ask
        target = draft.message + "\n"
        if not draft.message:
            return None
        texts = [head, draft.original, draft.mark, draft.target, ask, target]
        parts = self.encoder.ids_of(texts)
        n = sum(map(len, parts))
        scale = next((s for s in SCALES if n <= s), None)
        if scale is None:
            return None
        return replace(
            row,
            id=row_id(row.id, "message"),
            idiom="message",
            scale=scale,
            text=context + target,
            context_chars=len(context),
            input_ids=[i for part in parts for i in part],
            context_tokens=n - len(parts[-1]),
            n_tokens=n,
            original_start=len(head),
            original_end=len(head) + len(draft.original),
        )


def signature_lines(original: str, path: str, split: str, signatures: Mapping[str, tuple[str, str, str]]) -> list[str]:
    """The signatures, from elsewhere in the repository, of what a block names; a train row shows those of train only."""
    lines = []
    for name in dict.fromkeys(NAME.findall(original)):
        where, signature, side = signatures.get(name, ("", "", ""))
        if signature and where != path and (split != "train" or side == "train"):
            lines.append(one_line(signature))
    return lines


@dataclass(frozen=True)
class _Draft:
    """A row's four texts, with secrets and names replaced: ``head`` (path, message), the original block, ``mark``, and the target. ``names``: how many
    places named somebody; ``named``: the four texts with the names, where there were any."""

    block: Block
    head: str
    original: str
    mark: str
    target: str
    message: str
    names: int = 0
    named: tuple[str, ...] = ()
    ids: tuple[list[int], ...] = ()

    @property
    def size(self) -> int:
        return sum(map(len, self.ids))


def _draft(block: Block, original: str, target: str, message: str, unified: bool) -> _Draft:
    comment = _comment(block.place.language)
    asked = message if len(message) <= EDIT_MESSAGE_CHARACTERS else message[:EDIT_MESSAGE_CHARACTERS] + " [...]"
    head = comment(block.change.path) + "".join(comment(line) for line in asked.split("\n") if line.strip()) + comment("Original:")
    gap = "" if original.endswith("\n") or not original else "\n"
    return _Draft(block, head, original, gap + comment("Diff:" if unified else "Updated:"), target, message)


def _comment(language: str) -> Callable[[str], str]:
    """How a line is written as a comment of the language."""
    known = all_languages().get(language)
    if known is not None and not known.line_comment and known.block_comment:
        return lambda text: f"{known.block_comment[0]} {text} {known.block_comment[1]}\n"
    mark = known.line_comment if known is not None and known.line_comment else "#"
    return lambda text: f"{mark} {text if text.isprintable() else ''.join(c if c.isprintable() else ' ' for c in text)}\n"


def _chosen(identity: str, rules: EditRules) -> bool:
    return int(row_id(rules.seed, identity, "message")[:8], 16) / 2**32 < rules.message_share


def rebuilt(before: str, rows: Iterable[Window]) -> str:
    """``after``, from ``before`` and the edit rows of one change (blocks, not unified, not message rows): the proof that nothing was cut off. It goes by
    lines, as a placeholder may be longer than what it stands for."""
    out: list[str] = []
    lines, position, written = lines_of(before), 0, 0
    for row in sorted((r for r in rows if not r.idiom), key=lambda r: r.start_line):
        same = row.start_line - 1 - written
        target = row.text[row.context_chars :]
        out += [*lines[position : position + same], target]
        position += same + len(lines_of(row.text[row.original_start : row.original_end]))
        written = row.start_line - 1 + len(lines_of(target))
    return "".join([*out, *lines[position:]])
