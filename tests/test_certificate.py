import inspect
import json.decoder
import textwrap

import pytest
from datasets import Dataset, DatasetDict

from elite_code_dataset.certificate import certificate, withheld, without_twins
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.splits import split_of, twins_of


def source(name: str, lines: int = 14) -> str:
    """Code of its own: no two names share a five-gram."""
    return "\n".join(f"{name}_{k} = compute_{name}({name}{k}, {name}_step) + {name}_offset" for k in range(lines))


def row(name: str, split: str, text: str, context: str = "", **other) -> dict:
    plain = {"kind": "code", "scale": 512, "technique": "original", "parent_id": ""}
    return {
        "id": name,
        "group": name,
        "path": f"{name}.py",
        "split": split,
        "text": context + text,
        "context_chars": len(context),
        **plain,
        **other,
    }


def dataset(rows: list[dict]) -> DatasetDict:
    splits = dict.fromkeys(row["split"] for row in rows)
    return DatasetDict({split: Dataset.from_list([row for row in rows if row["split"] == split]) for split in splits})


def good_rows() -> list[dict]:
    return [
        row(f"{split}{k}", split, source(f"{split}{k}"))
        for split, count in (("train", 8), ("validation", 3), ("test", 2))
        for k in range(count)
    ]


def test_a_good_dataset_counts_zero_and_says_so():
    counted = certificate(dataset(good_rows()))
    assert counted.total == 0
    assert counted.compared == 13
    assert str(counted).startswith("across splits: 0 exact, 0 near and 0 contained pairs")
    assert counted == certificate(good_rows())


@pytest.mark.parametrize(
    ("planted", "where"),
    [
        (row("copy", "train", source("test1")), "exact"),
        (row("copy", "train", source("test1").replace("\n", "  \n\n    ")), "exact"),
        (row("copy", "train", source("test1").replace("test1_3 ", "renamed ")), "near"),
        (row("copy", "train", source("test1") + "\n" + source("more", 30)), "contained"),
        (row("copy", "train", source("test1", 9)), "contained"),
        (row("copy", "validation", source("test1")), "exact"),
        (row("child", "train", source("test1"), technique="rename", parent_id="train1"), "exact"),
        (row("child", "train", source("test1") + source("more", 30), technique="cross_file_context", parent_id="train1"), "contained"),
        (row("copy", "train", source("test1"), kind="edit", scale=2048), "exact"),
        (row("other", "train", source("other"), group="test1"), "groups"),
        (row("other", "train", source("other"), path="test1.py"), "paths"),
        (row("test1", "train", source("other"), group="other", path="other.py"), "ids"),
    ],
)
def test_a_planted_leak_is_counted_where_it_belongs(planted, where):
    counted = certificate(dataset([*good_rows(), planted]))
    assert counted.as_dict() == {
        **certificate(dataset(good_rows())).as_dict(),
        where: 1,
        "compared": 14,
        "augmented": int(planted["technique"] != "original"),
    }
    assert counted.total == 1


@pytest.mark.parametrize(
    "innocent",
    [
        row("copy", "test", source("test1"), group="test1", path="test1.py"),  # beside its twin, in the same split
        row("shown", "test", source("other"), context=source("train1")),  # evaluation may read what was learned
        row("short context", "train", source("other"), context="    return None\n}\n"),
        row("short", "train", "    return None\n}\n"),
        row("child", "train", source("train1").replace("compute", "calculate"), technique="rename", parent_id="train1"),
        row("edit", "train", source("other"), path="test1.py", kind="edit"),  # another file had this name before
    ],
)
def test_what_is_no_leak_is_not_counted(innocent):
    short = [row("one line", "validation", "    return None\n}\n")]
    assert certificate(dataset([*good_rows(), *short, innocent])).total == 0


@pytest.mark.parametrize("around", ["", "import os\n\n", source("train7", 40)])
def test_a_context_that_shows_evaluation_is_counted_and_withheld(around):
    shown = row("shown", "train", source("other"), context=around + source("test1") + around)
    ds = dataset([*good_rows(), shown])
    assert certificate(ds).shown == certificate(ds).total == 1
    kept, report = without_twins(ds)
    assert report.dropped == {"context_shows_evaluation": 1} and certificate(kept).total == 0
    assert "shown" not in kept["train"]["id"] and len(kept["train"]) == len(ds["train"]) - 1


def test_a_deliberately_leaky_split_is_caught_and_an_honest_one_is_not():
    originals = {f"mod{k}.py": source(f"mod{k}", 30) for k in range(60)}
    copies = {f"copy{k}.py": originals[f"mod{k}.py"].replace(f"mod{k}_7 ", "changed ") for k in range(0, 60, 3)}
    texts = {**originals, **copies}
    head = {path: (path, len(text)) for path, text in texts.items()}

    def rows(side) -> list[dict]:
        return [
            row(f"{path}:{k}", side(path), part, group=path, path=path)
            for path, text in texts.items()
            for k, part in enumerate(parts(text))
        ]

    def parts(text: str) -> list[str]:
        lines = text.split("\n")
        return ["\n".join(lines[k : k + 10]) for k in range(0, len(lines), 10)]

    leaky = split_of([], head=head)
    honest = split_of([], twins_of(list(texts.values()), list(texts)), head)
    assert set(honest.side.values()) == {"train", "validation", "test"}
    caught = certificate(rows(lambda path: leaky.side[path]))
    assert caught.exact > 0 and caught.near > 0
    assert certificate(rows(lambda path: honest.side[path])).total == 0


def test_twins_are_withheld_from_train_and_validation_with_their_augmentations():
    planted = [
        row("near", "train", source("test1").replace("test1_3 ", "renamed ")),
        row("near child", "train", source("something"), technique="rename", parent_id="near"),
        row("whole", "train", source("validation2") + "\n" + source("more", 30), kind="edit", scale=4096),
        row("again", "validation", source("test0")),
    ]
    ds = dataset([*good_rows(), *planted])
    assert certificate(ds).total == 3
    kept, report = without_twins(ds)
    assert certificate(kept).total == 0
    assert report.dropped == {"parent_withheld": 1, "twin_in_evaluation": 3}
    assert sum(report.dropped_bytes.values()) == sum(len(one["text"]) for one in planted)
    assert {split: len(rows) for split, rows in kept.items()} == {"train": 8, "validation": 3, "test": 2}
    assert report.kept == 13
    assert without_twins(kept)[1].dropped == {}


def test_a_rewrite_that_became_what_is_evaluated_is_withheld_and_its_parent_stays():
    child = row("child", "train", source("test1").replace("test1_3 ", "renamed "), technique="rename", parent_id="train1")
    honest = row("other child", "train", source("train1").replace("compute", "calculate"), technique="rename", parent_id="train1")
    ds = dataset([*good_rows(), child, honest])
    assert certificate(ds).near == 1 and certificate(ds).augmented == 2
    kept, report = without_twins(ds)
    assert report.dropped == {"twin_in_evaluation": 1}
    assert "child" not in kept["train"]["id"] and {"train1", "other child"} <= set(kept["train"]["id"])
    assert certificate(kept).total == 0 and certificate(kept).augmented == 1


def file_rows(*texts: tuple[str, str, str]) -> DatasetDict:
    """Rows as the ``files`` config has them: path, split, text."""
    rows = [{"path": p, "split": s, "text": t, "group": p, "lineage": p, "blob": "0" * 40, "language": "python"} for p, s, t in texts]
    return DatasetDict({s: Dataset.from_list([r for r in rows if r["split"] == s]) for s in dict.fromkeys(r["split"] for r in rows)})


def test_whole_files_are_compared_by_their_text():
    honest = [("a.py", "train", source("a")), ("b.py", "test", source("b"))]
    assert certificate(file_rows(*honest)).as_dict() == {
        **dict.fromkeys(("exact", "near", "contained", "groups", "paths", "ids", "shown"), 0),
        "compared": 2,
        "augmented": 0,
    }
    assert certificate(file_rows(*honest, ("c.py", "train", source("b")))).exact == 1
    assert certificate(file_rows(*honest, ("c.py", "train", source("b") + source("c", 30)))).contained == 1


def test_withheld_names_the_train_texts_that_evaluation_shows():
    train = [source("a"), source("b"), source("c") + source("d"), "pass\n"]
    assert withheld(train, [source("b").replace("b_2 ", "x "), source("d"), "pass\n"]) == {1, 2}
    assert withheld([], [source("a")]) == withheld([source("a")], []) == set()


def test_real_functions_are_not_alike_by_chance():
    functions = [textwrap.dedent(inspect.getsource(f)) for _, f in inspect.getmembers(textwrap, inspect.isfunction)]
    functions += [textwrap.dedent(inspect.getsource(f)) for _, f in inspect.getmembers(json.decoder, inspect.isfunction)]
    rows = [row(f"f{k}", ("train", "test")[k % 2], text) for k, text in enumerate(functions)]
    assert len(rows) > 8
    assert certificate(rows).total == 0


def test_rows_of_another_kind_are_refused_by_name():
    with pytest.raises(EliteCodeError, match="got rows without 'context_chars'; expected a dataset of this package"):
        certificate(DatasetDict({"train": Dataset.from_list([{"text": "x", "id": "1"}])}))
    with pytest.raises(EliteCodeError, match="no 'context_chars'"):
        certificate([{"text": "x", "split": "train"}])


def test_an_empty_dataset_has_nothing_to_share():
    assert certificate([]).total == 0
