"""The dataset card: YAML that the Hub reads, and a page that quotes this build's own figures.

In: a DatasetDict with metadata, the licences found, and the Parquet files of each config. Out: the text of README.md, made from
``dataset_card.md``: ``{{name}}`` stands for a value, ``{{#name}}...{{/name}}`` for a part that is left out when that value is missing.
Costs one reading of the short columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.resources import files
from typing import Any

import yaml
from datasets import Dataset, DatasetDict

from elite_code_dataset import config, metadata
from elite_code_dataset.composition import Composition, Part, composition
from elite_code_dataset.exposure import exposures
from elite_code_dataset.licences import LICENCE_FOLDER, Licence, hub_licence

TEMPLATE = "dataset_card.md"
ARROW_NAMES = {"double": "float64", "float": "float32", "large_string": "large_string"}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
MEANINGS = {
    "w256": "one function, method or type",
    "w512": "a function with its enclosing type, imports and the signatures it calls",
    "w1024": "several neighbouring units",
    "w2048": "a module: as much of one file as fits",
    "w4096": "a whole file with the files it depends on",
    "edits": "what a commit changed: message and original block, then the updated block",
}


class Spelled(yaml.SafeDumper):
    """YAML without anchors, which not every reader of cards follows."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True)
class Stored:
    """One split of one config as files: paths in the repository, rows, and bytes in memory and on disk."""

    config: str
    split: str
    paths: tuple[str, ...]
    rows: int
    memory_bytes: int
    disk_bytes: int


def card(ds: DatasetDict, repo_id: str, stored: Sequence[Stored], licences: Sequence[Licence], default: str) -> str:
    """README.md of the published dataset."""
    facts, made = metadata.of(ds), composition(ds)
    return front_matter(ds, made, facts, stored, licences, default) + "\n" + body(ds, made, facts, repo_id, stored, licences, default)


def front_matter(
    ds: DatasetDict, made: Composition, facts: Mapping[str, Any], stored: Sequence[Stored], licences: Sequence[Licence], default: str
) -> str:
    names = list(dict.fromkeys(one.config for one in stored))
    features = yaml_features(next(iter(ds.values())))
    fields = {
        "pretty_name": title_of(facts),
        **hub_licence(licences),
        "language": ["code"],
        "task_categories": ["text-generation"],
        "tags": ["code", "elite-code-dataset", *sorted(part.value for part in made.by["language"])],
        "size_categories": [next((name for limit, name in SIZES if made.rows < limit), "10M<n<100M")],
        "configs": [
            {"config_name": name}
            | ({"default": True} if name == default else {})
            | {"data_files": [{"split": one.split, "path": f"{name}/{one.split}-*"} for one in stored if one.config == name]}
            for name in names
        ],
        "dataset_info": [info_of(name, features, [one for one in stored if one.config == name]) for name in names],
    }
    return f"---\n{yaml.dump(fields, Dumper=Spelled, sort_keys=False, allow_unicode=True, width=120)}---\n"


def info_of(name: str, features: list[dict[str, str]], parts: Sequence[Stored]) -> dict[str, Any]:
    return {
        "config_name": name,
        "features": features,
        "splits": [{"name": one.split, "num_bytes": one.memory_bytes, "num_examples": one.rows} for one in parts],
        "download_size": sum(one.disk_bytes for one in parts),
        "dataset_size": sum(one.memory_bytes for one in parts),
    }


def yaml_features(rows: Dataset) -> list[dict[str, str]]:
    """The columns as the Hub's YAML names them; readable by datasets 3.6 and 5 alike."""
    found = []
    for field in rows.features.arrow_schema:
        inner = getattr(field.type, "value_type", None)
        name = str(inner or field.type)
        found.append({"name": field.name, "list" if inner is not None else "dtype": ARROW_NAMES.get(name, name)})
    return found


def title_of(facts: Mapping[str, Any]) -> str:
    repository = facts.get("repository")
    names = repository if isinstance(repository, list) else [repository] if repository else []
    return (
        f"Code and history of {', '.join(map(str, names[:3]))}{' and others' if len(names) > 3 else ''}"
        if names
        else "Code of a repository"
    )


def body(
    ds: DatasetDict,
    made: Composition,
    facts: Mapping[str, Any],
    repo_id: str,
    stored: Sequence[Stored],
    licences: Sequence[Licence],
    default: str,
) -> str:
    repository, when = facts.get("repository"), facts.get("commit_time")
    values = {
        "title": inline(title_of(facts)),
        "rows": f"{made.rows:,}",
        "tokens": f"{made.tokens:,}",
        "repository": code(", ".join(map(str, repository)) if isinstance(repository, list) else repository),
        "commit": code(facts.get("commit")) if isinstance(facts.get("commit"), str) else "",
        "date": date_of(when) if isinstance(when, (int, float)) and when > 0 else "",
        "version": facts.get(metadata.MARK, config.VERSION),
        "repo_id": repo_id,
        "default": default,
        "configs": ", ".join(dict.fromkeys(one.config for one in stored)),
        "config_table": config_table(stored),
        "source_table": source_table(facts),
        "split_table": split_table(made),
        "language_table": parts_table("language", made.by["language"], made),
        "role_table": parts_table("role", made.by["role"], made),
        "technique_table": parts_table("technique", made.by["technique"], made) if len(made.by["technique"]) > 1 else "",
        "weight_table": table(("weight", "rows"), [(bar.label, f"{bar.rows:,}") for bar in made.weights]),
        "stage_table": stage_table(made) if len(made.stages) > 1 else "",
        "drop_table": drop_table(facts),
        "certificate_table": flat_table(("what was counted across splits", "number"), facts.get("certificate")),
        "exposure_table": exposure_table(ds),
        "licence_table": table(("file", "recognised as"), [(one.path, ", ".join(one.ids) or "not recognised") for one in licences])
        or "None was found.",
        "notices": LICENCE_FOLDER if licences else "",
        "limits": "\n".join(f"- {line}" for line in limits(made, facts)),
    }
    return rendered(files("elite_code_dataset").joinpath(TEMPLATE).read_text("utf-8"), values)


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """The template with its values. A part whose value is empty is left out, with the line break behind its closing mark."""

    def part(match: re.Match) -> str:
        return rendered(match[2], values) if values.get(match[1]) else ""

    text = re.sub(r"\{\{#(\w+)\}\}\n?(.*?)\{\{/\1\}\}(?:\n(?=\n|\{\{)|\n$)?", part, template, flags=re.DOTALL)
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), text)


def inline(value: Any) -> str:
    """Text of a repository on one line of Markdown, with nothing that Markdown, HTML or the template would act on."""
    return re.sub(r"([\\`*_\[\]<>|#{}!])", r"\\\1", " ".join(str("" if value is None else value).split()))


def code(value: Any) -> str:
    """Text of a repository inside back-ticks."""
    return " ".join(str(value or "").replace("`", "'").replace("{{", "{ {").split())


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; empty without rows. First column left, numbers right."""
    if not rows:
        return ""
    marks = ["---", *("---:" for _ in head[1:])]
    lines = [head, marks, *([inline(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def flat_table(head: Sequence[str], counts: Any) -> str:
    """A table of the plain numbers and texts in a dict."""
    if not isinstance(counts, Mapping):
        return ""
    return table(head, [(name.replace("_", " "), number(value)) for name, value in counts.items() if isinstance(value, (int, float, str))])


def number(value: Any) -> str:
    if isinstance(value, bool) or isinstance(value, str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def date_of(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")


def config_table(stored: Sequence[Stored]) -> str:
    splits = list(dict.fromkeys(one.split for one in stored))
    counts = {(one.config, one.split): one.rows for one in stored}
    rows = [
        (name, MEANINGS.get(name, ""), *(f"{counts.get((name, split), 0):,}" for split in splits))
        for name in dict.fromkeys(one.config for one in stored)
    ]
    return table(("config", "a row shows", *splits), rows)


SOURCES = {
    "source_files": "files read",
    "git_diffs": "changes read from history",
    "function_signatures": "signatures",
    "tokenizer": "tokenizer",
}


def source_table(facts: Mapping[str, Any]) -> str:
    rows = [(label, number(facts[name])) for name, label in SOURCES.items() if facts.get(name) is not None]
    graph = facts.get("graph") or {}
    rows += [(f"import graph: {name}", number(graph[name])) for name in ("nodes", "edges") if name in graph]
    options = {
        name: value for name, value in sorted((facts.get("config") or {}).items()) if name not in metadata.PRIVATE and value is not None
    }
    rows += [
        (
            f"option {name}",
            value
            if isinstance(value, str)
            else yaml.safe_dump(value, default_flow_style=True, width=1000).strip().removesuffix("...").strip(),
        )
        for name, value in options.items()
    ]
    return table(("", "value"), rows)


def split_table(made: Composition) -> str:
    names = ("rows", "tokens", "target_tokens", "files")
    rows = [
        (split, *(f"{one[name]:,}" for name in names), share(one["target_tokens"], sum(s["target_tokens"] for s in made.splits.values())))
        for split, one in made.splits.items()
    ]
    return table(("split", "rows", "tokens", "target tokens", "files", "share of target tokens"), rows)


def parts_table(name: str, parts: Sequence[Part], made: Composition) -> str:
    whole = sum(part.target_tokens for part in parts)
    rows = [
        (part.value, *(f"{part.rows[split]:,}" for split in made.splits), f"{part.target_tokens:,}", share(part.target_tokens, whole))
        for part in parts
    ]
    return table((name, *(f"{split} rows" for split in made.splits), "target tokens", "share"), rows)


def stage_table(made: Composition) -> str:
    scales = sorted({scale for by_scale in made.stages.values() for scale in by_scale})
    rows = [(stage, *(f"{by_scale.get(scale, 0):,}" for scale in scales)) for stage, by_scale in made.stages.items()]
    return table(("stage: target tokens by scale", *map(str, scales)), rows)


def drop_table(facts: Mapping[str, Any]) -> str:
    rows = []
    for step in facts.get("drops") or []:
        sizes = step.get("dropped_bytes") or {}
        for reason, count in (step.get("dropped") or {}).items():
            rows.append((step.get("step", ""), reason.replace("_", " "), number(count), number(sizes[reason]) if reason in sizes else "-"))
    return table(("step", "reason", "dropped", "bytes"), rows)


def exposure_table(ds: DatasetDict) -> str:
    if "train" not in ds:
        return ""
    found = exposures(ds)
    rows = [
        ("source tokens of train", number(round(found.source_tokens))),
        ("times that one epoch shows each, on average", f"{found.mean:.2f}"),
        ("times for the most shown", f"{found.maximum:.2f}"),
    ]
    return table(("one epoch with the weights as copies", ""), rows)


def limits(made: Composition, facts: Mapping[str, Any]) -> list[str]:
    """Sentences that rest on a figure of this build, and no others."""
    targets = sum(part.target_tokens for part in made.by["language"])
    largest = made.by["language"][0]
    lines = [f"One code base: {share(largest.target_tokens, targets)} of the target tokens are {inline(largest.value)}."]
    for split in ("validation", "test"):
        if split in made.splits:
            one = made.splits[split]
            lines.append(f"The {split} split rests on {one['files']:,} files; figures measured on it vary with the choice of these files.")
    children = sum(part.total for part in made.by["technique"] if part.value != "original")
    if children:
        lines.append(f"{children:,} of {made.rows:,} rows are made by rewriting real code; each says in `verified` how far it was checked.")
    if len(made.names("scale")) > 1:
        lines.append(f"The {len(made.names('scale'))} scales show the same code in different windows; joining the configs repeats it.")
    tokenizer = facts.get("tokenizer")
    if tokenizer:
        name = "trained on the train split" if tokenizer == "trained" else inline(tokenizer)
        lines.append(f"`input_ids` are those of the tokenizer {name}; for another model encode `text` again.")
    return lines
