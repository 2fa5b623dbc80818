"""Kernels compiled once for all test workers.

numba keeps compiled code beside the sources, but workers that start together find none and all
compile the same. So the process that starts them has it done before, once for each state of the
sources and each numba.
"""

from __future__ import annotations

import contextlib
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import matdata
from matdata.core.kernel_cache import digest_of_sources
from matdata.store.locks import LOCK, holding

if TYPE_CHECKING:
    from matdata.nn import Segments as Sets

#: Specs of features whose kernels a test is likely to need.
FEATURES = ("ofm", "voronoi", "voronoi-facets", "graph", "wyckoff")


def compile_once(folder: Path) -> bool:
    """Compile the kernels unless it was done.

    Parameters
    ----------
    folder
        Where it is written down that it was done.

    Returns
    -------
    bool
        Whether anything had to be compiled.
    """
    sources = digest_of_sources(Path(matdata.__file__).parent)
    state = f"{sources} numba {version('numba')} python {platform.python_version()}"
    stamp = folder / "compiled"
    with holding(folder / f"{LOCK}compiled"):
        if stamp.exists() and stamp.read_text() == state:
            return False
        # from tests/, not as a script: names of modules here are those of Python's own (`secrets`)
        command = [sys.executable, "-c", "from support.kernels import main; main()"]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], check=False)
        if done.returncode == 0:  # else the tests will say what is wrong
            stamp.write_text(state)
    return True


def main() -> None:
    """Call every kernel once with the types that tests use."""
    import torch

    from matdata import api
    from matdata.load import gather
    from matdata.nn import Segments, attention_pooling, pair_attention, query_attention
    from matdata.nn.table_nodes import summed
    from support.crystals import few

    for spec in FEATURES:
        with contextlib.suppress(api.MatdataError):
            api.compute(spec, few())
    gather.compiled()
    sets = Segments.of_lengths([3, 1, 2])
    _call_softplus_layers(sets)
    entries = torch.randn(6, 4, requires_grad=True)
    query_attention(entries, torch.randn(3, 4), sets).sum().backward()
    for dtype in (torch.float32, torch.float64):
        gate, prior = torch.randn(2, 4, dtype=dtype), torch.randn(6, 2, dtype=dtype)
        for attention, width in ((pair_attention.compiled, 32), (attention_pooling.compiled, 16)):
            rows = torch.randn(6, width, dtype=dtype, requires_grad=True)
            attention(rows, None, gate, prior, sets).sum().backward()
        table = torch.randn(2, 3, dtype=dtype, requires_grad=True)
        numbers, place = torch.ones(6, dtype=dtype), torch.arange(6) % 2
        summed([table], [place], numbers, table[0]).sum().backward()


def _call_softplus_layers(sets: Sets) -> None:
    import torch

    from matdata.nn import EdgeSums, Linear, Segments, softplus_edge_layers, softplus_layers

    rows = torch.randn(6 << 10, 16, requires_grad=True)
    layers = [Linear(16, 16) for _ in range(3)]
    for depth in (1, 3):  # each depth has code of its own; edges, below, are two deep
        softplus_layers(rows, layers[:depth]).sum().backward()
    place = torch.arange(6).repeat_interleave(1 << 10)
    edges = Segments.of_lengths((sets.host_lengths << 10).tolist())
    ends, sums = (torch.randn(6, 16),) * 2, EdgeSums(place, place, None, sets, edges)
    out, summed = softplus_edge_layers(rows, torch.randn(16, 16), ends, layers[:1], sums)
    (out.sum() + summed.sum()).backward()
