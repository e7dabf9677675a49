"""Memory: a model's shape and a device's size -> what fits, by counting bytes before anything is loaded.

In: a model configuration, bytes of memory, the kind of device. Out: ``Choice``: method, optimizer, windows and token budget, and the sums
that led there. Costs a model on torch's meta device: no weights.

Bytes a weight: fully trained 16 (weight, gradient and Adam's two numbers, all float32), with 8-bit Adam 10, frozen in 16 bits 2, frozen in 4
bits 0.55; a layer's activations are counted per token from the widths of its matrices. The probe before step 1 is what decides in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PretrainedConfig

from elite_code_dataset.records import EliteCodeError

GIB = 1 << 30
SLACK = 0.88  # of the memory may be planned; the rest is for fragments of the allocator and kernels' workspaces
CONTEXT_BYTES = {"cuda": int(0.7 * GIB), "mps": int(0.5 * GIB), "cpu": int(0.5 * GIB)}
BUDGETS = (32768, 16384, 8192, 4096, 2048, 1024, 512, 256)
CHUNKED_TOKENS = 1024


@dataclass(frozen=True)
class Shape:
    """What the sums need of a model. ``linear`` counts the weights of its layers' matrices' sides: a LoRA of rank r adds r times that."""

    weights: int
    embeddings: int
    linear_sides: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int
    positions: int


@dataclass(frozen=True)
class Setup:
    """One way to train."""

    method: str
    adam_8bit: bool
    window: int
    token_budget: int
    checkpointing: bool
    chunked: bool
    rank: int = 16


@dataclass(frozen=True)
class Choice:
    """The way taken, the bytes it is expected to need by part, and what was tried before it."""

    setup: Setup
    needed: dict[str, int]
    rejected: tuple[str, ...]

    @property
    def total(self) -> int:
        return sum(self.needed.values())


def shape_of(config: PretrainedConfig) -> Shape:
    """The shape of a causal language model, from its configuration alone."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    text = config.get_text_config()
    inside = {
        id(weight) for module in (model.get_input_embeddings(), model.get_output_embeddings()) if module for weight in module.parameters()
    }
    matrices = [weight for weight in model.parameters() if weight.dim() == 2 and id(weight) not in inside]
    return Shape(
        weights=sum(weight.numel() for weight in model.parameters()),
        embeddings=sum(weight.numel() for weight in model.parameters() if id(weight) in inside),
        linear_sides=sum(sum(weight.shape) for weight in matrices),
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
        heads=text.num_attention_heads,
        vocabulary=text.vocab_size,
        positions=getattr(text, "max_position_embeddings", None) or 1 << 30,
    )


def bytes_needed(shape: Shape, setup: Setup, device: str) -> dict[str, int]:
    """Peak bytes of one training step, by part."""
    half = device == "cuda"  # arithmetic in 16 bits; elsewhere all is float32
    number = 2 if half else 4
    return {
        "context": CONTEXT_BYTES[device],
        **_weight_bytes(shape, setup, number),
        "activations": _activation_bytes(shape, setup, device, number),
        "logits": (CHUNKED_TOKENS if setup.chunked else setup.token_budget) * shape.vocabulary * (8 if setup.chunked else number + 8),
    }


def _weight_bytes(shape: Shape, setup: Setup, number: int) -> dict[str, int]:
    if setup.method == "full":
        working_copy = 2 if number == 2 else 0  # autocast's 16-bit copies
        return {
            "weights": (4 + working_copy) * shape.weights,
            "gradients": 4 * shape.weights,
            "optimizer": (2 if setup.adam_8bit else 8) * shape.weights,
        }
    adapter = setup.rank * shape.linear_sides
    frozen = 0.55 * (shape.weights - shape.embeddings) + 2 * shape.embeddings if setup.method == "qlora" else number * shape.weights
    return {"weights": int(frozen), "gradients": 4 * adapter, "optimizer": 4 * adapter + (2 if setup.adam_8bit else 8) * adapter}


def _activation_bytes(shape: Shape, setup: Setup, device: str, number: int) -> int:
    """A layer keeps about twelve tensors as wide as the model and four as wide as its middle; attention on CPU and MPS keeps its scores as well."""
    tokens = max(setup.token_budget, setup.window)
    layer = tokens * number * (12 * shape.hidden + 4 * shape.intermediate)
    if device != "cuda":
        layer += tokens * setup.window * shape.heads * 4 * 2
    mask = tokens * setup.window * number
    if setup.checkpointing:
        return shape.layers * tokens * shape.hidden * number + 2 * layer + mask
    return shape.layers * layer + layer + mask


def ways(windows: tuple[int, ...], quantised: bool, positions: int, rank: int = 16) -> Iterator[Setup]:
    """All ways to train, the most wanted first: wide windows before full training, full training before adapters, speed before thrift."""
    methods = [("full", False)] + ([("full", True)] if quantised else []) + [("lora", False)] + ([("qlora", True)] if quantised else [])
    for window in sorted((one for one in windows if one <= positions), reverse=True):
        for method, adam_8bit in methods:
            for checkpointing in (False, True):
                yield Setup(method, adam_8bit, window, window, checkpointing, checkpointing, rank)


def chosen(shape: Shape, memory: int, device: str, windows: tuple[int, ...], quantised: bool = True, rank: int = 16) -> Choice:
    """The first way that fits into ``memory`` bytes, with the largest token budget that still does.

    Raises ``EliteCodeError`` where not even the thriftiest way fits.
    """
    room, rejected, thriftiest = memory * SLACK, [], None
    for setup in ways(windows, quantised, shape.positions, rank):
        needed = bytes_needed(shape, setup, device)
        thriftiest = min(thriftiest or sum(needed.values()), sum(needed.values()))
        if sum(needed.values()) > room:
            rejected.append(f"{described(setup)}: {gib(sum(needed.values()))}")
            continue
        budgets = [budget for budget in BUDGETS if setup.window <= budget]
        wider = [replace(setup, token_budget=budget) for budget in budgets]
        best = next((one for one in wider if sum(bytes_needed(shape, one, device).values()) <= room), setup)
        return Choice(best, bytes_needed(shape, best, device), tuple(rejected))
    raise EliteCodeError(
        f"a model of {shape.weights / 1e9:.2f} billion weights does not fit into {gib(memory)} of {device} memory: the thriftiest way needs "
        f"{gib(thriftiest or 0)}; use a smaller model or a larger device"
    )


def explained(choice: Choice, memory: int, device: str) -> list[str]:
    """The choice in a few lines: what was taken, its sum, and what did not fit."""
    parts = ", ".join(f"{name} {gib(size)}" for name, size in choice.needed.items())
    lines = [f"auto: {gib(memory)} of {device} memory, of which {gib(int(memory * SLACK))} may be planned"]
    lines += [f"auto: too large: {one}" for one in choice.rejected[:6]]
    if len(choice.rejected) > 6:
        lines.append(f"auto: too large: {len(choice.rejected) - 6} more")
    return [
        *lines,
        f"auto: taken: {described(choice.setup)}, {choice.setup.token_budget} tokens a micro-batch: {gib(choice.total)} ({parts})",
    ]


def described(setup: Setup) -> str:
    adam = " with 8-bit Adam" if setup.adam_8bit else ""
    thrift = ", activations recomputed, loss in chunks" if setup.checkpointing else ""
    return f"{setup.method}{adam}, windows up to {setup.window}{thrift}"


def gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"


def device_memory(device: str) -> int:
    """Bytes that can be had now."""
    if device == "cuda":
        return torch.cuda.mem_get_info()[0]
    if device == "mps":
        return torch.mps.recommended_max_memory()
    import psutil

    return psutil.virtual_memory().available


def quantisation_possible(device: str) -> bool:
    """Whether 4-bit weights and 8-bit Adam can be had: bitsandbytes is installed, and the device is one it trains on quickly."""
    from importlib.util import find_spec

    return device == "cuda" and find_spec("bitsandbytes") is not None


def settings(choice: Choice, windows: tuple[int, ...], step_tokens: int, processes: int) -> dict[str, Any]:
    """The choice as options. A step keeps about ``step_tokens`` tokens over all devices."""
    setup = choice.setup
    return {
        "method": setup.method,
        "adam_8bit": setup.adam_8bit,
        "windows": tuple(window for window in windows if window <= setup.window),
        "token_budget": setup.token_budget,
        "gradient_accumulation": max(1, round(step_tokens / (setup.token_budget * processes))),
        "activation_checkpointing": setup.checkpointing,
        "chunked_loss": "true" if setup.chunked else "auto",
    }
