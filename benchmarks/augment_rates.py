"""How often each technique applies: the share of train rows that it makes a child of, by technique and language, and why not of the others.

In: a repository and a config. Out: a table; each technique is tried on every row, apart from the other techniques. Cost: one build of the rows,
and two parses per row and technique: about a minute for 500 rows.

    python benchmarks/augment_rates.py REPOSITORY [--config w512]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import datasets

import elite_code_dataset
from elite_code_dataset.augment import augmented, techniques
from elite_code_dataset.encoders import encoder_of

LEAST_ROWS = 10  # of a language, for lines of its own; the others are one group
REASONS = 3


def groups_of(rows: datasets.Dataset) -> dict[str, datasets.Dataset]:
    """The rows by language, the largest group first; languages with few rows together."""
    counts = Counter(rows["language"])
    place: dict[str, list[int]] = {}
    for number, language in enumerate(rows["language"]):
        place.setdefault(language if counts[language] >= LEAST_ROWS else "others", []).append(number)
    return {language: rows.select(place[language]) for language in sorted(place, key=lambda name: (-len(place[name]), name))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("repository")
    parser.add_argument("--config", default="w512")
    options = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        loaded = elite_code_dataset.load_dataset(options.config, options.repository, cache_dir=cache)
        encoder = encoder_of(loaded)
        for language, rows in groups_of(loaded["train"]).items():
            print(f"{language}: {len(rows)} train rows of {options.config}", flush=True)
            for name in techniques():
                report = augmented(rows, {name: 1.0}, tokenizer=encoder).reports[0]
                reasons = sorted(report.dropped.items(), key=lambda item: (-item[1], item[0]))[:REASONS]
                shown = ", ".join(f"{reason} {count}" for reason, count in reasons)
                print(f"  {name:20} {report.kept / len(rows):6.1%}  {shown}", flush=True)


if __name__ == "__main__":
    main()
