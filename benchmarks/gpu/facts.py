"""What the results were obtained on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from gpu.crystals import Place

PACKAGES = ("torch", "numpy", "numba", "h5py", "pyarrow", "pandas", "torch-geometric", "moyopy")


def facts_of(place: Place) -> dict[str, Any]:
    """Card, driver, versions; an empty device where there is none."""
    import torch

    name = ""
    if place.rehearsal:
        name = "CPU: a rehearsal with tiny sizes, whose times say nothing of a GPU"
    elif torch.cuda.is_available():
        own = torch.cuda.get_device_properties(0)
        name = f"{own.name}, {own.total_memory / 2**30:.0f} GiB"
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "absent"
    return {
        "device": name,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": ", ".join(f"{package} {version}" for package, version in versions.items()),
        "crystals": place.count,
    }
