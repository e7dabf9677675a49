"""Messages: what is a person's in them goes, what only looks like it stays, and no message costs more than its length."""

from __future__ import annotations

import pytest

from elite_code_dataset.messages import cleaned, is_bot, is_revert
from elite_code_dataset.names import person_of
from elite_code_dataset.people import People
from elite_code_dataset.signers import signers

ENDLESS = [" ", "\t", "\n", "a", "a ", "Ab ", "by:", "<", "@", "(", "- ", "a-b/", "a@b.", "cc @a ", "thanks to Ab ", "é", "李", '"A" <', "Signed-off-by:\n"]  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("start", ["", "Begin\n\nSigned-off-by:", "Merge branch ", "Begin\n\nOn ", "Begin\n\nReviewers:", "revert("])
def test_a_hundred_thousand_characters_of_anything_are_read_in_no_time(start: str) -> None:
    people = People(["Jane Roe <janer", "J J J Doe <j", "李明 <liming", "a b a b <ab"])
    for part in ENDLESS:
        message = start + part * (100_000 // len(part))
        assert len(cleaned(message, people)) <= 60_000 and len(signers(message.encode())) < 10
        assert not is_bot(message.encode()) and is_revert(message) in (False, True)
        assert len(person_of(message.encode())) < 1100


def test_a_signer_is_read_behind_many_blanks_and_lines() -> None:
    assert signers(b"Fix\n" + b"\n" * 1000 + b"Signed-off-by:" + b" " * 90 + b"Jane Roe <j@x.org>") == ["Jane Roe <j@x.org"]


SUBJECTS = """cc: pass -fPIC on musl|CC: drop support for gcc 4|order-by: handle NULLS LAST|group-by: fix sums|sort-by: path|split-by: lineage
how-to: add a part|jump-to: fix off by one|from: parse the header once|authors: list maintainers|credits: add screen|contributors: fix table
committer: use UTC|bazel-skylib: upgrade to 1.2|Reply-To: header is now parsed|Approved by: field added to schema|tested by: hand
requested-by: audit column|thanks: new page|convert-to: accept svg|Author: make the field optional|Reviewers: sort the table"""
BODIES = """from: the start date|author: a field|Relates-To: #1188|cc: the compiler|Goes-to: the next release|Approved by: field added to schema
Sort-by: path|Tested by: hand|bazel-skylib: upgrade to 1.2|From: Parse the header|credits: add screen"""
TRAILERS = """Signed-off-by: anything at all|Co-authored-by: Jo <jo@x.org>|Reviewed-by: jo|Acked-by: Jo|Helped-by: Ann Ray|Cc: Ann Ray <a@x.org>
Cc: stable@x.org|Reviewers: a, b|Subscribers: x|Change-Id: I0123|Thanks-to: Ann Ray|From: Ann van Ray|Author: @annr|Author: Jane Roe and Ann Ray
Committer: janer|Reviewed By: annray7|Approved by: Ann Ray (mentor)|Credits: Ann Ray, Bo Ray.|Co-author: Ann Ray|Not-by: Ann <a@x.org>
Submitted by:\tAnn Ray <ann AT x.org>|bazel-commit: 0123456789abcdef"""


def parted(lines: str) -> list[str]:
    return lines.replace("\n", "|").split("|")


@pytest.mark.parametrize("line", parted(SUBJECTS))
def test_a_subject_that_begins_like_a_trailer_stays(line: str) -> None:
    assert cleaned(line, People(["Jane Roe <janer"])) == line
    assert cleaned(f"{line}\n\nMore is said.", People()) == f"{line}\n\nMore is said."


@pytest.mark.parametrize("line", parted(BODIES))
def test_a_line_of_the_body_that_names_nobody_stays(line: str) -> None:
    assert cleaned(f"Fix it\n\n{line}\n\nMore", People(["Jane Roe <janer"])) == f"Fix it\n\n{line}\n\nMore"


@pytest.mark.parametrize("line", parted(TRAILERS))
def test_a_trailer_that_names_somebody_goes(line: str) -> None:
    assert cleaned(f"Fix it\n\n{line}\nMore", People(["Jane Roe <janer"])) == "Fix it\n\nMore"


@pytest.mark.parametrize("line", ["Signed-off-by: Ann Ray <a@x.org>", "Reviewed-by: Ann Ray", "Author: Ann Ray <a@x.org>"])
def test_a_message_that_only_names_a_person_says_nothing(line: str) -> None:
    assert cleaned(line, People()) == ""


PROGRAMS = """Copilot <x@y.org>|Buildbot <b@b.org>|mergebot <x@y.org>|github-merge-queue <x@y.org>|K8s Publisher <x@y.org>|rust-bors <x@y.org>
Travis CI <t@x.org>|Jenkins <j@x.org>|Release Bot <r@x.org>|Autofix Bot <x@y.org>|DavidBot <x@y.org>|bors <bors@x.org>|Jane <jane-bot@x.org>
GitHub Actions <actions@github.com>|GitHub Action <action@github.com>|Scala Steward <me@scala-steward.org>|Azure Pipelines <a@x.com>|Transifex <t@transifex.com>
Travis <builds@travis-ci.org>|Deploy Service Bot <d@x.org>|copilot-swe-agent[bot] <x@y.org>|Max Bot <bot@x.org>|Jo <ci@x.org>"""
PERSONS = """Travis Stewart <t@x.org>|Travis Oliphant <travis@x.org>|Katy Jenkins <katy@x.org>|Pavel Bors <p@x.org>|Max Bot <m@x.org>|Travis <t.b@x.org>
Ci Li <ci.li@x.cn>|Bot Nguyen <bot.nguyen@x.vn>|Greg Hall <greg+ci@x.org>|Jenkins Maria <m@x.org>|nobot <n@x.org>|Robot Chicken <r@x.org>|Lucia Cillo <lucia@x.org>"""


@pytest.mark.parametrize("author", parted(PROGRAMS))
def test_a_program_is_a_bot_by_its_name_or_address(author: str) -> None:
    assert is_bot(author.encode())


@pytest.mark.parametrize("author", parted(PERSONS))
def test_a_person_called_like_a_program_is_no_bot(author: str) -> None:
    assert not is_bot(author.encode())


REVERTS = """Rollback #123|Roll back 12ab34c|Undo the last commit|Revert "Fix it"|Revert 0123456789|Revert commit 0123456|revert: x|revert!: drop x|revert(cli): x|fix: revert "x"|chore(revert): x
[revert] foo|[parser] Revert "x"|Backed out changeset 0123456789ab|Back out the change|Reverts #123|Revert the last commit|Revert whitespace changes|Revert back to 1.0|Revert "Revert x" """
NO_REVERTS = """Roll back to one thread|Undo button|Revert button: add to toolbar|Revert to using threads|Backout strategy for workers|back out of menu|Add revert command|Undo x
fix: revert button|Reapply "x"|Reverting is faster now|Reverse the list|fix(revert-button): x"""


@pytest.mark.parametrize("subject", parted(REVERTS))
def test_a_revert_is_known_by_the_forms_of_one(subject: str) -> None:
    assert is_revert(subject)


@pytest.mark.parametrize("subject", parted(NO_REVERTS))
def test_talk_of_reverting_is_no_revert(subject: str) -> None:
    assert not is_revert(subject)


THINGS = """Found by Address Sanitizer|Found by Clang Static Analyzer.|Thanks to Parallel Execution this is 2x faster|Bug found by OSS Fuzz
ping Health Endpoint every 5s|cc Main File into two|thanks to GitHub Actions|Fixed by Design System upgrade|Merged by Default Policy
Thanks to Linux Kernel changes|cc Walkable Directory into one|Bump serde from 1.0 to 2.0|Try ripgrep 14 in CI|Use serde for it|Upgraded serde
serde v1.2 is out|Thanks to Gizmo Frobnicator it is fast"""


@pytest.mark.parametrize("message", parted(THINGS))
def test_things_that_are_thanked_or_bumped_are_no_persons(message: str) -> None:
    people = People(["serde <serde", "ripgrep <ripgrep", "Jane Roe <janer"], {"gizmo", "frobnicator"})
    assert cleaned(message, people) == message


PRAISED = [
    ("Thanks to Zora Unseen", "Thanks to someone"),
    ("Found by Boyd Nox.", "Found by someone."),
    ("cc Jane Roe", "cc someone"),
    ("ping @whoever", "ping someone"),
    ("As serde said, use serde's fix", "As someone said, use someone's fix"),
    ("Signed off by Will Field", "Signed off by someone"),
]


@pytest.mark.parametrize("message, expected", PRAISED)
def test_persons_who_are_thanked_are_left_out(message: str, expected: str) -> None:
    assert cleaned(message, People(["serde <serde", "Jane Roe <janer"])) == expected


KNOWN = """Zoltan Kereszt <zkereszt|李明 <liming|田中太郎 <tanaka|김민준 <minjun|Émile Durand-Roche <emile.durand|John Carmack <jc|José Müller <jose
Ибрагим Петров <ibra|Dijkstra <ewd|William Kelvin <wkelvin|Ann Boyer <aboyer|Pieter van der Berg <pvdb|Mark Field <mf|Ida Walker <iw|测试 <test1|Kim Gizmo <kg|Gitter Badger <gb|王小明 <wxm"""
NAMED = [
    ("李明修复了解析器", "someone修复了解析器"),
    ("感谢李明的报告", "感谢someone的报告"),
    ("田中太郎さんありがとう", "someoneさんありがとう"),
    ("김민준의 패치", "someone의 패치"),
    ("As Kereszt, Zoltan said; Durand-Roche, Émile too", "As someone said; someone too"),
    ("Take Emile Durand and E. Durand-Roche in", "Take someone and someone in"),
    ("Fix Kereszt's bug by Carmack's trick", "Fix someone's bug by someone's trick"),
    (
        "Add Quentinus Carmack's list, as Quentinus L. Carmack and Prof. Carmack said",
        "Add someone's list, as someone and Prof. someone said",
    ),
    ("Thank José, KERESZT and Zoltan K. for it", "Thank someone, someone and someone for it"),
    ("van der Berg's loop, by den Berg and JMüller", "someone's loop, by someone and someone"),
    ("Правка Ибрагима Петрова; Kereszta Zoltanem", "Правка someone; someone"),
    ("田中さん、太郎", "someoneさん、someone"),
    ("感谢小明，明白", "感谢someone，明白"),
    ("zkereszt wrote it, zoltankereszt too", "someone wrote it, someone too"),
    (
        "See https://gist.github.com/zkereszt/1 and git@github.com:zkereszt/x.git",
        "See https://gist.github.com/someone/1 and git@github.com:someone/x.git",
    ),
    ("zoltan dot kereszt at x dot org, zk%40x.org", "someone, someone"),
    ("Auto merge of #1 - zkereszt:fix, r=zkereszt,Carmack", "Auto merge of #1 - someone:fix, r=someone,someone"),
    ("Merge branch 'fix/zkereszt_a' into zkereszt-main", "Merge branch 'fix/someone_a' into someone-main"),
    ("Ke\u200breszt and Ｋｅｒｅｓｚｔ", "someone and someone"),
    ("Mueller knows", "someone knows"),
    ("In /home/zk/src and C:\\Users\\Zoltan\\src", "In /home/zk/src and C:\\Users\\someone\\src"),
    ("@zkereszt.io, @zkereszt", "someone.io, someone"),
    ("Müller fixed it", "someone fixed it"),
    ("Петров исправил", "someone исправил"),
    ("Ask zkereszt(at)x.org or a.b [at] y [dot] net", "Ask someone or someone"),
    ('Sent by "Zora Unseen" <q@x.org>', "Sent by someone"),
    ("Fix it\n\nOn Mon, Jan 5, Zora Unseen wrote:\n> no", "Fix it\n\nsomeone wrote:\n> no"),
    ("Fixes #12 (@whoever)", "Fixes #12 (someone)"),
    ("Merge commit 'x' of git://github.com/user/x", "Merge commit 'x'"),
    ("Merge tag 'x-1' of git://git.x.org/scm/user/linux", "Merge tag 'x-1'"),
    ("Merge branches 'a' and 'b' of git://x.org/user/linux", "Merge branches 'a' and 'b'"),
]
UNNAMED = """Dijkstra's algorithm is slow|Use Dijkstra for routing|Kelvin conversion is off|Tuned Boyer-Moore and Boyer Moore|测试修复|kereszt_map and Kereszt()
A Field is a field, the Walker walks|Carmack's theorem|Merge branch 'x' of the tree|KERESZT=1|Use decorators (@property)
On Monday it wrote: no|values[at] and x(at) there|Gizmo is renamed|Take git@github.com:org/repo.git too|src/Kereszt.c|Badger database"""


@pytest.mark.parametrize("message, expected", NAMED)
def test_a_known_person_is_left_out_in_every_way_to_write_the_name(message: str, expected: str) -> None:
    assert cleaned(message, People(parted(KNOWN), {"walker", "gizmo"})) == expected


@pytest.mark.parametrize("message", parted(UNNAMED))
def test_what_is_named_after_somebody_keeps_its_name(message: str) -> None:
    assert cleaned(message, People(parted(KNOWN), {"walker", "gizmo"})) == message


SIGNERS = [
    ("Co-authored-by: jdoe7 <jdoe@x.org>", ["jdoe7 <jdoe@x.org"]),
    ("Co-authored-by: 李明 <l@x.org>", ["李明 <l@x.org"]),
    ("Signed-off-by: Pat O'Brien <p@x.org>", ["Pat O'Brien <p@x.org"]),
    ("Co-authored-by: Foo Bar2 <l@x.org>", ["Foo Bar2 <l@x.org"]),
    ("Signed-off-by: Zoltan Kereszt", ["Zoltan Kereszt"]),
    ("Signed-off-by: Zoltan Kereszt zk@x.org", ["Zoltan Kereszt"]),
    ("Approved-by: Zoltan Kereszt <z@x.org>", ["Zoltan Kereszt <z@x.org"]),
    ("Helped-by: Zed Alpha <z@x.org>", ["Zed Alpha <z@x.org"]),
    ("Cc: Zoltan Kereszt <z@x.org>", ["Zoltan Kereszt <z@x.org"]),
    ("Reported by: Zoltan Kereszt <z@x.org>", ["Zoltan Kereszt <z@x.org"]),
    ("SIGNED-OFF-BY: Zoltan (IT) Kereszt <z@x.org>", ["Zoltan Kereszt <z@x.org"]),
    ("Signed-off-by: Mary-Ann van der Berg Smith <m@x.org>", ["Mary-Ann van der Berg Smith <m@x.org"]),
    ("Signed-off-by: Kereszt, Zoltan <z@x.org>", ["Kereszt, Zoltan <z@x.org"]),
    ("Reported by: Field In Schema", []),
    ("Reported by: header in the dialog", []),
    ("Cc: stable <stable@x.org>", []),
    ("Tested by: hand", []),
    ("Cc: Zoltan Kereszt", []),
    ("Sort-by: Zoltan Kereszt <z@x.org>", []),
]


@pytest.mark.parametrize("line, expected", SIGNERS)
def test_signers_are_read_in_every_form_of_a_trailer(line: str, expected: list[str]) -> None:
    assert [" ".join(name.split()) for name in signers(f"Fix\n\n{line}\n".encode())] == expected


OWNERS = """Merge pull request #12 from zkereszt/fix-it|Merge branch 'x' of https://github.com/zkereszt/repo into y|Merge branch 'x' of github.com:zkereszt/repo
Auto merge of #12 - zkereszt:fix, r=x|Rollup merge of #12 - zkereszt:fix, r=x"""


@pytest.mark.parametrize("subject", parted(OWNERS))
def test_who_owned_what_was_merged_is_known(subject: str) -> None:
    people = People(signers(f"{subject}\n\nMore".encode()))
    assert cleaned("Ask zkereszt, see github.com/zkereszt/repo", people) == "Ask someone, see github.com/someone/repo"


def test_a_signer_is_left_out_of_other_messages() -> None:
    people = People(
        signers("Fix\n\nCo-authored-by: jdoe7 <j@x.org>\nSigned-off-by: 李明 <l@x.org>\nHelped-by: Kereszt, Zoltan <z@x.org>".encode())
    )
    assert cleaned("Ask jdoe7, 李明 or Zoltan Kereszt", people) == "Ask someone, someone or someone"
