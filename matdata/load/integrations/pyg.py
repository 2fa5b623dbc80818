"""Crystal graphs as PyTorch Geometric's `Batch` and `Data`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import torch

from matdata.core.errors import ConfigError
from matdata.core.packages import needed_for
from matdata.load.batch import Batch
from matdata.load.inputs.graph import GraphBatch
from matdata.load.loader import Loader

if TYPE_CHECKING:
    import torch_geometric.data

SITE, EDGE = ("z", "frac_coords"), ("distance", "image")


def _pyg() -> ModuleType:
    with needed_for("PyTorch Geometric's batches"):
        return importlib.import_module("torch_geometric.data")


def pyg_batch(batch: Batch, spec: str = "graph") -> torch_geometric.data.Batch:
    """A `torch_geometric.data.Batch` of the graphs, which `to_data_list` takes apart again.

    ``z`` (N,), ``frac_coords`` (N, 3), ``edge_index`` (2, E) from sender to receiver, ``distance``
    (E,) in Å, ``image`` (E, 3), ``y`` (b, t), ``y_mask`` (b, t), ``material_id`` (list of str),
    ``batch`` (N,) and ``ptr`` (b + 1,).

    Raises
    ------
    ConfigError
        If PyTorch Geometric is missing, or the input is no graph.
    """
    graph = batch[spec]
    if not isinstance(graph, GraphBatch):
        raise ConfigError(f"input {spec!r} is no crystal graph", next_step="use `graph`")
    graphs = _pyg().Batch(
        z=graph.numbers,
        frac_coords=graph.fields["place"],
        edge_index=graph.edge_index,
        distance=graph.distance,
        image=graph.image,
        y=batch.targets,
        y_mask=batch.mask,
        material_id=batch.ids,
        batch=graph.crystal,
        ptr=graph.segments["site"].offsets,
        num_nodes=len(graph.numbers),
    )
    sites, edges = (
        torch.from_numpy(graph.segments[level].host_offsets) for level in ("site", "edge")
    )
    single = torch.arange(len(batch) + 1)
    none = torch.zeros(len(batch), dtype=torch.int64)
    slices = {**dict.fromkeys(SITE, sites), **dict.fromkeys((*EDGE, "edge_index"), edges)}
    graphs._slice_dict = {**slices, **dict.fromkeys(("y", "y_mask", "material_id"), single)}
    graphs._inc_dict = {**dict.fromkeys(graphs._slice_dict, none), "edge_index": sites[:-1]}
    graphs._num_graphs = len(batch)
    # where `Batch.from_data_list` keeps the numbers of the graphs, for `to_data_list`
    graphs._store._num_nodes = graph.segments["site"].host_lengths.tolist()
    return graphs


def pyg_data(batch: Batch, spec: str = "graph") -> list[torch_geometric.data.Data]:
    """The graphs of a batch as a list of `torch_geometric.data.Data`."""
    graphs: list[torch_geometric.data.Data] = pyg_batch(batch, spec).to_data_list()
    return graphs


class PygLoader:
    """A loader that yields `torch_geometric.data.Batch`.

    Parameters
    ----------
    loader
        A loader with a ``graph`` among its inputs.
    spec
        Which input.
    """

    def __init__(self, loader: Loader, spec: str = "graph") -> None:
        _pyg()
        self.loader = loader
        self.spec = spec

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[torch_geometric.data.Batch]:
        return (pyg_batch(batch, self.spec) for batch in self.loader)
