"""Removal of compiled code on disk that no longer matches its sources.

numba checks only the file of the function that is called, but that function's code contains
that of the functions it calls, which lie in other files, often of another package.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

#: Packages that hold kernels, which may call each other.
PACKAGES = ("core", "geometry", "features/kernels", "load", "nn/cpu")


def digest_of_sources(root: Path, packages: Sequence[str] = PACKAGES) -> str:
    """SHA-256 of all sources that compiled code can depend on; arguments as `drop_stale_code`."""
    names = [path for package in packages for path in sorted((root / package).glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in names)).hexdigest()


def drop_stale_code(root: Path, packages: Sequence[str] = PACKAGES) -> bool:
    """Delete the compiled code of all kernels if one of their sources has changed.

    Parameters
    ----------
    root
        Folder of the package `matdata`.
    packages
        Folders below it that hold kernels or their decorators; the first keeps the stamp.

    Returns
    -------
    bool
        Whether the sources had changed.
    """
    digest = digest_of_sources(root, packages)
    cache = root / packages[0] / "__pycache__"
    stamp, new_stamp = cache / "kernels.sha256", cache / f"kernels.{os.getpid()}"
    try:
        if stamp.exists() and stamp.read_text() == digest:
            return False
        for package in packages:
            for index in (root / package / "__pycache__").glob("*.nbi"):
                index.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        new_stamp.write_text(digest)
        new_stamp.replace(stamp)
    except OSError:
        return False  # an installation that cannot be written does not change either
    return True
