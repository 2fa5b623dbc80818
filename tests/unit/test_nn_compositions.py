from __future__ import annotations

import numpy as np
import pytest
import torch

import matdata as md
from matdata.nn.compositions import CompositionEmbedding, ContributionHead, FractionEncoding
from matdata.nn.segments import Segments
from matdata.training.batch_of import batch_of


def test_fraction_encoding_by_hand():
    encoding = FractionEncoding(4, resolution=100)
    found = encoding(torch.tensor([0.5, 0.001]))
    # 0.5 is step 49; what is below 1 % is step 0
    periods = [50.0 ** (2 * j / 4) for j in range(4)]
    waves = (np.sin, np.cos, np.sin, np.cos)
    expected = [[w(n / p) for w, p in zip(waves, periods, strict=True)] for n in (49.0, 0.0)]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_an_embedding_tells_elements_and_fractions_apart():
    torch.manual_seed(0)
    embed = CompositionEmbedding("mat2vec", 8, 1000).eval()
    rows = Segments(torch.tensor([0, 2, 4]))
    found = embed(torch.tensor([8, 14, 8, 14]), torch.tensor([0.6, 0.4, 0.7, 0.3]), rows)
    # the element's part is the same in both, the fraction's is not
    assert not torch.allclose(found[0], found[2])
    assert not torch.allclose(found[0], found[1])
    # the table is not trained
    assert {name for name, _ in embed.named_parameters()} == {
        "scales",
        "elements.weight",
        "elements.bias",
    }


def test_contributions_by_hand():
    head = ContributionHead(torch.nn.Identity(), means=1, outputs=2)
    found = head(torch.tensor([[2.0, 0.1, 0.0], [4.0, 0.3, 100.0]]), Segments(torch.tensor([0, 2])))
    torch.testing.assert_close(found, torch.tensor([[2.5, 0.2]]))
    pooled = ContributionHead(torch.nn.Identity(), means=1, outputs=1, pooled=True)
    found = pooled(torch.tensor([[2.0, -1.0], [4.0, 1.0]]), Segments(torch.tensor([0, 2])))
    torch.testing.assert_close(found, torch.tensor([[1.5]]))
    assert [ContributionHead.columns(2, 4), ContributionHead.columns(3, 3)] == [6, 6]


def test_a_batch_of_formulas():
    batch = batch_of(["edm", "fractions"], ["SrTiO3", "NaCl"])
    assert batch.ids == ["0", "1"]
    assert batch["edm"].elements.tolist() == [[8, 22, 38], [11, 17, 0]]
    assert batch["fractions"].values.shape == (2, 103)
    with pytest.raises(md.FeatureError, match="fractions of 0"):
        batch_of(["fractions"], ["Og"])
