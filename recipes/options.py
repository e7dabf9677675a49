"""Options of a training run: YAML and command line -> ``Options``. One YAML is one run; the command line overrides it.

In: ``--config FILE`` and any ``--name value``. Out: a frozen ``Options``, every field checked. Costs nothing.

YAML values become the command line's defaults, so both go through the same conversion (``1e-4`` is a float in either).
"""

from __future__ import annotations

import argparse
import difflib
import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from elite_code_dataset import config
from elite_code_dataset.records import EliteCodeError


def truth(text: str | bool) -> bool:
    """A YAML or command-line word as a bool."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if str(text).lower() not in words:
        raise argparse.ArgumentTypeError(f"{text!r} is not true or false")
    return words[str(text).lower()]


def numbers(kind: type) -> Callable[[Any], tuple]:
    """A converter of a YAML list, or of a comma-separated word, to a tuple of ``kind``."""

    def converted(value: Any) -> tuple:
        return tuple(kind(part) for part in (value if isinstance(value, (list, tuple)) else str(value).split(",")))

    converted.__name__ = f"comma-separated {kind.__name__}"
    return converted


def mapping(value: Any) -> dict[str, Any]:
    """A YAML mapping, or JSON on the command line."""
    found = value if isinstance(value, dict) else json.loads(value)
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{value!r} is not a mapping")
    return found


def _option(default: Any, meaning: str, kind: Callable[[Any], Any] | None = None, choices: Sequence[str] | None = None) -> Any:
    """A field of ``Options``: its default, what it means, how a word becomes its value."""
    guessed = kind or (truth if isinstance(default, bool) else type(default) if default is not None else str)
    return field(default=default, metadata={"help": meaning, "kind": guessed, "choices": choices})


@dataclass(frozen=True)
class Options:
    """Everything that decides a run, in the order of the flow. ``given`` names the options that the YAML or the command line set."""

    dataset: str | None = _option(None, "folder of a saved DatasetDict (train, validation, test), its tokenizer in tokenizer/")
    repo: str | None = _option(None, "git repository to build the dataset of, when no dataset is given")
    preset: str = _option("elite", "how the dataset of --repo is built: baseline, effectiveness, elite")
    windows: tuple[int, ...] | None = _option(None, "scales to train on, in tokens; default: all that the dataset has", numbers(int))
    build: dict[str, Any] | None = _option(None, "options of the builder for --repo, by name", mapping)
    tokenizer: str | None = _option(None, "tokenizer by name or folder; default: the dataset's own")

    model: str | None = _option(None, "model by Hub name or folder; without one, model_config is trained from scratch")
    model_config: dict[str, Any] | None = _option(
        None, "configuration of a model from scratch, e.g. {model_type: llama, hidden_size: 128}", mapping
    )
    method: str = _option("full", "what is trained", choices=("full", "lora", "qlora"))
    lora_rank: int = _option(16, "rank of the adapters of lora and qlora")
    lora_alpha: int = _option(0, "their scale; 0: twice the rank")
    lora_dropout: float = _option(0.0, "their dropout")
    adam_8bit: bool = _option(False, "optimizer state in 8 bits (bitsandbytes)")
    activation_checkpointing: bool = _option(False, "recompute activations instead of keeping them")
    chunked_loss: str = _option(
        "auto", "logits for 1024 tokens at a time; auto: where whole ones take over a GiB", choices=("auto", "true", "false")
    )
    auto: bool = _option(False, "choose windows, method and token budget by the device's memory, and say why")
    memory: float = _option(0.0, "GiB that --auto may count on; 0: what the device has free")

    epochs: float = _option(1.0, "passes over the train split, as its weights draw it")
    steps: int | None = _option(None, "exact number of optimizer steps, instead of epochs", int)
    tokens: int | None = _option(None, "tokens to show, instead of epochs", int)
    max_copies: float = _option(config.EXPOSURE_LIMIT, "at most so many copies of a row in the run")
    curriculum: str = _option(
        "multiscale",
        "order of the rows; default: what the dataset's preset says, else multiscale",
        choices=("multiscale", "difficulty", "none"),
    )
    stages: tuple[float, ...] = _option(config.CURRICULUM_STAGES, "shares of the tokens per stage", numbers(float))
    mix: float = _option(config.STAGE_MIX, "share of the rows that leave their stage")
    packing: bool = _option(True, "several rows in one window, kept apart by their positions")
    token_budget: int = _option(config.TOKEN_BUDGET, "tokens of one micro-batch on one device")
    gradient_accumulation: int = _option(1, "micro-batches a step on one device")
    seed: int = _option(0, "decides the plan, and a new model's weights")

    learning_rate: float = _option(2e-4, "peak learning rate")
    schedule: str = _option("cosine", "how it falls to its floor", choices=("cosine", "wsd", "constant"))
    warmup: float = _option(0.03, "share of the steps in which it rises")
    floor: float = _option(0.1, "share of the peak at which it ends")
    weight_decay: float = _option(0.1, "decoupled weight decay")
    max_grad_norm: float = _option(1.0, "gradients are scaled down to this norm")

    device: str = _option("auto", "where to train", choices=("auto", "cuda", "mps", "cpu"))
    precision: str = _option("auto", "arithmetic; auto: bf16 where the device has it", choices=("auto", "bf16", "fp16", "fp32"))
    output: str = _option("runs/train", "folder for checkpoints, the model, metrics and curves")
    resume: str = _option("auto", "auto: the newest intact checkpoint of the output folder; never; or a checkpoint's folder")
    overwrite: bool = _option(False, "remove the checkpoints of an earlier run in the output folder")
    save_every: int = _option(0, "steps between checkpoints; 0: ten in a run")
    keep_checkpoints: int = _option(2, "newest checkpoints kept, besides the best")
    eval_every: int = _option(0, "steps between evaluations; 0: before and after training only")
    eval_rows: int = _option(512, "held-out rows per evaluation, spread evenly; 0: all")
    patience: int = _option(0, "stop after so many evaluations without a better one; 0: never")
    log_every: int = _option(10, "steps between log lines")
    workers: int = _option(0, "processes that read rows")
    report_to: tuple[str, ...] = _option(("none",), "tensorboard, trackio, wandb, or none", numbers(str))
    training: dict[str, Any] | None = _option(None, "any other transformers.TrainingArguments, by name", mapping)
    given: tuple[str, ...] = ()


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line. Raises ``EliteCodeError`` on an unknown name or a value that cannot be converted."""
    parser = _parser()
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--config")
    path, rest = first.parse_known_args(arguments)
    from_yaml = _from_yaml(Path(path.config)) if path.config else {}
    parser.set_defaults(**{name: _word(value) for name, value in from_yaml.items()})
    values, unknown = parser.parse_known_args(rest)
    for word in unknown:
        raise EliteCodeError(unknown_name("option", word.split("=")[0], [f"--{name}" for name in names()]))
    typed = {word.split("=")[0].lstrip("-").replace("-", "_") for word in rest if word.startswith("--")}
    given = tuple(name for name in names() if name in typed or name in from_yaml)
    return Options(**{name: _in_choices(name, getattr(values, name)) for name in names()}, given=given)


def names() -> list[str]:
    return [one.name for one in fields(Options) if one.metadata]


def _in_choices(name: str, value: Any) -> Any:
    """argparse checks choices of typed words only; a YAML value is checked here."""
    choices = next(one.metadata["choices"] for one in fields(Options) if one.name == name)
    if choices and value not in choices:
        raise EliteCodeError(f"{name} is {value!r}; expected one of {', '.join(choices)}")
    return value


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise EliteCodeError(f"{message}; expected: recipes/train.py --config FILE [--name value ...], see --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="recipes/train.py", description="Train a model on a repository.", allow_abbrev=False)
    parser.add_argument("--config", help="YAML file with any of the options below")
    for one in (one for one in fields(Options) if one.metadata):
        parser.add_argument(*_flags(one), **_keywords(one))
    return parser


def _flags(one: Field) -> list[str]:
    return [f"--{one.name}", *([f"--{one.name.replace('_', '-')}"] if "_" in one.name else [])]


def _keywords(one: Field) -> dict[str, Any]:
    kind, default = one.metadata["kind"], one.default if one.default is not MISSING else None
    keywords: dict[str, Any] = {"dest": one.name, "type": kind, "default": default, "help": f"{one.metadata['help']} (default: {default})"}
    if one.metadata["choices"]:
        keywords["choices"] = one.metadata["choices"]
    if kind is truth:
        keywords |= {"nargs": "?", "const": True}
    return keywords


def _word(value: Any) -> Any:
    """A YAML value as argparse converts a default: only text goes through ``type``."""
    if value is None:
        return None
    if isinstance(value, dict):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _from_yaml(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise EliteCodeError(f"no such file: {path}; expected a YAML file of options, e.g. recipes/tiny.yaml") from None
    except yaml.YAMLError as error:
        raise EliteCodeError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise EliteCodeError(f"{path} holds a {type(found).__name__}; expected names and values, e.g. 'epochs: 2'")
    for name in found:
        if name not in names():
            raise EliteCodeError(f"{path}: {unknown_name('key', str(name), names())}")
    return found


def unknown_name(what: str, word: str, known: Sequence[str]) -> str:
    """One sentence about a name that is none, with the close ones."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    return f"unknown {what} {word!r}; " + (f"close to it: {', '.join(close)}" if close else f"expected one of: {', '.join(sorted(known))}")
