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

import torch
import torch.distributed as dist
from transformers import TrainerCallback

from elite_code_dataset.records import EliteCodeError
from tests.training import Watch, code_rows, small_plan, small_trainer, weights

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

    (folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
