"""Who is named in rows: every recorded name and address of a history, looked for in every text of every row.

``python benchmarks/named_rows.py REPO [REPO...]``. Prints, for each repository and config, how many rows there are, how often ``someone`` stands in
them, and how often anybody's recorded name (of two words or more) or address does, in any case: the aim is 0. Then how often a recorded name of one
word does that is no ordinary one, and in what: these stay in code where nothing says that the person is meant. Names and addresses are asked of git
itself, not of the code that replaces them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import datasets
from ahocorasick_rs import AhoCorasick

import elite_code_dataset  # noqa: F401  (registers the builder)
from elite_code_dataset.names import ordinary_words
from elite_code_dataset.records import SCALES

CONFIGS = ("files", "edits", *(f"w{scale}" for scale in SCALES))
PROGRAMS = ("github", "dependabot", "renovate")
HIDDEN = re.compile(r"^(?:git|no-?reply)@|@(?:[\w-]+\.)*example\.(?:com|org)$", re.I)  # nobody's addresses


def recorded(repo: str) -> set[str]:
    """Names and addresses of authors and committers, as git prints them, in lower case."""
    fields = ("%an", "%cn", "%ae", "%ce")
    told = subprocess.run(["git", "-C", repo, "log", f"--format={'%x00'.join(fields)}"], capture_output=True, check=True).stdout
    words = {word.strip().lower() for line in told.decode("utf-8", "replace").split("\n") for word in line.split("\0")}
    return {
        word for word in words if len(word) > 3 and not HIDDEN.search(word) and not {word, word.rstrip("0123456789")} & ordinary_words()
    }


def texts(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if name != "input_ids":
            yield from (value,) if isinstance(value, str) else (str(one) for one in value) if isinstance(value, list) else ()


def main(repo: str) -> None:
    known = sorted(word for word in recorded(repo) if not word.startswith(PROGRAMS) and "[bot]" not in word)
    search = AhoCorasick(known)
    handles = {word for word in known if len(word.split()) == 1 and "@" not in word}
    print(f"{repo}: {len(known) - len(handles)} recorded names and addresses, {len(handles)} of one word")
    for config in CONFIGS:
        found: Counter[str] = Counter()
        rows = places = 0
        for part in datasets.load_dataset("elite_code_dataset", config, data_dir=repo).values():
            for row in part:
                rows += 1
                for text in map(str.lower, texts(row)):
                    places += text.count("someone")
                    for at, start, end in search.find_matches_as_indexes(text, overlapping=True):
                        if not re.match(r"\w", text[end : end + 1]) and not re.match(r"\w", text[max(start - 1, 0) : start]):
                            found[known[at]] += 1
        short = Counter({word: number for word, number in found.items() if word in handles})
        print(f"  {config:6} {rows:6} rows, someone {places:5}, named {(found - short).total()}; of one word {dict(short.most_common(4))}")


if __name__ == "__main__":
    datasets.disable_progress_bar()
    for one in sys.argv[1:]:
        main(one)
