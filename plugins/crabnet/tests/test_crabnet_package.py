"""The published package with the same weights; skipped where it is not installed."""

from __future__ import annotations

import pytest
import torch
from support.models import FORMULAS, build, predict

from matdata.plugin import batch_of

kingcrab = pytest.importorskip("crabnet.kingcrab", reason="the crabnet package is not installed")


def copied(ours, theirs) -> None:
    """Give the package's network the weights of ours, by shape and order."""
    encoder = theirs.encoder
    pairs = [(ours.embedding.elements, encoder.embed.fc_mat2vec)]
    for mine, other in zip(ours.blocks, encoder.transformer_encoder.layers, strict=True):
        pairs += [(mine.out, other.self_attn.out_proj), (mine.up, other.linear1)]
        pairs += [(mine.down, other.linear2)]
        pairs += [(mine.norms[0], other.norm1), (mine.norms[1], other.norm2)]
        other.self_attn.in_proj_weight.data.copy_(mine.qkv.weight)
        other.self_attn.in_proj_bias.data.copy_(mine.qkv.bias)
    network = ours.head.network
    pairs += list(zip(network.layers, theirs.output_nn.fcs, strict=True))
    pairs += list(zip(network.shortcuts, theirs.output_nn.res_fcs, strict=True))
    pairs += [(network.last, theirs.output_nn.fc_out)]
    for mine, other in pairs:
        other.load_state_dict(mine.state_dict())


@pytest.mark.slow
def test_the_same_numbers_from_the_same_weights():
    plugin, ours = build("crabnet", scaling="pooled")
    # the first release has 2 ** emb_scaler where the package has emb_scaler
    theirs = kingcrab.SubCrab(compute_device="cpu", emb_scaler=2.0).eval()
    # nor did it multiply the final rows by their fractions
    theirs.encoder.fractional = False
    copied(ours, theirs)
    matrix = batch_of(plugin.inputs(), FORMULAS)["edm"]
    with torch.no_grad():
        found = theirs(matrix.elements, matrix.padded_fractions)
    torch.testing.assert_close(predict(plugin, ours, FORMULAS), found, rtol=1e-3, atol=1e-4)
