"""Evaluate on the untouched test split: ``python recipes/evaluate.py --dataset dataset --model runs/train --output runs/evaluation``.

In: a saved dataset, a trained model and, with ``--base`` (found by itself where training started from a model), what it was trained from. Out: one
table on the screen, ``evaluation.json`` and ``evaluation.png``. Each model is measured alone and with code of the train split put ahead of each
prompt by BM25; beside them stands copying, which needs no model. Costs one forward pass over the chosen rows and a few dozen tokens of greedy
decoding a prompt, per model and per arm: for the model of ``recipes/tiny.yaml`` a minute on two cores.

Bits per byte = sum of nats / (ln 2 x sum of bytes), over real rows, without special tokens and without context (see ``held_out.py`` for what each
heading counts). Intervals: see ``intervals.py``; a test split of few files gives wide ones, so the number of files stands beside each.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedModel
from transformers.utils import logging

from elite_code_dataset.batches import length_batches
from elite_code_dataset.passes import encoder_of, load
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.scoring import row_scores
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.trainer import token_nats
from recipes.arguments import device_of
from recipes.held_out import HeldOut, held_out, line_bits
from recipes.intervals import Estimate, Tally, difference, estimates
from recipes.models import load_trained
from recipes.pictures import draw
from recipes.retrieval import Copier, Retriever
from recipes.tasks import TASKS, Prompt, is_whole, scores_of

LN2 = math.log(2)
ROWS_AT_ONCE = 512  # that are scored before their scores are added up
DECODED_TOKENS = 16_384  # of prompts that are continued together
COPY = "copying"
Results = Mapping[str, Mapping[str, Estimate]]  # arm -> metric -> estimate


def measured(model: PreTrainedModel, held: HeldOut, encoder: Encoder, retriever: Retriever | None = None) -> Tally:
    """All metrics of one model. With a ``retriever``, code of the train split stands ahead of headline rows, edits and prompts; other rows are left out."""
    vocabulary = model.get_input_embeddings().weight.shape[0]
    if encoder.vocabulary > vocabulary:
        raise EliteCodeError(
            f"the dataset's tokenizer has {encoder.vocabulary} tokens, the model {vocabulary}; evaluate a model on rows of its own tokenizer"
        )
    tally = Tally()
    rows = (
        held.rows
        if retriever is None
        else [row for row in held.rows if {"bits_per_byte", "bits_per_byte/kind/edit"} & set(row["headings"])]
    )
    for first in range(0, len(rows), ROWS_AT_ONCE):
        add_bits(tally, model, rows[first : first + ROWS_AT_ONCE], held.known, encoder, retriever)
    prompts = [prompt for prompt in held.prompts if positions(model) - len(prompt.ids) >= prompt.new]
    aheads = [retriever.ahead_of(p.prefix, positions(model) - len(p.ids) - p.new) if retriever else [] for p in prompts]
    for prompt, answer in zip(prompts, answers(model, prompts, aheads, encoder)):
        add_scores(tally, prompt, answer)
    return tally


def copied(held: HeldOut, copier: Copier) -> Tally:
    """The scores of answering by copying."""
    tally = Tally()
    for prompt in held.prompts:
        add_scores(tally, prompt, copier.answer(prompt))
    return tally


def add_scores(tally: Tally, prompt: Prompt, answer: str) -> None:
    for metric, score in scores_of(prompt, answer).items():
        tally.add(metric, prompt.cluster, score, 1.0)


def add_bits(
    tally: Tally,
    model: PreTrainedModel,
    rows: Sequence[Mapping[str, Any]],
    known: frozenset[str],
    encoder: Encoder,
    retriever: Retriever | None,
) -> None:
    """Bits and bytes of rows, under every heading they have; headline rows line by line as well. What is asked of the retriever is the row's context."""
    aheads = [
        retriever.ahead_of(r["text"][: r["context_chars"]] or r["path"], positions(model) - r["n_tokens"]) if retriever else []
        for r in rows
    ]
    found = token_nats(model, [[*ahead, *row["input_ids"]] for ahead, row in zip(aheads, rows)], model.device)
    bits = [np.asarray(nats, np.float64)[len(ahead) :] / LN2 for ahead, nats in zip(aheads, found)]
    columns = {name: [row[name] for row in rows] for name in ("text", "context_chars", "input_ids", "context_tokens")}
    scores = row_scores(columns, bits, encoder.special_ids, encoder.decode)
    for row, row_bits, total, size in zip(rows, bits, scores.nats.tolist(), scores.bytes.tolist()):
        cluster = row["commit"] if row["kind"] == "edit" else row["path"]
        for heading in row["headings"]:
            tally.add(heading, cluster, total, size)
        for novelty, line, line_bytes in line_bits(row, row_bits, encoder, known) if "bits_per_byte" in row["headings"] else ():
            tally.add(f"bits_per_byte/lines/{novelty}", cluster, line, line_bytes)


def positions(model: PreTrainedModel) -> int:
    """How many tokens the model can read."""
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or 4096)


def answers(model: PreTrainedModel, prompts: Sequence[Prompt], aheads: Sequence[Sequence[int]], encoder: Encoder) -> list[str]:
    """What the model writes after each prompt, greedily. Prompts of like length go together, so the batches depend on nothing but the prompts."""
    given = [[*ahead, *prompt.ids] for ahead, prompt in zip(aheads, prompts)]
    found = [""] * len(prompts)
    for task in TASKS:
        own = [i for i, prompt in enumerate(prompts) if prompt.task == task]
        for batch in length_batches([len(given[i]) + prompts[i].new for i in own], DECODED_TOKENS):
            numbers = [own[place] for place in batch]
            written = continued(model, [prompts[i] for i in numbers], [given[i] for i in numbers], encoder)
            for i, text in zip(numbers, written):
                found[i] = text
    return found


@torch.no_grad()
def continued(model: PreTrainedModel, prompts: Sequence[Prompt], given: Sequence[Sequence[int]], encoder: Encoder) -> list[str]:
    """Greedy continuations of ``given``, padded on the left; each ends when it is whole, at the end-of-text token, or at its prompt's limit.

    A loop of its own, since ``generate`` takes penalties and sampling from a model's folder."""
    width = max(map(len, given))
    ids = torch.tensor([[encoder.pad_id] * (width - len(one)) + list(one) for one in given], device=model.device)
    mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in given], device=model.device)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    last_only = {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    written: list[list[int]] = [[] for _ in given]
    texts, unfinished, cache = [""] * len(given), set(range(len(given))), None
    while unfinished:
        out = model(input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True, **last_only)
        cache, ids = out.past_key_values, out.logits[:, -1].argmax(-1, keepdim=True)
        mask, places = torch.cat([mask, torch.ones_like(ids)], 1), places[:, -1:] + 1
        for i in sorted(unfinished):
            token = int(ids[i])
            written[i] += [] if token == encoder.eos_id else [token]
            texts[i] = encoder.decode(written[i])
            if token == encoder.eos_id or len(written[i]) >= prompts[i].new or is_whole(prompts[i], texts[i]):
                unfinished.discard(i)
    return texts


def shown(results: Results, title: str, gain: Mapping[str, Estimate] | None = None) -> Table:
    """One line a metric, one column an arm: value [low, high]; and tuned minus base where there are both."""
    table = Table(title=title)
    table.add_column("metric", no_wrap=True)
    table.add_column("files or commits", justify="right")
    for name in [*results, *(["tuned - base"] if gain else [])]:
        table.add_column(name, justify="right")
    metrics = sorted({metric for found in results.values() for metric in found}, key=metric_order)
    for metric in metrics:
        cells = [found.get(metric) for found in [*results.values(), *([gain] if gain else [])]]
        clusters = max(cell.clusters for cell in cells if cell is not None)
        table.add_row(metric, str(clusters), *("" if cell is None else str(cell) for cell in cells))
    return table


def metric_order(metric: str) -> tuple:
    """Bits per byte first, a metric before its parts, scales by size."""
    parts = metric.split("/")
    return not metric.startswith("bits_per_byte"), [(int(p), "") if p.isdecimal() else (0, p) for p in parts]


def loaded(place: str, device: str) -> PreTrainedModel:
    """A model ready to be measured; on a CPU in float32, which is faster there and rounds less."""
    model = load_trained(place)[0].to(device).eval()
    return model.float() if device == "cpu" else model


def base_of(folder: str) -> str | None:
    """The model that a run started from, as its ``metrics.json`` says; None where it started from scratch or does not say."""
    for place in (Path(folder).expanduser(), Path(folder).expanduser().parent):
        if (place / "metrics.json").is_file():
            return json.loads((place / "metrics.json").read_text(encoding="utf-8")).get("options", {}).get("model")
    return None


def compared(models: Mapping[str, PreTrainedModel], held: HeldOut, encoder: Encoder, train: Any) -> dict[str, Tally]:
    """Tallies by arm: each model alone, each with retrieved code, and copying."""
    retriever = Retriever(train)
    tallies = {name: measured(model, held, encoder) for name, model in models.items()}
    tallies |= {f"{name} + BM25": measured(model, held, encoder, retriever) for name, model in models.items()}
    return tallies | {COPY: copied(held, Copier(train))}


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Everything; what ``evaluation.json`` holds."""
    ds = load(options.dataset)
    encoder = encoder_of(ds, Path(options.dataset).expanduser() / "tokenizer")
    base, device = options.base or base_of(options.model), device_of(options.device)
    places = ({"base": base} if base else {}) | {"tuned": options.model}
    held = held_out(ds, encoder, options.tokens, options.prompts, options.seed)
    models = {name: loaded(place, device) for name, place in places.items()}
    tallies = compared(models, held, encoder, ds["train"])
    results = {arm: estimates([tally], options.seed) for arm, tally in tallies.items()}
    both = {m: difference([tallies["tuned"]], [tallies["base"]], m, options.seed) for m in results["tuned"]} if base else {}
    gain = {metric: found for metric, found in both.items() if found is not None}
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    told = {
        "options": vars(options) | {"base": base},
        "headline_scale": held.scale,
        "files": held.files,
        "results": {arm: {metric: one.as_dict() for metric, one in found.items()} for arm, found in results.items()},
        "gain": {metric: one.as_dict() for metric, one in gain.items()},
    }
    (output / "evaluation.json").write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")
    draw(results, output / "evaluation.png")
    console = Console()
    console.width = console.width if console.is_terminal else 60 + 24 * (len(results) + bool(gain))
    console.print(
        shown(results, f"{len(held.files)} held-out files; headline at {held.scale} tokens; 95 % intervals over files and commits", gain)
    )
    console.print(f"In {output}: evaluation.json, evaluation.png")
    return told


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="recipes/evaluate.py", description="Evaluate a model on a dataset's test split.")
    made.add_argument("--dataset", required=True, help="folder of a saved dataset")
    made.add_argument("--model", required=True, help="folder that recipes/train.py wrote, or a Hub name")
    made.add_argument("--base", help="the model it was trained from, to stand beside it; default: what its metrics.json says")
    made.add_argument("--output", default="runs/evaluation")
    made.add_argument("--tokens", type=int, default=20_000, help="tokens of rows a heading; 0: all (default 20000)")
    made.add_argument("--prompts", type=int, default=100, help="prompts a task (default 100)")
    made.add_argument("--device", default="auto", choices=("auto", "cuda", "mps", "cpu"))
    made.add_argument("--seed", type=int, default=0, help="decides which rows, places and bootstrap draws")
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line on stderr for what cannot work."""
    options = parser().parse_args(words)
    logging.disable_progress_bar()
    try:
        evaluate(options)
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
