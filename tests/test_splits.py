import hashlib
import os
import subprocess
from collections import Counter
from dataclasses import replace

import pytest

from elite_code_dataset.records import EliteCodeError
from elite_code_dataset.repository import open_repository
from elite_code_dataset.similarity import estimated_tokens
from elite_code_dataset.splits import Counted, Splits, Step, split_of, steps_of, twins_of


def number(*parts: object, below: int) -> int:
    """A number that depends on the parts alone."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest()[:12], 16) % below


def growing_history(commits: int, every: int = 3) -> list[Step]:
    """A repository that gains a file every few commits, while one file a commit grows."""
    sizes: dict[str, int] = {}
    steps = []
    for order in range(commits):
        if order % every == 0:
            name = f"file{order}"
            sizes[name] = 200 + number("born", order, below=3000)
        else:
            name = sorted(sizes)[number("grown", order, below=len(sizes))]
            sizes[name] += number("lines", order, below=800)
        steps.append(Step(order, "lineage of " + name, name, sizes[name], f"blob {name} {sizes[name]}", time=1000 + order))
    return steps


def live_shares(splits: Splits, steps: list[Step]) -> dict[str, float]:
    sizes = {step.path: (step.lineage, step.size) for step in steps}
    total = Counter()
    for lineage, size in sizes.values():
        total[splits.side[lineage]] += size
    return {split: total[split] / sum(total.values()) for split in ("train", "validation", "test")}


def test_the_shares_are_within_a_point_on_fifty_files_or_more():
    for commits, every in ((200, 3), (900, 5), (1500, 2)):
        steps = growing_history(commits, every)
        shares = live_shares(split_of(steps), steps)
        assert shares["train"] == pytest.approx(0.85, abs=0.01)
        assert shares["validation"] == pytest.approx(0.10, abs=0.01)
        assert shares["test"] == pytest.approx(0.05, abs=0.01)


def test_an_old_file_does_not_change_sides_when_commits_are_added():
    steps = growing_history(700)
    flips, before = 0, split_of(steps[:600])
    for end in range(601, 701):
        after = split_of(steps[:end])
        changed = [lineage for lineage in before.side if before.side[lineage] != after.side[lineage]]
        assert len(changed) == 0 or after.moved > before.moved
        flips += len(changed)
        before = after
    assert flips <= 6  # a hundred commits that add a tenth of all code: at most one mending


def test_as_of_a_commit_no_old_file_changes_sides_whatever_comes() -> None:
    steps = growing_history(600)
    before = split_of(steps)
    tested = next(step for step in reversed(steps) if before.side[step.lineage] == "test")
    giant = [Step(600, tested.lineage, tested.path, 40 * sum(step.size for step in steps))]
    young = [Step(601 + k, f"young {k}", f"young{k}", 900) for k in range(80)]
    twins = [tuple(sorted((next(lineage for lineage in sorted(before.side) if before.side[lineage] == "train"), tested.lineage)))]
    moved, stays = (split_of([*steps, *giant, *young], twins, before=one) for one in (None, before))
    assert moved.side[tested.lineage] == "train" and moved.moved > before.moved
    assert {lineage: stays.side[lineage] for lineage in before.side} == dict(before.side) and stays.moved == 0
    assert {lineage: stays.group[lineage] for lineage in before.side} == dict(before.group)
    assert set(stays.side[f"young {k}"] for k in range(80)) == {"train", "validation"}  # the test has more than it lacks


def test_as_of_a_commit_what_is_born_later_evens_the_shares_and_follows_its_twin() -> None:
    steps = growing_history(600)
    before = split_of(steps)
    later = growing_history(1200)
    after = split_of(later, before=before)
    assert all(after.side[lineage] == side for lineage, side in before.side.items())
    assert live_shares(after, later) == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.04)
    old = next(lineage for lineage in sorted(before.side) if before.side[lineage] == "validation")
    copy = [Step(1200, "copy", "copy", 700)]
    assert split_of([*later, *copy], [("copy", old)], before=before).side["copy"] == "validation"


def test_twice_the_same_and_whatever_the_order_of_the_steps_within_a_commit():
    batch = [Step(0, f"l{k}", f"p{k}", 100 + 7 * k) for k in range(80)]
    assert split_of(batch) == split_of(batch[::-1]) == split_of(batch)


def test_the_seed_changes_who_is_where():
    batch = [Step(0, f"l{k}", f"p{k}", 100) for k in range(80)]
    assert split_of(batch, seed=0).side != split_of(batch, seed=1).side


def test_a_renamed_file_stays_in_its_split():
    steps = growing_history(300)
    before = split_of(steps)
    last = {step.path: step for step in steps}
    for path, step in sorted(last.items())[:20]:
        renamed = [Step(300, step.lineage, path, 0), Step(300, step.lineage, "moved/" + path, step.size)]
        assert split_of(steps + renamed).side[step.lineage] == before.side[step.lineage]
        assert split_of(steps + renamed).shares == before.shares


def test_a_copy_stands_where_its_original_stands():
    steps = growing_history(400)
    originals = [step for step in steps if step.order % 3 == 0][:40]
    copies = [Step(400 + k, f"copy {k}", f"copy{k}", step.size, step.blob) for k, step in enumerate(originals)]
    splits = split_of(steps + copies)
    assert {splits.side[s.lineage] for s in originals} == {"train", "validation", "test"}
    for k, step in enumerate(originals):
        assert splits.group[f"copy {k}"] == splits.group[step.lineage]
        assert splits.side[f"copy {k}"] == splits.side[step.lineage]


def test_near_twins_at_head_share_a_side_and_the_younger_gives_way():
    steps = growing_history(300)
    alone = split_of(steps)
    old = next(lineage for lineage in sorted(alone.side) if alone.side[lineage] == "test")
    young = [lineage for lineage in alone.side if alone.side[lineage] == "train"][-1]
    together = split_of(steps, twins=[(young, old)])
    assert together.side[young] == together.side[old]
    assert together.group[young] == together.group[old] == (old if int(old[15:]) < int(young[15:]) else young)
    assert together.side[min(old, young, key=lambda name: int(name[15:]))] == alone.side[min(old, young, key=lambda name: int(name[15:]))]


def test_a_deleted_file_keeps_its_side_so_that_its_edits_follow():
    steps = growing_history(300)
    before = split_of(steps)
    gone = [Step(300, step.lineage, step.path, 0) for step in {step.path: step for step in steps}.values()][:5]
    after = split_of(steps + gone)
    assert [after.side[step.lineage] for step in gone] == [before.side[step.lineage] for step in gone]
    assert after.of_change(gone[0].lineage, 12) == after.side[gone[0].lineage]


def test_three_files_fill_three_splits_and_one_file_is_train():
    for count in range(1, 8):
        for seed in range(20):
            sides = split_of([Step(0, f"l{k}", f"p{k}", 50 + 40 * k) for k in range(count)], seed=seed).side.values()
            assert "train" in sides
            assert count < 3 or set(sides) == {"train", "validation", "test"}


def test_a_file_larger_than_a_share_goes_to_train():
    batch = [Step(0, f"l{k}", f"p{k}", 100) for k in range(60)] + [Step(0, "giant", "giant", 9000)]
    for seed in range(10):
        splits = split_of(batch, seed=seed)
        assert splits.side["giant"] == "train"
        assert splits.shares["test"] == pytest.approx(0.05, abs=0.01)


def test_sizes_at_head_are_what_counts():
    steps = growing_history(300)
    head = {step.path: (step.lineage, 10 if number(step.path, below=2) else 3000) for step in steps}
    splits = split_of(steps, head=head)
    total = sum(size for _, size in head.values())
    test = sum(size for lineage, size in head.values() if splits.side[lineage] == "test")
    assert splits.shares["test"] == pytest.approx(test / total)
    assert test / total == pytest.approx(0.05, abs=0.01)


def test_what_does_not_count_at_head_did_not_weigh_before_either():
    steps = growing_history(300)
    lock = [Step(order, "lock", "huge.lock", 9000 + 500 * number("lock", order, below=40), f"lock {order}") for order in range(0, 300, 4)]
    head = {step.path: (step.lineage, step.size) for step in steps}
    with_lock, without = split_of(steps + lock, head=head), split_of(steps, head=head)
    assert {lineage: side for lineage, side in with_lock.side.items() if lineage != "lock"} == without.side
    assert with_lock.moved_at_head == 0


def test_a_folder_is_split_too_and_not_by_the_alphabet():
    head = {f"file{k:03}.py": (f"lineage{k:03}", 400 + number(k, below=900)) for k in range(120)}
    splits = split_of([], head=head)
    assert splits.shares["validation"] == pytest.approx(0.10, abs=0.01)
    order = [splits.side[lineage] for lineage, _ in head.values()]
    assert {"validation", "test"} <= set(order[:60])
    assert {"validation", "test"} <= set(order[60:])


def test_by_time_the_newest_files_are_the_test_and_older_edits_of_them_belong_nowhere():
    steps = growing_history(400, every=2)
    newest = {step.lineage: step.time for step in steps}
    splits = split_of(steps, split_by="time")
    assert splits.shares["test"] == pytest.approx(0.05, abs=0.02)
    by_side = {side: [newest[lineage] for lineage in newest if splits.side[lineage] == side] for side in ("train", "validation", "test")}
    assert max(by_side["train"]) <= min(by_side["validation"])
    assert max(by_side["validation"]) <= min(by_side["test"]) == splits.since["test"]
    for step in steps:
        place = splits.of_change(step.lineage, step.time)
        assert place in (splits.side[step.lineage], None)
        if splits.side[step.lineage] == "test":
            assert (place == "test") == (step.time >= splits.since["test"])
        if place == "train":
            assert step.time <= splits.since["validation"]


def test_targets_of_zero_leave_a_split_empty():
    batch = [Step(0, f"l{k}", f"p{k}", 100) for k in range(60)]
    splits = split_of(batch, targets={"train": 0.9, "test": 0.1})
    assert Counter(splits.side.values()) == {"train": 54, "test": 6}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"split_by": "author"}, "unknown split_by 'author'"),
        ({"targets": {"train": 0.5, "test": 0.2}}, "add up to 1"),
        ({"targets": {"train": 0.9, "tset": 0.1}}, "tset"),
        ({"split_by": "time"}, "needs a history"),
    ],
)
def test_what_cannot_be_asked_is_said(wrong, says):
    with pytest.raises(EliteCodeError, match=says):
        split_of([Step(0, f"l{k}", f"p{k}", 100) for k in range(60)], **wrong)


def test_twins_are_found_on_texts_and_named_by_lineage():
    text = " ".join(f"word{k}" for k in range(200))
    assert twins_of([text, "other words here entirely", text.replace("word100", "changed")], ["a", "b", "c"]) == [("a", "c")]
    assert twins_of([text, text], ["same", "same"]) == []


def git(folder, *arguments: str, day: int = 0) -> None:
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "n"), ("EMAIL", "n@example.com"))}
    stamp = f"{1704067200 + 86400 * day} +0000"
    environment = {**os.environ, **who, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=environment, capture_output=True)


def commit(folder, day: int, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "-A", day=day)
    git(folder, "commit", "-q", "-m", f"day {day}", day=day)


def source(name: str, lines: int) -> str:
    return "".join(f"def {name}_{k}(value):\n    return value + {k} * {name}\n\n" for k in range(lines))


def split_of_repository(folder) -> tuple[Splits, dict[str, str]]:
    with open_repository(folder) as repository:
        history = repository.history()
        files = list(repository.files())
        steps = steps_of(
            history, lambda blob: len(repository.blob(blob) or b""), lambda blob: estimated_tokens([repository.blob(blob).decode()])[0]
        )
        twins = twins_of([file.text for file in files], [file.lineage for file in files])
        return split_of(steps, twins), {file.path: file.lineage for file in files}


def test_a_real_history_with_a_rename_a_copy_a_branch_and_one_more_commit(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    for day in range(6):
        commit(tmp_path, day, {f"src/m{day}_{k}.py": source(f"m{day}_{k}", 12 + k) for k in range(24)})
    git(tmp_path, "checkout", "-q", "-b", "side")
    commit(tmp_path, 12, {"src/branch.py": source("branch", 30)})
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, 13, {"src/m0_0.py": source("m0_0", 25)})
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "merge", "side", day=14)
    first, lineages = split_of_repository(tmp_path)
    assert len(lineages) == 145 and set(first.side.values()) == {"train", "validation", "test"}
    assert first.shares["train"] == pytest.approx(0.85, abs=0.01)

    tested = min((len((tmp_path / path).read_text()), path) for path, lineage in lineages.items() if first.side[lineage] == "test")[1]
    git(tmp_path, "mv", tested, "src/renamed.py")
    near = (tmp_path / "src/renamed.py").read_text().replace("return value + 3 ", "return value - 3 ")
    commit(tmp_path, 15, {"src/near_copy.py": near, "src/new.py": source("new", 20)})
    second, now = split_of_repository(tmp_path)
    assert now["src/renamed.py"] == lineages[tested]
    assert second.side[now["src/renamed.py"]] == second.side[now["src/near_copy.py"]] == "test"
    assert [second.side[lineage] for lineage in lineages.values()] == [first.side[lineage] for lineage in lineages.values()]


class Dear:
    """A tokenizer that writes what it was not trained on, and everything of some kinds, with more tokens."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.asked: list[tuple[int, dict[str, str]]] = []
        self.anchors: list[int] = []

    def anchor(self, order: int) -> None:
        self.anchors.append(order)

    def tokens(self, lineage: str, size: int, side: str) -> int:
        return round(size * (1.0 + 0.3 * (side != "train") + 0.5 * (number("dear", lineage, below=4) == 0)))

    def sizes(self, order: int, side: dict[str, str]) -> dict[str, int]:
        self.asked.append((order, dict(side)))
        live = {step.path: step for step in self.steps if step.order <= order}
        return {step.lineage: self.tokens(step.lineage, step.size, side[step.lineage]) for step in live.values()}

    def shares(self, splits: Splits) -> dict[str, float]:
        """Of what is live in the end; what came after the last question is as new to the tokenizer as what is evaluated."""
        known = self.asked[-1][1]
        live = {step.path: step for step in self.steps}.values()
        sides = {s.lineage: splits.side[s.lineage] if s.lineage in known else "test" for s in live}
        return live_shares(splits, [Step(s.order, s.lineage, s.path, self.tokens(s.lineage, s.size, sides[s.lineage])) for s in live])


@pytest.mark.parametrize("commits", [200, 450, 700])
def test_shares_are_those_of_the_tokenizer_that_measures(commits: int) -> None:
    steps = growing_history(commits)
    dear = Dear(steps)
    shares = dear.shares(split_of(steps, measure=dear))
    assert set(dear.asked[-1][1].values()) == {"train", "validation", "test"}
    assert shares == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)
    assert dear.shares(split_of(steps))["train"] < 0.84  # by the estimate alone, the sides are off


def test_tokens_that_were_counted_at_head_are_what_is_mended_by() -> None:
    steps = growing_history(400)
    first = split_of(steps)
    size = {step.lineage: step.size for step in steps}
    counted = {lineage: size[lineage] * (2 if side == "validation" else 1) for lineage, side in first.side.items()}
    second = split_of(steps, counted=Counted(counted, first.side))
    moved = [lineage for lineage in first.side if first.side[lineage] != second.side[lineage]]
    assert moved and all("validation" in (first.side[lineage], second.side[lineage]) for lineage in moved)
    assert second.shares == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)
    assert split_of(steps, counted=Counted(size, first.side)).side == first.side


def test_measuring_again_is_rare_goes_on_from_what_is_and_leaves_old_files_where_they_are_in_between() -> None:
    steps = growing_history(700)
    flips, before, asked = [], None, []
    for end in range(500, 701):
        dear = Dear(steps[:end])
        after = split_of(steps[:end], measure=dear)
        orders = [order for order, _ in dear.asked]
        assert orders[: len(asked)] == asked and all(a < b for a, b in zip(orders, orders[1:]))
        if before is not None:
            changed = sum(before.side[lineage] != after.side[lineage] for lineage in before.side)
            assert changed == 0 or len(orders) > len(asked) or after.moved > before.moved
            flips.append(changed)
        before, asked = after, orders
    assert len(asked) < 30 and sum(flips) <= 20  # of some 230 files, while two fifths of all code were added


def test_beyond_some_size_the_estimate_is_taken_again() -> None:
    steps = [replace(step, size=40 * step.size) for step in growing_history(500)]
    dear = Dear(steps)
    splits = split_of(steps, measure=dear)
    assert dear.asked and len(dear.anchors) > len(dear.asked) + 2
    assert live_shares(splits, steps) == pytest.approx({"train": 0.85, "validation": 0.10, "test": 0.05}, abs=0.01)


def test_nothing_that_can_be_measured_leaves_the_estimate() -> None:
    steps = growing_history(200)
    dear = Dear(steps)
    dear.sizes = lambda order, side: {}
    assert split_of(steps, measure=dear) == split_of(steps)
