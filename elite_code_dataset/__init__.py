"""Turn a git repository - its code and its whole history - into a training set for code models.

Importing this registers the builder, so that ``datasets.load_dataset("elite_code_dataset", "w1024", data_dir=repo)`` finds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elite_code_dataset.config import VERSION as __version__
from elite_code_dataset.registration import registered

registered()

# Three functions are called like the module that holds them. Imported here, once, the function is what the name means; later imports of the
# module do not bind it again.
from elite_code_dataset.certificate import certificate  # noqa: E402
from elite_code_dataset.report import report  # noqa: E402
from elite_code_dataset.single_passes import augment, deduplicate, order, weigh  # noqa: E402

# Name -> module that holds it, loaded when first asked for: importing the package costs no more than importing datasets.
_PUBLIC = {
    "Options": "options",
    "build": "passes",
    "EliteCodeError": "records",
    "Encoder": "tokens",
    "export_jsonl": "export",
    "exposures": "exposure",
    "FEATURES": "elite_code_dataset",
    "joined": "passes",
    "load": "passes",
    "metadata": "metadata",
    "prepare": "passes",
    "push": "publish",
    "save": "passes",
    "validate": "validation",
}
__all__ = ["__version__", "augment", "certificate", "deduplicate", "load_dataset", "order", "report", "weigh", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'elite_code_dataset' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(f"elite_code_dataset.{_PUBLIC[name]}")
    found = module if name == "metadata" else getattr(module, name)
    globals()[name] = found
    return found


def load_dataset(
    name: str = "w1024",
    data_dir: str | Path | list[str] | None = None,
    split: Any = None,
    streaming: bool = False,
    num_proc: int | None = None,
    cache_dir: str | Path | None = None,
    download_mode: Any = None,
    **options: Any,
) -> Any:
    """``datasets.load_dataset("elite_code_dataset", name, ...)`` over the builder class alone: no registration, no private API.

    Returns a ``DatasetDict``, or one ``Dataset`` when ``split`` is given; their iterable kin when ``streaming``.
    Raises EliteCodeError (a ValueError) for a path, an option or a tokenizer that cannot work.
    """
    from elite_code_dataset.elite_code_dataset import EliteCodeDataset
    from elite_code_dataset.options import options_from

    options_from(options)
    place = str(data_dir) if isinstance(data_dir, Path) else data_dir
    builder = EliteCodeDataset(config_name=name, data_dir=place, cache_dir=str(cache_dir) if cache_dir else None, **options)
    if streaming:
        return builder.as_streaming_dataset(split=split)
    builder.download_and_prepare(num_proc=num_proc, download_mode=download_mode)
    return builder.as_dataset(split=split)
