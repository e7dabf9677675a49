"""What is installed is all that is needed: every file of the package that is not Python is named as package data."""

from __future__ import annotations

import configparser
import fnmatch
import shutil
from pathlib import Path

from elite_code_dataset.config import digest_of, source_digest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "elite_code_dataset"


def test_a_wheel_holds_every_file_of_the_package() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = settings["options.package_data"]["elite_code_dataset"].split()
    others = [p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert "assets/report.css" in others and "dataset_card.md" in others
    assert [name for name in others if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {p.parent for p in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_building_needs_no_torch() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    needed = settings["options"]["install_requires"].lower()
    assert "torch" not in needed and "accelerate" not in needed and "peft" not in needed
    assert "torch" in settings["options.extras_require"]["train"]


def test_other_sources_words_or_rules_are_another_digest(tmp_path: Path) -> None:
    copy = tmp_path / "package"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    digests = [digest_of(copy)]
    for name in ("assets/ordinary_words.txt", "assets/secret_openings.yml", "languages/rust.py"):
        (copy / name).write_text((copy / name).read_text() + "\n# more\n")
        digests.append(digest_of(copy))
    (copy / "assets" / "report.css").write_text("")
    assert digests[0] == source_digest() and len(set(digests)) == 4 and digest_of(copy) == digests[-1]
