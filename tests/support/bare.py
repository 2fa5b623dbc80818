"""A machine with few packages: a folder for PYTHONPATH whose `sitecustomize` hides the others."""

from __future__ import annotations

from pathlib import Path

HIDDEN = (
    *("pydantic", "pymatgen", "zarr", "moyopy", "spglib", "ase", "gemmi", "matminer", "scipy"),
    *("sklearn", "tqdm", "platformdirs", "safetensors", "requests", "tensorboard"),
    *("torch_geometric", "aviary", "lmdb"),
)
_CODE = '''
import sys
from importlib.machinery import PathFinder

HIDDEN = {hidden!r}


class Finder:
    """Finds neither these packages nor distributions of matdata that are installed."""

    invalidate_caches = PathFinder.invalidate_caches

    @staticmethod
    def find_spec(name, path=None, target=None):
        hidden = name.partition(".")[0] in HIDDEN
        return None if hidden else PathFinder.find_spec(name, path, target)

    @staticmethod
    def find_distributions(*context):
        for found in PathFinder.find_distributions(*context):
            installed = "site-packages" in str(getattr(found, "_path", ""))
            if not (installed and found.metadata["Name"].startswith("matdata")):
                yield found


sys.meta_path[:] = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
'''


def bare_machine(folder: Path) -> Path:
    """Write the `sitecustomize`; returns the folder that is to stand first on PYTHONPATH."""
    folder.mkdir(parents=True, exist_ok=True)
    code = _CODE.format(hidden=HIDDEN)
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return folder
