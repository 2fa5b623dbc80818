"""Crystal graphs in a batch: global indices, Gaussian bases, angles."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from matdata.features.graph_views import BASES
from matdata.load.inputs.base import Input, device_table, unsigned


def _centres(key: str) -> Any:
    return BASES[key].centres.astype("float32")


class GraphInput(Input):
    """``graph``: nodes are sites, a directed edge leads from sender to receiver.

    numbers (N,), crystal (N,), sender and receiver (E,) among the N sites, distance (E,) in Å,
    image (E, 3), edge_crystal (E,), basis(name) (E, centres).
    """

    @functools.cached_property
    def numbers(self) -> Tensor:
        """Atomic numbers, (N,) int64."""
        return self.fields["numbers"].to(torch.int64)

    @property
    def crystal(self) -> Tensor:
        """Material of each site, (N,) int64."""
        return self.owner("site")

    @property
    def edge_crystal(self) -> Tensor:
        """Material of each edge, (E,) int64."""
        return self.owner("edge")

    @functools.cached_property
    def _start(self) -> Tensor:
        return self.offsets["site"][self.edge_crystal]

    @functools.cached_property
    def sender(self) -> Tensor:
        """Site that each edge leaves, (E,) int64, ascending."""
        return unsigned(self.fields["sender"]) + self._start

    @functools.cached_property
    def receiver(self) -> Tensor:
        """Site that each edge enters, (E,) int64."""
        return unsigned(self.fields["receiver"]) + self._start

    @property
    def distance(self) -> Tensor:
        """Lengths of the edges in Å, (E,) float32."""
        return self.fields["distance"]

    @property
    def image(self) -> Tensor:
        """Lattice translation of the receiving site, (E, 3) int64."""
        return self.fields["image"].to(torch.int64)

    def basis(self, name: str) -> Tensor:
        """Gaussians of the distances, (E, centres) float32; names of `features.graph_views`."""
        centres = device_table(name, self.device, _centres)
        return torch.exp(-(((self.distance[:, None] - centres) / BASES[name].width) ** 2))

    def dense(self) -> Tensor:
        """Local sender and receiver, image, distance and the basis of the view, (E, 6 + k)."""
        ends = [unsigned(self.fields[name])[:, None] for name in ("sender", "receiver")]
        rows = torch.cat([*ends, self.image, self.distance[:, None]], 1)
        chosen = self.featurizer.settings.basis
        return rows if chosen == "none" else torch.cat([rows, self.basis(chosen)], 1)
