"""Tokens: text -> ids with the byte where each token begins, by any fast Hugging Face tokenizer.

In: texts (secrets already replaced) and a tokenizer's name, folder or nothing. Out: ``Encoding`` arrays. One tokenizer pass a text:
every scale is cut from it. Text never becomes a special token: the encoding copy of the tokenizer has no added tokens at all, and structural
ids are used by number. Costs what the tokenizer costs, plus about 10 % for the offsets.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from elite_code_dataset.config import DEFAULT_VOCABULARY
from elite_code_dataset.records import EliteCodeError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

END, PAD, FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPOSITORY, FILE = SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|fim_pad|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
# (prefix, suffix, middle) as each family of code models spells them.
FIM_FAMILIES = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen2.5-Coder, and our own default
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # DeepSeek-Coder: begin, hole, end stand where prefix, suffix, middle do
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),  # CodeLlama
    ("<PRE>", "<SUF>", "<MID>"),
)
# Words, numbers of up to three digits, punctuation with the line end behind it, indentation on its own: a line begins a token.
LINE_ALIGNED = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@dataclass(frozen=True)
class Encoding:
    """``ids``: int32, shape (n,). ``starts``: int64, shape (n + 1,): the byte where each token begins, then the text's size in bytes."""

    ids: np.ndarray
    starts: np.ndarray

    @property
    def size(self) -> int:
        return int(self.starts[-1])


@dataclass(frozen=True)
class FillInMiddle:
    """Ids of the tokenizer's own fill-in-the-middle tokens."""

    prefix: int
    suffix: int
    middle: int


class Encoder:
    """Any fast tokenizer, so used that the text of a repository stays text.

    Pickles as the tokenizer's JSON, so a pass can carry it to worker processes.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, label: str):
        if not getattr(tokenizer, "is_fast", False):
            raise EliteCodeError(
                f"tokenizer {label!r} is a slow one without byte offsets; name a tokenizer with a tokenizer.json, or leave `tokenizer` out for the default"
            )
        self.tokenizer = tokenizer
        self.label = label

    def __reduce__(self) -> tuple:
        return (_revived, (self.tokenizer.backend_tokenizer.to_str(), dict(self.tokenizer.special_tokens_map), self.label))

    @cached_property
    def _plain(self) -> Any:
        """The same model without added tokens, template, truncation or padding."""
        from tokenizers import Tokenizer

        state = json.loads(self.tokenizer.backend_tokenizer.to_str())
        state.update(added_tokens=[], post_processor=None, truncation=None, padding=None)
        return Tokenizer.from_str(json.dumps(state))

    @cached_property
    def digest(self) -> str:
        """sha256 of the tokenizer's own JSON, first 16 digits."""
        return hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()[:16]

    @cached_property
    def special_ids(self) -> frozenset[int]:
        return frozenset(self.tokenizer.added_tokens_decoder)

    @property
    def vocabulary(self) -> int:
        return len(self.tokenizer)

    @cached_property
    def eos_id(self) -> int | None:
        return self.tokenizer.eos_token_id

    @cached_property
    def pad_id(self) -> int:
        found = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.eos_id
        return 0 if found is None else int(found)

    @cached_property
    def fim(self) -> FillInMiddle | None:
        vocabulary = self.tokenizer.get_vocab()
        for names in FIM_FAMILIES:
            if all(name in vocabulary for name in names):
                return FillInMiddle(*(vocabulary[name] for name in names))
        return None

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """One ``Encoding`` a text, in order. No special id ever comes out, whatever the text says."""
        return [
            self._checked(text, encoded) for text, encoded in zip(texts, self._plain.encode_batch(list(texts), add_special_tokens=False))
        ]

    def ids(self, text: str) -> list[int]:
        return self.encode([text])[0].ids.tolist()

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; special ids come out under their names."""
        return self.tokenizer.backend_tokenizer.decode([int(i) for i in ids], skip_special_tokens=False)

    def save(self, folder: str | Path) -> None:
        self.tokenizer.save_pretrained(str(folder))

    def _checked(self, text: str, encoded: Any) -> Encoding:
        ids = np.array(encoded.ids, dtype=np.int32)
        starts = np.fromiter(chain.from_iterable(encoded.offsets), dtype=np.int64, count=2 * len(ids))[::2]
        if self.special_ids and not self.special_ids.isdisjoint(encoded.ids):
            ids, starts = self._spelled_out(text)
        size = len(text)
        if not text.isascii():
            to_byte = byte_of_char(text)
            starts, size = to_byte[starts], int(to_byte[-1])
        starts = np.maximum.accumulate(np.append(starts, size))
        if len(ids):
            starts[0] = 0
        return Encoding(ids, starts)

    def _spelled_out(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """A model whose plain vocabulary still holds a special token: encode around each spelling of it, character by character inside."""
        import re

        names = [re.escape(t.content) for t in self.tokenizer.added_tokens_decoder.values()]
        ids: list[int] = []
        starts: list[int] = []
        position = 0
        for match in chain(re.finditer("|".join(sorted(names, key=len, reverse=True)), text), (None,)):
            end = match.start() if match else len(text)
            pieces = [(position, end)] + ([(i, i + 1) for i in range(match.start(), match.end())] if match else [])
            for a, b in pieces:
                encoded = self._plain.encode(text[a:b], add_special_tokens=False)
                keep = [(i, a + s) for i, (s, _) in zip(encoded.ids, encoded.offsets) if i not in self.special_ids]
                ids += [i for i, _ in keep]
                starts += [s for _, s in keep]
            position = match.end() if match else end
        return np.array(ids, dtype=np.int32), np.array(starts, dtype=np.int64)


def byte_of_char(text: str) -> np.ndarray:
    """int64, shape (len(text) + 1,): the UTF-8 byte offset of each character, then the size in bytes."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    widths = 1 + (points > 0x7F).astype(np.int64) + (points > 0x7FF) + (points > 0xFFFF)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(widths)])


def _revived(state: str, special: dict, label: str) -> Encoder:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return Encoder(PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(state), **special), label)


def encoder_named(name: str) -> Encoder:
    """The tokenizer by Hub name or folder. Raises EliteCodeError when it cannot be had."""
    from transformers import AutoTokenizer

    try:
        return Encoder(AutoTokenizer.from_pretrained(os.path.expanduser(name), use_fast=True), name)
    except EliteCodeError:
        raise
    except Exception as error:  # the libraries below raise OSError, ValueError, HTTP and JSON errors alike
        cause = str(error).strip().split("\n")[0][:160]
        raise EliteCodeError(
            f"unknown tokenizer {name!r}: expected a folder with a tokenizer.json or a name the Hub (or its cache) has; "
            f"check the name or the network, or leave `tokenizer` out to use one trained on the repository itself ({cause})"
        ) from error


def trained_encoder(texts: Iterable[str], vocabulary: int = DEFAULT_VOCABULARY) -> Encoder:
    """The default: a byte-level BPE of at most ``vocabulary`` entries trained on ``texts`` (the train split), no network.

    Deterministic in the texts and their order. Has end-of-text, padding, fill-in-the-middle, repository and file tokens.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LINE_ALIGNED), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    backend.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=END,
        bos_token=END,
        pad_token=PAD,
        additional_special_tokens=[FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, REPOSITORY, FILE],
    )
    return Encoder(tokenizer, "trained")
