"""Blocks that models share: segment operations, attention, networks, embeddings.

All can be mapped over stacked weights (`torch.func.vmap`, ``in_dims=(0, None)``) while the batch
stays one.
"""

from matdata.geometry.gaussians import GAUSSIAN_BASES, GaussianBasis
from matdata.nn.activations import linear_of_softplus, shifted_softplus
from matdata.nn.attention import ContextMessages, SetMessages, WeightedAttentionPooling
from matdata.nn.compositions import (
    CompositionEmbedding,
    CompositionModel,
    ContributionHead,
    Contributions,
    LeakyResidualNetwork,
)
from matdata.nn.convolution import GatedConvolution
from matdata.nn.cpu.onednn_linear import Linear, linear
from matdata.nn.edge_sums import EdgeSums
from matdata.nn.edges import Edges
from matdata.nn.embeddings import ElementEmbedding, Gaussians, PositionEmbedding
from matdata.nn.gated_sum import gated_sum
from matdata.nn.heads import OutputHeads, TrunkAndHeads
from matdata.nn.networks import (
    PairLinear,
    ResidualNetwork,
    SimpleNetwork,
    start_as_keras,
    uniform,
)
from matdata.nn.norms import BatchNorm1d, CountedBatchNorm
from matdata.nn.query_attention import query_attention
from matdata.nn.segments import (
    Segments,
    segment_max,
    segment_mean,
    segment_softmax,
    segment_sum,
)
from matdata.nn.softplus_layers import softplus_edge_layers, softplus_layers
from matdata.nn.table_nodes import TableNodes

__all__ = [
    "GAUSSIAN_BASES",
    "BatchNorm1d",
    "CompositionEmbedding",
    "CompositionModel",
    "ContextMessages",
    "ContributionHead",
    "Contributions",
    "CountedBatchNorm",
    "EdgeSums",
    "Edges",
    "ElementEmbedding",
    "GatedConvolution",
    "GaussianBasis",
    "Gaussians",
    "LeakyResidualNetwork",
    "Linear",
    "OutputHeads",
    "PairLinear",
    "PositionEmbedding",
    "ResidualNetwork",
    "Segments",
    "SetMessages",
    "SimpleNetwork",
    "TableNodes",
    "TrunkAndHeads",
    "WeightedAttentionPooling",
    "gated_sum",
    "linear",
    "linear_of_softplus",
    "query_attention",
    "segment_max",
    "segment_mean",
    "segment_softmax",
    "segment_sum",
    "shifted_softplus",
    "softplus_edge_layers",
    "softplus_layers",
    "start_as_keras",
    "uniform",
]
