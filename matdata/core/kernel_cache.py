"""Removal of compiled code on disk that no longer matches its sources.

numba checks only the file of the function that is called, but that function's code contains
that of the functions it calls, which lie in other files, often of another package.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

#: Folders that hold kernels, which may call each other.
FOLDERS = ("geometry", "features/kernels", "load", "nn/cpu", "phases")
#: The module of the decorators; a module that imports it holds kernels.
DECORATORS = "core/jit.py"

# Imports at the left margin: those within functions, or for type checkers alone, are not compiled.
_IMPORT = re.compile(r"^from matdata\.([\w.]+) import (\([^)]*\)|[^\n#]*)", re.MULTILINE)


def kernel_sources(root: Path, folders: Sequence[str] = FOLDERS) -> list[Path]:
    """The modules that hold kernels and all that these import from matdata, directly or not.

    Compiled code can depend on nothing else of matdata; arguments as `drop_stale_code`.
    """
    waiting = [
        path for path in _modules(root, folders) if root / DECORATORS in _imported(root, path)
    ]
    sources: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in sources:
            sources.add(path)
            waiting += _imported(root, path)
    return sorted(sources)


def digest_of_sources(root: Path, folders: Sequence[str] = FOLDERS) -> str:
    """SHA-256 of all sources that compiled code can depend on; arguments as `drop_stale_code`."""
    digest = hashlib.sha256()
    for path in kernel_sources(root, folders):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def drop_stale_code(root: Path, folders: Sequence[str] = FOLDERS) -> bool:
    """Delete the compiled code of all kernels if one of their sources has changed.

    Parameters
    ----------
    root
        Folder of the package `matdata`.
    folders
        Folders below it that hold kernels. The stamp lies beside the decorators'.

    Returns
    -------
    bool
        Whether the sources had changed.
    """
    digest = digest_of_sources(root, folders)
    cache = (root / DECORATORS).parent / "__pycache__"
    stamp, new_stamp = cache / "kernels.sha256", cache / f"kernels.{os.getpid()}"
    try:
        if stamp.exists() and stamp.read_text() == digest:
            return False
        for folder in folders:
            for index in (root / folder / "__pycache__").glob("*.nbi"):
                index.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        new_stamp.write_text(digest)
        new_stamp.replace(stamp)
    except OSError:
        return False  # an installation that cannot be written does not change either
    return True


def orphaned_code(root: Path, folders: Sequence[str] = FOLDERS) -> list[Path]:
    """Files of compiled code that no index leads to any more; arguments as `drop_stale_code`.

    numba writes the index before the code, and compiles again what it does not find.
    """
    orphans = []
    for folder in folders:
        for path in sorted((root / folder / "__pycache__").glob("*.nbc")):
            function = path.name.removesuffix(".nbc").rpartition(".")[0]  # of a number
            if not path.with_name(f"{function}.nbi").exists():
                orphans.append(path)
    return orphans


def _modules(root: Path, folders: Sequence[str]) -> list[Path]:
    return [path for folder in folders for path in (root / folder).glob("*.py")]


def _imported(root: Path, path: Path) -> list[Path]:
    """Modules of matdata that a module imports; of a package, the modules named, or itself."""
    imported = []
    for module, names in _IMPORT.findall(path.read_text("utf-8")):
        place = root.joinpath(*module.split("."))
        inner = [place / f"{name}.py" for name in re.findall(r"\w+", names)]
        candidates = [place.with_suffix(".py"), place / "__init__.py", *inner]
        imported += [candidate for candidate in candidates if candidate.is_file()]
    return imported
