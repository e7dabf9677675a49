"""Publish: a dataset -> Parquet, a card and its metadata, on the Hub - if nothing in it says that it must stay here.

In: a DatasetDict from ``build`` and a name on the Hub. Out: ``Published``. Refused, with the list of causes, when texts hold secrets, when the
repository's licence is unknown or does not allow it, or when a source stands on two sides of the split. Costs one scan of the texts, one writing
of the rows to a temporary folder, and the upload. All goes up in one commit: an interrupted upload leaves the dataset as it was, and
repeating it sends only what the Hub does not have.
"""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

from elite_code_dataset import metadata, secrets
from elite_code_dataset.card import Stored, card
from elite_code_dataset.certificate import certificate
from elite_code_dataset.composition import composition, splits_of
from elite_code_dataset.export import primary_scale
from elite_code_dataset.licences import LICENCE_FOLDER, Licence, licences_of, objections
from elite_code_dataset.opening import HUB_NAME, configs_of, rows_of_config
from elite_code_dataset.passes import TOKENIZER_FOLDER, encoder_of
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.store import write_synced

SHARD_BYTES = 500_000_000  # of rows in memory; the Hub advises files of a few hundred MB
GROUP_ROWS = 1000  # rows of one Parquet row group: what a streaming reader fetches at once
NAMED = 20  # findings that a refusal lists
OURS = ["w*/*.parquet", "edits/*.parquet", f"{LICENCE_FOLDER}/*"]  # files of an earlier push that this one replaces


@dataclass(frozen=True)
class Published:
    """Where the dataset is: its name, address and commit, and rows by config."""

    repo_id: str
    url: str
    commit: str
    rows: Mapping[str, int]


class Refused(EliteCodeError):
    """Publishing was refused; ``reasons`` says all that stands against it."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("refused to publish: " + "; ".join(self.reasons))


def push(
    ds: Dataset | DatasetDict,
    repo_id: str,
    private: bool = True,
    licence_ok: bool = False,
    create_pr: bool = False,
    token: str | None = None,
) -> Published:
    """Publishes ``ds`` as ``repo_id``. ``licence_ok=True`` says that you have the right to, whatever the licence files say.

    Raises ``Refused`` before anything is sent, and EliteCodeError when the Hub does not take it.
    """
    parts, licences = allowed(ds, repo_id, licence_ok)
    with tempfile.TemporaryDirectory(prefix="elite-code-dataset-") as folder:
        stored = written(parts, Path(folder), repo_id, licences)
        rows = {name: sum(one.rows for one in stored if one.config == name) for name in dict.fromkeys(one.config for one in stored)}
        return uploaded(Path(folder), repo_id, private, create_pr, token, rows)


def allowed(ds: Dataset | DatasetDict, repo_id: str, licence_ok: bool) -> tuple[DatasetDict, list[Licence]]:
    """The rows and their licences, if nothing stands against publishing; else raises ``Refused``."""
    parts = splits_of(ds)
    if not HUB_NAME.fullmatch(repo_id):
        raise EliteCodeError(f"{repo_id!r} is not a name on the Hub; expected 'organisation/name' of letters, digits, '-', '_' and '.'")
    composition(parts)  # raises for rows of another schema
    licences = licences_of(metadata.of(parts).get("licence")) if not licence_ok else known_licences(parts)
    if reasons := refusals(parts, licences, licence_ok):
        raise Refused(reasons)
    return parts, licences


def known_licences(parts: DatasetDict) -> list[Licence]:
    """The licences for the card where they decide nothing; none when the classifier is not installed."""
    try:
        return licences_of(metadata.of(parts).get("licence"))
    except EliteCodeError:
        return []


def refusals(parts: DatasetDict, licences: Sequence[Licence], licence_ok: bool = False) -> list[str]:
    """Everything that stands against publishing, one sentence a cause; empty when nothing does."""
    reasons = list(secret_refusals(parts))
    if not licence_ok:
        reasons += [
            f"{one} (overrule with licence_ok=True, --licence-ok, if you have the right)"
            for one in objections(licences, repositories_of(parts))
        ]
    counted = certificate(parts)
    if counted.total:
        reasons.append(
            f"{counted.total} pairs of sources stand on two sides of the split ({counted}); build it again with the default split"
        )
    return reasons


def repositories_of(parts: DatasetDict) -> list[str]:
    """The repositories the rows come from, if the metadata names several."""
    names = metadata.of(parts).get("repository")
    return [str(name) for name in names] if isinstance(names, list) else []


def secret_refusals(parts: DatasetDict) -> Iterator[str]:
    """Secrets left in texts, the first ones named by place and kind, never by value. Equal texts are scanned once."""
    emails = bool((metadata.of(parts).get("config") or {}).get("redact_emails", True))
    seen: set[bytes] = set()
    places: dict[tuple[str, str], int] = {}
    for rows in parts.values():
        for batch in rows.select_columns(["path", "text"]).with_format("arrow").iter(batch_size=1000):
            for path, text in zip(batch.column("path").to_pylist(), batch.column("text").to_pylist()):
                key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
                for found in () if key in seen else secrets.findings(f"{path}\n{text}", emails=emails):
                    places[(path, found.kind)] = places.get((path, found.kind), 0) + 1
                seen.add(key)
    if places:
        named = ", ".join(f"{kind} in {path} ({count})" for (path, kind), count in sorted(places.items())[:NAMED])
        rest = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
        yield f"{sum(places.values())} secrets in the texts: {named}{rest}; build it again with redact_secrets=True, or exclude these files"


def written(parts: DatasetDict, folder: Path, repo_id: str, licences: Sequence[Licence]) -> list[Stored]:
    """The dataset as a folder that ``load_dataset`` reads, here as on the Hub: Parquet by config and split, card, metadata, tokenizer, licences."""
    default = default_config(parts)
    names = sorted(configs_of(parts), key=lambda name: name != default)  # the default one first: readers without configs take the first
    stored = [one for name in names for split, rows in parts.items() if (one := split_written(rows, folder, name, split))]
    facts = public_facts(metadata.of(parts), licences)
    public = metadata.attach(parts, facts)
    write_synced(folder / "README.md", card(public, repo_id, stored, licences, default).encode("utf-8", "surrogatepass"))
    write_synced(folder / metadata.FILE_NAME, metadata.dumped(facts).encode("utf-8", "surrogatepass") + b"\n")
    for name, text in notices(metadata.of(parts).get("licence") or ()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_synced(folder / name, text.encode("utf-8", "surrogatepass"))
    try:
        encoder_of(parts, metadata.of(parts).get("tokenizer_folder")).save(folder / TOKENIZER_FOLDER)
    except EliteCodeError:
        pass  # the rows' tokenizer is not on this machine; the card names it
    return stored


def notices(files: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Where each licence file's text goes, so that copies of the code come with whose it is: rows name nobody. Names that would be one are numbered."""
    found: dict[str, str] = {}
    for file in files:
        parts = [
            re.sub(r"[^\w.-]", "_", str(file.get(key) or "").encode("ascii", "replace").decode())[-80:] for key in ("repository", "path")
        ]
        name = "--".join(filter(None, (part.strip(".") for part in parts))) or "licence"
        place = f"{LICENCE_FOLDER}/{name}"
        found[place if place not in found else f"{place}-{len(found)}"] = str(file.get("text") or "")
    return found


def default_config(parts: DatasetDict) -> str:
    names = configs_of(parts)
    scales = [int(name[1:]) for name in names if name.startswith("w")]
    return f"w{primary_scale(scales)}" if scales else names[0]


def split_written(rows: Dataset, folder: Path, config: str, split: str) -> Stored | None:
    """One split of one config in Parquet files; None when it has no rows. Plain Arrow types, so that every version of datasets opens them."""
    chosen = rows_of_config(rows, config)
    if not chosen:
        return None
    subset = rows.select(chosen)
    schema = pa.schema(list(rows.features.arrow_schema))  # without the metadata that ties a file to one version of datasets
    per_row = rows.data.nbytes / max(1, len(rows.data))
    shards = max(1, math.ceil(per_row * len(chosen) / SHARD_BYTES))
    paths, memory, disk = [], 0, 0
    (folder / config).mkdir(exist_ok=True)
    for i in range(shards):
        part = subset.shard(shards, i, contiguous=True)
        path = folder / config / f"{split}-{i:05d}-of-{shards:05d}.parquet"
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in part.with_format("arrow").iter(batch_size=GROUP_ROWS):
                table = batch.cast(schema)
                writer.write_table(table)
                memory += table.nbytes
        paths.append(path.relative_to(folder).as_posix())
        disk += path.stat().st_size
    return Stored(config, split, tuple(paths), len(chosen), memory, disk)


def public_facts(facts: Mapping[str, Any], licences: Sequence[Licence]) -> dict[str, Any]:
    """The metadata without what says where somebody's files lie, and with the names of licences for their texts."""
    shown = {name: value for name, value in facts.items() if name not in metadata.PRIVATE}
    shown["licence"] = [{"repository": one.repository, "path": one.path, "spdx": list(one.ids)} for one in licences]
    shown["tokenizer"] = label_of(facts.get("tokenizer"))
    if isinstance(facts.get("config"), Mapping):
        options = {name: value for name, value in facts["config"].items() if name not in metadata.PRIVATE}
        shown["config"] = options | ({"tokenizer": label_of(options["tokenizer"])} if "tokenizer" in options else {})
    return shown


def label_of(tokenizer: Any) -> Any:
    """A tokenizer's name; of a folder only its last part."""
    return Path(tokenizer).name if isinstance(tokenizer, str) and re.match(r"[~/.]|[A-Za-z]:\\", tokenizer) else tokenizer


def uploaded(folder: Path, repo_id: str, private: bool, create_pr: bool, token: str | None, rows: Mapping[str, int]) -> Published:
    """The folder as one commit on the Hub."""
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with hub_errors(repo_id):
        api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        if private and not api.repo_info(repo_id, repo_type="dataset").private:
            raise EliteCodeError(
                f"{repo_id!r} exists and is public; make it private there, or say private=False (--public) if everyone may see the code"
            )
        done = api.upload_folder(
            repo_id=repo_id,
            repo_type="dataset",
            folder_path=str(folder),
            commit_message=f"Publish {sum(rows.values())} rows with elite-code-dataset",
            delete_patterns=OURS,
            create_pr=create_pr,
        )
    return Published(repo_id, str(done.pr_url if create_pr else f"{api.endpoint}/datasets/{repo_id}"), str(done.oid), dict(rows))


@contextmanager
def hub_errors(repo_id: str) -> Iterator[None]:
    """Turns what the Hub's client raises into one sentence."""
    try:
        yield
    except EliteCodeError:
        raise
    except Exception as error:  # OSError, ValueError and HTTP errors alike
        cause = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__).strip()
        raise EliteCodeError(
            f"the Hub did not take {repo_id!r}: {cause[:300]}; check your token (HF_TOKEN) and the network, then push again: what arrived is not sent twice"
        ) from error


def folder_published(ds: Dataset | DatasetDict, folder: str | Path, repo_id: str, licence_ok: bool = False) -> Path:
    """Writes to a folder what ``push`` would send, for looking at it first: ``load_dataset(folder, "w1024")`` reads it. Refused as ``push`` is."""
    target = Path(folder).expanduser()
    if target.exists() and any(target.iterdir()):
        raise EliteCodeError(f"{str(folder)!r} is not empty; name a new folder")
    parts, licences = allowed(ds, repo_id, licence_ok)
    target.mkdir(parents=True, exist_ok=True)
    written(parts, target, repo_id, licences)
    return target
