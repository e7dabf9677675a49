"""Run by two processes at once (``torchrun``), not by pytest: the trainer's work on two ranks. Each writes ``rank<i>.json`` for test_trainer.py.

Usage: torchrun --nproc_per_node 2 tests/two_processes.py FOLDER
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["ACCELERATE_USE_CPU"] = "true"

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from transformers import TrainerCallback

from elite_code_dataset.batches import BinRows, batch_arrays
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.trainer import chunk_the_loss, summed_nats, token_nats
from tests.training import Watch, code_rows, small_plan, small_trainer, tiny_model, weights

STEPS, CUTS = 6, ((2, 0), (5, 2))  # (step, workers)


class NoteOnOneRank(TrainerCallback):
    """A signal that only the second process got."""

    def __init__(self) -> None:
        self.trainer = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 2 and args.process_index == 1:
            self.trainer.interrupted = True


def facts(trainer: Any, watch: Watch) -> dict[str, Any]:
    final = weights(trainer)
    return {
        "seen": {str(step): rows for step, rows in trainer.seen.items()},
        "losses": {str(step): loss for step, loss in watch.losses.items()},
        "digest": hashlib.sha256(final.numpy().tobytes()).hexdigest(),
        "weights": final.tolist(),
    }


def sharded_losses(rows: Any) -> dict[str, list[float]]:
    """Two steps of a model divided over both processes (FSDP2), with the plain and with the chunked loss, and its nats by whole calls."""
    numbers = [(0, np.array([0, 3])), (0, np.array([1]))]
    inputs = {name: torch.from_numpy(array) for name, array in batch_arrays(BinRows(rows["train"]).__getitems__(numbers)).items()}
    labels, found = inputs.pop("labels"), {}
    for kind in ("plain", "chunked"):
        model = tiny_model(layers=2)
        assert kind == "plain" or chunk_the_loss(model, verified=False)
        for layer in model.model.layers:
            fully_shard(layer)
        fully_shard(model)
        optimizer, losses = torch.optim.SGD(model.parameters(), lr=1e-3), []
        for _ in range(2):
            optimizer.zero_grad()
            if kind == "plain":
                loss = summed_nats(model(**inputs, use_cache=False).logits, labels)
            else:
                loss = model(**inputs, labels=labels, use_cache=False).loss
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
        nats = token_nats(model, rows["test"]["input_ids"][:4], "cpu", whole_model=True)
        found[kind] = [*losses, *(float(row.sum()) for row in nats)]
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    rows = code_rows()
    plan = small_plan(rows, micro_batches=4, steps=STEPS)
    two = {"gradient_accumulation_steps": 2}
    found: dict[str, Any] = {}

    watch = Watch()
    trainer = small_trainer(folder / "whole", rows, plan, watch, **two)
    found["processes"] = trainer.accelerator.num_processes
    found["before"] = trainer.evaluate(rows["test"])["eval_bits_per_byte"]
    trainer.train()
    found["whole"] = facts(trainer, watch)

    for cut, workers in CUTS:
        output = folder / f"cut{cut}"
        more = {**two, "save_strategy": "steps", "save_steps": 100, "dataloader_num_workers": workers}
        small_trainer(output, rows, plan, Watch(cut), **more).train()
        watch = Watch()
        trainer = small_trainer(output, rows, plan, watch, **more)
        trainer.train(resume_from_checkpoint="auto")
        found[f"cut{cut}"] = facts(trainer, watch)

    watch = Watch()
    trainer = small_trainer(folder / "sliced", rows, plan, watch, **two)
    trainer.slices = 2
    trainer.train()
    found["sliced"] = facts(trainer, watch)

    note = NoteOnOneRank()
    trainer = small_trainer(folder / "note", rows, plan, **two)
    note.trainer = trainer
    trainer.add_callback(note)
    trainer.train()
    found["note"] = {"step": trainer.state.global_step, "interrupted": trainer.interrupted}

    try:
        small_trainer(folder / "note", rows, plan, **two).train(resume_from_checkpoint=str(folder / "nowhere"))
    except EliteCodeError as error:
        found["refused"] = str(error)

    found["sharded"] = sharded_losses(rows)
    (folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
