"""Run by two processes at once (``accelerate launch`` with ``accelerate_configs/fsdp2.yaml``), not by pytest: a model divided over two CPUs.

accelerate takes FSDP for several devices of any kind but CPUs; after that choice nothing in it asks for a GPU. So the processes say they are
of another kind while the choice is made, and all that follows is what a run on GPUs goes through. Each writes ``rank<i>.json``.

Usage: accelerate launch --config_file accelerate_configs/fsdp2.yaml --mixed_precision no tests/two_sharded_processes.py FOLDER
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["ACCELERATE_USE_CPU"] = "true"

import numpy as np
import torch
import torch.distributed as dist
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedType
from peft import LoraConfig, get_peft_model
from torch.distributed.tensor import DTensor

from elite_code_dataset import scoring
from tests.training import Watch, code_rows, small_plan, small_trainer, tiny_model

STEPS, CUT = 5, 2
SAVING = {"gradient_accumulation_steps": 2, "save_strategy": "steps", "save_steps": 100}
BEST = {
    **SAVING,
    **{"eval_strategy": "steps", "eval_steps": 1, "save_steps": 1, "load_best_model_at_end": True},
    **{"metric_for_best_model": "bits_per_byte", "greater_is_better": False},
}


def take_cpus_for_devices() -> None:
    """Let accelerate choose FSDP here as it does on GPUs."""
    real = Accelerator.__init__

    def choose(self: Accelerator, *args: Any, **kwargs: Any) -> None:
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_XPU
        real(self, *args, **kwargs)

    Accelerator.__init__ = choose


def plain_model() -> Any:
    return tiny_model(layers=2)


def tied_model() -> Any:
    return tiny_model(layers=2, tie_word_embeddings=True)


def adapted_model() -> Any:
    model = tiny_model(layers=2)
    return get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))


def whole(trainer: Any) -> torch.Tensor:
    """All weights, gathered from both processes."""
    return torch.cat([(w.full_tensor() if isinstance(w, DTensor) else w).detach().flatten() for w in trainer.model.parameters()])


def digest(trainer: Any) -> str:
    return hashlib.sha256(whole(trainer).numpy().tobytes()).hexdigest()


def share_here(trainer: Any) -> float:
    """The share of the weights that this process holds."""
    weights = list(trainer.model.parameters())
    return sum((w.to_local() if isinstance(w, DTensor) else w).numel() for w in weights) / sum(w.numel() for w in weights)


def whole_and_resumed(folder: Path, rows: Any, made: Callable[[], Any]) -> dict[str, Any]:
    """Facts of a run, of the same one stopped and resumed, and what its last checkpoint holds."""
    plan, watch, rest = small_plan(rows, micro_batches=4, steps=STEPS), Watch(), Watch()
    trainer = small_trainer(folder / "whole", rows, plan, watch, model=made(), **SAVING)
    trainer.train()
    found = {"kind": str(trainer.accelerator.distributed_type), "processes": trainer.accelerator.num_processes}
    found |= {"share": share_here(trainer), "losses": watch.losses, "digest": digest(trainer)}
    found["weights"] = whole(trainer).tolist()
    found["bits"] = trainer.evaluate(rows["test"])["eval_bits_per_byte"]
    trainer.save_model(str(folder / "model"))
    small_trainer(folder / "cut", rows, plan, Watch(CUT), model=made(), **SAVING).train()
    found["files"] = sorted(path.name for path in (folder / "cut" / f"checkpoint-{CUT}").iterdir())
    trainer = small_trainer(folder / "cut", rows, plan, rest, model=made(), **SAVING)
    trainer.train(resume_from_checkpoint="auto")
    return found | {"resumed_losses": rest.losses, "resumed_digest": digest(trainer)}


def chunked(folder: Path, rows: Any, made: Callable[[], Any]) -> dict[str, Any]:
    """A run whose logits are never whole, so that the head is never called as a module."""
    plan, watch = small_plan(rows, micro_batches=4, steps=STEPS), Watch()
    trainer = small_trainer(folder, rows, plan, watch, model=made(), chunked_loss=True, **SAVING)
    trainer.train()
    return {"chunked": trainer.chunked_loss, "losses": watch.losses, "weights": whole(trainer).tolist()}


def sliced(folder: Path, rows: Any) -> dict[str, Any]:
    """A run whose widest micro-batches do not fit into memory, as the probe before step 1 finds out."""
    model, watch = plain_model(), Watch()
    plain = model.forward

    def forward(**inputs: Any) -> Any:
        if model.training and inputs["input_ids"].numel() > 130:
            raise torch.OutOfMemoryError("out of memory")
        return plain(**inputs)

    model.forward = forward
    trainer = small_trainer(folder, rows, small_plan(rows, micro_batches=4, steps=STEPS), watch, model=model, **SAVING)
    trainer.train()
    return {"slices": trainer.slices, "losses": watch.losses, "weights": whole(trainer).tolist()}


def best_loaded(folder: Path, rows: Any) -> dict[str, Any]:
    """Digests of the weights after each step and at the end of a run whose first evaluation is said to be its best."""
    trainer = small_trainer(folder, rows, small_plan(rows, micro_batches=4, steps=3), model=plain_model(), **BEST)
    bits, seen = iter([4.0, 5.0, 6.0]), []

    def scores(ds: Any) -> scoring.RowScores:
        seen.append(digest(trainer))
        return scoring.RowScores(np.full(len(ds), next(bits)), np.ones(len(ds), dtype=int), np.ones(len(ds), dtype=int))

    trainer.scores = scores
    trainer.train()
    return {"seen": seen, "now": digest(trainer)}


def main() -> None:
    folder, rows = Path(sys.argv[1]), code_rows()
    take_cpus_for_devices()
    found = {made.__name__: whole_and_resumed(folder / made.__name__, rows, made) for made in (plain_model, tied_model, adapted_model)}
    for made in (plain_model, tied_model, adapted_model):
        found[f"chunked {made.__name__}"] = chunked(folder / f"chunked {made.__name__}", rows, made)
    found["sliced"] = sliced(folder / "sliced", rows)
    found["best"] = best_loaded(folder / "best", rows)
    (folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
