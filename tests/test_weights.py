"""Weights as a table: role, age and kind in, the exact number out."""

import math

import pytest
from datasets import Dataset, DatasetDict

from elite_code_dataset import config
from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.weights import weigh, weigher

NO_AGES = ((math.inf, 1.0),)


def dataset_of(*rows):
    return Dataset.from_list(
        [{"id": str(i), "role": role, "age_days": age, "kind": kind, "text": "x" * i} for i, (role, age, kind) in enumerate(rows)]
    )


@pytest.mark.parametrize(
    ("role", "age", "kind", "weight"),
    [
        ("core", 3.0, "edit", 5.85),
        ("core", 3.0, "code", 4.5),
        ("core", 59.999, "code", 4.5),
        ("core", 60.0, "code", 3.0),
        ("core", 89.999, "code", 3.0),
        ("core", 90.0, "code", 2.1),
        ("core", 4000.0, "edit", 2.73),
        ("core", -2.0, "edit", 5.85),
        ("support", 0.0, "edit", 1.95),
        ("support", 75.0, "edit", 1.3),
        ("support", 75.0, "code", 1.0),
        ("support", 365.0, "code", 0.7),
        ("test", 365.0, "code", 0.21),
        ("doc", 365.0, "code", 0.21),
        ("config", 365.0, "code", 0.21),
        ("test", 70.0, "edit", 0.39),
        ("test", 10.0, "edit", 0.585),
        ("test", 365.0, "edit", 0.273),
        ("generated", 3.0, "edit", 0.0),
        ("vendored", 3.0, "code", 0.0),
    ],
)
def test_a_weight_is_the_exact_product_of_role_age_and_evolution(role, age, kind, weight):
    assert weigh(dataset_of((role, age, kind)))["weight"][0] == weight


def test_an_age_that_is_not_known_counts_as_the_oldest():
    assert weigh(dataset_of(("core", math.nan, "code")))["weight"][0] == 2.1


def test_rows_keep_their_order_their_columns_and_their_number():
    ds = dataset_of(("core", 1.0, "code"), ("test", 1.0, "code"), ("doc", 400.0, "edit"))
    weighed = weigh(ds)
    assert weighed.remove_columns("weight").to_list() == ds.to_list()
    assert weighed["weight"][:] == [4.5, 0.45, 0.273]
    assert weighed.features["weight"].dtype == "float64"


def test_weighing_again_replaces_the_column():
    twice = weigh(weigh(dataset_of(("core", 1.0, "edit"))), roles={"core": 1.0}, ages=NO_AGES, evolution=1.0)
    assert twice.column_names.count("weight") == 1
    assert twice["weight"][0] == 1.0


def test_each_factor_can_be_changed_alone():
    ds = dataset_of(("core", 1.0, "edit"))
    assert weigh(ds, roles={"core": 2.0})["weight"][0] == 3.9
    assert weigh(ds, ages=((30.0, 4.0), (math.inf, 1.0)))["weight"][0] == 15.6
    assert weigh(ds, evolution=2.0)["weight"][0] == 9.0
    assert weigh(dataset_of(("vendored", 1.0, "code")), roles={"vendored": 0.1})["weight"][0] == 0.15


def test_every_split_is_weighed_and_an_empty_one_gets_the_column_too():
    ds = dataset_of(("core", 1.0, "edit"), ("doc", 1.0, "code"))
    weighed = weigh(DatasetDict(train=ds, test=ds.select([1]), validation=ds.select([])))
    assert weighed["test"]["weight"][:] == [0.45]
    assert weighed["validation"].num_rows == 0
    assert weighed["validation"].features == weighed["train"].features


def test_two_processes_give_the_rows_that_one_gives():
    ds = dataset_of(*[("core", float(day), "code") for day in range(40, 100)])
    assert weigh(ds, num_proc=2).to_list() == weigh(ds).to_list()


def test_the_fingerprint_follows_the_options_and_the_source(monkeypatch):
    ds = dataset_of(("core", 1.0, "edit"))
    first = weigh(ds)
    assert weigh(ds)._fingerprint == first._fingerprint
    assert weigh(ds, evolution=1.4)._fingerprint != first._fingerprint
    monkeypatch.setattr(config, "source_digest", lambda: "another source")
    assert weigh(ds)._fingerprint != first._fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"roles": {"cor": 1.0}}, "names 'cor'"),
        ({"roles": {"core": -1.0}}, "from 0 up"),
        ({"ages": ((60.0, 1.5),)}, "infinity"),
        ({"ages": ((60.0, 1.5), (30.0, 1.0), (math.inf, 1.0))}, "ascending"),
        ({"evolution": math.nan}, "evolution is nan"),
    ],
)
def test_options_that_cannot_be_are_refused_with_what_to_do(options, message):
    with pytest.raises(EliteCodeError, match=message):
        weigh(dataset_of(("core", 1.0, "code")), **options)


def test_a_role_nobody_gave_a_weight_and_a_missing_column_are_refused():
    with pytest.raises(EliteCodeError, match="'kernel'"):
        weigher().weight_of("kernel", 1.0, "code")
    with pytest.raises(EliteCodeError, match="'age_days'"):
        weigh(Dataset.from_list([{"role": "core", "kind": "code"}]))
