"""Crystal graphs in a batch: global indices, Gaussian bases, angles."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from matdata.features.graph import GraphSettings
from matdata.geometry.gaussians import GAUSSIAN_BASES
from matdata.load.gather import ready
from matdata.load.inputs.base import BatchForm, unsigned
from matdata.nn.embeddings import gaussians


class GraphBatch(BatchForm[GraphSettings]):
    """``graph``: nodes are sites, a directed edge leads from sender to receiver.

    numbers (N,), crystal (N,), sender and receiver (E,) among the N sites, or both as edge_index
    (2, E), distance (E,) in Å, image (E, 3), edge_crystal (E,), basis(name) (E, centres).
    ``segments["site"]`` and ``segments["edge"]`` are those of the materials; `fields` also holds
    ``place`` (N, 3), fractional coordinates, and ``metric`` (b, 6) in Å^2.
    """

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic numbers, (N,) int64."""
        return self.fields["numbers"].to(torch.int64)

    @property
    def crystal(self) -> Tensor:
        """Material of each site, (N,) int64."""
        return self.segments["site"].owner

    @property
    def edge_crystal(self) -> Tensor:
        """Material of each edge, (E,) int64."""
        return self.segments["edge"].owner

    @functools.cached_property
    def edge_index(self) -> Tensor:
        """Sites that each edge leaves and enters, (2, E) int64, ascending by the first."""
        kernels = ready() if self.device.type == "cpu" else None
        sites, edges = self.segments["site"], self.segments["edge"]
        if kernels is None:
            start = sites.offsets.index_select(0, self.edge_crystal)
            ends = [unsigned(self.fields[name]) + start for name in ("sender", "receiver")]
            return torch.stack(ends)
        index = torch.empty((2, edges.total), dtype=torch.int64)
        out, into = (self.fields[name].numpy().view("uint16") for name in ("sender", "receiver"))
        kernels.edge_index(out, into, edges.host_offsets, sites.host_offsets, index.numpy())
        return index

    @property
    def sender(self) -> Tensor:
        """Site that each edge leaves, (E,) int64, ascending."""
        return self.edge_index[0]

    @property
    def receiver(self) -> Tensor:
        """Site that each edge enters, (E,) int64."""
        return self.edge_index[1]

    @property
    def distance(self) -> Tensor:
        """Lengths of the edges in Å, (E,) float32."""
        return self.fields["distance"]

    @property
    def image(self) -> Tensor:
        """Lattice translation of the receiving site, (E, 3) int64."""
        return self.fields["image"].to(torch.int64)

    def basis(self, name: str) -> Tensor:
        """Gaussians of the distances, (E, centres) float32; `name` one of `nn.GAUSSIAN_BASES`."""
        centres = self.table(name, lambda: GAUSSIAN_BASES[name].centres.astype(np.float32))
        return gaussians(self.distance, centres, GAUSSIAN_BASES[name].width)

    def dense(self) -> Tensor:
        """Local sender and receiver, image, distance and the basis of the view, (E, 6 + k)."""
        ends = [unsigned(self.fields[name])[:, None] for name in ("sender", "receiver")]
        rows = torch.cat([*ends, self.image, self.distance[:, None]], 1)
        chosen = self.featurizer.settings.basis
        return rows if chosen == "none" else torch.cat([rows, self.basis(chosen)], 1)
