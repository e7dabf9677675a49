"""The builder: ``datasets.load_dataset("elite_code_dataset", "w1024", data_dir=repo)``. FEATURES are declared here, once.

In: a config with ``data_dir``. Out: the splits of one config, train, validation and test, empty ones left out. The work is ``pipeline``'s;
what is here hands its rows to datasets. Also runs as a loading script on datasets 3.6, so imports are absolute.
"""

import datasets

try:
    # Indented, so that datasets 3.6, which looks for imports at the start of a line, does not import (and so register) the package in the
    # middle of a load by script; a name that is registered by then would be taken for a packaged module's.
    from elite_code_dataset import pipeline
    from elite_code_dataset.options import CONFIG_NAMES, EliteCodeConfig
    from elite_code_dataset.records import SPLITS, EliteCodeError
except ImportError as error:
    raise ImportError("the loading script needs its package: run `pip install .` in the checkout, then load again") from error

Value = datasets.Value
UNIT = {
    "kind": Value("string"),
    "name": Value("string"),
    "signature": Value("string"),
    "start_byte": Value("int64"),
    "end_byte": Value("int64"),
    "header_end": Value("int64"),
    "depth": Value("int32"),
    "parent": Value("int32"),
    "complexity": Value("int32"),
}
IMPORT = {
    "module": Value("string"),
    "names": [Value("string")],
    "kind": Value("string"),
    "start_byte": Value("int64"),
    "end_byte": Value("int64"),
}
# A row is a Window; difficulty, stage and weight are neutral until the passes set them.
FEATURES = datasets.Features(
    {
        "id": Value("string"),
        "group": Value("string"),
        "split": Value("string"),
        "path": Value("string"),
        "language": Value("string"),
        "role": Value("string"),
        "kind": Value("string"),
        "scale": Value("int32"),
        "technique": Value("string"),
        "parent_id": Value("string"),
        "text": Value("string"),
        "context_chars": Value("int32"),
        "input_ids": [Value("int32")],
        "context_tokens": Value("int32"),
        "n_tokens": Value("int32"),
        "start_byte": Value("int64"),
        "end_byte": Value("int64"),
        "start_line": Value("int32"),
        "end_line": Value("int32"),
        "units": [Value("string")],
        "signatures": [Value("string")],
        "dependencies": [Value("string")],
        "complexity": Value("int32"),
        "commit": Value("string"),
        "timestamp": Value("int64"),
        "age_days": Value("float64"),
        "verified": Value("string"),
        "idiom": Value("string"),
        "original_start": Value("int32"),
        "original_end": Value("int32"),
        "difficulty": Value("float64"),
        "stage": Value("int32"),
        "weight": Value("float64"),
    }
)
FILE_FEATURES = datasets.Features(
    {
        "path": Value("string"),
        "language": Value("string"),
        "role": Value("string"),
        "commit": Value("string"),
        "blob": Value("string"),
        "text": Value("string"),
        "last_changed": Value("int64"),
        "age_days": Value("float64"),
        "lineage": Value("string"),
        "group": Value("string"),
        "split": Value("string"),
        "n_tokens": Value("int32"),
        "has_error": Value("bool"),
        "units": [UNIT],
        "imports": [IMPORT],
        "dependencies": [Value("string")],
        "external": [Value("string")],
        "centrality": Value("float64"),
    }
)


class EliteCodeDataset(datasets.GeneratorBasedBuilder):
    """One git repository (or several) as training rows. See ``Options`` for what can be chosen."""

    BUILDER_CONFIG_CLASS = EliteCodeConfig
    BUILDER_CONFIGS = [EliteCodeConfig(name=name, description=pipeline.CONFIG_MEANINGS[name]) for name in CONFIG_NAMES]
    DEFAULT_CONFIG_NAME = "w1024"
    DEFAULT_WRITER_BATCH_SIZE = 100  # rows of a thousand ids: small enough to hold, and to read one of

    def _info(self):
        return datasets.DatasetInfo(
            description=pipeline.CONFIG_MEANINGS[self.config.name],
            features=FILE_FEATURES if self.config.name == "files" else FEATURES,
        )

    def _split_generators(self, dl_manager):
        if self.config.data_dir is None:
            raise EliteCodeError(
                "data_dir is missing: expected the path of a git repository; call load_dataset(..., data_dir='/path/to/repo')"
            )
        built = pipeline.built(self.config, self.config.name, self._cache_dir_root)
        self.info.description = built.description
        return [
            datasets.SplitGenerator(split, gen_kwargs={"shards": shards})
            for split in SPLITS
            if (shards := built.shards(split))  # an empty split would not load
        ]

    def _generate_examples(self, shards):
        yield from pipeline.examples(shards)

    # What streaming yields row by row is written to the cache table by table, as the rows are Arrow on disk already: five times as fast.

    def _generate_tables(self, shards):
        yield from pipeline.tables(shards)

    def _prepare_split(self, split_generator, check_duplicate_keys=None, **how):
        datasets.ArrowBasedBuilder._prepare_split(self, split_generator, **how)

    _prepare_split_single = datasets.ArrowBasedBuilder._prepare_split_single
