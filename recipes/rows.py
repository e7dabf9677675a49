"""Rows of a run: a saved dataset, or a repository to build one of -> splits with the wanted windows, and their tokenizer.

In: ``--dataset`` or ``--repo``. Out: ``RunRows``. Costs a reading of the dataset's short columns; with ``--repo`` a build, on one process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import datasets
import numpy as np
from accelerate import PartialState
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from elite_code_dataset import metadata, store
from elite_code_dataset.plan import CURRICULA
from elite_code_dataset.records import EliteCodeError
from recipes.options import Options

TOKENIZER = "tokenizer"


@dataclass(frozen=True)
class RunRows:
    """``train`` is trained on, ``validation`` steers (stopping, best checkpoint), ``held_out`` is measured before and after."""

    train: datasets.Dataset
    validation: datasets.Dataset
    held_out: datasets.Dataset
    tokenizer: PreTrainedTokenizerBase


def run_dataset(options: Options) -> tuple[datasets.DatasetDict, PreTrainedTokenizerBase]:
    """The saved dataset of a run and its tokenizer; with ``--repo``, the main process builds it first, into the output folder."""
    folder, state = Path(options.dataset or Path(options.output) / "dataset").expanduser(), PartialState()
    if not options.dataset and not options.repo:
        raise EliteCodeError("neither --dataset nor --repo is given; expected one of them: a saved dataset's folder, or a git repository")
    failed = ""
    if not options.dataset and state.is_main_process:
        try:
            _build(options, folder)
        except EliteCodeError as error:
            failed = str(error)
    failed = _told(failed, state)
    if failed:
        raise EliteCodeError(failed)
    return _loaded(folder), _tokenizer(options.tokenizer or str(folder / TOKENIZER))


def with_dataset(options: Options, ds: datasets.DatasetDict) -> Options:
    """The options, where they were left open: the dataset's windows, and the curriculum that its preset names."""
    remembered = metadata.of(ds).get("curriculum", "")
    windows = options.windows or tuple(sorted({int(scale) for scale in np.unique(ds["train"]["scale"][:])}))
    curriculum = remembered if remembered in CURRICULA and "curriculum" not in options.given else options.curriculum
    return replace(options, windows=windows, curriculum=curriculum)


def run_rows(ds: datasets.DatasetDict, tokenizer: PreTrainedTokenizerBase, options: Options) -> RunRows:
    """The rows of the wanted windows. ``test`` is held out, ``validation`` steers; where one of them is missing, the other does both."""
    steering = _spread(_of_windows(ds, "validation" if "validation" in ds else "test", options), options.eval_rows)
    held_out = _spread(_of_windows(ds, "test" if "test" in ds else "validation", options), options.eval_rows)
    return RunRows(_of_windows(ds, "train", options), steering, held_out, tokenizer)


def _build(options: Options, folder: Path) -> None:
    from elite_code_dataset import build
    from elite_code_dataset.passes import save

    chosen = dict(options.build or {})
    if options.tokenizer or options.model:
        chosen["tokenizer"] = options.tokenizer or options.model
    save(build(options.repo, preset=options.preset, windows=options.windows, **chosen), folder)


def _told(message: str, state: PartialState) -> str:
    """The main process's message, on every process."""
    if state.num_processes == 1:
        return message
    from accelerate.utils import broadcast_object_list

    return broadcast_object_list([message])[0]


def _loaded(folder: Path) -> datasets.DatasetDict:
    if not folder.is_dir():
        raise EliteCodeError(f"no such folder: {folder}; expected a dataset saved with elite_code_dataset.save or save_to_disk")
    if (folder / store.MANIFEST).is_file() and not store.is_whole(folder):
        raise EliteCodeError(f"the dataset in {folder} is damaged: a file is not the one that was saved; build it again")
    try:
        ds = datasets.load_from_disk(str(folder))
    except (FileNotFoundError, ValueError) as error:
        raise EliteCodeError(f"{folder} is not a saved dataset ({error}); expected what elite_code_dataset.save wrote") from None
    if not isinstance(ds, datasets.DatasetDict) or "train" not in ds or not {"validation", "test"} & set(ds):
        found = f"the splits {', '.join(ds)}" if isinstance(ds, datasets.DatasetDict) else "one table"
        raise EliteCodeError(f"{folder} holds {found}; expected train and at least one of validation and test")
    return ds


def _tokenizer(name: str) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EliteCodeError(
            f"no tokenizer at {name} ({reason}); expected the one the rows were made with: --tokenizer NAME_OR_FOLDER"
        ) from None


def _of_windows(ds: datasets.DatasetDict, split: str, options: Options) -> datasets.Dataset:
    scale = np.asarray(ds[split]["scale"][:])
    kept = np.flatnonzero(np.isin(scale, options.windows))
    if not kept.size:
        raise EliteCodeError(f"the {split} split has no rows of windows {options.windows}; it has {sorted(set(scale.tolist()))}")
    return ds[split] if kept.size == scale.size else ds[split].select(kept)


def _spread(ds: datasets.Dataset, count: int) -> datasets.Dataset:
    """``count`` rows, evenly spread, so that all windows and files of an ordered split are among them; all where ``count`` is 0."""
    return ds if not 0 < count < len(ds) else ds.select(np.linspace(0, len(ds) - 1, count).round().astype(int))
