"""What is left out of messages because it names a person: counted and shown, to be read by a person.

``python benchmarks/names.py REPO [REPO...]``. Prints, for each repository, its messages, microseconds a message, how many places its own people's
names changed, and how many the people of the other repositories did, who can hardly be meant there: these are mostly false. Then thirty places of
each kind, and forty words that stayed though they are part of an author's name.
"""

from __future__ import annotations

import difflib
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from elite_code_dataset.changes import own_words
from elite_code_dataset.git_objects import Objects
from elite_code_dataset.git_place import place_of
from elite_code_dataset.history import History, parsed_commit
from elite_code_dataset.messages import cleaned, is_bot, is_revert
from elite_code_dataset.names import SOMEONE, decoded, ordinary_words
from elite_code_dataset.people import People
from elite_code_dataset.repository import open_repository

PARTS = re.compile(r"\s+|[\w@]+|.", re.S)
WORD = re.compile(r"[^\W_]{3,}")


def messages_of(repo: str) -> tuple[History, list[str]]:
    """The history and the messages that may become rows."""
    with open_repository(repo) as repository:
        history = repository.history()
    with Objects(place_of(Path(repo))) as objects:
        raws = [parsed_commit(data) for _, _, data in objects.read(commit.id for commit in history.commits)]
    texts = [decoded(raw.message) for raw in raws if raw is not None and not is_bot(raw.author)]
    return history, [text for text in texts if not is_revert(text)]


def changed(texts: Sequence[str], people: People, nobody: People) -> Iterator[str]:
    """Every place in which knowing these people makes a difference, with what stands around it."""
    for text in texts:
        plain, without = cleaned(text, nobody), cleaned(text, people)
        if plain == without:
            continue
        a, b = PARTS.findall(plain), PARTS.findall(without)
        for kind, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if kind != "equal":
                place = f"{''.join(a[max(a0 - 14, 0) : a0])}[[{''.join(a[a0:a1])} => {''.join(b[b0:b1])}]]{''.join(a[a1 : a1 + 14])}"
                yield place.replace("\n", "\\n")


def stayed(texts: Sequence[str], people: People, names: frozenset[str]) -> Iterator[str]:
    """Every word of a cleaned message that is part of an author's name and no ordinary word."""
    for text in (cleaned(text, people) for text in texts):
        for found in WORD.finditer(text):
            if found.group().lower() in names:
                yield f"{text[max(found.start() - 40, 0) : found.start()]}[[{found.group()}]]{text[found.end() : found.end() + 30]}".replace(
                    "\n", "\\n"
                )


def main(repos: Sequence[str]) -> None:
    read = {repo: messages_of(repo) for repo in repos}
    shown: dict[str, list[str]] = {"its own people": [], "people of the others": [], "stayed": []}
    for repo, (history, texts) in read.items():
        words = own_words(history)
        own, nobody = People(history.people, words), People((), words)
        others = [p for other, (known, _) in read.items() if other != repo for p in known.people if p not in history.people]
        started = time.perf_counter()
        for text in texts:
            cleaned(text, own)
        cost = (time.perf_counter() - started) / max(len(texts), 1)
        names = frozenset(w.lower() for p in history.people for w in WORD.findall(p)) - ordinary_words() - {SOMEONE}
        found = (changed(texts, own, nobody), changed(texts, People(others, words), nobody), stayed(texts, own, names))
        places = [list(some) for some in found]
        for some, (_, all_places) in zip(places, shown.items()):
            all_places += some
        counts = ", ".join(f"{len(some)} {what}" for some, what in zip(places, shown))
        print(
            f"{repo}: {len(texts)} messages, {cost * 1e6:.0f} microseconds each; {len(history.people)} people, {len(others)} others; {counts}"
        )
    for (what, places), number in zip(shown.items(), (30, 30, 40)):
        print(f"\n{what}:", *random.Random(0).sample(places, min(number, len(places))), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
