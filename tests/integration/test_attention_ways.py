"""Compiled loops, padded tables and lists of pairs give the same predictions."""

from __future__ import annotations

import pytest
import torch
from matdata_roost import Roost
from matdata_wren import Wren
from support.batches import batch_of, schema_of
from support.crystals import few

from matdata.nn import attention_pooling, pair_attention

FORMULAS = ["Fe2O3", "CuBa2Y0.5O3.5", "H", "Al0.02Ga0.98As"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["padded", "ragged"])
@pytest.mark.parametrize(
    ("plugin", "spec", "materials"),
    [(Roost, "composition-set", FORMULAS), (Wren, "wyckoff", few())],
    ids=["roost", "wren"],
)
def test_padding_changes_nothing(plugin, spec, materials, way, monkeypatch):
    torch.manual_seed(0)
    network = plugin().model(schema_of(spec)).eval()
    batch = batch_of(materials, spec)
    with torch.no_grad():
        expected = network(batch)
        monkeypatch.setattr("matdata.nn.attention.attend", getattr(pair_attention, way))
        monkeypatch.setattr("matdata.nn.attention.pool", attention_pooling.tensors)
        torch.testing.assert_close(network(batch), expected, rtol=0, atol=1e-6)
    assert (expected[0] - expected[1]).abs().max() > 1e-4
