"""Every number with a meaning, with its unit and where it comes from, in the order of the flow; and the cache identity.

In: what the user wrote. Out: ``EliteCodeConfig`` (a ``datasets.BuilderConfig``) and presets. Costs nothing.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

VERSION = "0.1.0"

# Reading. Linguist treats longer lines as minified; 1 MB is where GitHub's own search stops indexing a file.
MAX_FILE_BYTES = 1_000_000
MAX_LINE_BYTES = 100_000
PARSE_SECONDS = 5.0

# Splits: shares of tokens, named by the user. Jaccard threshold of near-duplicates: Lee et al. 2021 use 0.8; the design asks 0.85.
SPLIT_SHARES = {"train": 0.85, "validation": 0.10, "test": 0.05}
NEAR_DUPLICATE_JACCARD = 0.85
SHINGLE_TOKENS = 5

# Weights, named by the user: role x age x evolution.
ROLE_WEIGHTS = {"core": 3.0, "support": 1.0, "test": 0.3, "doc": 0.3, "config": 0.3}
AGE_WEIGHTS = ((60.0, 1.5), (90.0, 1.0), (float("inf"), 0.7))  # (younger than so many days, factor)
EVOLUTION_WEIGHT = 1.3


@cache
def source_digest() -> str:
    """sha256 over this package's own sources and the words and rules it reads, so that a cache made by other code is never reused."""
    return digest_of(Path(__file__).parent)


def digest_of(root: Path) -> str:
    """The digest of a package that lies in this folder."""
    digest = hashlib.sha256()
    for path in sorted([*root.rglob("*.py"), *root.glob("assets/*.txt"), *root.glob("assets/*.yml")]):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


# augment/: the share of train rows each technique is tried on. Together at most 2.3 children a row, so that with its parent a row is
# seen fewer than the four times after which repeated code stops paying (Muennighoff et al. 2023).
AUGMENT_RATES = {
    "comments": 0.1,
    "cross_file_context": 0.2,
    "error_patterns": 0.5,
    "fill_in_middle": 0.5,
    "format": 0.1,
    "rename": 0.3,
    "restructure": 0.2,
    "temporal_context": 0.1,
    "type_annotations": 0.3,
}

# tokens.py. 32k byte-level BPE: 3.98 bytes a token on held-out code of the same repository, trained in about 2 s.
DEFAULT_VOCABULARY = 32_768

# curriculum.py: shares of the train split's target tokens that each stage holds, easy and short first; measures that make up the difficulty.
# Rarity counts twice: with that the difficulty agrees better with an n-gram model's loss on each of four repositories (benchmarks/curriculum.py).
CURRICULUM_STAGES = (0.2, 0.3, 0.5)
DIFFICULTY_MEASURES = {"complexity": 1.0, "nesting": 1.0, "length": 1.0, "rarity": 2.0}

# exposure.py: repeats of one token that are nearly free, and where returns have faded (Muennighoff et al. 2023, arXiv 2305.16264).
EXPOSURE_FREE = 4.0
EXPOSURE_LIMIT = 16.0

# windows.py. What each scale means; see the table in README. Tokens.
SEGMENT_MINIMUM = 24  # a header or a closing brace shorter than this joins its neighbour instead of standing alone
CONTEXT_SHARE = {256: 0.25, 512: 0.375, 1024: 0.25, 2048: 0.2, 4096: 0.25}  # of a window, at most, ahead of a divided target
SIGNATURE_CHARACTERS = 400  # a longer signature or import is a data table in disguise and is left out of contexts

# Reading git (git_place.py, git_objects.py, history.py, repository.py). Caps on what a hostile repository can make us do.
MAX_TREE_ENTRIES = 200_000  # paths of one tree, or touched by one commit; the Linux kernel has 90,000
MAX_TREE_DEPTH = 64  # folders inside folders
MAX_META_BYTES = 64_000_000  # one commit, one tree, or packed-refs
GIT_MEMORY_KB = 4_194_304  # address space of one git process
GIT_CPU_SECONDS = 1800  # of one git process; it is started again where it died
GIT_SILENCE_SECONDS = 60.0  # no answer for so long: the object counts as unreadable
RENAME_SIMILARITY = 0.5  # share of common lines, weighed by bytes; git's own default
MAX_MESSAGE_CHARACTERS = 20_000  # of a commit message that are looked at and kept
COPY_MIN_BYTES = 200  # smaller equal files (licence stubs, empty __init__) are no copies of each other

# plan.py: share of the copies that leave their own stage; tokens of one micro-batch.
STAGE_MIX = 0.10
TOKEN_BUDGET = 8192

# hunks.py, edits.py. Lines kept around a hunk (git's own default); cells of the line table above which a changed middle is one hunk.
EDIT_AROUND_LINES = 3
EDIT_MESSAGE_CHARACTERS = 2000  # of a longer message the head is shown, and so marked; it is context there
DIFF_CELLS = 400_000_000
EDIT_CONTEXT_HUNKS = (
    0.5  # of the room left at 1024 tokens and more, at most, for other hunks of the same commit; the rest is for signatures
)

# augment/type_annotations.py: of the rows without annotations whose types are certain, the share that gets them; most keep their code base's style.
EXPLICIT_TYPES_SHARE = 0.25
# augment/temporal_context.py: a change is said to be younger than so many days, in these words; the bounds of AGE_WEIGHTS are among them.
AGE_WORDS = ((7.0, "this week"), (30.0, "this month"), (60.0, "within two months"), (90.0, "within three months"), (365.0, "within a year"))
AGE_OLDER = "over a year ago"

# augment/fill_in_middle.py: the least middle worth a row, in characters, and the largest share of the target that it may be.
FIM_LEAST_CHARACTERS = 8
FIM_LONGEST_SHARE = 0.6

# splits.py. Shares are parts of all tokens. The tolerance is what the shares may be off at HEAD; in the past they are mended once they have strayed
# further than the trigger, until they are settled, so that a mended state lasts. Single files are too coarse for that in a small repository.
SPLIT_TOLERANCE = 0.01
SPLIT_TRIGGER = 0.0075
SPLIT_SETTLED = 0.0025
SPLIT_SMALL = 30  # live files
SPLIT_FILES = 50  # with as many, shares can be held to the tolerance
SPLIT_SMALL_FACTOR = 4  # by so much the three numbers above are larger there
USUAL_DENSITY = 0.3  # tokens a byte, of code in general
MEASURE_FIRST = 1000  # estimated tokens of live code from which on the default tokenizer measures it
MEASURE_LAST = 1_000_000  # beyond, a vocabulary serves what it was not trained on nearly as well: estimates are right to half a point
MEASURE_FINE = 200_000  # up to here each time the code has grown by a quarter, then each time by half
MEASURE_GROWTH = (1.25, 1.5)
MEASURE_AGAIN = 1.25  # a file's tokens are estimated anew when its bytes have changed by this factor
SAME_BLOB_BYTES = 64  # shorter files (`mod a;`, an empty `__init__`) are alike by chance

# certificate.py. Token 5-grams of a target: two functions of one line are alike by chance.
EXACT_SHINGLES = 16
NEAR_SHINGLES = 32

# similarity.py, clones.py. 32 bands of 8 rows: wider bands lose 12 to 17 % of the true pairs at 0.85 in every library measured.
MINHASH_PERMUTATIONS = 256
MINHASH_BANDS = 32
CLONE_GRAM = 7
CLONE_TOKENS = 80  # shorter code is alike by its shape alone

# windows.py: the share of a window that is left for the path and a header where a statement needs the rest for itself.
LEAST_CONTEXT_SHARE = 1 / 16
