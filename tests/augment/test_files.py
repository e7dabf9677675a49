"""Whole files: which techniques rewrite them, and on what a file's draws depend."""

import pytest

from elite_code_dataset.augment.files import file_techniques, rewritten_files
from elite_code_dataset.augment.registry import Abstained
from elite_code_dataset.languages import all_languages
from elite_code_dataset.records import EliteCodeError

PYTHON = all_languages()["python"]
ONE = b"def f():\n    total = 1\n    for item in range(3):\n        total += item\n    return total\n"
TWO = b"def g():\n    amount = 0\n    for number in range(9):\n        amount -= number\n    return amount\n"


def test_names_come_from_all_the_files_that_are_given():
    assert rewritten_files({"one.py": ONE}, PYTHON, "rename") == {"one.py": Abstained("no_names")}
    together = rewritten_files({"one.py": ONE, "two.py": TWO}, PYTHON, "rename")
    assert b"amount" in together["one.py"] or b"number" in together["one.py"]
    assert b"total" in together["two.py"] or b"item" in together["two.py"]


def test_what_becomes_of_a_file_does_not_depend_on_the_others_that_come_with_it():
    both = rewritten_files({"one.py": ONE, "two.py": TWO}, PYTHON, "format")
    assert rewritten_files({"two.py": TWO}, PYTHON, "format") == {"two.py": both["two.py"]}
    assert len({rewritten_files({"one.py": ONE}, PYTHON, "format", seed)["one.py"] for seed in range(20)}) > 1


@pytest.mark.parametrize("name", ["temporal_context", "error_patterns", "no_such"])
def test_a_technique_that_does_not_rewrite_whole_files_is_refused_by_name(name):
    with pytest.raises(EliteCodeError, match=f"'{name}' does not rewrite whole files; those that do: {', '.join(file_techniques())}"):
        rewritten_files({"one.py": ONE}, PYTHON, name)
