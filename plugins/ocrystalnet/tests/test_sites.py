"""The first layer, and the tables of elements it reads."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from matdata_ocrystalnet import OGCNN, OCrystalNet
from matdata_ocrystalnet.sites import (
    SiteLinear,
    element_table,
    outer_grouped,
    outer_materialised,
    valence_table,
)
from support.crystals import many

from matdata.plugin import element_vectors, featurizer


def test_grouped_equals_materialised_exactly():
    """In whole numbers every order of the sums is exact: both must agree to the last bit."""
    generator = torch.Generator().manual_seed(0)
    table = torch.randint(0, 2, (119, 32), generator=generator).float()
    numbers = torch.randint(1, 100, (300,), generator=generator)
    ligand = torch.randint(-4, 5, (300, 32), generator=generator).float()
    weight = torch.randint(-8, 9, (24, 1024), generator=generator).float().requires_grad_()
    grouped = outer_grouped(ligand, table, numbers, weight)
    (slope,) = torch.autograd.grad(grouped.square().sum(), weight)
    plain = outer_materialised(ligand, table[numbers], weight)
    (expected,) = torch.autograd.grad(plain.square().sum(), weight)
    assert torch.equal(grouped, plain)
    assert torch.equal(slope, expected)
    assert outer_grouped(ligand[:0], table, numbers[:0], weight).shape == (0, 24)


@pytest.mark.parametrize("nodes", ["ofm+jarvis", "ofm", "jarvis", "ofm+cgcnn92"])
def test_it_is_the_linear_layer_on_dense_rows(batch_of, schema_of, nodes):
    trainer = OCrystalNet(OCrystalNet.Hypers(nodes=nodes, scale="none"))
    specs = trainer.inputs()[1:]
    layer = SiteLinear(specs, schema_of(trainer), 5, "none", bias=True)
    batch = batch_of(many(6), trainer)
    dense = torch.cat([batch[spec].dense().double() for spec in specs], 1)
    expected = dense @ layer.linear.weight.double().T + layer.linear.bias.double()
    found = layer(batch).double()
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_o_of_c_is_that_of_the_batch(batch_of):
    trainer = OCrystalNet(OCrystalNet.Hypers(nodes="ofm"))
    for settings in (None, {"level": "structure"}):
        table = valence_table(featurizer("ofm", settings))
        ofm = batch_of(many(6), trainer)["ofm"]
        assert torch.equal(table[ofm.numbers], ofm.own)


def test_attributes_are_standardised_over_known_elements():
    table = element_table(featurizer("element:jarvis438", {"unknown": "reject"}), "standard")
    raw = element_vectors("jarvis438")
    known = np.isfinite(raw).all(1)
    assert known.sum() == 82
    assert (table[~known] == 0).all()
    rows = table[known].double()
    varies = rows.abs().max(0).values > 0
    assert 415 < int(varies.sum()) < 438
    np.testing.assert_allclose(rows.mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(rows.std(0, correction=0)[varies], 1.0, rtol=1e-5)
    filled = element_table(featurizer("element:jarvis438", {"unknown": "mean"}), "standard")
    assert torch.isfinite(filled).all()
    assert (filled[[54, 63]].abs().max(1).values > 0).all()  # Xe and Eu have gaps
    assert (filled[118] == 0).all()  # the table lacks it
    plain = element_table(featurizer("element:cgcnn92"), "standard")
    np.testing.assert_array_equal(plain[26], element_vectors("cgcnn92")[26])


def test_what_is_read_and_how_it_must_be_built():
    assert OCrystalNet().inputs() == ("graph", "ofm", "element:jarvis438")
    assert OCrystalNet().input_settings() == {
        "graph": {"radius": 5.0, "max_neighbours": 8},
        "ofm": {"valence": "outermost"},
        "element:jarvis438": {"unknown": "mean"},
    }
    assert OGCNN().inputs() == ("graph", "ofm")
    assert OGCNN().input_settings() == {
        "graph": {"radius": 8.0, "max_neighbours": 12},
        "ofm": {"valence": "outermost"},
    }
    for kind in (OCrystalNet, OGCNN):
        settings = kind(kind.Hypers(valence="matminer")).input_settings()
        assert settings["ofm"] == {"valence": "matminer"}


def test_found_by_name_without_torch():
    code = (
        "import sys; from matdata.plugin import trainer;"
        "a, b = trainer('ocrystalnet'), trainer('ogcnn');"
        "a.Hypers.describe(); print(a.name, b.name, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["ocrystalnet", "ogcnn", "False"]
