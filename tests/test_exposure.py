"""Exposure on spans small enough to count by hand."""

import pytest
from datasets import Dataset, DatasetDict

from elite_code_dataset.exposure import exposures
from elite_code_dataset.records import EliteCodeError


def row(start, end, weight=1.0, tokens=None, path="a.py", technique="original", context=0, commit="c1"):
    tokens = end - start if tokens is None else tokens
    return {
        "path": path,
        "commit": commit,
        "technique": technique,
        "start_byte": start,
        "end_byte": end,
        "context_tokens": context,
        "n_tokens": tokens + context,
        "weight": weight,
    }


def exposed(*rows, epochs=1.0):
    return exposures(Dataset.from_list(list(rows)), epochs=epochs)


def test_one_scale_without_weights_shows_each_token_once():
    seen = exposed(row(0, 40), row(40, 100), row(0, 10, path="b.py"))
    assert (seen.source_tokens, seen.shown_tokens, seen.mean, seen.maximum) == (110, 110, 1.0, 1.0)


def test_context_is_not_an_exposure():
    assert exposed(row(0, 40, context=500), row(40, 100, context=7)).mean == 1.0


def test_scales_add_up():
    seen = exposed(row(0, 50), row(50, 100), row(0, 100), row(0, 100))
    assert (seen.source_tokens, seen.mean, seen.maximum) == (100, 3.0, 3.0)


def test_an_augmentation_is_another_exposure_of_its_source():
    seen = exposed(row(0, 60), row(60, 100), row(0, 60, technique="rename", tokens=66))
    assert seen.source_tokens == pytest.approx(100)
    assert seen.mean == pytest.approx(1.66)
    assert seen.maximum == pytest.approx(2.1)
    assert seen.histogram[1] == (1.0, 2.0, pytest.approx(0.4))
    assert seen.histogram[2] == (2.0, 4.0, pytest.approx(0.6))


def test_a_row_that_trains_on_a_part_of_its_span_counts_for_that_part():
    seen = exposed(row(0, 100), row(0, 100, technique="fill_in_middle", tokens=25, context=80))
    assert (seen.source_tokens, seen.mean, seen.maximum) == (100, 1.25, 1.25)


def test_weights_move_exposure_between_sources_and_leave_its_mean():
    seen = exposed(row(0, 100, weight=3.0), row(0, 100, weight=1.0, path="b.py"))
    assert seen.mean == 1.0
    assert seen.by_source == {"a.py": 1.5, "b.py": 0.5}
    assert seen.maximum == 1.5
    assert seen.histogram[0] == (0.0, 1.0, 0.5)


def test_a_source_that_weighs_nothing_is_held_and_never_shown():
    seen = exposed(row(0, 100), row(0, 100, weight=0.0, path="b.py"))
    assert seen.by_source == {"a.py": 2.0, "b.py": 0.0}
    assert (seen.source_tokens, seen.mean) == (200, 1.0)


def test_overlapping_spans_are_counted_piece_by_piece():
    seen = exposed(row(0, 60), row(40, 100))
    assert seen.source_tokens == 100
    assert seen.maximum == 2.0
    assert seen.histogram[1][2] == 0.8
    assert seen.histogram[2][2] == 0.2


def test_the_same_path_at_another_commit_is_another_source():
    assert exposed(row(0, 100), row(0, 100, commit="c2")).source_tokens == 200


def test_a_deletion_counts_without_a_span():
    seen = exposed(row(0, 100), row(7, 7, tokens=30, commit="c2"))
    assert seen.source_tokens == 130
    assert seen.mean == 1.0


def test_the_histogram_holds_every_source_token():
    seen = exposed(row(0, 10), row(0, 100, weight=2.5), row(5, 30, weight=40.0), row(0, 10, path="b.py"))
    assert sum(share for _, _, share in seen.histogram) == pytest.approx(1.0)


def test_effective_epochs_multiply_and_warn_past_the_limit():
    rows = [row(0, 100)] * 5
    fine, over = exposed(*rows, epochs=3), exposed(*rows, epochs=4)
    assert fine.effective_epochs == pytest.approx(15.0)
    assert fine.warning == ""
    assert "20.0 times" in over.warning
    assert "at most 3.2 epochs" in over.warning
    assert over.as_dict()["effective_epochs"] == pytest.approx(20.0)


def test_the_train_split_is_what_counts():
    train, test = Dataset.from_list([row(0, 10)]), Dataset.from_list([row(0, 90)])
    assert exposures(DatasetDict(train=train, test=test)).source_tokens == 10
    with pytest.raises(EliteCodeError, match="'train'"):
        exposures(DatasetDict(test=test))


def test_rows_without_a_weight_column_weigh_the_same():
    assert exposures(Dataset.from_list([row(0, 10), row(0, 10)]).remove_columns("weight")).mean == 2.0


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(EliteCodeError, match="'technique'"):
        exposures(Dataset.from_list([row(0, 10)]).remove_columns("technique"))
    with pytest.raises(EliteCodeError, match="every row weighs 0"):
        exposed(row(0, 10, weight=0.0))
    with pytest.raises(EliteCodeError, match="negative"):
        exposed(row(0, 10, weight=-1.0))
    with pytest.raises(EliteCodeError, match="above 0"):
        exposed(row(0, 10), epochs=0)


def test_an_empty_train_split_shows_nothing():
    seen = exposures(Dataset.from_list([row(0, 10)]).select([]))
    assert (seen.rows, seen.mean, seen.maximum, seen.histogram) == (0, 0.0, 0.0, ())
