"""Sites, edges and pairs that are equal are computed once, and nothing else is taken for equal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from matdata_alignn import ALIGNN
from matdata_alignn.hypers import Hypers
from matdata_alignn.parts import Parts
from support.aviary_weights import fill
from support.batches import batch_of, schema_of
from support.crystals import asymmetric, few, many

from matdata.plugin import Crystals
from matdata.testing.invariance import supercell

SMALL = {"width": 32, "embedding": 16, "alignn_layers": 2, "gcn_layers": 2}


def network_of(**changed):
    hypers = Hypers(**{**SMALL, **changed})
    return fill(ALIGNN(hypers).model(schema_of("line-graph", robust=False)))


def parts_of(crystals, with_pairs=True, **settings):
    return Parts.of(batch_of(crystals, "line-graph", **settings)["line-graph"], with_pairs)


def sizes(parts):
    return len(parts.numbers), len(parts.distance), len(parts.cosine)


def test_a_cubic_crystal_is_a_few_parts():
    # Po: one site, edges to 6 and 12 neighbours
    parts = parts_of(few().take([3]))
    assert sizes(parts) == (1, 18, 324)
    found = parts.distinct()
    assert sizes(found)[:2] == (1, 2)
    assert found.edges.weight.ravel().tolist() == [12.0, 6.0]
    # cosines of an axis with axes -1, 0, 1, with diagonals ±sqrt(1/2), 0; and likewise back
    first = found.pairs.target == 1
    by_angle = sorted(
        zip(found.cosine[first].tolist(), found.pairs.weight[first, 0].tolist(), strict=True)
    )
    root = 0.5**0.5
    expected = [(-1, 1), (-root, 4), (0, 4), (0, 4), (root, 4), (1, 1)]
    np.testing.assert_allclose(by_angle, expected, atol=1e-6)


@pytest.mark.parametrize("with_pairs", [True, False])
def test_numbers_of_equal_parts_add_up(with_pairs):
    parts = parts_of(Crystals.concat([few(), many(9), asymmetric(3)]), with_pairs)
    found = parts.distinct()
    assert int(found.count.sum()) == len(parts.numbers)
    assert int(found.edges.count.sum()) == len(parts.distance)
    assert sizes(found)[1] < sizes(parts)[1] / 2
    for links in (found.edges, found.pairs):
        assert bool((links.target.diff() >= 0).all())
        assert bool((links.weight >= 1).all())
        assert torch.equal(links.weight, links.weight.round())
    if with_pairs:
        assert int(found.pairs.count.sum()) == len(parts.cosine)
    # each site has as many edges as before, each edge as many pairs
    weights = torch.zeros(len(found.numbers)).index_add(
        0, found.edges.target, found.edges.weight[:, 0]
    )
    degrees = torch.bincount(parts.edges.target).to(torch.float32)
    assert set(weights.tolist()) <= set(degrees.tolist())
    assert float((weights * found.count[:, 0]).sum()) == len(parts.distance)


def test_crystals_without_symmetry_keep_all_their_parts():
    parts = parts_of(asymmetric(3))
    assert parts.distinct() is parts
    both = parts_of(Crystals.concat([few().take([3]), asymmetric(3)])).distinct()
    cubic = sizes(parts_of(few().take([3])).distinct())
    assert sizes(both) == tuple(np.add(sizes(parts), cubic))
    for name in ("numbers", "distance", "cosine"):
        kept = getattr(both, name)[-len(getattr(parts, name)) :]
        assert torch.equal(kept, getattr(parts, name))


def test_supercells_have_the_parts_of_the_cell():
    crystals = asymmetric(1)
    twice, _ = supercell(crystals, (1, 1, 2))
    found = parts_of(twice).distinct()
    assert sizes(found) == sizes(parts_of(crystals))
    assert found.count.ravel().tolist() == [2.0] * 3


def test_equal_crystals_of_a_batch_are_not_joined():
    crystals = replace(few().take([0, 0]), ids=np.array(["one", "other"]))
    assert parts_of(crystals).distinct().crystal.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("layers", "own_images"), [(0, "once"), (2, "once"), (2, "twice")])
def test_outputs_gradients_and_statistics_are_the_same(monkeypatch, layers, own_images):
    crystals = Crystals.concat([few(), asymmetric(3)])

    def step():
        network = network_of(alignn_layers=layers, own_images=own_images).train()
        outputs = network(batch_of(crystals, "line-graph"))
        outputs.square().sum().backward()
        grads = {name: value.grad for name, value in network.named_parameters()}
        return outputs.detach(), grads, dict(network.named_buffers())

    once, grads, statistics = step()
    monkeypatch.setattr(Parts, "distinct", lambda self: self)
    plain, all_grads, all_statistics = step()
    torch.testing.assert_close(once, plain, rtol=0, atol=1e-5)
    for name, value in all_grads.items():
        if value is None:  # what the last layers compute of edges is read by nobody
            assert grads[name] is None
            continue
        scale = float(value.abs().max())
        torch.testing.assert_close(grads[name], value, rtol=0, atol=5e-5 * scale + 1e-5)
    for name, value in all_statistics.items():
        torch.testing.assert_close(statistics[name], value, rtol=1e-4, atol=1e-5)


def test_noise_of_coordinates_only_keeps_more_parts():
    crystals = few()
    rng = np.random.default_rng(0)
    noise = 1e-7 * rng.standard_normal(crystals.frac_coords.shape)
    noisy = replace(crystals, frac_coords=crystals.frac_coords + noise)
    network = network_of().eval()
    with torch.no_grad():
        expected = network(batch_of(crystals, "line-graph"))
        outputs = network(batch_of(noisy, "line-graph"))
    torch.testing.assert_close(outputs, expected, rtol=0, atol=2e-5)
