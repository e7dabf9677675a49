"""Passes: a loaded dataset -> the training set. Deduplicate, augment, weigh, order; ``prepare`` runs them, ``build`` loads and prepares.

In: a ``DatasetDict`` with the row schema, or repositories. Out: a ``DatasetDict`` that remembers commit, options, drop reports, certificate and
exposures (``metadata.of``), also after ``save`` and ``load``. Each pass works alone too. Costs one near-duplicate join and, per augmented row, a
parse or two and one encoding.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, DatasetDict

from elite_code_dataset import metadata, progress, store
from elite_code_dataset.augment import Place, augmented
from elite_code_dataset.augment.formats import unformatted
from elite_code_dataset.certificate import certificate, without_twins
from elite_code_dataset.curriculum import order
from elite_code_dataset.dedup import deduplicated
from elite_code_dataset.encoders import encoder_of
from elite_code_dataset.exposure import exposures
from elite_code_dataset.memo import FOLDER
from elite_code_dataset.options import repositories_of
from elite_code_dataset.presets import Preset, preset_named
from elite_code_dataset.records import SCALES, SPLITS, DropReport, EliteCodeError
from elite_code_dataset.secrets import findings
from elite_code_dataset.similarity import shingles
from elite_code_dataset.tokens import Encoder
from elite_code_dataset.weights import weigh, weigher
from elite_code_dataset.withholding import SHOWN, TWIN, Shown, digest_of

TOKENIZER_FOLDER = "tokenizer"


def prepare(
    ds: DatasetDict,
    preset: str | Preset = "elite",
    tokenizer: Encoder | str | Path | None = None,
    seed: int = 0,
    num_proc: int | None = None,
) -> DatasetDict:
    """All passes of a preset over a loaded dataset. ``tokenizer``: the one the rows were made with; found by itself for rows of ``load_dataset``.

    Raises EliteCodeError for an unknown preset, a dataset without the row schema, or a tokenizer that is not the rows' own.
    """
    return _prepared(ds, preset, tokenizer, seed, num_proc, Path(datasets.config.HF_DATASETS_CACHE))


def _prepared(
    ds: DatasetDict, preset: str | Preset, tokenizer: Encoder | str | Path | None, seed: int, num_proc: int | None, cache: Path
) -> DatasetDict:
    """``prepare``, with answers of techniques remembered below the folder of caches."""
    plan = preset_named(preset) if isinstance(preset, str) else preset
    facts = metadata.of(ds)
    ds = _rows_of(unformatted(ds))
    encoder = encoder_of(ds, tokenizer)
    reports: list[DropReport] = []
    with progress.whole("passes", "pass", "deduplicate"):
        ds, report = without_twins(ds)
        reports.append(report)
        ds = weigh(ds, plan.roles, plan.ages, plan.evolution, num_proc=num_proc)  # of twins the heavier one is kept
        for mode in plan.deduplicate:
            result = deduplicated(ds, mode=mode)
            ds = result.kept
            reports.append(result.report)
    with progress.whole("passes", "pass", "augment"):
        grown = augmented(ds, plan.augment, seed, num_proc, tokenizer=encoder, memo=_memo_of(ds, facts, plan, seed, cache))
        ds, report = _without_shown(grown.dataset, facts.get("config") or {})
        reports += [*grown.reports, report]
    with progress.whole("passes", "pass", "order"):  # a child has the weight of its parent
        ds = order(ds, num_proc=num_proc)
    ds = DatasetDict({split: ds[split] for split in SPLITS if split in ds and len(ds[split])})
    facts["drops"] = [*facts.get("drops", []), *(report.as_dict() for report in reports)]
    facts["preset"] = preset if isinstance(preset, str) else "custom"
    facts["curriculum"] = plan.curriculum
    facts["weights"] = weigher(plan.roles, plan.ages, plan.evolution).as_dict()
    facts["windows"] = _windows(ds)
    facts["certificate"] = certificate(ds).as_dict()
    facts["exposures"] = exposures(ds).as_dict()
    facts["digests"] = {split: metadata.digest(rows) for split, rows in ds.items()}
    return metadata.attach(ds, facts)


def build(
    repository: str | Path | Sequence[str | Path],
    preset: str | Preset = "elite",
    windows: Sequence[int] | None = None,
    cache_dir: str | Path | None = None,
    num_proc: int | None = None,
    **options: Any,
) -> DatasetDict:
    """A repository (or several) as a training set: every window scale of the preset, the edits, and all passes.

    ``windows`` overrides the preset's scales; ``options`` are those of ``Options``. Raises EliteCodeError on what cannot work.
    """
    from elite_code_dataset.elite_code_dataset import EliteCodeDataset  # the builder stands above this page

    plan = preset_named(preset) if isinstance(preset, str) else preset
    scales = tuple(plan.windows if windows is None else windows)
    if not scales or any(scale not in SCALES for scale in scales):
        raise EliteCodeError(f"windows={list(scales)} is not possible; expected some of {list(SCALES)}")
    places = repositories_of(repository if isinstance(repository, (str, Path)) else list(repository))
    chosen = {**plan.options, **options}
    names = [f"w{scale}" for scale in sorted(scales)] + (["edits"] if plan.edits else [])
    data_dir = places[0] if len(places) == 1 else list(places)
    parts: list[DatasetDict] = []
    commits: tuple[str, ...] = ()  # pinned by the first config for all
    for name in names:
        builder = EliteCodeDataset(
            config_name=name, data_dir=data_dir, cache_dir=str(cache_dir) if cache_dir else None, commits=commits, **chosen
        )
        commits = builder.config.commits
        builder.download_and_prepare(num_proc=num_proc)
        if builder.info.splits:
            parts.append(builder.as_dataset())
    chosen_preset = preset if isinstance(preset, str) else plan
    root = Path(cache_dir) if cache_dir else Path(datasets.config.HF_DATASETS_CACHE)
    return _prepared(joined(parts), chosen_preset, None, chosen.get("seed", 0), num_proc, root)


def _memo_of(ds: DatasetDict, facts: Mapping[str, Any], plan: Preset, seed: int, cache: Path) -> Place | None:
    """Where the answers of techniques about this repository are remembered from commit to commit; None for rows that lie in memory alone."""
    if not datasets.is_caching_enabled() or not any(rows.cache_files for rows in ds.values()):
        return None
    options = {name: value for name, value in (facts.get("config") or {}).items() if name != "commit"}
    told = json.dumps([facts.get("repository"), options, sorted(plan.augment), seed], sort_keys=True, default=str)
    return Place(cache / FOLDER, hashlib.sha256(told.encode()).hexdigest()[:16])


def joined(parts: Sequence[DatasetDict]) -> DatasetDict:
    """Configs of one repository as one dataset, in the order given, with what each remembers put together. Raises EliteCodeError for other rows."""
    remembered = [metadata.of(part) for part in parts]
    if not parts or any(
        m.get("commit") != remembered[0].get("commit") or m.get("tokenizer_digest") != remembered[0].get("tokenizer_digest")
        for m in remembered
    ):
        raise EliteCodeError(
            "joined() got datasets of different commits or tokenizers; expected configs of one repository, loaded with equal options"
        )
    facts = dict(remembered[0])
    facts["drops"] = list({str(drop): drop for m in remembered for drop in m.get("drops", [])}.values())
    facts["cuts"] = {scale: cuts for m in remembered for scale, cuts in m.get("cuts", {}).items()}
    facts["git_diffs"] = max(m.get("git_diffs", 0) for m in remembered)
    facts["secrets_in_history"] = next((m["secrets_in_history"] for m in remembered if m.get("secrets_in_history")), {})
    rows = {s: datasets.concatenate_datasets([p[s] for p in parts if s in p]) for s in SPLITS if any(s in p for p in parts)}
    return metadata.attach(DatasetDict(rows), facts)


def _without_shown(ds: DatasetDict, options: Mapping[str, Any]) -> tuple[DatasetDict, DropReport]:
    """Without the augmented rows whose target evaluation shows too (a part of a row may be a twin where the whole row is none), and without those
    that read as if they held a secret: pieces put together anew can spell one, such as an address, that is none."""
    if "train" not in ds:
        return ds, DropReport("withhold_augmented", 0)
    whole, children = _texts(ds["train"])
    shown = Shown({digest_of(target): target for s in SPLITS[1:] if s in ds for _, target in _texts(ds[s])[0]})
    texts, grown = [whole[i] for i in children], set(children)
    reasons: dict[int, str] = {}
    for part, found_in, reason in ((1, shown.twins, TWIN), (0, shown.showing, SHOWN)):
        known = {one[part] for i, one in enumerate(whole) if i not in grown}  # none shows evaluation: ``without_twins`` has seen them
        some = [i for i, one in enumerate(texts) if i not in reasons and one[part] not in known]
        reasons |= {some[k]: reason for k in found_in(shingles([texts[i][part] for i in some]))}
    if options.get("redact_secrets", True):
        emails = bool(options.get("redact_emails", True))
        reasons |= {i: "reads_as_a_secret" for i, one in enumerate(texts) if i not in reasons and findings("".join(one), emails=emails)}
    gone = {children[i] for i in reasons}
    sizes = [len(target.encode()) for _, target in texts]
    lost = {reason: sum(sizes[i] for i in reasons if reasons[i] == reason) for reason in reasons.values()}
    report = DropReport("withhold_augmented", len(children) - len(gone), Counter(reasons.values()), sum(sizes) - sum(lost.values()), lost)
    kept = ds["train"].select([i for i in range(len(whole)) if i not in gone]) if gone else ds["train"]
    return DatasetDict({**ds, "train": kept}), report


def _texts(rows: Dataset) -> tuple[list[tuple[str, str]], list[int]]:
    """Context and target of each row, and which rows are augmented."""
    table = rows.select_columns(["technique", "text", "context_chars"]).with_format("arrow")[:]
    texts = [(text[:start], text[start:]) for text, start in zip(table["text"].to_pylist(), table["context_chars"].to_pylist())]
    return texts, np.flatnonzero(pc.not_equal(table["technique"], "original").to_numpy(zero_copy_only=False)).tolist()


def save(ds: DatasetDict, folder: str | Path, tokenizer: Encoder | str | Path | None = None) -> Path:
    """``ds`` on disk, whole or not at all, with its tokenizer in ``tokenizer/`` and a manifest of sha256 sums."""
    target = Path(folder).expanduser().absolute()
    encoder = encoder_of(ds, tokenizer)
    if target.exists():
        if any(target.iterdir()) and not (target / "dataset_dict.json").is_file():
            raise EliteCodeError(f"{str(folder)!r} exists and holds no dataset; name another folder, or remove it first")
        shutil.rmtree(target)

    def write(draft: Path) -> None:
        ds.save_to_disk(str(draft))
        encoder.save(draft / TOKENIZER_FOLDER)

    return store.saved(target, write)


def load(folder: str | Path) -> DatasetDict:
    """What ``save`` wrote. Raises EliteCodeError when a file is missing or is not the one that was written."""
    target = Path(folder).expanduser()
    if not (target / store.MANIFEST).is_file():
        raise EliteCodeError(
            f"no saved dataset in {str(folder)!r}: expected a folder made by elite_code_dataset.save or `elite-code-dataset build --out`"
        )
    if not store.is_whole(target):
        raise EliteCodeError(f"the dataset in {str(folder)!r} is damaged: a file is not the one that was saved; build it again")
    return datasets.load_from_disk(str(target))


def _windows(ds: DatasetDict) -> list[int]:
    """The scales that rows of code have."""
    tables = [rows.select_columns(["scale", "kind"]).with_format("arrow")[:] for rows in ds.values()]
    return sorted({scale for table in tables for scale in table.filter(pc.equal(table["kind"], "code"))["scale"].unique().to_pylist()})


def _rows_of(ds: DatasetDict) -> DatasetDict:
    if isinstance(ds, Dataset) or not hasattr(ds, "items"):
        raise EliteCodeError(f"prepare() got a {type(ds).__name__}; expected a DatasetDict with a train split, as load_dataset returns it")
    missing = sorted({"id", "split", "text", "input_ids", "role", "kind"} - set(next(iter(ds.values())).column_names))
    if missing:
        raise EliteCodeError(
            f"prepare() got a dataset without the columns {', '.join(missing)}; expected rows of w256...w4096, edits or multiscale"
        )
    if not len(ds.get("train", ())):
        raise EliteCodeError(
            "prepare() got a dataset without a train row; expected a train split with rows: look at what a filter left of it"
        )
    return ds
