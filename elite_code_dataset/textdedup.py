"""text-dedup as the one who proposes near duplicates: its MinHash signatures on our tokens, its bands as our candidates.

In: texts. Out: candidate pairs, as ``similarity.candidates`` gives them. Costs three times as much as our own. Needs the extra ``text-dedup`` (0.4.0).
"""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from elite_code_dataset.config import MINHASH_BANDS, MINHASH_PERMUTATIONS, SHINGLE_TOKENS
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.similarity import batches, hashed_tokens, paired

_PRIME = np.uint64((1 << 61) - 1)  # what text-dedup itself uses with 64-bit numbers
_LARGEST = np.uint32((1 << 32) - 1)


def _parts():
    """text-dedup's signature and hash function. Importing it sets how processes start, for everyone; that is put back."""
    before = multiprocessing.get_start_method(allow_none=True)
    try:
        from text_dedup.minhash import SIGNATURE_COLUMN, embed_func
        from text_dedup.utils import xxh3_32hash
    except ImportError as error:
        raise EliteCodeError(
            f"backend='text-dedup' cannot be imported ({error}); pip install 'elite-code-dataset[text-dedup]', or use backend='numpy'"
        ) from None
    multiprocessing.set_start_method(before, force=True)
    return embed_func, SIGNATURE_COLUMN, xxh3_32hash


def textdedup_candidates(texts: Sequence[str]) -> np.ndarray:
    """Pairs (i < j), int64[p, 2] in order, that agree on a whole band. Tokens go in as hexadecimal words: text-dedup would lower their case
    and drop every sign."""
    embed, column, hash_function = _parts()
    random = np.random.RandomState(42)
    permutations = random.randint(1, _PRIME, MINHASH_PERMUTATIONS, np.uint64), random.randint(0, _PRIME, MINHASH_PERMUTATIONS, np.uint64)
    rows = MINHASH_PERMUTATIONS // MINHASH_BANDS
    bands: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    number = 0
    for batch in batches(texts):
        tokens, offsets = hashed_tokens(batch)
        for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist()):
            if end > start:
                signature = embed(
                    " ".join(map("{:016x}".format, tokens[start:end].tolist())),
                    number,
                    num_perm=MINHASH_PERMUTATIONS,
                    ngram_size=SHINGLE_TOKENS,
                    min_length=0,
                    hashranges=[(k, k + rows) for k in range(0, MINHASH_PERMUTATIONS, rows)],
                    permutations=permutations,
                    hash_func=hash_function,
                    dtype=np.uint64,
                    max_hash=_LARGEST,
                    modulo_prime=_PRIME,
                )
                for band, key in enumerate(signature[column]):
                    bands[band, key].append(number)
            number += 1
    buckets: list[list[np.ndarray]] = [[] for _ in range(MINHASH_BANDS)]
    for (band, _), members in bands.items():
        if len(members) > 1:
            buckets[band].append(np.array(members))
    return paired(buckets)
