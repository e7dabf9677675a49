"""Ways in which a repository can make plain git run a program: each one a setting up, and the git command that sets it off.

In: a copy of a small repository and a program. Out: ``PAYLOADS``, name -> ``Payload``; tests plant one, see it fire under plain git, and see
it not fire under our reader.
"""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.repositories import ENVIRONMENT

Plant = Callable[["Target"], None]


@dataclass(frozen=True)
class Payload:
    """``plant`` puts it in; ``commands`` are run in the work tree, one after the other, to set it off; ``terminal`` gives them one,
    ``text`` is their standard input."""

    plant: Plant
    commands: tuple[tuple[str, ...], ...]
    terminal: bool = False
    text: str = ""


class Target:
    """A copy of the base repository, the program that payloads name, and the mark that the program leaves."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self.git_dir = folder / ".git"
        self.mark = scratch / "fired"
        self.program = scratch / "program"
        self.program.write_text(f"#!/bin/sh\ntouch '{self.mark}'\nexit 0\n")
        self.program.chmod(0o755)

    def config(self, text: str) -> None:
        with (self.git_dir / "config").open("a") as file:
            file.write(text.replace("PROGRAM", str(self.program)))

    def attributes(self, text: str) -> None:
        (self.git_dir / "info").mkdir(exist_ok=True)
        (self.git_dir / "info" / "attributes").write_text(text + "\n")

    def hook(self, name: str, folder: str = "hooks") -> None:
        path = self.git_dir / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.program.read_text())
        path.chmod(0o755)

    def stale(self) -> None:
        """Make the work tree's file look changed, so that git compares contents."""
        (self.folder / "one.txt").write_text("changed\n")

    def fires(self, payload: Payload) -> bool:
        """Whether plain git, with no settings of the caller's, runs the program."""
        environment = ENVIRONMENT | {"GIT_AUTHOR_DATE": "1600009000 +0000", "GIT_COMMITTER_DATE": "1600009000 +0000", "TERM": "xterm"}
        if not payload.terminal:
            environment["GIT_TERMINAL_PROMPT"] = "0"
        for command in payload.commands:
            leader, follower = pty.openpty() if payload.terminal else (None, subprocess.PIPE)
            try:
                subprocess.run(
                    ["git", *command],
                    cwd=self.folder,
                    env=environment,
                    input=payload.text.encode(),
                    stdout=follower,
                    stderr=subprocess.STDOUT,
                    timeout=20,
                    start_new_session=True,
                )
            except subprocess.TimeoutExpired:
                pass
            finally:
                for handle in (leader, follower) if payload.terminal else ():
                    os.close(handle)
        fired = self.mark.exists()
        self.mark.unlink(missing_ok=True)
        return fired


def _config(text: str, *, attributes: str = "", stale: bool = False) -> Plant:
    def plant(target: Target) -> None:
        target.config(text)
        if attributes:
            target.attributes(attributes)
        if stale:
            target.stale()

    return plant


def _hook(name: str, *, stale: bool = False) -> Plant:
    def plant(target: Target) -> None:
        target.hook(name)
        if stale:
            target.stale()

    return plant


def _hooks_path(target: Target) -> None:
    target.hook("post-commit", folder="elsewhere")
    target.config(f"[core]\n\thooksPath = {target.git_dir}/elsewhere\n")


def _include(target: Target) -> None:
    (target.git_dir / "more").write_text(f"[core]\n\tfsmonitor = {target.program}\n")
    target.config("[include]\n\tpath = more\n")


def _include_if(target: Target) -> None:
    (target.git_dir / "more").write_text(f"[core]\n\tfsmonitor = {target.program}\n")
    target.config('[includeIf "gitdir:**"]\n\tpath = more\n')


def _worktree_config(target: Target) -> None:
    (target.git_dir / "config.worktree").write_text(f"[core]\n\tfsmonitor = {target.program}\n")
    target.config("[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig = true\n")


def _attributes_file(target: Target) -> None:
    (target.git_dir / "attrs").write_text("*.txt diff=evil\n")
    target.config(f"[core]\n\tattributesFile = {target.git_dir}/attrs\n" + '[diff "evil"]\n\ttextconv = PROGRAM\n')


def _tracked_attributes(target: Target) -> None:
    (target.folder / ".gitattributes").write_text("*.txt diff=evil\n")
    target.config('[diff "evil"]\n\ttextconv = PROGRAM\n')


def _signed(header: str, kind: str, settings: str) -> Plant:
    """A commit that claims to be signed, at HEAD."""

    def plant(target: Target) -> None:
        tree = _plain(target, "rev-parse", "HEAD^{tree}")
        parent = _plain(target, "rev-parse", "HEAD")
        who = "A Person <person@corporation.io> 1600008000 +0000"
        text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\ngpgsig {header}\n x\n {header.replace('BEGIN', 'END')}\n\n{kind}\n"
        commit = _plain(target, "hash-object", "-t", "commit", "-w", "--stdin", text=text)
        _plain(target, "update-ref", "HEAD", commit)
        target.config(settings)

    return plant


def _promisor(target: Target) -> None:
    """A blob that is missing, and a promisor remote whose transport is the program."""
    blob = _plain(target, "rev-parse", "HEAD:one.txt")
    for pack in (target.git_dir / "objects" / "pack").glob("*.pack"):
        moved = pack.rename(target.git_dir / "moved.pack")
        for rest in pack.parent.glob("*"):
            rest.unlink()
        with moved.open("rb") as stream:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=target.folder, env=ENVIRONMENT, stdin=stream, check=True)
    (target.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    target.config(
        "[core]\n\trepositoryformatversion = 1\n\tsshCommand = PROGRAM\n[extensions]\n\tpartialClone = origin\n"
        '[remote "origin"]\n\turl = ssh://nowhere.invalid/x\n\tpromisor = true\n\tpartialclonefilter = blob:none\n'
    )


def _branches(target: Target) -> None:
    """Two branches that change the same file, to be merged by a driver."""
    _plain(target, "checkout", "-q", "-b", "theirs")
    (target.folder / "one.txt").write_text("theirs\n")
    _plain(target, "commit", "-q", "-a", "-m", "Theirs")
    _plain(target, "checkout", "-q", "main")
    (target.folder / "one.txt").write_text("ours\n")
    _plain(target, "commit", "-q", "-a", "-m", "Ours")
    target.config('[merge "evil"]\n\tdriver = PROGRAM %A %B\n')
    target.attributes("*.txt merge=evil")


def _submodule(target: Target) -> None:
    """A registered submodule whose update is a command."""
    head = _plain(target, "rev-parse", "HEAD~1")
    (target.folder / ".gitmodules").write_text(f'[submodule "sub"]\n\tpath = sub\n\turl = {target.folder}\n')
    _plain(target, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    target.config(
        f'[submodule "sub"]\n\tactive = true\n\turl = {target.folder}\n\tupdate = !PROGRAM\n[protocol "file"]\n\tallow = always\n'
    )
    (target.folder / "sub").mkdir()
    _plain(target, "clone", "-q", "--bare", ".", str(target.git_dir / "modules" / "sub"))
    (target.folder / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")


def _plain(target: Target, *command: str, text: str | None = None) -> str:
    environment = ENVIRONMENT | {"GIT_AUTHOR_DATE": "1600007000 +0000", "GIT_COMMITTER_DATE": "1600007000 +0000"}
    return subprocess.run(
        ["git", *command], cwd=target.folder, env=environment, input=text, capture_output=True, text=True, check=True
    ).stdout.strip()


COMMIT = ("commit", "-q", "--allow-empty", "-m", "More")
SSH = '[remote "origin"]\n\turl = ssh://nowhere.invalid/x\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
LOCAL = '[remote "origin"]\n\turl = .\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n'
LOGIN = "protocol=https\nhost=nowhere.invalid\n\n"

PAYLOADS: dict[str, Payload] = {
    "core.fsmonitor": Payload(_config("[core]\n\tfsmonitor = PROGRAM\n"), (("status",),)),
    "core.hooksPath": Payload(_hooks_path, (COMMIT,)),
    "include.path": Payload(_include, (("status",),)),
    "includeIf.gitdir": Payload(_include_if, (("status",),)),
    "config.worktree": Payload(_worktree_config, (("status",),)),
    "hook pre-commit": Payload(_hook("pre-commit"), (COMMIT,)),
    "hook prepare-commit-msg": Payload(_hook("prepare-commit-msg"), (COMMIT,)),
    "hook commit-msg": Payload(_hook("commit-msg"), (COMMIT,)),
    "hook post-commit": Payload(_hook("post-commit"), (COMMIT,)),
    "hook post-rewrite": Payload(_hook("post-rewrite"), (("commit", "-q", "--amend", "-m", "Again"),)),
    "hook post-checkout": Payload(_hook("post-checkout"), (("checkout", "-q", "HEAD"),)),
    "hook post-index-change": Payload(_hook("post-index-change"), (("reset", "-q", "--hard"),)),
    "hook reference-transaction": Payload(_hook("reference-transaction"), (("tag", "t"),)),
    "hook pre-push": Payload(_hook("pre-push"), (("push", "-q", ".", "HEAD:refs/heads/copy"),)),
    "hook pre-receive": Payload(_hook("pre-receive"), (("push", "-q", ".", "HEAD:refs/heads/copy"),)),
    "hook update": Payload(_hook("update"), (("push", "-q", ".", "HEAD:refs/heads/copy"),)),
    "hook post-update": Payload(_hook("post-update"), (("push", "-q", ".", "HEAD:refs/heads/copy"),)),
    "hook pre-rebase": Payload(_hook("pre-rebase"), (("rebase", "-q", "--force-rebase", "HEAD~1"),)),
    "diff.external": Payload(_config("[diff]\n\texternal = PROGRAM\n", stale=True), (("diff",),)),
    "diff driver command": Payload(_config('[diff "evil"]\n\tcommand = PROGRAM\n', attributes="*.txt diff=evil", stale=True), (("diff",),)),
    "diff driver textconv": Payload(_config('[diff "evil"]\n\ttextconv = PROGRAM\n', attributes="*.txt diff=evil"), (("log", "-p"),)),
    "core.attributesFile": Payload(_attributes_file, (("log", "-p"),)),
    ".gitattributes in the tree": Payload(_tracked_attributes, (("log", "-p"),)),
    "filter clean": Payload(_config('[filter "evil"]\n\tclean = PROGRAM\n', attributes="*.txt filter=evil", stale=True), (("status",),)),
    "filter smudge": Payload(
        _config('[filter "evil"]\n\tsmudge = PROGRAM\n', attributes="*.txt filter=evil", stale=True), (("checkout", "-q", "-f"),)
    ),
    "filter process": Payload(
        _config('[filter "evil"]\n\tprocess = PROGRAM\n', attributes="*.txt filter=evil", stale=True), (("status",),)
    ),
    "filter in git archive": Payload(
        _config('[filter "evil"]\n\tsmudge = PROGRAM\n', attributes="*.txt filter=evil"), (("archive", "HEAD"),)
    ),
    "tar command": Payload(_config('[tar "evil"]\n\tcommand = PROGRAM\n'), (("archive", "--format=evil", "HEAD"),)),
    "merge driver": Payload(_branches, (("merge", "-q", "theirs"),)),
    "core.sshCommand": Payload(_config("[core]\n\tsshCommand = PROGRAM\n" + SSH), (("fetch", "-q"),)),
    "core.gitProxy": Payload(_config("[core]\n\tgitProxy = PROGRAM\n" + SSH.replace("ssh:", "git:")), (("fetch", "-q"),)),
    "promisor remote": Payload(_promisor, (("log", "-p"),)),
    "remote uploadpack": Payload(_config(LOCAL + "\tuploadpack = PROGRAM\n"), (("fetch", "-q"),)),
    "remote receivepack": Payload(_config(LOCAL + "\treceivepack = PROGRAM\n"), (("push", "-q", "origin", "HEAD:refs/heads/copy"),)),
    "ext transport": Payload(
        _config(SSH.replace("ssh://nowhere.invalid/x", "ext::PROGRAM") + '[protocol "ext"]\n\tallow = always\n'), (("fetch", "-q"),)
    ),
    "url insteadOf": Payload(
        _config(SSH + '[protocol "ext"]\n\tallow = always\n[url "ext::PROGRAM "]\n\tinsteadOf = ssh://nowhere.invalid\n'),
        (("fetch", "-q"),),
    ),
    "credential.helper": Payload(_config('[credential]\n\thelper = "!PROGRAM"\n'), (("credential", "fill"),), text=LOGIN),
    "core.askPass": Payload(_config("[core]\n\taskPass = PROGRAM\n"), (("credential", "fill"),), text=LOGIN),
    "core.editor": Payload(_config("[core]\n\teditor = PROGRAM\n"), (("commit", "-q", "--allow-empty"),)),
    "sequence.editor": Payload(_config("[sequence]\n\teditor = PROGRAM\n"), (("rebase", "-q", "-i", "HEAD~1"),)),
    "core.pager": Payload(_config("[core]\n\tpager = PROGRAM\n"), (("log",),), terminal=True),
    "pager.log": Payload(_config("[pager]\n\tlog = PROGRAM\n"), (("log",),), terminal=True),
    "alias": Payload(_config('[alias]\n\thistory = "!PROGRAM"\n'), (("history",),)),
    "gpg.program": Payload(
        _signed("-----BEGIN PGP SIGNATURE-----", "Signed", "[gpg]\n\tprogram = PROGRAM\n[log]\n\tshowSignature = true\n"), (("log",),)
    ),
    "gpg.x509.program": Payload(
        _signed("-----BEGIN SIGNED MESSAGE-----", "Signed", '[gpg "x509"]\n\tprogram = PROGRAM\n[log]\n\tshowSignature = true\n'),
        (("log",),),
    ),
    "gpg.ssh.program": Payload(
        _signed(
            "-----BEGIN SSH SIGNATURE-----",
            "Signed",
            '[gpg "ssh"]\n\tprogram = PROGRAM\n\tallowedSignersFile = /dev/null\n[log]\n\tshowSignature = true\n',
        ),
        (("log",),),
    ),
    "submodule update": Payload(_submodule, (("submodule", "update"),)),
    "trailer command": Payload(_config('[trailer "evil"]\n\tkey = Evil\n\tcommand = PROGRAM\n'), (("interpret-trailers", "README"),)),
    "difftool": Payload(_config('[difftool "evil"]\n\tcmd = PROGRAM\n', stale=True), (("difftool", "-y", "-t", "evil"),)),
}
