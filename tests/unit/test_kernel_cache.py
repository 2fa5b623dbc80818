"""Compiled code is dropped when any source of a kernel changes, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

import matdata
from matdata.core.kernel_cache import FOLDERS, digest_of_sources, drop_stale_code, kernel_sources

ROOT = Path(matdata.__file__).parent
#: A package with two folders of kernels, what they import, and what only Python reads.
FILES = {
    "core/jit.py": "import numba\nfrom matdata.core.stamp import drop\n",
    "core/stamp.py": "drop = print\n",
    "core/constants.py": "LIMIT = 1\n",
    "core/arrays.py": "Array = list\n",
    "core/errors.py": "class Wrong(Exception): ...\n",
    "geometry/cell.py": (
        "from matdata.core.jit import kernel\n"
        "from matdata.core.constants import (\n    LIMIT,\n)\n"
        "if TYPE_CHECKING:\n    from matdata.core.arrays import Array\n"
    ),
    "geometry/plain.py": "from matdata.core.errors import Wrong\n",
    "features/clip.py": "from matdata.core.jit import inner\nfrom matdata.geometry import cell\n",
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


FOLDERS_OF_PACKAGE = ("geometry", "features")


def test_kernels_depend_on_what_their_modules_import(package):
    sources = kernel_sources(package, FOLDERS_OF_PACKAGE)
    names = {path.relative_to(package).as_posix() for path in sources}
    assert names == set(FILES) - {"core/arrays.py", "core/errors.py", "geometry/plain.py"}


@pytest.mark.parametrize("changed", ["geometry/cell.py", "core/constants.py", "core/jit.py"])
def test_compiled_code_of_all_folders_is_dropped_when_one_source_changes(package, changed):
    indices = [package / f"{name}/__pycache__/kernel.f.nbi" for name in FOLDERS_OF_PACKAGE]
    assert drop_stale_code(package, FOLDERS_OF_PACKAGE)
    for index in indices:
        index.parent.mkdir()
        index.write_bytes(b"compiled")
    assert not drop_stale_code(package, FOLDERS_OF_PACKAGE)
    assert all(index.exists() for index in indices)
    (package / changed).write_text(FILES[changed] + "A = 2\n")
    assert drop_stale_code(package, FOLDERS_OF_PACKAGE)
    assert not any(index.exists() for index in indices)


@pytest.mark.parametrize("changed", ["core/errors.py", "core/arrays.py", "geometry/plain.py"])
def test_what_no_kernel_imports_drops_nothing(package, changed):
    before = digest_of_sources(package, FOLDERS_OF_PACKAGE)
    (package / changed).write_text("A = 2\n")
    assert digest_of_sources(package, FOLDERS_OF_PACKAGE) == before


def test_all_kernels_of_matdata_lie_in_the_folders():
    """Another folder of kernels belongs into `matdata.core.kernel_cache.FOLDERS`."""
    everywhere = [
        path
        for path in ROOT.rglob("*.py")
        if "from matdata.core.jit import" in path.read_text("utf-8")
    ]
    assert everywhere
    assert set(everywhere) <= set(kernel_sources(ROOT))
    assert {path.parent.relative_to(ROOT).as_posix() for path in everywhere} <= set(FOLDERS)


def test_words_of_errors_compile_nothing_anew():
    names = {path.relative_to(ROOT).as_posix() for path in kernel_sources(ROOT)}
    assert "geometry/lattice.py" in names
    assert not {name for name in names if name.startswith("core/")} - {
        "core/jit.py",
        "core/kernel_cache.py",
    }
