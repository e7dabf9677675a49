"""Lock files: what a package manager writes to say which versions it chose. A path -> whether it names one.

In: a path, and the content where the name alone says too little. Out: yes or no. Costs one match of a pattern.
"""

from __future__ import annotations

import re

# In whatever folder; a star stands for anything within a name.
_NAMES = (
    "*.lock *.lockfile *.lock.json *.lock.hcl *.opam.locked"
    " bun.lockb npm-shrinkwrap.json package-lock.json lerna-lock.json rush-lock.json pnpm-lock.yaml shrinkwrap.yaml"  # JavaScript
    " pylock.toml pylock.*.toml conda-lock.yml *.conda-lock.yml"  # Python
    " go.sum go.work.sum vcpkg-lock.json gems.locked cpanfile.snapshot"  # Go, C++, Ruby, Perl
    " Package.resolved Cartfile.resolved dub.selections.json cabal.project.freeze"  # Swift, D, Haskell
    " gradle/verification-metadata.xml nix/sources.json"
).split()
_LOCK_FILE = re.compile(rf"(?:.*/)?(?:{'|'.join(re.escape(name).replace(re.escape('*'), '[^/]*') for name in _NAMES)})", re.S)
_MANIFEST = re.compile(r"(?:.*/)?(?:Julia)?Manifest(?:-v[\d.]+)?\.toml", re.S)  # Julia's, and other people's
_OF_JULIA = re.compile(rb"^(?:# This file is machine-generated - editing it directly|manifest_format *=|\[\[deps\.)", re.M)
_HEAD = 4096  # bytes of it in which Julia's says so


def is_lock_file(path: str, content: bytes = b"") -> bool:
    """Whether a package manager alone writes the file."""
    if _MANIFEST.fullmatch(path):
        return _OF_JULIA.search(content, 0, _HEAD) is not None
    return _LOCK_FILE.fullmatch(path) is not None
