"""File names from arbitrary names: targets, formulas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from matdata.core.digest import SHORT, digest_bytes
from matdata.store.files import safe_name

LENGTH = 60
_LIKE_OURS = re.compile(rf"-[0-9a-f]{{{SHORT}}}$")


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """A safe and unique stem of a file name for each name.

    A safe name is kept. Others are cleaned and get a digest of the name as suffix,
    as do names that differ in case only, which some file systems do not distinguish. A
    stem depends on other names in that case only.
    """
    stems = {name: safe_name(name)[:LENGTH].strip(".-") for name in names}
    shared = Counter(stem.casefold() for stem in stems.values())
    return {
        name: stem
        if stem == name and shared[stem.casefold()] == 1 and not _LIKE_OURS.search(stem)
        else f"{stem}-{digest_bytes(name.encode())[:SHORT]}"
        for name, stem in stems.items()
    }
