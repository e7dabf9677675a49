"""Evaluate on the untouched test split: ``python recipes/evaluate.py --dataset dataset --model runs/train/model --base NAME --output runs/evaluation``.

In: a saved dataset and one or two models (a tuned one beside its base), each with and without code retrieved by BM25. Out: one table on the screen,
``evaluation.json`` and ``evaluation.png``. Every figure has a 95 % interval from a bootstrap over files and commits (percentile method, Efron 1979).
Costs one forward pass over the test rows and a few dozen tokens of greedy decoding a prompt, per model.

Bits per byte = sum of nats / (ln 2 x sum of bytes), without special tokens, over real rows only; per scale, role, kind, age and language; lines that
the train split also has (repeated) and lines it has not (novel) apart.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from datasets import Dataset, DatasetDict
from rich.console import Console
from rich.table import Table
from transformers import AutoModelForCausalLM, PreTrainedModel

from elite_code_dataset.config import AGE_WEIGHTS
from elite_code_dataset.passes import encoder_of, load
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.scoring import row_scores
from elite_code_dataset.tokens import Encoder
from recipes.retrieval import Retriever
from recipes.tasks import chance, cluster_of, prompts_of, scores_of

DRAWS = 1000
LN2 = math.log(2)
Cell = dict[str, list[float]]  # cluster -> [numerator, denominator]


@dataclass
class Tally:
    """Sums per metric and cluster, so that a bootstrap only adds up clusters."""

    cells: dict[str, Cell] = field(default_factory=lambda: defaultdict(lambda: defaultdict(lambda: [0.0, 0.0])))

    def add(self, metric: str, cluster: str, numerator: float, denominator: float) -> None:
        cell = self.cells[metric][cluster]
        cell[0] += numerator
        cell[1] += denominator

    def results(self, seed: int) -> dict[str, dict[str, float]]:
        """Metric -> value, low, high (95 %), clusters, total of the denominator."""
        return {metric: interval(list(cell.values()), seed) for metric, cell in sorted(self.cells.items())}


def interval(sums: Sequence[Sequence[float]], seed: int) -> dict[str, float]:
    """The ratio of sums and its percentile interval under resampling of clusters; ``sums``: float[clusters, 2]."""
    array = np.asarray(sums, dtype=np.float64)
    total = array.sum(axis=0)
    value = float(total[0] / total[1]) if total[1] else math.nan
    counts = np.random.default_rng(seed).multinomial(len(array), np.full(len(array), 1 / len(array)), size=DRAWS)
    drawn = counts @ array
    ratios = drawn[:, 0] / np.maximum(drawn[:, 1], 1e-12)
    ratios = ratios[drawn[:, 1] > 0]
    low, high = np.percentile(ratios, [2.5, 97.5]) if len(ratios) else (math.nan, math.nan)
    return {"value": value, "low": float(low), "high": float(high), "clusters": len(array), "of": float(total[1])}


def model_at(place: str, device: str) -> PreTrainedModel:
    """A causal language model by folder or name, an adapter's base included. Raises EliteCodeError when there is none."""
    try:
        if (Path(place) / "adapter_config.json").is_file():
            from peft import AutoPeftModelForCausalLM

            return AutoPeftModelForCausalLM.from_pretrained(place).merge_and_unload().to(device).eval()
        return AutoModelForCausalLM.from_pretrained(place, use_safetensors=True).to(device).eval()
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise EliteCodeError(f"no model at {place!r} ({said}); expected a folder that train.py wrote, or a Hub name") from None


def evaluated(
    model: PreTrainedModel, rows: Dataset, encoder: Encoder, known: frozenset[str], retriever: Retriever | None, prompts: int, seed: int
) -> Tally:
    """All metrics of one model. ``known``: lines of the train split. ``retriever``: code to put ahead, or None."""
    tally = Tally()
    limit = int(getattr(model.config, "max_position_embeddings", 4096))
    for row in rows:
        ahead = retriever.ahead_of(row["text"][: row["context_chars"]] or row["path"], limit - row["n_tokens"]) if retriever else []
        nats = token_nats(model, [*ahead, *row["input_ids"]])[len(ahead) :] if ahead else token_nats(model, row["input_ids"])
        add_bits(tally, row, nats, encoder, known)
    chosen = sorted(prompts_of(rows, encoder, seed), key=lambda p: chance(seed, p.row["id"], p.task))
    for task in ("next_line", "middle", "edit"):
        for prompt in [p for p in chosen if p.task == task][:prompts]:
            room = limit - len(prompt.ids) - prompt.new
            if room < 0:
                continue
            ahead = retriever.ahead_of(prompt.prefix, room) if retriever else []
            answer = encoder.decode(continued(model, [*ahead, *prompt.ids], prompt.new, encoder))
            for metric, score in scores_of(prompt, answer).items():
                tally.add(metric, prompt.cluster, score, 1.0)
    return tally


@torch.no_grad()
def token_nats(model: PreTrainedModel, ids: Sequence[int]) -> np.ndarray:
    """float[len(ids) - 1]: -ln p of every token but the first."""
    batch = torch.tensor([list(ids)], device=model.device)
    logits = model(batch, use_cache=False).logits[0, :-1].float()
    return torch.nn.functional.cross_entropy(logits, batch[0, 1:], reduction="none").cpu().numpy()


@torch.no_grad()
def continued(model: PreTrainedModel, ids: Sequence[int], new: int, encoder: Encoder) -> list[int]:
    """What the model writes after ``ids``, greedily."""
    batch = torch.tensor([list(ids)], device=model.device)
    out = model.generate(
        batch,
        attention_mask=torch.ones_like(batch),
        max_new_tokens=new,
        do_sample=False,
        pad_token_id=encoder.pad_id,
        eos_token_id=encoder.eos_id,
    )
    return [i for i in out[0, len(ids) :].tolist() if i != encoder.eos_id]


def add_bits(tally: Tally, row: Mapping[str, Any], nats: np.ndarray, encoder: Encoder, known: frozenset[str]) -> None:
    """The row's bits and bytes, under every heading it belongs to."""
    columns = {name: [row[name]] for name in ("text", "context_chars", "input_ids", "context_tokens")}
    scores = row_scores(columns, [nats], encoder.special_ids, encoder.decode)
    headings = {
        "scale": row["scale"],
        "role": row["role"],
        "kind": row["kind"],
        "age": age_of(row["age_days"]),
        "language": row["language"],
    }
    for metric in ("bits_per_byte", *(f"bits_per_byte/{name}/{value}" for name, value in headings.items())):
        tally.add(metric, cluster_of(row), float(scores.nats[0]) / LN2, float(scores.bytes[0]))
    for novelty, bits, size in line_bits(row, nats, encoder, known):
        tally.add(f"bits_per_byte/lines/{novelty}", cluster_of(row), bits, size)


def line_bits(row: Mapping[str, Any], nats: np.ndarray, encoder: Encoder, known: frozenset[str]) -> Iterable[tuple[str, float, int]]:
    """('novel' or 'repeated', bits, bytes) of each line of the target; nothing where the tokens do not spell the text out byte by byte."""
    start = row["context_tokens"]
    target = row["text"][row["context_chars"] :]
    encoding = encoder.encode([target])[0]
    if encoding.ids.tolist() != list(row["input_ids"][start:]):
        return
    raw = target.encode()
    line, position = 0, 0
    spans = []
    for piece in raw.split(b"\n"):
        spans.append((position, piece))
        position += len(piece) + 1
    sums = [[0.0, 0] for _ in spans]
    starts = encoding.starts
    for i in range(len(encoding.ids)):
        while line + 1 < len(spans) and spans[line + 1][0] <= starts[i]:
            line += 1
        if start + i:  # nothing predicts the very first token of a row
            sums[line][0] += float(nats[start + i - 1]) / LN2
            sums[line][1] += int(starts[i + 1] - starts[i])
    for (_, piece), (bits, size) in zip(spans, sums):
        text = piece.decode().strip()
        if text and size:
            yield ("repeated" if text in known else "novel"), bits, size


def age_of(days: float) -> str:
    """The age bucket, by the limits that the weights use."""
    limits = [limit for limit, _ in AGE_WEIGHTS if math.isfinite(limit)]
    return next((f"under_{limit:g}_days" for limit in limits if days < limit), f"{limits[-1]:g}_days_and_more")


def test_rows(ds: DatasetDict, limit: int) -> Dataset:
    """Real rows of the test split, spread evenly over it when there are more than ``limit`` (0: all). Raises EliteCodeError without a test split."""
    if "test" not in ds:
        raise EliteCodeError(f"the dataset has the splits {', '.join(ds)}; evaluation needs 'test'")
    rows = ds["test"].select([i for i, technique in enumerate(ds["test"]["technique"]) if technique == "original"])
    if limit and len(rows) > limit:
        rows = rows.select(np.unique(np.linspace(0, len(rows) - 1, limit).astype(int)).tolist())
    return rows


def train_lines(ds: DatasetDict) -> frozenset[str]:
    """Every line of the train split's real targets, blanks at both ends taken off."""
    train = ds["train"].select_columns(["text", "context_chars", "technique"])
    return frozenset(line.strip() for r in train if r["technique"] == "original" for line in r["text"][r["context_chars"] :].split("\n"))


def compared(
    ds: DatasetDict, models: Mapping[str, PreTrainedModel], encoder: Encoder, rows: int, prompts: int, seed: int
) -> dict[str, Any]:
    """Results by arm: each model alone, and with retrieved code ahead."""
    chosen, known, retriever = test_rows(ds, rows), train_lines(ds), Retriever(ds["train"])
    results = {}
    for name, model in models.items():
        for arm, helper in ((name, None), (f"{name} + BM25", retriever)):
            results[arm] = evaluated(model, chosen, encoder, known, helper, prompts, seed).results(seed)
    return results


def shown(results: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    """One line a metric, one column an arm: value [low, high]."""
    table = Table(title="held-out code, 95 % intervals over files and commits")
    table.add_column("metric")
    for arm in results:
        table.add_column(arm, justify="right")
    for metric in sorted({m for found in results.values() for m in found}, key=lambda m: (m.count("/"), m)):
        cells = [found.get(metric) for found in results.values()]
        table.add_row(metric, *("" if c is None else f"{c['value']:.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
    return table


def drawn(results: Mapping[str, Mapping[str, Mapping[str, float]]], path: Path) -> None:
    """Bits per byte and exact matches of every arm, with their intervals."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics = [
        m
        for m in ("bits_per_byte", "next_line_exact", "edit_exact", "edit_similarity", "middle_exact", "parses")
        if any(m in r for r in results.values())
    ]
    figure = Figure(figsize=(2.2 * len(metrics) + 1, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, metric in zip(np.atleast_1d(figure.subplots(1, len(metrics))), metrics):
        for place, found in enumerate(results.values()):
            if metric in found:
                one = found[metric]
                spread = [[one["value"] - one["low"]], [one["high"] - one["value"]]]
                axes.errorbar([place], [one["value"]], yerr=np.maximum(spread, 0), fmt="o", capsize=4)
        axes.set_title(metric, fontsize=9)
        axes.set_xticks(range(len(results)), list(results), rotation=40, ha="right", fontsize=8)
    figure.savefig(path, dpi=130)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line on stderr for what cannot work."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", required=True, help="folder of a saved dataset")
    parser.add_argument("--model", required=True, help="folder or Hub name of the trained model")
    parser.add_argument("--base", help="the model it was trained from, to stand beside it")
    parser.add_argument("--output", default="runs/evaluation")
    parser.add_argument("--rows", type=int, default=400, help="test rows for bits per byte; 0: all")
    parser.add_argument("--prompts", type=int, default=100, help="prompts a task")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        ds = load(options.dataset)
        encoder = encoder_of(ds, Path(options.dataset).expanduser() / "tokenizer")
        models = {"base": model_at(options.base, options.device)} if options.base else {}
        models["tuned"] = model_at(options.model, options.device)
        results = compared(ds, models, encoder, options.rows, options.prompts, options.seed)
    except EliteCodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    (output / "evaluation.json").write_text(json.dumps({"options": vars(options), "results": results}, indent=1, sort_keys=True))
    drawn(results, output / "evaluation.png")
    Console().print(shown(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
