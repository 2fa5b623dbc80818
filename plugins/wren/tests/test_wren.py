from __future__ import annotations

import numpy as np
import pytest
import torch
from matdata_wren import Wren
from support.aviary_weights import aviary_wren, fill
from support.batches import batch_of, schema_of
from support.crystals import few, to_crystals

from matdata.plugin import Sites, featurizer

#: aviary 1.2.1 with the weights of `fill`, on the 444 terms of the thesis.
GOLDEN = [
    [0.09613904, 0.48072851],
    [-0.09014200, 0.46066129],
    [-0.06632811, 0.43892354],
    [-0.06540056, 0.44216412],
]


@pytest.fixture(scope="module")
def network():
    return fill(Wren().model(schema_of("wyckoff")))


@pytest.fixture(scope="module")
def batch():
    return batch_of(few(), "wyckoff")


def predict(network, batch):
    with torch.no_grad():
        return network(batch)


def test_golden_outputs(network, batch):
    torch.testing.assert_close(predict(network, batch), torch.tensor(GOLDEN), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_outputs_equal_aviary(network, batch):
    pytest.importorskip("aviary", reason="uv sync --group bench")
    orbits = batch["wyckoff"]
    theirs = aviary_wren(network, network_trunk())
    nodes = orbits.weights[:, None], orbits.numbers, orbits.positions
    with torch.no_grad():
        expected = theirs(*nodes, *orbits.pairs, orbits.labelling, orbits.crystal)[0]
    torch.testing.assert_close(predict(network, batch), expected, rtol=0, atol=1e-5)


def network_trunk() -> tuple[int, ...]:
    return Wren().hypers.trunk


def test_parameter_count(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 500_006


def test_company_does_not_matter(network, batch):
    whole = predict(network, batch)
    for row in range(4):
        alone = predict(network, batch_of(few().take([row]), "wyckoff"))
        torch.testing.assert_close(alone[0], whole[row])


def test_origin_and_order_of_sites_do_not_matter(network, batch):
    from matdata.plugin import Crystals

    crystals, rng = few(), np.random.default_rng(0)
    order = np.concatenate(
        [rng.permutation(np.arange(*crystals.offsets[row : row + 2])) for row in range(4)]
    )
    moved = (crystals.frac_coords[order] + [0.5, 0.5, 0.5]) % 1
    again = Crystals(
        crystals.ids, crystals.lattice, moved, crystals.numbers[order], crystals.offsets
    )
    torch.testing.assert_close(
        predict(network, batch_of(again, "wyckoff")), predict(network, batch)
    )


def test_the_labelling_that_was_chosen_does_not_matter(network, batch, monkeypatch):
    """Each equivalent labelling, taken as the canonical one, gives the same prediction."""
    expected = predict(network, batch)
    wyckoff = featurizer("wyckoff")
    stored = wyckoff.featurize(few()).fields
    tables = [
        wyckoff.equivalents(elements, positions)
        for elements, positions in zip(stored["elements"], stored["positions"], strict=True)
    ]
    assert max(len(table) for table in tables) > 1
    original = type(wyckoff).featurize

    def other(self, crystals):
        block = original(self, crystals)
        block.fields["positions"].values[:] = np.concatenate([table[-1] for table in tables])
        return block

    monkeypatch.setattr(type(wyckoff), "featurize", other)
    torch.testing.assert_close(predict(network, batch_of(few(), "wyckoff")), expected)


def test_labellings_alone_differ(network):
    """What is averaged is not the same to begin with: L1_0 CuAu (P4/mmm, a and d, or b and c).

    In many groups, those of `few` among them, equivalent positions have the same terms.
    """
    cell, places = np.diag([2.8, 2.8, 3.67]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    orbits = batch_of(to_crystals(["cuau"], [Sites(cell, places, np.array([29, 79]))]), "wyckoff")[
        "wyckoff"
    ]
    with torch.no_grad():
        rows = network.represent(orbits)
    assert len(rows) > 1
    assert max((row - rows[0]).abs().max() for row in rows[1:]) > 1e-4
