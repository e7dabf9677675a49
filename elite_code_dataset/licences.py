"""Licences: what a repository's licence files are, and whether they allow its code to be passed on.

In: the licence files that ``build`` noted, as ``[{"path": ..., "text": ...}]``. Out: ``Licence`` objects with SPDX ids. Costs 9 ms a file.
The classifier is an extra: ``pip install elite-code-dataset[publish]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elite_code_dataset.records import EliteCodeError

# SPDX ids whose terms let anyone pass on copies and changed copies, with the name the Hub has for them ("other" where it has none).
ALLOWED = {
    "0BSD": "other", "AFL-3.0": "afl-3.0", "AGPL-3.0": "agpl-3.0", "Apache-2.0": "apache-2.0", "Artistic-2.0": "artistic-2.0", "BlueOak-1.0.0": "other",
    "BSD-2-Clause": "bsd-2-clause", "BSD-3-Clause": "bsd-3-clause", "BSD-3-Clause-Clear": "bsd-3-clause-clear", "BSL-1.0": "bsl-1.0", "CC-BY-3.0": "cc-by-3.0",
    "CC-BY-4.0": "cc-by-4.0", "CC-BY-SA-3.0": "cc-by-sa-3.0", "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC0-1.0": "cc0-1.0", "CDDL-1.0": "other", "CDDL-1.1": "other",
    "ECL-2.0": "ecl-2.0", "EPL-1.0": "epl-1.0", "EPL-2.0": "epl-2.0", "EUPL-1.1": "eupl-1.1", "EUPL-1.2": "eupl-1.2", "GPL-2.0": "gpl-2.0", "GPL-3.0": "gpl-3.0",
    "ISC": "isc", "LGPL-2.0": "lgpl", "LGPL-2.1": "lgpl-2.1", "LGPL-3.0": "lgpl-3.0", "MIT": "mit", "MIT-0": "other", "MPL-2.0": "mpl-2.0", "MS-PL": "ms-pl",
    "MulanPSL-2.0": "other", "NCSA": "ncsa", "OFL-1.1": "ofl-1.1", "OSL-3.0": "osl-3.0", "PostgreSQL": "postgresql", "PSF-2.0": "other", "Python-2.0": "other",
    "Ruby": "other", "Unlicense": "unlicense", "UPL-1.0": "other", "Vim": "other", "W3C": "other", "WTFPL": "wtfpl", "X11": "other", "Zlib": "zlib", "ZPL-2.1": "other",
}  # fmt: skip
LICENCE_FOLDER = "licences"  # of a published dataset: the texts
MAIN_FILE = re.compile(r"(?i)licen[cs]e(\.(md|txt|rst))?")


@dataclass(frozen=True)
class Licence:
    """One licence file: its path, the SPDX ids recognised in it (none when it says nothing that is known), and whose it is where a dataset is made
    of several repositories."""

    path: str
    ids: tuple[str, ...]
    repository: str = ""

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(one for one in self.ids if base(one) not in ALLOWED)


def base(spdx: str) -> str:
    """An id without ``-only``, ``-or-later`` or ``+``: these do not change what we ask."""
    return re.sub(r"(-only|-or-later|\+)$", "", spdx)


def licences_of(files: Sequence[Mapping[str, Any]] | None) -> list[Licence]:
    """The licence files at the root of the repository, classified. Raises EliteCodeError when the classifier is not installed."""
    try:
        from licenseclassifier import identify_license
    except ImportError as error:
        raise EliteCodeError(
            "licences cannot be told apart: licenseclassifier is missing; pip install 'elite-code-dataset[publish]'"
        ) from error
    found = []
    for file in files or ():
        if "/" not in str(file.get("path", "")).strip("/"):
            ids = dict.fromkeys(one.id for one in identify_license(str(file.get("text", ""))))
            found.append(Licence(str(file["path"]), tuple(ids), str(file.get("repository", ""))))
    return sorted(found, key=lambda one: (one.repository, one.path))


def objections(found: Sequence[Licence], repositories: Sequence[str] = ()) -> list[str]:
    """Why these licences do not allow publishing; empty when they do. Of several repositories each must allow it."""
    if len(repositories) > 1:
        apart = {name: [one for one in found if one.repository == name] for name in repositories}
        return [f"{name}: {reason}" for name, licences in apart.items() for reason in objections(licences)]
    refused = [f"{one.path} is {', '.join(one.refused)}, which does not let everybody pass it on" for one in found if one.refused]
    if refused:
        return refused
    if not any(one.ids for one in found):
        names = ", ".join(one.path for one in found)
        return [
            f"the licence is unknown: {names} matches no known text"
            if names
            else "the licence is unknown: no licence file at the root of the repository"
        ]
    return [f"the licence is unknown: {one.path} matches no known text" for one in found if not one.ids and MAIN_FILE.fullmatch(one.path)]


def hub_licence(found: Sequence[Licence]) -> dict[str, Any]:
    """The card's licence fields for what was recognised."""
    ids = list(dict.fromkeys(one for licence in found for one in licence.ids))
    names = list(dict.fromkeys(ALLOWED.get(base(one), "other") for one in ids))
    if not ids:
        return {"license": "unknown"}
    if "other" in names:
        return {"license": "other", "license_name": "-or-".join(one.lower() for one in ids)}
    return {"license": names[0] if len(names) == 1 else names}
