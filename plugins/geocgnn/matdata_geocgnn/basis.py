"""What GeoCGNN sees of an edge: radial functions of its length, plane waves of its direction.

J. Cheng et al., Commun. Mater. 2, 92 (2021), in the forms of the authors' code.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from matdata.plugin import GraphBatch
from matdata.plugin.nn import GaussianBasis, Gaussians


class RadialFunctions(nn.Module):
    """``phi(d) exp(-((exp(-d) - centre) / width)^2)``; the envelope phi is 0 at the radius.

    ``phi = 1 - 6 x^5 + 15 x^4 - 10 x^3`` with x the length over the radius. Centres and width are
    those of O. T. Unke and M. Meuwly (PhysNet, J. Chem. Theory Comput. 15, 3678, 2019), the centres
    without the one at ``exp(-radius)``.

    Parameters
    ----------
    radius
        Å.
    count
        Number of functions.
    """

    def __init__(self, radius: float, count: int) -> None:
        super().__init__()
        step = (1.0 - math.exp(-radius)) / count
        self.radius = radius
        self.gaussians = Gaussians(
            GaussianBasis(math.exp(-radius) + step, 1.0, count, width=2.0 * step)
        )

    def forward(self, distance: Tensor) -> Tensor:
        """Lengths (L,) in Å to (L, count)."""
        x = distance / self.radius
        envelope = 1.0 + x**3 * (x * (15.0 - 6.0 * x) - 10.0)
        functions: Tensor = envelope[:, None] * self.gaussians(torch.exp(-distance))
        return functions


class PlaneWaves(nn.Module):
    """``cos(k r) / sqrt(V)`` of the vector r of an edge and the volume V of the cell, Å^(-3/2).

    Wave vectors k are a mesh in the reciprocal cell (H. J. Monkhorst and J. D. Pack, PRB 13, 5188,
    1976): fractions ``(2 r - q - 1) / (2 q)`` of the reciprocal vectors, with r from 1 to q. So
    ``k r`` is 2 pi times the product of these fractions with the fractional coordinates of r: it
    does not change with a rotation, but with the choice of the cell.

    Parameters
    ----------
    mesh
        Fractions q along each axis.
    """

    fractions: Tensor

    def __init__(self, mesh: int) -> None:
        super().__init__()
        fractions = (2.0 * torch.arange(1, mesh + 1, dtype=torch.float32) - mesh - 1) / (2 * mesh)
        self.register_buffer("fractions", fractions, persistent=False)

    def forward(self, graph: GraphBatch) -> Tensor:
        """Edges of a batch to (E, mesh^3)."""
        place = graph.fields["place"]
        step = place.index_select(0, graph.receiver) - place.index_select(0, graph.sender)
        turns = (step + graph.image)[:, :, None] * (2.0 * math.pi * self.fractions)
        a, b, c = turns.unbind(1)
        # no matrix product, which mixed precision would round: phases need all their digits
        phases = a[:, :, None, None] + b[:, None, :, None] + c[:, None, None, :]
        waves = torch.cos(phases.flatten(1))
        scale = volumes(graph.fields["metric"]).rsqrt().to(waves.dtype)
        return waves * scale.index_select(0, graph.edge_crystal)[:, None]


def volumes(metric: Tensor) -> Tensor:
    """Volumes (b,) in Å^3 of cells with ``a.a, b.b, c.c, b.c, a.c, a.b`` (b, 6) in Å^2."""
    aa, bb, cc, bc, ac, ab = metric.unbind(1)
    squared = aa * bb * cc + 2.0 * bc * ac * ab - aa * bc**2 - bb * ac**2 - cc * ab**2
    return squared.sqrt()
