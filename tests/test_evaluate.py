"""Evaluation: an oracle scores 1, a uniform model its logarithm, a copier nothing new; and no figure depends on batches or peeks at the answer."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM

from elite_code_dataset import metadata
from recipes import evaluate
from recipes.held_out import HeldOut, held_out, plain_rows
from recipes.intervals import Tally, estimates
from recipes.retrieval import Copier, Retriever
from recipes.tasks import EDIT_TOKENS, Prompt, is_whole, prompts_of, scores_of
from tests import sample
from tests.training import tiny_model

SPLITS = ("validation", "test")  # of a small repository either alone is a file or two


class Told(nn.Module):
    """A causal language model that continues the sequences it was told, and knows nothing else."""

    def __init__(self, sequences: list[list[int]], vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 1)
        self.config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(max_position_embeddings=8192))
        self.device, self.after = torch.device("cpu"), {}
        for ids in sequences:
            for key, token in zip(self.keys(ids), ids[1:]):
                self.after.setdefault(key, token)

    @staticmethod
    def keys(ids: list[int]) -> list[int]:
        found = []
        for token in ids:
            found.append(hash((found[-1] if found else 0, token)))
        return found

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def forward(self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, use_cache=None):
        """Logits of whole rows; the cache is what was given so far."""
        seen = input_ids if past_key_values is None else torch.cat([past_key_values, input_ids], dim=1)
        mask = torch.ones_like(seen) if attention_mask is None else attention_mask
        logits = torch.zeros(*input_ids.shape, self.embedding.num_embeddings)
        for row in range(len(seen)):
            first = int(mask[row].argmax())
            keys = [0] * first + self.keys(seen[row, first:].tolist())
            for place, key in enumerate(keys[-input_ids.shape[1] :]):
                if key in self.after:
                    logits[row, place, self.after[key]] = 50.0
        return SimpleNamespace(logits=logits, past_key_values=seen)


@functools.cache
def held() -> HeldOut:
    return held_out(sample.dataset(), sample.tokenizer(), tokens=0, prompts=25, seed=0, splits=SPLITS)


@functools.cache
def of_test() -> HeldOut:
    """The test split alone, of which nothing is withheld."""
    return held_out(sample.dataset(), sample.tokenizer(), tokens=0, prompts=25, seed=0)


def paths_of_test() -> tuple[str, ...]:
    return tuple(sorted(path for path, file in metadata.of(sample.dataset())["files"].items() if file["split"] == "test"))


@functools.cache
def small() -> LlamaForCausalLM:
    """A model that nobody trained, sharp enough that no two tokens tie."""
    model = tiny_model(sample.tokenizer().vocabulary).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    model.config.max_position_embeddings = 8192
    return model


def value(tally: Tally, metric: str) -> float:
    return estimates([tally])[metric].value


def headline() -> list[dict]:
    return [row for row in held().rows if "bits_per_byte" in row["headings"]]


def prompt(task: str, truth: str, prefix: str = "", suffix: str = "", language: str = "python", known: bool = False) -> Prompt:
    row = {"language": language, "text": "", "original_start": 0, "original_end": 0}
    return Prompt(task, [], prefix, truth, suffix, 64, "a.py", row, known)


# Whole models


def test_a_model_that_always_writes_the_truth_gets_full_marks():
    encoder = sample.tokenizer()
    whole = [[*p.ids, *encoder.ids(p.truth.removesuffix("\n") + "\n")] for p in held().prompts]
    tally = evaluate.measured(Told(whole, encoder.vocabulary), held(), encoder)
    asked = {"next_line": "next_line_exact", "middle": "middle_exact", "edit": "edit_exact"}
    assert {p.task for p in held().prompts} == set(asked)
    for metric in (*asked.values(), "edit_similarity", "parses", "parses/next_line", "parses/middle"):
        assert value(tally, metric) == 1.0, metric


def test_a_uniform_model_needs_the_logarithm_of_its_vocabulary_for_each_token():
    encoder = sample.tokenizer()
    tally = evaluate.measured(Told([], encoder.vocabulary), held(), encoder)
    rows = headline()
    tokens = sum(row["n_tokens"] - row["context_tokens"] for row in rows)
    size = sum(len(row["text"][row["context_chars"] :].encode()) for row in rows)
    assert value(tally, "bits_per_byte") == pytest.approx(math.log2(encoder.vocabulary) * tokens / size, rel=1e-5)
    plain = [row for row in held().rows if row["kind"] == "plain"]
    tokens = sum(row["n_tokens"] - 1 for row in plain)  # nothing predicts the first
    size = sum(len(encoder.decode(row["input_ids"][1:]).encode()) for row in plain)
    assert value(tally, "bits_per_byte/plain") == pytest.approx(math.log2(encoder.vocabulary) * tokens / size, rel=1e-5)


def test_a_model_that_knows_the_rows_needs_next_to_nothing():
    encoder = sample.tokenizer()
    rows = [row["input_ids"] for row in headline()]
    tally = evaluate.measured(Told(rows, encoder.vocabulary), held(), encoder)
    assert value(tally, "bits_per_byte") < 0.3 < 1 < value(tally, "bits_per_byte/plain")  # a few rows begin alike


def test_copying_from_train_scores_on_lines_that_train_has_and_on_no_others():
    tally = evaluate.copied(held_out(sample.dataset(), sample.tokenizer(), prompts=400, splits=SPLITS), Copier(sample.dataset()["train"]))
    assert value(tally, "next_line_exact/novel") == 0
    assert value(tally, "next_line_exact/repeated") > 0
    assert value(tally, "edit_exact") == 0 and value(tally, "edit_similarity") > 0.5


def test_a_model_with_too_few_tokens_is_refused():
    with pytest.raises(ValueError, match="own tokenizer"):
        evaluate.measured(tiny_model(100), held(), sample.tokenizer())


# What is held out


def test_the_headline_counts_each_byte_of_the_held_out_files_once():
    files = metadata.of(sample.dataset())["files"]
    assert of_test().files == paths_of_test() != () and of_test().scale == 512
    tally = evaluate.measured(Told([], sample.tokenizer().vocabulary), of_test(), sample.tokenizer())
    assert {name: sums[1] for name, sums in tally.cells["bits_per_byte"].items()} == {
        name: files[name]["bytes"] for name in paths_of_test()
    }
    for part in ("role/core", "age/90_days_and_more", "language/python", "scale/512", "kind/code"):
        assert tally.cells[f"bits_per_byte/{part}"], part


def test_lines_new_to_train_and_known_ones_make_up_all_lines_that_are_not_blank():
    tally = evaluate.measured(small(), held(), sample.tokenizer())
    lines = [tally.cells[f"bits_per_byte/lines/{kind}"] for kind in ("novel", "repeated")]
    bits, size = (sum(sums[i] for cells in lines for sums in cells.values()) for i in (0, 1))
    whole_bits, whole_size = (sum(sums[i] for sums in tally.cells["bits_per_byte"].values()) for i in (0, 1))
    assert 0.9 * whole_size < size <= whole_size and 0.9 * whole_bits < bits <= whole_bits
    train = {line.strip() for text in sample.dataset()["train"]["text"][:] for line in text.split("\n")}
    new = [line for row in headline() for line in row["text"][row["context_chars"] :].split("\n") if line.strip() not in train]
    assert min(map(len, lines)) > 0 and sum(sums[1] for sums in lines[0].values()) >= sum(len(line.encode()) for line in new)


def test_plain_rows_are_the_files_again_without_context():
    rows = sorted((row for row in of_test().rows if row["kind"] == "plain"), key=lambda row: (row["path"], int(row["id"].split()[-1])))
    texts = {path: "".join(row["text"] for row in rows if row["path"] == path) for path in paths_of_test()}
    assert texts == {path: sample.sources()[path] for path in paths_of_test()}
    assert all(row["context_tokens"] == 0 and row["n_tokens"] <= 512 for row in rows)


def test_plain_rows_are_never_cut_inside_a_character():
    text = "naïve = 'żółw 🐢'\n" * 30
    row = {"path": "a.py", "commit": "", "role": "core", "language": "python", "age_days": 1.0, "text": text, "context_chars": 0}
    rows = list(plain_rows([row | {"start_byte": 0, "end_byte": len(text.encode())}], sample.tokenizer(), 7))
    assert "".join(one["text"] for one in rows) == text and len(rows) > 20
    assert all(sample.tokenizer().decode(one["input_ids"]) == one["text"] for one in rows)


def test_commit_messages_belong_to_no_edit_metric():
    messages = {row["id"] for row in sample.dataset()["test"] if row["idiom"] == "message"}
    edits = {p.row["id"] for p in held().prompts if p.task == "edit"}
    scored = {row["id"] for row in held().rows if "bits_per_byte/kind/edit" in row["headings"]}
    assert messages and edits and not messages & (edits | scored)
    assert {row["id"] for row in held().rows if "bits_per_byte/kind/message" in row["headings"]} == messages
    rows = [row for row in sample.dataset()["test"] if row["id"] in messages]
    assert prompts_of([], rows, sample.tokenizer(), frozenset(), 9, 0) == []
    assert all(len(sample.tokenizer().ids(p.truth)) <= EDIT_TOKENS for p in held().prompts if p.task == "edit")


def test_augmented_rows_in_the_test_split_are_not_evaluated():
    forged = sample.changed(sample.dataset(), "test", lambda row: row | {"technique": "rename"} if row["scale"] == 512 else row)
    rows = held_out(forged, sample.tokenizer()).rows
    assert rows and not {row["id"] for row in rows} & {row["id"] for row in headline()}


def test_a_smaller_budget_takes_some_of_the_rows_and_the_same_ones_each_time():
    some = held_out(sample.dataset(), sample.tokenizer(), tokens=800, prompts=5, splits=SPLITS)
    again = held_out(sample.dataset(), sample.tokenizer(), tokens=800, prompts=5, splits=SPLITS)
    assert {row["id"] for row in some.rows} < {row["id"] for row in held().rows}
    assert [row["id"] for row in some.rows] == [row["id"] for row in again.rows] and some.prompts == again.prompts
    assert {p.truth for p in some.prompts if p.task == "next_line"} < {p.truth for p in held().prompts}


def test_a_dataset_without_a_test_split_is_refused():
    with pytest.raises(ValueError, match="needs 'test'"):
        held_out({"train": sample.dataset()["train"]}, sample.tokenizer())


# Scores


@pytest.mark.parametrize(
    ("asked", "answer", "wanted"),
    [
        (
            prompt("next_line", "    return x", "def f(x):\n", known=True),
            "\n  return x\nmore",
            {"next_line_exact": 1, "next_line_exact/repeated": 1},
        ),
        (
            prompt("next_line", "    return x", "def f(x):\n"),
            "    return y\n",
            {"next_line_exact": 0, "next_line_exact/novel": 0, "parses": 1},
        ),
        (prompt("next_line", "    return x", "def f(x):\n"), "    return ) (\n", {"parses": 0, "parses/next_line": 0}),
        (prompt("next_line", "    return x", "def f(x):\n"), "\n\n", {"next_line_exact": 0, "parses": 0}),
        (prompt("middle", "    y = 1\n", "def f(x):\n", "    return y\n"), "    y = 1\n    z = 2\n", {"middle_exact": 1, "parses": 1}),
        (prompt("middle", "    y = 1\n", "def f(x):\n", "    return y\n"), "    y = ) (\n", {"middle_exact": 0, "parses": 0}),
        (prompt("middle", "    y = 1\n", "def f(x):\n", "    return y\n"), "", {"middle_exact": 0, "parses": 0}),
        (prompt("edit", "a\nb\n"), "a\nb\nc\n", {"edit_exact": 1, "edit_similarity": 1}),
        (prompt("edit", "a\nb"), "a\nbc", {"edit_exact": 0}),
        (prompt("edit", "a\nb\n"), "a\n", {"edit_exact": 0, "edit_similarity": 0.5}),
        (prompt("edit", "a\n\n"), "a\n", {"edit_exact": 0}),
        (prompt("edit", "abcd\n"), "", {"edit_exact": 0, "edit_similarity": 0}),
    ],
)
def test_scores_are_what_a_reader_would_give(asked: Prompt, answer: str, wanted: dict[str, float]):
    found = scores_of(asked, answer)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("asked", "answer", "whole"),
    [
        (prompt("next_line", "x"), "\n  ret", False),
        (prompt("next_line", "x"), "\n  ret\n", True),
        (prompt("edit", "a\nb\n"), "a\nb", False),
        (prompt("edit", "a\nb\n"), "a\nb\n", True),
        (prompt("middle", "a\n"), "a", False),
    ],
)
def test_writing_goes_on_until_nothing_more_can_count(asked: Prompt, answer: str, whole: bool):
    assert is_whole(asked, answer) == whole


def test_text_has_no_share_that_parses():
    assert set(scores_of(prompt("next_line", "words", "# Title\n", language="markdown"), "other words\n")) == {
        "next_line_exact",
        "next_line_exact/novel",
    }


def test_a_prompt_shows_nothing_of_its_answer():
    for p in held().prompts:
        ids, text = sample.tokenizer().decode(p.ids), p.row["text"]
        end = text[p.row["context_chars"] :].rfind(p.suffix) if p.task == "middle" else None
        assert text.startswith(ids) if p.task != "middle" else p.prefix in ids and end is not None
        whole = p.prefix + p.truth + p.suffix
        assert whole in text if p.task != "edit" else text == whole


# Machinery


def counting() -> GPT2LMHeadModel:
    """A model that counts positions from the first token, padding or not."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=sample.tokenizer().vocabulary, n_embd=32, n_layer=1, n_head=2, n_positions=4096)).eval()
    with torch.no_grad():
        model.transformer.wpe.weight.mul_(20)
    return model


@pytest.mark.parametrize("made", [small, counting])
def test_answers_do_not_depend_on_what_else_is_in_the_batch(made: Callable):
    prompts, encoder, model = held().prompts[:6] + held().prompts[-3:], sample.tokenizer(), made()
    together = evaluate.answers(model, prompts, [[]] * len(prompts), encoder)
    alone = [evaluate.answers(model, [p], [[]], encoder)[0] for p in prompts]
    assert together == alone and len(set(together)) > 3


def test_a_continuation_is_the_most_likely_token_each_time():
    p, encoder = min(held().prompts, key=lambda one: len(one.ids)), sample.tokenizer()
    ids: list[int] = list(p.ids)
    with torch.no_grad():
        for _ in range(p.new):
            ids.append(int(small()(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    assert encoder.decode(ids[len(p.ids) :]).startswith(evaluate.continued(small(), [p], [p.ids], encoder)[0])


def test_bits_do_not_depend_on_what_else_is_in_the_batch():
    rows, encoder = held().rows[:8], sample.tokenizer()
    together, alone = Tally(), Tally()
    evaluate.add_bits(together, small(), rows, frozenset(), encoder, None)
    for row in rows:
        evaluate.add_bits(alone, small(), [row], frozenset(), encoder, None)
    assert together.as_dict().keys() == alone.as_dict().keys()
    for metric in together.cells:
        assert value(together, metric) == pytest.approx(value(alone, metric), rel=1e-5)


def test_retrieved_code_stands_ahead_and_is_not_scored():
    row, encoder = headline()[0], sample.tokenizer()
    ahead = encoder.ids("def helper(a, b):\n    return a\n")
    tally = Tally()
    evaluate.add_bits(tally, small(), [row], frozenset(), encoder, SimpleNamespace(ahead_of=lambda text, room: ahead))
    ids = torch.tensor([[*ahead, *row["input_ids"]]])
    with torch.no_grad():
        logits = small()(ids, use_cache=False).logits[0, :-1]
    nats = nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")[len(ahead) + row["context_tokens"] - 1 :]
    size = len(row["text"][row["context_chars"] :].encode())
    assert value(tally, "bits_per_byte") == pytest.approx(float(nats.sum()) / math.log(2) / size, rel=1e-4)


def test_retrieval_is_asked_with_what_the_model_sees_and_never_with_the_answer():
    asked: list[str] = []
    watching = SimpleNamespace(ahead_of=lambda text, room: asked.append(text) or [])
    evaluate.measured(Told([], sample.tokenizer().vocabulary), held(), sample.tokenizer(), watching)
    contexts = {row["text"][: row["context_chars"]] or row["path"] for row in held().rows}
    shown = {row["text"][: row["context_chars"]] for row in held().rows if "bits_per_byte/kind/edit" in row["headings"]}
    assert shown and shown <= set(asked)
    assert len(asked) > 25 and set(asked) <= contexts | {p.prefix for p in held().prompts}


def test_retrieval_finds_the_code_that_shares_words_and_keeps_to_its_room():
    train = sample.dataset()["train"]
    retriever, encoder = Retriever(train), sample.tokenizer()
    found = encoder.decode(retriever.ahead_of("def heappushpop(heap, item): sift the heap", 1000))
    assert "heap" in found and found in "".join(train["text"][:]) or found.count("heap") > 3
    assert len(retriever.ahead_of("heappushpop heap item", 60)) <= 60
    assert retriever.ahead_of("qqqq zzzz", 1000) == [] and retriever.ahead_of("heap", 0) == []
    shown = [tuple(ids) for ids in retriever.ids]
    real = {tuple(r["input_ids"]) for r in train if r["technique"] == "original" and r["kind"] == "code"}
    assert set(shown) <= real


# The command


def test_the_command_writes_a_table_a_json_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture):
    run = tmp_path / "run"
    for place, seed in ((run / "model", 1), (tmp_path / "base", 2)):
        model = tiny_model(sample.tokenizer().vocabulary)
        with torch.no_grad():
            model.get_input_embeddings().weight.mul_(seed)
        model.config.max_position_embeddings = 4096
        model.save_pretrained(str(place))
        sample.tokenizer().save(place)
    (run / "metrics.json").write_text(json.dumps({"options": {"model": str(tmp_path / "base")}}))
    words = ["--dataset", str(sample.saved()), "--model", str(run), "--output", str(tmp_path / "out"), "--tokens", "600", "--prompts", "3"]
    assert evaluate.main([*words, "--device", "cpu"]) == 0
    printed, told = capsys.readouterr().out, json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert list(told["results"]) == ["base", "base + BM25", "copying", "tuned", "tuned + BM25"] and told["options"]["base"] == str(
        tmp_path / "base"
    )
    for metric in (
        "bits_per_byte",
        "bits_per_byte/plain",
        "bits_per_byte/kind/edit",
        "next_line_exact",
        "middle_exact",
        "edit_similarity",
        "parses",
    ):
        assert metric in printed and {"value", "low", "high", "clusters", "of"} == set(told["results"]["tuned"][metric])
    paired = told["results"]["tuned"]["bits_per_byte"]["value"] - told["results"]["base"]["bits_per_byte"]["value"]
    assert told["gain"]["bits_per_byte"]["value"] == pytest.approx(paired) and not np.isclose(paired, 0)
    assert "tuned - base" in printed and (tmp_path / "out" / "evaluation.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_folder_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert evaluate.main(["--dataset", str(tmp_path), "--model", str(tmp_path)]) == 2
    assert evaluate.main(["--dataset", str(sample.saved()), "--model", str(tmp_path / "nothing"), "--device", "cpu"]) == 2
    assert [line[:6] for line in capsys.readouterr().err.splitlines()] == ["error:", "error:"]
