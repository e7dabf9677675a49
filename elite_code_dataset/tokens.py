"""Tokens: text -> ids with the byte where each token begins, by any fast Hugging Face tokenizer.

In: texts (secrets already replaced) and a tokenizer's name, folder or nothing. Out: ``Encoding`` arrays. One tokenizer pass a text:
every scale is cut from it. Text never becomes a special token: the encoding copy of the tokenizer has no added tokens at all, and structural
ids are used by number. Costs what the tokenizer costs, plus about 10 % for the offsets.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
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
TRAINED = "trained"  # label of the default tokenizer
SPECIAL_ROLES = ("bos_token", "eos_token", "pad_token", "unk_token")
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
    """Any tokenizer of Hugging Face's, so used that the text of a repository stays text.

    ``special`` names the end-of-text and padding tokens among the tokenizer's own. Pickles as the tokenizer's JSON, so a pass can carry it
    to worker processes; transformers is loaded only where a tokenizer comes from the Hub or ``tokenizer`` is asked for.
    """

    def __init__(self, backend: Any, special: Mapping[str, str], label: str, tokenizer: PreTrainedTokenizerFast | None = None):
        self.backend, self.special, self.label = backend, dict(special), label
        self._given = tokenizer

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast, label: str) -> Encoder:
        """Of a transformers tokenizer. Raises EliteCodeError for a slow one."""
        if not getattr(tokenizer, "is_fast", False):
            raise EliteCodeError(
                f"tokenizer {label!r} is a slow one without byte offsets; name a tokenizer with a tokenizer.json, or leave `tokenizer` out for the default"
            )
        named = {role: getattr(tokenizer, role) for role in SPECIAL_ROLES}
        return cls(tokenizer.backend_tokenizer, {role: str(name) for role, name in named.items() if name}, label, tokenizer)

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The transformers tokenizer."""
        if self._given is None:
            from transformers import PreTrainedTokenizerFast

            self._given = PreTrainedTokenizerFast(tokenizer_object=self.backend, **self.special)
        return self._given

    def __reduce__(self) -> tuple:
        return (_revived, (self.backend.to_str(), self.special, self.label))

    @cached_property
    def _plain(self) -> Any:
        """The same model without added tokens, template, truncation or padding."""
        from tokenizers import Tokenizer

        state = json.loads(self.backend.to_str())
        state.update(added_tokens=[], post_processor=None, truncation=None, padding=None)
        return Tokenizer.from_str(json.dumps(state))

    @cached_property
    def digest(self) -> str:
        """16 digits of sha256 over what makes ids of text; how special tokens are written down, which libraries rewrite, is not part of it."""
        return hashlib.sha256(self._plain.to_str().encode()).hexdigest()[:16]

    @cached_property
    def special_ids(self) -> frozenset[int]:
        return frozenset(self.backend.get_added_tokens_decoder())

    @property
    def vocabulary(self) -> int:
        return self.backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def eos_id(self) -> int | None:
        return self.backend.token_to_id(self.special["eos_token"]) if "eos_token" in self.special else None

    @cached_property
    def pad_id(self) -> int:
        found = self.backend.token_to_id(self.special["pad_token"]) if "pad_token" in self.special else self.eos_id
        return 0 if found is None else int(found)

    @cached_property
    def fim(self) -> FillInMiddle | None:
        for names in FIM_FAMILIES:
            ids = [self.backend.token_to_id(name) for name in names]
            if None not in ids:
                return FillInMiddle(*ids)
        return None

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """One ``Encoding`` a text, in order. No special id ever comes out, whatever the text says."""
        return [
            self._checked(text, encoded) for text, encoded in zip(texts, self._plain.encode_batch(list(texts), add_special_tokens=False))
        ]

    def ids(self, text: str) -> list[int]:
        return self.ids_of([text])[0]

    def ids_of(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, without the bytes where tokens begin: faster where nothing is cut."""
        fast = getattr(self._plain, "encode_batch_fast", self._plain.encode_batch)
        found = [encoded.ids for encoded in fast(list(texts), add_special_tokens=False)]
        if not self.special_ids:
            return found
        return [ids if self.special_ids.isdisjoint(ids) else self._spelled_out(text)[0].tolist() for text, ids in zip(texts, found)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; special ids come out under their names."""
        return self.backend.decode([int(i) for i in ids], skip_special_tokens=False)

    def save(self, folder: str | Path) -> None:
        """A folder that ``AutoTokenizer.from_pretrained`` and ``encoder_named`` read."""
        if self._given is not None:
            self._given.save_pretrained(str(folder))
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.backend.save(str(Path(folder) / "tokenizer.json"))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **self.special}
        (Path(folder) / "tokenizer_config.json").write_text(
            json.dumps(settings, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8"
        )

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

        names = [re.escape(t.content) for t in self.backend.get_added_tokens_decoder().values()]
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

    return Encoder(Tokenizer.from_str(state), special, label)


def encoder_named(name: str) -> Encoder:
    """The tokenizer by Hub name or folder. Raises EliteCodeError when it cannot be had."""
    folder = Path(name).expanduser()
    try:
        if (folder / "tokenizer.json").is_file() and (folder / "tokenizer_config.json").is_file():
            return _from_folder(folder, name)
        from transformers import AutoTokenizer

        return Encoder.of(AutoTokenizer.from_pretrained(os.path.expanduser(name), use_fast=True), name)
    except EliteCodeError:
        raise
    except Exception as error:  # the libraries below raise OSError, ValueError, HTTP and JSON errors alike
        cause = str(error).strip().split("\n")[0][:160]
        raise EliteCodeError(
            f"unknown tokenizer {name!r}: expected a folder with a tokenizer.json or a name the Hub (or its cache) has; "
            f"check the name or the network, or leave `tokenizer` out to use one trained on the repository itself ({cause})"
        ) from error


def _from_folder(folder: Path, name: str) -> Encoder:
    """Read without transformers, whose import costs more than a small repository takes in all; it is loaded where its object is wanted."""
    from tokenizers import Tokenizer

    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    named = {role: settings.get(role) for role in SPECIAL_ROLES}
    special = {role: t["content"] if isinstance(t, dict) else t for role, t in named.items() if t}
    return Encoder(Tokenizer.from_file(str(folder / "tokenizer.json")), special, name)


def trained_encoder(texts: Iterable[str], vocabulary: int = DEFAULT_VOCABULARY) -> Encoder:
    """The default: a byte-level BPE of at most ``vocabulary`` entries trained on ``texts`` (the train split), no network.

    Deterministic in the texts and their order. Has end-of-text, padding, fill-in-the-middle, repository and file tokens.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

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
    return Encoder(backend, {"bos_token": END, "eos_token": END, "pad_token": PAD}, TRAINED)
