"""Layers of GeoCGNN: the masked convolution, the pooling, and a normalised layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.plugin import Segments
from matdata.plugin.nn import (
    BatchNorm1d,
    CountedBatchNorm,
    Edges,
    Linear,
    linear,
    segment_sum,
)


@dataclass(frozen=True, eq=False)
class Seen:
    """Edges, and what is seen of them.

    Attributes
    ----------
    edges
        From sites to their neighbours, equal ones held once.
    radial : (L, gaussians)
        Radial functions of the lengths of the edges.
    waves : (G, mesh^3)
        Plane waves of all edges, those that are equal but for their direction too.
    """

    edges: Edges
    radial: Tensor
    waves: Tensor


class NormalisedLayer(nn.Module):
    """``elu(norm(W x))``.

    Parameters
    ----------
    width_in, width_out
        Channels before and after.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.linear = Linear(width_in, width_out, bias=False)
        self.norm = BatchNorm1d(width_out)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, width_in) to (n, width_out)."""
        return F.elu(self.norm(self.linear(rows)))


class MaskedConvolution(nn.Module):
    """``x_i + sum_j sigmoid(norm(W_g z_ij)) * elu(norm(W_c z_ij)) * mask_ij``.

    ``z_ij = x_i ⊕ x_j ⊕ (x_i - x_j) / d_ij``; the layers on z are products of sites, which edges
    add. ``mask_ij = W_r radial_ij + W_w (waves_ij * sigmoid(norm(W_a waves_ij)))``, which is summed
    over edges that differ in their waves alone.

    Parameters
    ----------
    channels
        Of a site.
    gaussians, waves
        Radial functions and plane waves of an edge.
    """

    def __init__(self, channels: int, gaussians: int, waves: int) -> None:
        super().__init__()
        self.pair = Linear(3 * channels, 2 * channels, bias=False)  # gate, then core
        self.norm_pair = CountedBatchNorm(2 * channels)
        self.radial = Linear(gaussians, channels, bias=False)
        self.attention = Linear(waves, waves, bias=False)
        self.norm_attention = BatchNorm1d(waves)
        self.wave = Linear(waves, channels, bias=False)

    def forward(self, sites: Tensor, seen: Seen) -> Tensor:
        """Sites (N, channels) to the same, of other values."""
        edges = seen.edges
        if not len(edges.sender):  # whose statistics would not be numbers
            return sites
        pairs = self.norm_pair(self._pairs(sites, edges), edges.count)
        gate, core = pairs.chunk(2, 1)
        messages = torch.sigmoid(gate) * F.elu(core) * self._mask(seen)
        return sites + segment_sum(messages, edges.sender, len(sites))

    def _pairs(self, sites: Tensor, edges: Edges) -> Tensor:
        """The layers on z (E, 2 channels)."""
        own, other, slope = (linear(sites, part) for part in self.pair.weight.chunk(3, 1))
        sender, receiver = edges.sender, edges.receiver
        steps = slope.index_select(0, sender) - slope.index_select(0, receiver)
        pairs = own.index_select(0, sender) + other.index_select(0, receiver)
        return torch.addcdiv(pairs, steps, edges.distance[:, None])

    def _mask(self, seen: Seen) -> Tensor:
        """Masks of edges, of equal ones their sum, (E, channels)."""
        edges = seen.edges
        attention = torch.sigmoid(self.norm_attention(self.attention(seen.waves)))
        by_length = edges.by_length(self.radial(seen.radial))
        if edges.count is not None:
            by_length = by_length * edges.count
        return by_length + self.wave(edges.summed(seen.waves * attention))


class GatedPooling(nn.Module):
    """``sum_i elu(norm(W_1 x_i)) * W_2 x_i`` of the sites of a crystal, or their mean.

    Parameters
    ----------
    channels
        Of a site, and of a crystal.
    mean
        Whether it is the mean.
    """

    def __init__(self, channels: int, mean: bool) -> None:
        super().__init__()
        self.gate = NormalisedLayer(channels, channels)
        self.core = Linear(channels, channels, bias=False)
        self.mean = mean

    def forward(self, sites: Tensor, crystals: Segments) -> Tensor:
        """Sites (N, channels) to crystals (b, channels)."""
        gated = self.gate(sites) * self.core(sites)
        return crystals.mean(gated) if self.mean else crystals.sum(gated)
