"""Doctor: what is installed, what this machine has, and what would be used without being asked.

In: nothing. Out: plain names and values by section, for ``elite-code-dataset doctor``. Costs the import of torch where it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
from importlib import metadata as distributions
from pathlib import Path
from typing import Any

from elite_code_dataset import config
from elite_code_dataset.languages import all_languages, grammar_of

NEEDED = ("datasets", "transformers", "huggingface-hub", "pyarrow", "numpy", "tree-sitter", "enry-python", "kingfisher-secret-scanner")
EXTRAS = {
    "torch": "training: pip install 'elite-code-dataset[train]'",
    "accelerate": "training: pip install 'elite-code-dataset[train]'",
    "peft": "LoRA: pip install 'elite-code-dataset[train]'",
    "bitsandbytes": "QLoRA and 8-bit Adam: pip install 'elite-code-dataset[qlora]'",
    "matplotlib": "pictures: pip install 'elite-code-dataset[report]'",
    "licenseclassifier": "publishing: pip install 'elite-code-dataset[publish]'",
    "text-dedup": "backend='text-dedup': pip install 'elite-code-dataset[text-dedup]'",
    "model2vec": "deduplication by embeddings: pip install 'elite-code-dataset[semantic]'",
}
GIB = 1 << 30


def examined() -> dict[str, dict[str, Any]]:
    """Section -> name -> what was found."""
    return {
        "Package": {
            "elite-code-dataset": config.VERSION,
            "Python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
        }
        | git(),
        "Libraries": {name: version_of(name) or "missing" for name in NEEDED},
        "Extras": {name: version_of(name) or f"missing, for {purpose}" for name, purpose in EXTRAS.items()},
        "Languages": languages(),
        "Device": device(),
        "Defaults": defaults(),
    }


def version_of(name: str) -> str | None:
    try:
        return distributions.version(name)
    except distributions.PackageNotFoundError:
        return None


def git() -> dict[str, str]:
    """git is run with its own arguments alone; no repository is looked at."""
    found = shutil.which("git")
    if found is None:
        return {"git": "missing; reading history needs git 2.20 or newer on PATH"}
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    return {"git": said.strip().removeprefix("git version ") or "found, but does not answer"}


def languages() -> dict[str, Any]:
    known = all_languages().values()
    parsed = sorted(one.name for one in known if one.is_code and grammar_of(one) is not None)
    missing = sorted(one.name for one in known if one.is_code and grammar_of(one) is None)
    return {
        "with a grammar": ", ".join(parsed) or "none",
        "grammar not installed": ", ".join(missing) or "none",
        "as text": sum(not one.is_code for one in known),
    }


def device() -> dict[str, Any]:
    """What training would run on. Nothing here needs torch to be installed."""
    found: dict[str, Any] = {"processors": os.cpu_count() or 1, "memory": memory()}
    free = shutil.disk_usage(existing(Path.home())).free
    found["free disk"] = f"{free / GIB:.1f} GiB in {existing(Path.home())}"
    if importlib.util.find_spec("torch") is None:
        return found | {"training": "not possible: torch is missing"}
    try:
        import torch
    except (ImportError, OSError) as error:
        return found | {"training": f"not possible: torch does not load ({str(error).splitlines()[0]})"}
    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        return found | {"training": "cuda: " + ", ".join(f"{card.name} {card.total_memory / GIB:.0f} GiB" for card in cards)}
    return found | {"training": "mps" if torch.backends.mps.is_available() else "cpu"}


def existing(path: Path) -> Path:
    return path if path.exists() else Path("/")


def memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GIB:.1f} GiB"
    except (ValueError, OSError, AttributeError):  # not on this system
        return "unknown"


def defaults() -> dict[str, Any]:
    """What a build uses that was not told otherwise; a token is named, never shown."""
    import datasets
    from huggingface_hub import get_token

    return {
        "cache": str(datasets.config.HF_DATASETS_CACHE),
        "tokenizer": f"a byte-level BPE of at most {config.DEFAULT_VOCABULARY:,} entries, trained on the train split",
        "split shares": ", ".join(f"{name} {share:.0%}" for name, share in config.SPLIT_SHARES.items()),
        "Hub token": "found" if get_token() else "none; push needs HF_TOKEN or `hf auth login`",
        "offline": "yes, HF_HUB_OFFLINE is set" if os.environ.get("HF_HUB_OFFLINE") else "no",
    }
