"""Makes ``datasets.load_dataset("elite_code_dataset", ...)`` find the builder, on every supported version of datasets.

In: nothing. Out: one entry in datasets' table of packaged modules and one subclass of the factory that reads it. Costs no disk access.
datasets >= 4 has no plugin entry point; it looks into that table first in all versions, so the entry also wins over a folder of the same
name. The stock factory would list every file below ``data_dir``; ours, for our name alone, does not look at it.
"""

from __future__ import annotations

import datasets.load as load
from datasets.data_files import DataFilesDict

from elite_code_dataset.config import source_digest

NAME = "elite_code_dataset"
MODULE = "elite_code_dataset.elite_code_dataset"


def registered() -> None:
    """Idempotent. Other names keep the behaviour they had."""
    load._PACKAGED_DATASETS_MODULES[NAME] = (MODULE, source_digest())
    stock = load.PackagedDatasetModuleFactory
    if getattr(stock, "serves_elite_code_dataset", False):
        return

    class PackagedDatasetModuleFactory(stock):
        serves_elite_code_dataset = True

        def get_module(self) -> load.DatasetModule:
            if self.name != NAME:
                return super().get_module()
            module_path, digest = load._PACKAGED_DATASETS_MODULES[NAME]
            return load.DatasetModule(module_path, digest, {"data_files": DataFilesDict(), "dataset_name": NAME})

    load.PackagedDatasetModuleFactory = PackagedDatasetModuleFactory
