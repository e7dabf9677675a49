"""Shares and stability of the split: HEAD after HEAD of a history, as a user would build who commits in between.

``python benchmarks/splits.py REPO [HEADS] [COMMITS]``: HEADS datasets (60), COMMITS apart on the first-parent line (20). Printed are, of those with fifty files or
more, how far a share was off in the default tokenizer's own tokens, and how many files that two neighbours have in common changed sides.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from elite_code_dataset import analysis
from elite_code_dataset.config import SPLIT_SHARES
from elite_code_dataset.options import EliteCodeConfig
from elite_code_dataset.repository import open_repository

FILES = 50  # fewer are too coarse for a twentieth


def main() -> None:
    repo, heads, apart = sys.argv[1], *(int(number) for number in (*sys.argv[2:], 60, 20)[:2])
    with open_repository(repo) as repository:
        line = [commit.id for commit in repository.history().first_parents()][-(heads - 1) * apart - 1 :: apart]
    before: dict[str, str] = {}
    off, moved, places = [], [], []
    with tempfile.TemporaryDirectory() as cache:
        for commit in line:
            config = EliteCodeConfig(name="files", data_dir=repo, commit=commit)
            config.create_config_id({})
            found = analysis.analysis_of((repo,), config.commits, config, Path(cache), config.bounds)
            side = {view.source.lineage: view.split for corpus in found.corpora for view in corpus.views.values()}
            if len(side) >= FILES:
                off.append(max(abs(found.facts["shares"][split] - share) for split, share in SPLIT_SHARES.items()))
                both = side.keys() & before.keys()
                moved.append(sum(side[lineage] != before[lineage] for lineage in both))
                places.append(len(both))
            before = side
    if not off:
        print(f"{Path(repo).name}: fewer than {FILES} files at each of {len(line)} commits")
        return
    print(
        f"{Path(repo).name}: {len(off)} datasets, {apart} commits apart; shares off by {100 * max(off):.2f} points at most, {100 * sum(off) / len(off):.2f} on average,"
    )
    print(
        f"beyond a point {sum(one > 0.01 for one in off)} times; {sum(moved)} of {sum(places)} files changed sides, at {sum(map(bool, moved))} commits"
    )


if __name__ == "__main__":
    main()
