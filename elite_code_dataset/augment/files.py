"""Files: whole sources rewritten by one technique, which is how a promise to keep the meaning is put to a test suite or a compiler.

In: files of one language by place, and a technique's name. Out: by place, what the technique makes of the file, or why it left it alone.
Cost: the technique's own; rename also reads all files once for its pool of names.
"""

from __future__ import annotations

from collections.abc import Mapping

from elite_code_dataset.augment import techniques
from elite_code_dataset.augment.registry import Abstained, Rng
from elite_code_dataset.augment.rename import names_of
from elite_code_dataset.languages import Language
from elite_code_dataset.records import EliteCodeError


def file_techniques() -> tuple[str, ...]:
    """The techniques that are declared to keep the meaning of a whole file, in the order of their names."""
    return tuple(name for name, one in techniques().items() if one.preserves_meaning and one.rewrite_source)


def rewritten_files(files: Mapping[str, bytes], language: Language, technique: str, seed: int = 0) -> dict[str, bytes | Abstained]:
    """Each file rewritten as far as the technique can, with draws of its own by its place; rename draws names from all the files.

    Raises ``EliteCodeError`` for a technique that does not rewrite whole files.
    """
    if technique not in file_techniques():
        raise EliteCodeError(f"{technique!r} does not rewrite whole files; those that do: {', '.join(file_techniques())}")
    rewrite_source = techniques()[technique].rewrite_source
    options = {"names": names_of(files.values(), language)} if technique == "rename" else {}
    return {place: rewrite_source(text, language, Rng(seed, place), **options) for place, text in files.items()}
