"""Nobody who wrote, committered or signed a history stands in a row: not in files, changes or messages; and code stays what it is."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from elite_code_dataset import pipeline
from elite_code_dataset.authors import KIND, Authors
from elite_code_dataset.edits import EditRules, Edits, Place
from elite_code_dataset.names import person_of
from elite_code_dataset.options import EliteCodeConfig
from elite_code_dataset.records import SPLITS, Change
from elite_code_dataset.tokens import encoder_named, trained_encoder
from tests.repositories import DAY, START, git, module_text, small_repository

LINES = (
    "Jane Q. Roewold <jane.roewold@corp.io>",
    "Zoë Müller-Brandt <zmb@brandt.de>",
    "Mark Field <mark@field.org>",
    "王小明 <wxm@mail.cn>",
    "Иван Кузнецов <ivan@kuznetsov.ru>",
    "zwerglein77 <123+zwerglein77@users.noreply.github.com>",
    "Peter Quast <mail@peter-quast.de>",
    "van der Hulst, Cornelis <c.hulst@tue.nl>",
    "GitHub <noreply@github.com>",
    "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>",
    "Hello World <hello@example.com>",
)
AUTHORS = Authors(person_of(line.encode()) for line in LINES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Copyright (c) 2015 Jane Q. Roewold\n", "# Copyright (c) 2015 someone\n"),
        ("/* by Jane Roewold, ZOË MÜLLER-BRANDT and zoe muller-brandt */", "/* by someone, someone and someone */"),
        ("Zoe\u0308 Mu\u0308ller-Brandt wrote it", "someone wrote it"),
        ('authors = ["Roewold, Jane Q.", "Cornelis van der Hulst"]', 'authors = ["someone", "someone"]'),
        ('MAINTAINER="Peter Quast <mail@peter-quast.de>"', 'MAINTAINER="someone <someone@example.com>"'),
        ("# 王小明写的。 Иван Кузнецов тоже.", "# someone写的。 someone тоже."),
        (
            "// TODO(zwerglein77): faster. FIXME(mark): slower. XXX(roewold)",
            "// TODO(someone): faster. FIXME(someone): slower. XXX(someone)",
        ),
        ("- it is faster (@zwerglein77, see #3), thanks to zwerglein77", "- it is faster (@someone, see #3), thanks to someone"),
        ("# * Zwerglein77 <z@corp.io>, zwerglein77 <z@corp.io>", "# * Zwerglein77 <z@corp.io>, someone <z@corp.io>"),
        (" * @author zwerglein77\n", " * @author someone\n"),
        ('{"author": "zwerglein77"}', '{"author": "someone"}'),
        ("Thanks to Peter Quast, zwerglein77, and someone, zwerglein77", "Thanks to someone, someone, and someone, someone"),
        ("Written by Mark Field", "Written by someone"),
    ],
)
def test_a_text_loses_whoever_wrote_the_history(text: str, expected: str) -> None:
    assert AUTHORS.replaced(text)[0] == expected and AUTHORS.stand_in(text)
    assert AUTHORS.replaced(expected) == (expected, 0)


def test_places_are_counted() -> None:
    assert AUTHORS.replaced("Peter Quast <mail@peter-quast.de>, TODO(mark), by zwerglein77")[1] == 4


@pytest.mark.parametrize(
    "text",
    [
        "mark field = value; Mark = Field()  # mark field as required",
        "use zwerglein77::api;  import 'github.com/zwerglein77/api'  @zwerglein77/core zwerglein77(1)",
        "def jane_q_roewold(): return JaneRoewold",
        "print('Hello World')  # noreply@github.com hello@example.com git@github.com",
        "Jane Roewoldsen and Mary-Jane Roewoldt",
        "@mark.parametrize  # mark(1) field(2) TODO(#12) TODO(api)",
        "dependabot[bot] and GitHub Actions run zwerglein77",
        "by zwerglein77 Thie, thanks to zwerglein77 R. Thie",
        "my-jane.roewold@corp.io.example.org",
    ],
)
def test_what_may_be_code_or_somebody_else_stays(text: str) -> None:
    assert AUTHORS.replaced(text) == (text, 0) and not AUTHORS.stand_in(text)


def test_texts_are_replaced_line_by_line_and_bytes_that_are_no_text_are_no_matter() -> None:
    text = "Jane Roewold\nJane\nRoewold\r\n\ud800 Peter Quast \U0001f600Peter Quast\n"
    whole = AUTHORS.replaced(text)[0]
    assert whole == "someone\nJane\nRoewold\r\n\ud800 someone \U0001f600someone\n"
    assert "".join(AUTHORS.replaced(line)[0] for line in text.splitlines(keepends=True)) == whole
    assert Authors().replaced(text) == (text, 0)


LATER = [
    (["Smith Kay <a", "Jane Roewold <b"], ["Zacharias Smith <c", "Mary Jane Roewold <d", "newcomer99 <newcomer99"]),
    (["kowalczik <kowalczik"], ["Mira Kowalczik <mira@elsewhere.io", "Kowalczik Roevik <kr"]),
    (["Jane Roevik <a", "jane <jane"], ["Bob Roevik <b", "X Y <jane@x.org"]),
    (["田太郎 <a", "大山 <b"], ["大山田 <c", "田太 <d"]),
]
WORDS = (
    "Zacharias Smith Kay Mary Jane Roewold newcomer99 Mira Kowalczik kowalczik Roevik Bob Roevik, jane jane@x.org 大山田太郎 by author: (@ ) thanks to"
    " TODO(kowalczik) <mira@elsewhere.io> and"
).split(" ")


@pytest.mark.parametrize("known, later", LATER)
def test_whoever_comes_later_is_found_in_what_others_have_left(known: list[str], later: list[str]) -> None:
    before, all_of_them, traces = Authors(known), Authors([*known, *later]), Authors(later).traces()
    changed = 0
    for number in range(3000):
        rng = random.Random(number)
        text = "".join(rng.choice(WORDS) + rng.choice((" ", " ", " ", "", ", ")) for _ in range(rng.randint(2, 7)))
        left = before.replaced(text)[0]
        if all_of_them.replaced(text)[0] != left:
            changed += 1
            assert traces.stand_in(left), text
    assert changed > 30
    assert not traces.stand_in("def f(x): return someone(x)  # thanks to somebody else")


LEFT = """_Jane Roewold_ wrote|"\\nJane Roewold\\n"|2015Jane Roewold|Jane ROEWOLD|ROEWOLD Jane|Jane  Roewold|Jane\tRoewold|Jane&nbsp;Roewold|Jane%20Roewold
-MAIL@PETER-QUAST.DE|"\\nmail@peter-quast.de"|Ann Lipnik and Otto Krenzberg|Jane Zukor|Ann Zukor-Lipnik|Otto "Otti" Krenzberg|Otto Krenzberg|Ida Vollmer|Uwe Plaschke, PhD|דוד כהן"""
ODD = """Jane Zukor & Ann Zukor-Lipnik <jz@x.io>|Otto "Otti" Krenzberg <o@x.io>|Ida Vollmer - Acme <i@x.io>|Uwe Plaschke, PhD <u@x.io>|\u200fדוד כהן <d@x.io>|Ann Lipnik via GitHub <a@x.io>"""


@pytest.mark.parametrize("text", LEFT.replace("\n", "|").split("|"))
def test_a_name_is_found_whatever_stands_around_it_and_in_odd_author_lines(text: str) -> None:
    people = Authors([*map(person_of, map(str.encode, (*LINES, *ODD.split("|"))))])
    told = people.replaced(text.replace("\\n", "\\" + "n"))[0].lower()
    assert "someone" in told
    assert not [word for word in ("jane", "roewold", "quast", "lipnik", "krenz", "zukor", "vollmer", "plaschke", "כהן") if word in told], (
        told
    )


CODE = """long tran = begin();|const int x;|public static final|@celery.route('/')|@celery = 1|BUG(max)|NOTE(power)|数据库|End If|jh38+@celery.edu|Bob Roevik, Jane Smithson|x = [P M]|fn sink<'s, M, P>(m: M, p: P)|from kit import Power, Max"""


@pytest.mark.parametrize("text", CODE.split("|"))
def test_names_like_code_leave_code_alone(text: str) -> None:
    lines = "Long Tran|const int|public static|celery|Max Power|数据|End If|Jane Roevik|P M".split("|")
    assert Authors(f"{line} <x{number}@x.io" for number, line in enumerate(lines)).replaced(text) == (text, 0)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tokenizer")
    trained_encoder([module_text(n) for n in range(10)], 600).save(folder)
    return str(folder)


def made(folder: Path, cache: Path, names: tuple[str, ...], **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        config = EliteCodeConfig(name=name, data_dir=str(folder), **options)
        config.create_config_id({})
        built = pipeline.built(config, name, cache)
        found[name] = [row for split in SPLITS for _, row in pipeline.examples(built.shards(split))]
        found[f"{name} facts"] = json.loads(built.description)
    return found


def as_author(folder: Path, name: str, address: str, files: dict[str, str], message: str, days: int) -> None:
    for path, text in files.items():
        (folder / path).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message, f"--author={name} <{address}>", time=START + days * DAY)


def written(folder: Path) -> Path:
    """A history of three persons who stand everywhere: in headers, documents, manifests, marks, messages."""
    small_repository(folder)
    header = "# Copyright 2020 Jane Roewold <jane@roewold.io>\n# TODO(zwerglein77): ask Zacharias Quast\n"
    as_author(folder, "Jane Roewold", "jane@roewold.io", {"src/kit/own.py": header + module_text(80)}, "Add it, with Zacharias Quast", 200)
    document = "# Kit\n\nBy Jane Roewold, thanks to zwerglein77.\n" + "\n".join(f"It does {n} things." for n in range(30))
    as_author(
        folder,
        "zwerglein77",
        "me@zwerg.net",
        {"README.md": document, "AUTHORS.md": "Jane Roewold\nA Stranger\n"},
        "Tell of it, Jane Roewold",
        201,
    )
    changed = header.replace("ask", "mail me@zwerg.net or ask") + module_text(80).replace("total_", "sum_") + "# end, says Jane Roewold\n"
    as_author(folder, "Jane Roewold", "jane@roewold.io", {"src/kit/own.py": changed}, "Sum up", 202)
    return folder


def test_a_file_whose_path_holds_a_secret_an_address_or_a_name_leaves_no_row(tmp_path: Path, tokenizer: str) -> None:
    folder, key = written(tmp_path / "repository"), "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    for number, name in enumerate((f"deploy/{key}.py", "jane@roewold.io/own.py", "talks/Jane Roewold/own.py")):
        (folder / name).parent.mkdir(parents=True)
        as_author(folder, "Jane Roewold", "jane@roewold.io", {name: module_text(82 + number)}, "Add it", 204 + number)
    found = made(folder, tmp_path / "cache", CONFIGS, tokenizer=tokenizer)
    assert key not in texts_of(found) and key.lower() not in texts_of(found) and "jane@roewold.io" not in texts_of(found)
    assert "jane roewold" not in texts_of(found)
    dropped = next(one for one in found["files facts"]["drops"] if one["step"] == "roles")["dropped"]
    assert dropped["secret_in_path"] == 2 and dropped["name_in_path"] == 1
    assert next(one for one in found["edits facts"]["drops"] if one["step"] == "edits")["dropped"]["name_in_path"] == 1


FORBIDDEN = ("roewold", "zwerglein77", "zwerg.net", "a stranger")
CONFIGS = ("files", "edits", "w256", "w1024", "w4096")


def texts_of(found: dict[str, Any]) -> str:
    return "\n".join(
        json.dumps({**row, "input_ids": 0}, ensure_ascii=False, default=str) for name in CONFIGS for row in found[name]
    ).lower()


def test_no_row_of_any_config_names_an_author(tmp_path: Path, tokenizer: str) -> None:
    folder = written(tmp_path / "repository")
    found = made(folder, tmp_path / "cache", CONFIGS, tokenizer=tokenizer)
    told = texts_of(found)
    assert not [word for word in FORBIDDEN if word in told]
    assert "zacharias quast" in told  # who never wrote anything
    assert any(row["path"] == "README.md" and "By someone, thanks to someone." in row["text"] for row in found["files"])
    assert any("ask" in row["text"] and "TODO(someone)" in row["text"] for row in found["edits"])
    facts = found["edits facts"]
    assert facts["secrets"][KIND] == 6 and facts["secrets_in_history"][KIND] >= 8
    lists = next(one for one in facts["drops"] if one["step"] == "roles")["dropped"]
    assert lists["list_of_people"] == 1


def test_names_stay_in_files_when_that_is_asked_for_but_never_in_messages(tmp_path: Path, tokenizer: str) -> None:
    folder = written(tmp_path / "repository")
    found = made(folder, tmp_path / "cache", CONFIGS, tokenizer=tokenizer, redact_names=False)
    assert any("Copyright 2020 Jane Roewold" in row["text"] for row in found["files"])
    edits = [row["text"] for row in found["edits"] if "Tell of it" in row["text"]]
    assert edits and all("Tell of it, someone" in text for text in edits)


@pytest.mark.parametrize("own", [True, False])
def test_a_rebuild_replaces_whoever_is_new_everywhere(tmp_path: Path, tokenizer: str, own: bool) -> None:
    folder, cache = written(tmp_path / "repository"), tmp_path / "cache"
    options = {} if own else {"tokenizer": tokenizer}
    talks = {
        f"src/kit/talk_{n}.py": f"TALKS = {['Zacharias Quast'] * 40!r}\n{module_text(86 + n)}" for n in range(4)
    }  # a tokenizer learns this
    as_author(folder, "Jane Roewold", "jane@roewold.io", talks, "Keep talks", 202)
    assert "zacharias quast" in texts_of(made(folder, cache, CONFIGS, **options))
    (folder / "talks/Zacharias Quast").mkdir(parents=True)
    as_author(folder, "Jane Roewold", "jane@roewold.io", {"talks/Zacharias Quast/a.py": module_text(84)}, "Keep a talk", 202)
    assert any("zacharias quast/" in row["path"].lower() for row in made(folder, cache, CONFIGS, **options)["edits"])
    as_author(folder, "Zacharias Quast", "zack@quast.org", {"src/kit/part_1.py": module_text(81)}, "Here I am", 203)
    again, fresh = made(folder, cache, CONFIGS, **options), made(folder, tmp_path / "fresh", CONFIGS, **options)
    assert again == fresh
    assert "zacharias" not in texts_of(again) and "roewold" not in texts_of(again)


ENCODED = [
    ("iso-8859-2", "Łukasz Żółtowski"),
    ("koi8-r", "Иван Кузнецов"),
    ("gbk", "李雪梅"),
    ("euc-jp", "山田 太郎"),
    ("ISO-8859-1", "José Ñandú"),
]


@pytest.mark.parametrize("encoding, name", ENCODED)
def test_names_and_messages_in_another_encoding_are_read(tmp_path: Path, tokenizer: str, encoding: str, name: str) -> None:
    folder = small_repository(tmp_path / "repository")
    (folder / "src/kit/own.py").write_text(f"# Written by {name}\n{module_text(85)}")
    git(folder, "add", "-A")
    tree, parent = git(folder, "write-tree").strip(), git(folder, "rev-parse", "HEAD").strip()
    who, when = f"{name} <x@corporation.io>", f"{START + 300 * DAY} +0000"
    told = f"tree {tree}\nparent {parent}\nauthor {who} {when}\ncommitter {who} {when}\nencoding {encoding}\n\nAdd what {name} wrote\n"
    (tmp_path / "commit").write_bytes(told.encode(encoding))
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", str(tmp_path / "commit")).strip())
    found = made(folder, tmp_path / "cache", ("files", "edits"), tokenizer=tokenizer)
    texts = [row["text"] for rows in (found["files"], found["edits"]) for row in rows]
    assert any("Add what someone wrote" in text for text in texts) and not any(name in text for text in texts)


def test_which_rows_there_are_does_not_depend_on_who_is_known(tokenizer: str) -> None:
    encoder = encoder_named(tokenizer)
    long, short = (len(encoder.ids(f"{name}, ")) for name in ("Jane Quackenbush Roewold", "someone"))
    line = f"NAMES = '{'Jane Quackenbush Roewold, ' * (4600 // long)}'\n"
    assert short * (4600 // long) < 3900
    change = Change("lineage", "a.py", "a.py", "a = 1\n", line, "Name them", "c1", START, START)
    for authors in (Authors(), Authors(["Jane Quackenbush Roewold <jqr@corp.io"])):
        edits = Edits([change], lambda _: Place("g", "train", "core", "python"), encoder, EditRules(START), authors=authors)
        assert list(edits) == [] and edits.report.dropped == {"line_too_long": 1}
