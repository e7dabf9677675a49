"""What a package manager writes makes no edit rows and is counted as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from elite_code_dataset.lock_files import is_lock_file
from elite_code_dataset.repository import open_repository
from tests.repositories import START, committed, started

LOCKS = (
    "Cargo.lock Gemfile.lock Pipfile.lock Podfile.lock bun.lock bun.lockb composer.lock deno.lock flake.lock go.sum go.work.sum mix.lock rebar.lock"
    " npm-shrinkwrap.json package-lock.json packages.lock.json pdm.lock pnpm-lock.yaml common/config/rush/pnpm-lock.yaml poetry.lock pubspec.lock uv.lock"
    " yarn.lock Package.resolved gradle.lockfile buildscript-gradle.lockfile pylock.toml pylock.dev.toml conda-lock.yml ci/docs.conda-lock.yml pixi.lock"
    " vcpkg-lock.json rush-lock.json lerna-lock.json shrinkwrap.yaml dub.selections.json gradle/verification-metadata.xml app/gradle/verification-metadata.xml"
    " Cartfile.resolved .terraform.lock.hcl infra/.terraform.lock.hcl Chart.lock cabal.project.freeze stack.yaml.lock renv.lock MODULE.bazel.lock"
    " requirements.lock gems.locked kit.opam.locked cpanfile.snapshot nix/sources.json deep/down/yarn.lock"
).split()
NO_LOCKS = (
    "lock.py locks.py clock.rs src/lock.json lock.yml block.toml Cargo.toml pyproject.toml mypylock.toml pylock/kit.toml pylock.toml.py Manifest.toml"
    " package.json go.mod go.sum.md gradle/build.gradle verification-metadata.xml docs/gradle/verification-metadata.xml.md sources.json lib/locked.rb"
    " Cartfile Package.swift deadlock.json yarn.lock/readme.md block locksmith.lock.py nix/sources.nix"
).split()


def test_lock_files_are_counted_and_everything_else_is_kept(tmp_path: Path) -> None:
    folder = started(tmp_path / "kit")
    for number in range(2):
        text = "".join(f'name{line}: "value-{number}-{line}"\n' for line in range(30))
        committed(
            folder, dict.fromkeys([*LOCKS, *(path for path in NO_LOCKS if path != "yarn.lock/readme.md")], text), "Update", START + number
        )
    with open_repository(folder) as repository:
        paths = {change.path for change in repository.changes(generated=lambda path, content: "")}
        assert repository.changes_tally.dropped["lock_file"][0] == 2 * len(LOCKS)
    assert paths == {path for path in NO_LOCKS if path != "yarn.lock/readme.md"}


@pytest.mark.parametrize("path", NO_LOCKS)
def test_a_name_that_is_like_a_lock_files_is_none(path: str) -> None:
    assert not is_lock_file(path)


MANIFESTS = {
    "Manifest.toml": '# This file is machine-generated - editing it directly is not advised\n\n[[Dates]]\nuuid = "{}"\n',
    "docs/Manifest.toml": 'julia_version = "1.10.2"\nmanifest_format = "2.{}"\n',
    "test/Manifest-v1.11.toml": '[[deps.Dates]]\nuuid = "{}"\n',
    "JuliaManifest.toml": 'manifest_format = "2.{}"\n',
}


def test_julias_manifest_is_told_from_others_by_its_content(tmp_path: Path) -> None:
    folder = started(tmp_path / "kit")
    others = {"kit/Manifest.toml": "name = 'kit {}'\nuuid = 'of people'\n", "Manifest.md": MANIFESTS["Manifest.toml"]}
    for number in range(2):
        files = {path: text.format(number) for path, text in (MANIFESTS | others).items()}
        committed(folder, files, "Update", START + number)
    with open_repository(folder) as repository:
        assert {change.path for change in repository.changes(generated=lambda path, content: "")} == set(others)
        assert repository.changes_tally.dropped["lock_file"] == [8, 2 * sum(len(text) - 1 for text in MANIFESTS.values())]
