"""Findings on the installation: versions, extras, compiled kernels; nothing heavy is imported."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from matdata.checks.finding import Finding, State
from matdata.core.errors import MatdataError
from matdata.core.kernel_cache import FOLDERS, digest_of_sources
from matdata.core.packages import install_command, version_of

#: What extras are for; those that are not named here are listed without it.
ENABLES = {
    "chemistry": "building datasets from structures, symmetry, compiled features",
    "completion": "completion in shells",
    "lightning": "loaders for Lightning",
    "matminer": "matminer's data sets and featurizers",
    "models": "the trainers of this repository",
    "mp": "the Materials Project",
    "pictures": "pictures of datasets and runs",
    "pyg": "loaders for PyTorch Geometric",
    "sklearn": "features in scikit-learn pipelines",
    "train": "loaders, training, predicting",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w.-]+)['"]""")


def versions() -> Iterator[Finding]:
    """matdata, Python, the platform, and what matdata always needs."""
    where = Path(__file__).parents[1]
    yield Finding(
        "versions", "matdata", "ok", f"{version_of('matdata') or 'not installed'} in {where}"
    )
    yield Finding("versions", "python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield Finding("versions", "platform", "ok", platform.platform())
    for name in requirements().get("", []):
        version = version_of(name)
        state: State = "ok" if version else "broken"
        step = "" if version else f"pip install {name}, or install matdata again"
        yield Finding("versions", name, state, version or "not installed", step)


def extras() -> Iterator[Finding]:
    """Optional packages by extra: what is there, and what is missing for what."""
    for extra, names in sorted(requirements().items()):
        if not extra or extra == "all":
            continue
        there = {name: version_of(name) for name in names}
        shown = ", ".join(f"{name} {version or '(missing)'}" for name, version in there.items())
        whole = all(there.values())
        purpose = f" ({ENABLES[extra]})" if extra in ENABLES else ""
        step = "" if whole else install_command(extra)
        yield Finding("extras", extra, "ok" if whole else "note", f"{shown}{purpose}", step)


def requirements() -> dict[str, list[str]]:
    """Names of the distributions that matdata requires, by extra (``""``: always)."""
    try:
        texts = metadata.requires("matdata") or []
    except metadata.PackageNotFoundError:
        texts = []
    by_extra: dict[str, list[str]] = {}
    for text in texts:
        name, extra = _NAME.match(text), _EXTRA.search(text)
        if name and name[0].lower() != "matdata":
            by_extra.setdefault(extra[1] if extra else "", []).append(name[0])
    return by_extra


def kernels() -> Iterator[Finding]:
    """Whether compiled code of this installation is there, and is that of its sources."""
    root = Path(__file__).parents[1]
    if version_of("numba") is None:
        yield Finding("kernels", "numba", "note", "not installed: no compiled features")
        return
    compiled = sum(len([*(root / one / "__pycache__").glob("*.nbi")]) for one in FOLDERS)
    folder = os.environ.get("NUMBA_CACHE_DIR")
    stamp = root / "core" / "__pycache__" / "kernels.sha256"
    fresh = stamp.is_file() and stamp.read_text() == digest_of_sources(root)
    if compiled and fresh:
        yield Finding("kernels", "compiled", "ok", f"{compiled} functions are compiled and kept")
    elif folder:
        yield Finding("kernels", "compiled", "ok", f"kept in $NUMBA_CACHE_DIR ({folder})")
    elif os.access(root, os.W_OK):
        why = "the sources changed" if compiled else "nothing is compiled yet"
        text = f"{why}: the first use of each feature takes up to a minute"
        yield Finding("kernels", "compiled", "note", text, "matdata doctor --full compiles some")
    else:
        text = f"{root} cannot be written: kernels are compiled anew or kept in the user's folder"
        step = "export NUMBA_CACHE_DIR=DIR, a folder that you can write"
        yield Finding("kernels", "compiled", "note", text, step)
    yield _switch()


def _switch() -> Finding:
    from matdata.core.cpu_kernels import VARIABLE, cpu_kernels_enabled

    try:
        on = cpu_kernels_enabled()
    except MatdataError as error:
        return Finding("kernels", "processor", "broken", error.what, error.next_step or "")
    return Finding("kernels", "processor", "ok", f"{'on' if on else 'off'} (${VARIABLE})")
