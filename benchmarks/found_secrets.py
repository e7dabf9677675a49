"""Secrets: how many made-up ones are found, how many look-alikes are taken for one, and how fast clean text passes.

    python -m benchmarks.found_secrets [folder of clean text]

In: 5 or 10 secrets of each kind and 10 look-alikes of each kind of tests/secret_samples.py, 10 of each syntax and of each
kind of ciphertext, file or id of tests/secret_syntax_samples.py. Found
means: it is no longer in the redacted text. Out: one line for the kinds that the rules were written with, one for those held out, one for the syntaxes, one for
the ciphertext and the like, one for what nothing announces.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

from elite_code_dataset.secrets import findings, redacted, redacted_many
from tests.secret_samples import HELD_OUT, HELD_OUT_LOOKALIKES, KNOWN, KNOWN_LOOKALIKES, UNANNOUNCED, drawn
from tests.secret_syntax_samples import HARMLESS, SYNTAXES


def main() -> None:
    for label, secrets, each, lookalikes in (("known", KNOWN, 5, KNOWN_LOOKALIKES), ("held out", HELD_OUT, 10, HELD_OUT_LOOKALIKES)):
        missed = [kind for kind, (text, secret) in drawn(secrets, each) if secret in redacted(text)[0]]
        alarms = [kind for kind, text in drawn(lookalikes, 10) if findings(text, emails=False)]
        print(f"{label}: found {each * len(secrets) - len(missed)} of {each * len(secrets)}, missed {dict(Counter(missed)) or 'none'}")
        print(f"{label}: false alarms {len(alarms)} of {10 * len(lookalikes)}, {dict(Counter(alarms)) or 'none'}")
    made = [(kind, where, make(random.Random(f"{kind} {k}"))) for kind, (where, make) in SYNTAXES.items() for k in range(10)]
    missed = [kind for kind, where, secret in made if secret in redacted(where.replace("@@", secret, 1))[0]]
    print(f"syntaxes: found {len(made) - len(missed)} of {len(made)}, missed {dict(Counter(missed)) or 'none'}")
    made = [(kind, where.replace("@@", make(random.Random(f"{kind} {k}")))) for kind, (where, make) in HARMLESS.items() for k in range(10)]
    alarms = [kind for kind, text in made if findings(text, emails=False)]
    print(f"ciphertext, files, ids: false alarms {len(alarms)} of {len(made)}, {dict(Counter(alarms)) or 'none'}")
    missed = [kind for kind, (text, secret) in drawn(UNANNOUNCED, 5) if secret in redacted(text)[0]]
    print(f"unannounced: found {5 * len(UNANNOUNCED) - len(missed)} of {5 * len(UNANNOUNCED)}")
    if len(sys.argv) > 1:
        texts = [text for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file() and (text := readable(path))]
        start, busy = time.perf_counter(), time.process_time()
        changed = sum(bool(kinds) for _, kinds in redacted_many(texts))
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        size = sum(map(len, texts)) / 1e6
        print(f"{size:.1f} MB: {size / seconds:.0f} MB/s, {size / busy:.0f} MB a CPU second; {changed} of {len(texts)} files changed")


def readable(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return ""


if __name__ == "__main__":
    main()
