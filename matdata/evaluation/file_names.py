"""File names for what has any name: targets, formulas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from matdata.core.digest import SHORT, digest_bytes
from matdata.store.files import safe_name

LENGTH = 60
_LIKE_OURS = re.compile(rf"-[0-9a-f]{{{SHORT}}}$")


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """A stem of a file name for each name: safe, and no two are the same file.

    A name that is safe as it is stays. Others get a digest of the name behind what is left of it,
    and so do names that differ in capitals alone, which some file systems do not tell apart. A
    stem depends on other names in that case only.
    """
    wanted = {name: safe_name(name)[:LENGTH].strip(".-") for name in names}
    shared = Counter(stem.casefold() for stem in wanted.values())
    return {
        name: stem
        if stem == name and shared[stem.casefold()] == 1 and not _LIKE_OURS.search(stem)
        else f"{stem}-{digest_bytes(name.encode())[:SHORT]}"
        for name, stem in wanted.items()
    }
