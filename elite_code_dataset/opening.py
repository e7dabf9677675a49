"""Opening: a dataset by where it is - saved, exported, published into a folder, or on the Hub - with its metadata attached.

In: a folder or a Hub name. Out: a DatasetDict of rows. Costs what ``datasets`` needs to read it; an exported folder's files are checked against
their sha256 first. Raises EliteCodeError for a place where no dataset is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
from datasets import Dataset, DatasetDict

from elite_code_dataset import export, metadata
from elite_code_dataset.composition import splits_of
from elite_code_dataset.passes import TOKENIZER_FOLDER, load
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.store import MANIFEST

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def dataset_at(where: str | Path, config: str | None = None, revision: str | None = None) -> DatasetDict:
    """The dataset in the folder ``where``, or named so on the Hub; ``config`` picks one of several ("w1024"), None takes the rows of all."""
    folder = Path(where).expanduser()
    if not folder.exists():
        if isinstance(where, str) and HUB_NAME.fullmatch(where):
            return from_hub(where, config, revision)
        raise EliteCodeError(f"no dataset at {str(where)!r}: expected a folder made by build or export, or a Hub name such as 'org/name'")
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        loaded = load(folder) if (folder / MANIFEST).is_file() else datasets.load_from_disk(str(folder))
        return of_config(with_tokenizer(splits_of(loaded), folder), config)
    if (folder / export.METADATA_FILE).is_file():
        return of_config(from_export(folder), config)
    if (folder / "README.md").is_file() and any(folder.glob("*/*.parquet")):
        return with_tokenizer(metadata.attach(joined(str(folder), config, None), metadata.of(folder)), folder)
    raise EliteCodeError(
        f"no dataset in {str(where)!r}: found neither dataset_dict.json, {export.METADATA_FILE} nor Parquet with a card; "
        "to make one of a repository: elite-code-dataset build REPOSITORY --out FOLDER"
    )


def with_tokenizer(ds: DatasetDict, folder: Path) -> DatasetDict:
    """``ds``, whose metadata also says that its tokenizer lies in ``folder``, if one does."""
    place = folder / TOKENIZER_FOLDER
    return metadata.attach(ds, metadata.of(ds) | {"tokenizer_folder": str(place)}) if (place / "tokenizer.json").is_file() else ds


def of_config(ds: DatasetDict, config: str | None) -> DatasetDict:
    """The rows that ``config`` stands for; all of them for None."""
    if config is None:
        return ds
    kept = DatasetDict({split: rows.select(rows_of_config(rows, config)) for split, rows in ds.items()})
    kept = DatasetDict({split: rows for split, rows in kept.items() if len(rows)})
    if not kept:
        raise EliteCodeError(f"no rows of config {config!r}; the dataset has {', '.join(configs_of(ds))}")
    return kept


def configs_of(ds: DatasetDict) -> list[str]:
    """Names of the configs that have rows: ``w256``... by scale, then ``edits``."""
    scales, edits = set(), False
    for rows in ds.values():
        columns = rows.select_columns(["scale", "kind"]).with_format("arrow")[:]
        pairs = set(zip(columns.column("scale").to_pylist(), columns.column("kind").to_pylist()))
        scales |= {scale for scale, kind in pairs if kind != "edit"}
        edits |= any(kind == "edit" for _, kind in pairs)
    return [f"w{scale}" for scale in sorted(scales)] + (["edits"] if edits else [])


def rows_of_config(rows: Dataset, config: str) -> list[int]:
    """Numbers of the rows that belong to a config, in order."""
    columns = rows.select_columns(["scale", "kind"]).with_format("arrow")[:]
    pairs = enumerate(zip(columns.column("scale").to_pylist(), columns.column("kind").to_pylist()))
    return [i for i, (scale, kind) in pairs if (config == "edits" and kind == "edit") or (kind != "edit" and config == f"w{scale}")]


def from_export(folder: Path) -> DatasetDict:
    """The rows of an exported folder. Raises EliteCodeError when a file is not the one that was written."""
    files = json.loads((folder / export.METADATA_FILE).read_text("utf-8")).get("files", {})
    parts = {}
    for split, name in export.FILES.items():
        if name not in files:
            continue
        with (folder / name).open("rb") as file:
            found = (
                hashlib.file_digest(file, "sha256").hexdigest()
                if hasattr(hashlib, "file_digest")
                else hashlib.sha256(file.read()).hexdigest()
            )
        if found != files[name]["sha256"]:
            raise EliteCodeError(f"{folder / name} is not the file that was exported (sha256 {found[:12]}...); export again")
        if files[name]["lines"]:
            parts[split] = Dataset.from_generator(lines, gen_kwargs={"path": str(folder / name), "sha256": found}, features=features())
    return metadata.attach(DatasetDict(parts), metadata.of(folder))


def features() -> datasets.Features:
    """The row schema; read here, since the builder's module is not needed to look at a dataset."""
    from elite_code_dataset.elite_code_dataset import FEATURES

    return FEATURES


def lines(path: str, sha256: str) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file; ``sha256`` only makes the cache follow the content."""
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        for line in file:
            yield export.row_of(json.loads(line))


def from_hub(name: str, config: str | None, revision: str | None) -> DatasetDict:
    """The rows of a published dataset. Raises EliteCodeError when the Hub has none of that name, or does not answer."""
    from huggingface_hub import snapshot_download

    try:
        ds = joined(name, config, revision)
        beside = snapshot_download(
            name, repo_type="dataset", revision=revision, allow_patterns=[metadata.FILE_NAME, f"{TOKENIZER_FOLDER}/*"]
        )
    except EliteCodeError:
        raise
    except Exception as error:  # the libraries below raise OSError, ValueError and HTTP errors alike
        cause = (str(error).strip() or type(error).__name__).split("\n")[0][:200]
        raise EliteCodeError(
            f"cannot read {name!r} from the Hub: {cause}; check the name, your token (HF_TOKEN) and the network"
        ) from error
    return with_tokenizer(metadata.attach(ds, metadata.of(beside)), Path(beside))


def joined(where: str, config: str | None, revision: str | None) -> DatasetDict:
    """All configs of a published dataset as one, or the named one."""
    names = sorted(
        datasets.get_dataset_config_names(where, revision=revision), key=lambda name: (not name.startswith("w"), len(name), name)
    )
    if config is not None and config not in names:
        raise EliteCodeError(f"no config {config!r} in {where!r}; it has {', '.join(names)}")
    loaded = [datasets.load_dataset(where, name, revision=revision) for name in ([config] if config else names)]
    splits = dict.fromkeys(split for ds in loaded for split in ds)
    return DatasetDict({split: datasets.concatenate_datasets([ds[split] for ds in loaded if split in ds]) for split in splits})
