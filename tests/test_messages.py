"""Messages: what is a person's in them goes, what only looks like it stays, and no message costs more than its length."""

from __future__ import annotations

import pytest

from elite_code_dataset.messages import cleaned, is_bot, is_revert
from elite_code_dataset.people import People, person_of, signers

ENDLESS = [" ", "\t", "\n", "a", "a ", "Ab ", "by:", "<", "@", "(", "- ", "a-b/", "a@b.", "cc @a ", "thanks to Ab ", "é", "李", '"A" <', "Signed-off-by:\n"]  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("start", ["", "Begin\n\nSigned-off-by:", "Merge branch ", "Begin\n\nOn ", "Begin\n\nReviewers:", "revert("])
def test_a_hundred_thousand_characters_of_anything_are_read_in_no_time(start: str) -> None:
    people = People(["Jane Roe <janer", "J J J Doe <j", "李明 <liming", "a b a b <ab"])
    for part in ENDLESS:
        message = start + part * (100_000 // len(part))
        assert isinstance(cleaned(message, people), str) and signers(message.encode()) == []
        assert not is_bot(message.encode()) and not is_revert(message) and len(person_of(message.encode())) <= 1000


def test_a_signer_is_read_behind_many_blanks_and_lines() -> None:
    assert signers(b"Fix\n" + b"\n" * 1000 + b"Signed-off-by:" + b" " * 90 + b"Jane Roe <j@x.org>") == ["Jane Roe"]
