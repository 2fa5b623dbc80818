"""Licences of data by their SPDX identifiers (https://spdx.org/licenses)."""

from __future__ import annotations

import re

#: Identifiers that data of the field are published under.
SPDX = (
    "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-3.0",
    "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "CC-PDDC",
    "ODC-By-1.0", "ODbL-1.0", "PDDL-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0", "etalab-2.0", "OGL-UK-3.0", "MIT", "Apache-2.0", "BSD-2-Clause",
    "BSD-3-Clause", "ISC", "MPL-2.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-3.0-only", "AGPL-3.0-only", "EUPL-1.2",
    "Unlicense", "0BSD",
)  # fmt: skip
_WORDS = re.compile(r"[^a-z0-9.]+")


def spdx_of(text: str) -> str:
    """The SPDX identifier that a text spells (``cc by 4.0`` is ``CC-BY-4.0``), else the text.

    A licence without its version (``CC BY``) is none, since versions differ; it stays as written.
    """
    return _BY_WORDS.get(_plain(text), text.strip())


def _plain(text: str) -> str:
    return _WORDS.sub("", text.lower().replace("licence", "").replace("license", ""))


_BY_WORDS = {_plain(identifier): identifier for identifier in SPDX}
