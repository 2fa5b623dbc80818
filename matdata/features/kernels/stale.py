"""Compiled code that no longer fits its sources."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def drop_stale_code(folder: Path) -> bool:
    """Forget the compiled code of a folder of kernels if one of its sources has changed.

    numba looks only at the file of the function that is called, but that function's code holds
    those of the functions it calls, which lie in other files.

    Returns
    -------
    bool
        Whether the sources were new.
    """
    decorators = Path(__file__).parents[2] / "jit.py"
    names = [decorators, *sorted(folder.glob("*.py"))]
    sources = b"".join(path.read_bytes() for path in names)
    digest, cache = hashlib.sha256(sources).hexdigest(), folder / "__pycache__"
    stamp, fresh = cache / "kernels.sha256", cache / f"kernels.{os.getpid()}"
    try:
        if stamp.exists() and stamp.read_text() == digest:
            return False
        for index in cache.glob("*.nbi"):
            index.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        fresh.write_text(digest)
        fresh.replace(stamp)
    except OSError:
        return False  # an installation that cannot be written to does not change either
    return True
