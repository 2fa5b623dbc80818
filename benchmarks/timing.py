"""What the benchmarks share: one thread, real files, and the best of several times.

Import it before NumPy: the number of threads is read when libraries are loaded.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals

REPEATS = 5
#: What holds torch, MKL, oneDNN and numba to the instructions of a processor without AVX-512.
AVX2_ALONE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NUMBA_CPU_NAME": "x86-64-v3",
    "NUMBA_CPU_FEATURES": "",
}


def public(name: str) -> Path:
    """Path of a public data set, below ``MATDATA_SHARED`` or beside the checkout."""
    shared = os.environ.get("MATDATA_SHARED", str(Path(__file__).parents[2] / "shared"))
    return Path(shared) / "data" / name


def parse_options(doc: str, default: str, **numbers: tuple[int, str]) -> argparse.Namespace:
    """Options of a benchmark: ``--data`` and whole numbers with default and meaning.

    Raises
    ------
    SystemExit
        With status 2 if there is no such file.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--data", type=Path, default=public(default), help="file to read")
    for name, (value, meaning) in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=meaning)
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        raise SystemExit(2)
    return options


def read_crystals(path: Path, limit: int | None) -> Crystals:
    """Crystals of any file that matdata reads, sites wrapped into the cell."""
    from matdata.core.crystals import Crystals
    from matdata.sources.files import Files

    chunks = Files(path, limit=limit).chunks()
    crystals = Crystals.concat([chunk.crystals for chunk in chunks if chunk.crystals is not None])
    wrapped = crystals.frac_coords % 1 % 1
    return Crystals(crystals.ids, crystals.lattice, wrapped, crystals.numbers, crystals.offsets)


def best(
    function: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Shortest of several times in seconds: wall times, or those of another clock."""
    times = []
    for _ in range(repeats):
        start = clock()
        function()
        times.append(clock() - start)
    return min(times)


def instruction_set() -> str:
    """The widest vector instructions of this processor that NumPy names."""
    from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]
        __cpu_features__ as features,
    )

    order = ("AVX512_SPR", "AVX512_ICL", "AVX512_SKX", "AVX2", "SVE", "ASIMD", "SSE42")
    return next((name for name in order if features.get(name)), "unknown")


def hold_to_avx2() -> None:
    """Start this script anew with all libraries held to AVX2: they read that when loaded."""
    if any(os.environ.get(name) != value for name, value in AVX2_ALONE.items()):
        os.execve(sys.executable, sys.orig_argv, os.environ | AVX2_ALONE)


def instructions_used() -> str:
    """What is used of them: by torch's own loops, and by all where all are held to AVX2."""
    import torch

    held = all(os.environ.get(name) == value for name, value in AVX2_ALONE.items())
    torch_s = torch.backends.cpu.get_cpu_capability()
    return f"{instruction_set()}, " + ("all held to AVX2" if held else f"{torch_s} in torch")
