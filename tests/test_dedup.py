import argparse
import ast
import inspect
import json.decoder
import multiprocessing
import re
import sys
import textwrap
from functools import cache

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

import elite_code_dataset as ecd
from elite_code_dataset.clones import clone_shingles
from elite_code_dataset.dedup import deduplicated
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.single_passes import deduplicate


def source(name: str, lines: int = 12) -> str:
    return "".join(f"    {name}_{k} = compute_{name}({name}{k}, {name}_step) + {name}_offset\n" for k in range(lines))


def row(name: str, text: str, split: str = "train", context: str = "", **other) -> dict:
    plain = {"kind": "code", "scale": 512, "technique": "original", "parent_id": "", "language": "python", "path": f"{name}.py"}
    rest = {"timestamp": 100, "weight": 1.0}
    return {"id": name, "split": split, "text": context + text, "context_chars": len(context), **plain, **rest, **other}


def dataset(*rows: dict) -> DatasetDict:
    return DatasetDict({s: Dataset.from_list([r for r in rows if r["split"] == s]) for s in dict.fromkeys(r["split"] for r in rows)})


def left(result) -> list[str]:
    return sorted(name for rows in result.kept.values() for name in rows["id"])


def causes(result) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["cause"], one["twin"]) for one in result.dropped}


EDITED = source("a").replace("a_3 ", "renamed ")


def test_exact_drops_the_same_text_and_says_whose_twin_it_was():
    ds = dataset(
        row("a", source("a")),
        row("b", source("a").replace("\n", "  \n") + "\n", weight=0.5),
        row("c", EDITED),
        row("d", " \n"),
        row("e", "\n"),
    )
    result = deduplicated(ds, "exact")
    assert left(result) == ["a", "c", "d", "e"]
    assert causes(result) == {"b": ("exact", "a")}
    assert result.dropped[0]["similarity"] == 1.0
    assert result.report.as_dict()["dropped"] == {"exact": 1}
    assert result.report.kept == 4
    assert result.report.dropped_bytes == {"exact": len(ds["train"][1]["text"])}


def test_near_drops_what_is_at_or_above_the_threshold_and_nothing_below():
    words = [f"w{k}" for k in range(100)]
    base, one, three = (
        " ".join(words),
        " ".join([*words[:50], "x", *words[51:]]),
        " ".join([*words[:20], "x", *words[21:50], "y", *words[51:80], "z", *words[81:]]),
    )
    ds = dataset(row("base", base, weight=3.0), row("one", one), row("three", three))
    result = deduplicated(ds, "near", threshold=0.85)
    assert causes(result) == {"one": ("near", "base")}
    assert result.dropped[0]["similarity"] == pytest.approx(91 / 101)
    assert left(deduplicated(ds, "near", threshold=0.7)) == ["base"]
    assert left(deduplicated(ds, "near", threshold=0.95)) == ["base", "one", "three"]


def test_evaluation_stays_then_the_heavier_then_the_newer_then_the_smaller_id():
    def kept(*rows: dict) -> list[str]:
        return left(deduplicated(dataset(*rows), "near"))

    text = source("a")
    assert kept(row("a", text, weight=9.0), row("b", text, "test"), row("c", text, "validation", weight=9.0)) == ["b"]
    assert kept(row("a", text, "validation"), row("b", text, "train", weight=9.0)) == ["a"]
    assert kept(row("a", text, timestamp=900), row("b", text, weight=2.0)) == ["b"]
    assert kept(row("a", text), row("b", text, timestamp=900)) == ["b"]
    assert kept(row("b", text), row("a", text)) == ["a"]


def test_a_dropped_row_always_has_a_kept_twin_so_chains_do_not_vanish():
    # Each step changes four words of a hundred, far apart: neighbours are alike, the ends of the chain are not.
    words, chain = [f"w{k}" for k in range(200)], []
    for step in range(12):
        words[15 * step + 5] = f"changed{step}"
        chain.append(row(f"r{step:02}", " ".join(words), weight=20.0 - step))
    result = deduplicated(dataset(*chain), "near", threshold=0.9)
    assert 2 <= len(left(result)) < 12
    assert {one["twin"] for one in result.dropped} <= set(left(result))
    assert all(one["similarity"] >= 0.9 for one in result.dropped)


def test_a_copy_goes_with_the_row_it_copies():
    ds = dataset(row("best", EDITED, weight=5.0), row("original", source("a"), weight=4.0), row("copy", source("a"), weight=3.0))
    assert causes(deduplicated(ds, "near")) == {"original": ("near", "best"), "copy": ("near", "best")}


def test_the_same_code_at_another_scale_or_as_an_edit_is_no_duplicate():
    ds = dataset(*(row(f"{kind}{scale}", source("a"), kind=kind, scale=scale) for kind in ("code", "edit") for scale in (256, 512, 4096)))
    for mode in ("exact", "near", "semantic"):
        assert len(left(deduplicated(ds, mode, threshold=0.3))) == 6


def test_an_augmentation_stays_beside_its_parent_and_leaves_with_it():
    ds = dataset(
        row("a", source("a"), weight=2.0),
        row("a renamed", source("a"), technique="rename", parent_id="a"),
        row("b", EDITED),
        row("b renamed", source("z"), technique="rename", parent_id="b"),
        row("b renamed and formatted", source("zz"), technique="format", parent_id="b renamed"),
    )
    result = deduplicated(ds, "near")
    assert left(result) == ["a", "a renamed"]
    assert causes(result) == {
        "b": ("near", "a"),
        "b renamed": ("parent_dropped", "b"),
        "b renamed and formatted": ("parent_dropped", "b renamed"),
    }
    assert result.report.dropped == {"near": 1, "parent_dropped": 2}


def test_context_is_not_compared():
    ds = dataset(
        row("a", source("a"), context=source("x")), row("b", source("b"), context=source("x")), row("c", source("a"), context="# other\n")
    )
    assert causes(deduplicated(ds, "exact")) == {"c": ("exact", "a")}


def renamed(function: str) -> str:
    """Every variable, parameter and attribute of a Python function under another name, everywhere."""
    tree = ast.parse(function)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)}
    return re.sub(r"(?<![\"'\w])[a-zA-Z_]\w*(?![\"'])", lambda match: f"{match[0]}_other" if match[0] in names else match[0], function)


@cache
def real_functions() -> list[str]:
    """Functions of the standard library, of some length and without a docstring."""
    found = []
    for module in (argparse, inspect, textwrap, json.decoder):
        text = inspect.getsource(module)
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node):
                found.append(textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno])))
    return [text for text in found if 700 < len(text) < 4000][:25]


def test_renamed_clones_of_real_functions_are_semantic_twins_and_not_near_ones():
    functions = real_functions()
    clones = [renamed(text) for text in functions]
    assert len(functions) >= 10 and all(a != b for a, b in zip(functions, clones))
    rows = [row(f"f{k:02}", text, weight=2.0) for k, text in enumerate(functions)] + [
        row(f"g{k:02}", text) for k, text in enumerate(clones)
    ]
    semantic = causes(deduplicated(dataset(*rows), "semantic"))
    found = [k for k in range(len(functions)) if semantic.get(f"g{k:02}") == ("semantic", f"f{k:02}")]
    assert len(found) >= 0.9 * len(functions)
    assert not any(name.startswith("f") for name in semantic)
    near = causes(deduplicated(dataset(*rows), "near"))
    assert len(near) < len(functions) / 4


RUST = """
fn total(values: &[u32], limit: u32) -> Option<u32> {
    let mut sum = 0u32; // so far
    for value in values.iter().filter(|value| **value < limit) {
        sum = sum.checked_add(*value)?;
        if sum > limit { log::warn!("too much: {}", sum); return None; }
    }
    if sum == 0 { return Some(limit); }
    Some(sum * 2 + values.len() as u32)
}
"""


def test_anonymised_shingles_survive_renaming_but_not_another_order_of_names():
    swapped = RUST.replace("values", "xs").replace("value", "x").replace("sum", "acc").replace("// so far", "")
    mixed = RUST.replace("sum * 2", "limit * 2").replace("sum == 0", "limit == 0").replace("checked_add(*value)", "checked_add(limit)")
    one, same, other = clone_shingles([RUST, swapped, mixed], ["rust"] * 3)
    assert len(one) > 60
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_without_a_grammar_words_are_anonymised_and_prose_is_left_alone():
    from elite_code_dataset import clones

    known = [(token, named) for token, named in clones._words(b"for x in items: # comment\n  y = x + 12")]
    assert [token for token, named in known if named] == [b"x", b"items", b"y", b"x"]
    assert len(clone_shingles(["word " * 500], ["markdown"])[0]) == 0
    assert len(clone_shingles(["x = 1\n" * 10], ["python"])[0]) == 0  # too short


def test_more_processes_find_the_same_clones(monkeypatch):
    monkeypatch.setattr("elite_code_dataset.dedup.SHARED_FROM", 10)
    rows = [row(f"f{k:04}", text.replace("def ", f"def v{k}_", 1)) for k, text in enumerate(real_functions() * 2)]
    one, two = (deduplicated(dataset(*rows), "semantic", num_proc=n) for n in (None, 2))
    assert one.report == two.report and one.report.dropped["semantic"] == len(rows) / 2
    assert one.dropped.to_list() == two.dropped.to_list()


class Letters:
    """A stand-in for an embedding model: how often each letter occurs."""

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[text.count(chr(97 + k)) for k in range(26)] for text in texts], float)


def test_embeddings_of_a_given_model_decide_where_one_is_named():
    ds = dataset(
        row("a", "def add(left, right): return left + right"),
        row("b", "def dad(left, right): return left - right"),
        row("c", "while zzz: pass"),
    )
    result = deduplicated(ds, "semantic", threshold=0.99, model=Letters())
    assert causes(result) == {"b": ("semantic", "a")}
    assert result.dropped[0]["similarity"] > 0.99


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mode": "fuzzy"}, "unknown mode 'fuzzy'; expected one of exact, near, semantic"),
        ({"backend": "spark"}, "unknown backend 'spark'"),
        ({"mode": "exact", "backend": "text-dedup"}, "near duplicates only"),
        ({"threshold": 0}, "threshold=0 is no similarity"),
        ({"mode": "near", "model": "any"}, "embeddings belong to mode='semantic'"),
        ({"mode": "semantic", "model": 7}, "cannot encode"),
    ],
)
def test_options_that_cannot_work_are_refused(options, says):
    with pytest.raises(EliteCodeError, match=says):
        deduplicated(dataset(row("a", source("a"))), **options)


def test_text_dedup_proposes_and_the_same_rows_go(monkeypatch):
    """On real code with lines changed here and there: text-dedup's own signatures, and the answer of the default."""
    before = multiprocessing.get_start_method(allow_none=True)
    from text_dedup import minhash

    asked = []
    real = minhash.embed_func
    monkeypatch.setattr(minhash, "embed_func", lambda *arguments, **options: asked.append(1) or real(*arguments, **options))
    lines = inspect.getsource(argparse).split("\n")
    rows = []
    for start in range(0, len(lines) - 60, 60):
        text = lines[start : start + 60]
        rows.append(row(f"r{start}", "\n".join(text)))
        if start % 180 == 0:
            changed = [line.replace("self", "this") if k % 29 == 7 else line for k, line in enumerate(text)]
            rows.append(row(f"near{start}", "\n".join(changed), weight=0.5))
        if start % 240 == 0:
            rows.append(row(f"far{start}", "\n".join(reversed(text)), weight=0.5))
    results = [deduplicated(dataset(*rows), "near", backend=backend) for backend in ("numpy", "text-dedup")]
    assert len(rows) * 0.8 < len(asked) <= len(rows)  # all that are long enough to be compared
    assert left(results[0]) == left(results[1]) and causes(results[0]) == causes(results[1])
    assert 5 <= len(causes(results[0])) < len(rows) / 2
    assert multiprocessing.get_start_method(allow_none=True) == before


def test_no_row_that_has_a_near_twin_is_ruled_out_before_rows_are_compared():
    from elite_code_dataset import dedup
    from elite_code_dataset.similarity import shingles, verified

    texts = [inspect.getsource(module) for module in (argparse, ast, inspect, json.decoder, re, textwrap)]
    functions = [part for text in texts for part in re.split(r"\n(?=def |class )", text)]
    near = [part.replace("self", "me", 2) for part in functions[::3]]
    sets = shingles([*functions, *near, "", "x"])
    for threshold in (0.5, 0.85, 1.0):
        likely = dedup._likely(sets, threshold)
        pairs = [(a, b) for a in range(len(sets)) for b in range(a) if len(sets[a]) and dedup.np.intersect1d(sets[a], sets[b]).size]
        found = verified(sets, threshold, dedup.np.array(pairs))
        assert len(found) > 20 and {i for a, b, _ in found for i in (a, b)} <= set(likely)
        assert len(likely) < 0.9 * len(sets)
    assert dedup._likely([], 0.85) == []


def test_a_missing_extra_is_named(monkeypatch):
    for name in ("text_dedup", "text_dedup.minhash", "model2vec", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EliteCodeError, match=r"elite-code-dataset\[text-dedup\]"):
        deduplicated(dataset(row("a", source("a"))), backend="text-dedup")
    with pytest.raises(EliteCodeError, match=r"elite-code-dataset\[semantic\]"):
        deduplicated(dataset(row("a", source("a"))), "semantic", model="some/model")


def test_rows_without_the_schema_are_refused():
    with pytest.raises(EliteCodeError, match="no column 'context_chars'"):
        deduplicated(Dataset.from_list([{"id": "a", "text": "x"}]))


def test_the_public_pass_returns_rows_that_remember_the_report():
    ds = dataset(row("a", source("a")), row("b", EDITED), row("c", source("c"), "test"))
    kept = ecd.deduplicate(ds)
    assert {split: rows["id"] for split, rows in kept.items()} == {"train": ["a"], "test": ["c"]}
    (note,) = ecd.metadata.of(kept)["drops"]
    assert note["step"] == "deduplicate_near" and note["dropped"] == {"near": 1}
    again = deduplicate(kept, "exact", return_report=True)
    assert [one["step"] for one in ecd.metadata.of(again.kept)["drops"]] == ["deduplicate_near", "deduplicate_exact"]
    assert len(again.dropped) == 0
    assert deduplicate(ds["train"])["id"] == ["a"]


def test_a_second_pass_drops_nothing_more():
    functions = real_functions()
    rows = [row(f"r{k:03}", text + ("    x = 1\n" if k % 2 else "")) for k, text in enumerate(functions * 2)]
    for mode in ("exact", "near", "semantic"):
        once = deduplicated(dataset(*rows), mode).kept
        assert deduplicated(once, mode).report.dropped == {}
