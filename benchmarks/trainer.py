"""Training tokens a second beside a bare loop on the same batches: ``python benchmarks/trainer.py [--dataset FOLDER] [--rounds 3] [--steps 30]``.

In: a saved dataset (default: this package's own sources, cut into rows) and the model of ``recipes/tiny.yaml``. Out: tokens a second of the
bare loop (forward, loss, backward, clipping, AdamW, schedule; batches already in memory) and of ``WeightedTrainer`` (reading, packing, checks and logs included),
by wall clock and by processor time, round by round, alternating. Costs about a minute on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("ACCELERATE_USE_CPU", "true")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from datasets import Dataset, load_from_disk
from transformers import AutoModelForCausalLM, PrinterCallback, get_scheduler, set_seed
from transformers.utils import logging

from elite_code_dataset.batches import BinRows, batch_arrays
from elite_code_dataset.plan import Plan, PlanConfig, make_plan, plan_rows
from elite_code_dataset.tokens import trained_encoder
from elite_code_dataset.trainer import WeightedTrainer, summed_nats
from recipes.arguments import training_arguments
from recipes.models import model_config
from recipes.options import Options, parsed

ROOT = Path(__file__).resolve().parents[1]
WINDOWS = (256, 512, 1024, 2048, 4096)


def own_rows() -> tuple[Dataset, int]:
    """This package's sources in windows of whole lines, and the size of their vocabulary."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "elite_code_dataset").rglob("*.py"))]
    encoder = trained_encoder(texts)
    draw, rows = np.random.default_rng(0), []
    for text in texts:
        ids = encoder.ids(text)
        for scale in WINDOWS:
            start = 0
            while start < len(ids):
                length = int(draw.integers(scale // 4, scale + 1))
                piece = ids[start : start + length]
                rows.append(
                    {
                        "scale": scale,
                        "n_tokens": len(piece),
                        "context_tokens": min(8, len(piece) - 1),
                        "input_ids": piece,
                        "weight": 1.0,
                        "difficulty": 0.5,
                    }
                )
                start += length
    return Dataset.from_list(rows), encoder.vocabulary


def bare_loop(options: Options, plan: Plan, batches: list[dict[str, torch.Tensor]], model: torch.nn.Module) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    schedule = get_scheduler("cosine_with_min_lr", optimizer, 4, plan.steps, {"min_lr_rate": 0.1})
    model.train()
    for batch in batches:
        logits = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits
        loss = summed_nats(logits, batch["labels"]) / (batch["labels"] != -100).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()


def timed(work: Callable[[], None]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--dataset")
    reader.add_argument("--vocabulary", type=int, default=0)
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--steps", type=int, default=30)
    given = reader.parse_args()
    logging.disable_progress_bar()
    rows, vocabulary = (load_from_disk(given.dataset)["train"], given.vocabulary or 32768) if given.dataset else own_rows()
    options = parsed(["--config", str(ROOT / "recipes" / "tiny.yaml"), "--windows", ",".join(map(str, WINDOWS)), "--save_every", "100000"])
    plan = make_plan(plan_rows(rows), PlanConfig(steps=given.steps, token_budget=options.token_budget))
    reading = BinRows(rows)
    batches = [{name: torch.from_numpy(array) for name, array in batch_arrays(reading.__getitems__(batch)).items()} for batch in plan]
    tokenizer = type("Marks", (), {"__len__": lambda self: vocabulary, "bos_token_id": None, "eos_token_id": 0, "pad_token_id": 1})()
    tokens, ratios = int(plan.tokens.sum()), []

    def model() -> torch.nn.Module:
        set_seed(0)
        return AutoModelForCausalLM.from_config(model_config(options, tokenizer))

    for number in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            arguments = training_arguments(options, "cpu", "fp32", plan.steps)
            arguments.output_dir, arguments.save_strategy = folder, "no"
            trainer = WeightedTrainer(model(), arguments, plan=plan, train_dataset=rows)
            trainer.remove_callback(PrinterCallback)
            trainer.slices = 1  # the probe is one pass before step 1, not part of a step
            own = model()
            ours, bare = timed(trainer.train), timed(partial(bare_loop, options, plan, batches, own))
        ratios.append((bare[0] / ours[0], bare[1] / ours[1]))
        print(
            f"round {number}: bare loop {tokens / bare[0]:,.0f} tokens/s, trainer {tokens / ours[0]:,.0f}: {ratios[-1][0]:.1%} by wall clock, "
            f"{ratios[-1][1]:.1%} by processor time",
            flush=True,
        )
    wall, processor = np.median(ratios, axis=0)
    print(
        f"median: {wall:.1%} by wall clock, {processor:.1%} by processor time ({plan.steps} steps, {tokens:,} tokens, vocabulary {vocabulary:,})"
    )


if __name__ == "__main__":
    main()
