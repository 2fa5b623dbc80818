"""Line graphs: reverses that lack, pairs against explicit vectors, and their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import asymmetric, cubic, few, many

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.graph_views import line_graph
from matdata.materials.compute import compute


def edges_of(fields, row):
    """Sender, receiver and image of each edge of a crystal, with its distance."""
    columns = [fields[name][row].tolist() for name in ("sender", "receiver", "image")]
    keys = [(s, r, tuple(image)) for s, r, image in zip(*columns, strict=True)]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, fields["distance"][row].tolist(), strict=True))


def turned(edge):
    return edge[1], edge[0], tuple(-k for k in edge[2])


@pytest.mark.parametrize("settings", [{}, {"max_neighbours": 3}, {"radius": 4.0}])
def test_edges_are_those_of_the_graph_and_their_reverses(settings):
    crystals = Crystals.concat([few(), asymmetric(3)])
    settings = {"radius": 0.0, "isolated": "keep", **settings}
    plain = featurizer("graph", settings).featurize(crystals).fields
    made = featurizer("line-graph", settings).featurize(crystals).fields
    added = 0
    for row in range(len(crystals)):
        before, after = edges_of(plain, row), edges_of(made, row)
        assert after.keys() == before.keys() | {turned(edge) for edge in before}
        for edge, distance in after.items():
            assert distance == after[turned(edge)]
            assert distance == pytest.approx(before.get(edge, before.get(turned(edge))), rel=1e-6)
        assert list(after) == sorted(after)
        added += len(after) - len(before)
    assert added > 0 or settings["radius"]


@pytest.mark.parametrize("backtrack", [False, True])
def test_pairs_against_explicit_vectors(backtrack):
    crystals = Crystals.concat([few(), asymmetric(3)])
    made = featurizer("line-graph", {"max_neighbours": 4, "backtrack": backtrack})
    fields = made.featurize(crystals).fields
    pairs = made.line_graph(fields)
    for row in range(len(crystals)):
        stored = {name: column[row] for name, column in fields.items()}
        frac = crystals.frac_coords[crystals.sites(row)]
        out, into = stored["sender"].astype(int), stored["receiver"].astype(int)
        vector = (frac[into] + stored["image"] - frac[out]) @ crystals.lattice[row]
        expected = {}
        for a in range(len(out)):
            for b in range(len(out)):
                reverse = out[a] == into[b] and (stored["image"][a] == -stored["image"][b]).all()
                if into[a] == out[b] and (backtrack or not reverse):
                    norm = np.linalg.norm(vector[a]) * np.linalg.norm(vector[b])
                    expected[a, b] = -vector[a] @ vector[b] / norm
        found = list(zip(pairs.first[row].tolist(), pairs.second[row].tolist(), strict=True))
        assert sorted(found) == sorted(expected)
        assert stored["pairs"] == len(expected)
        np.testing.assert_allclose(
            pairs.cosine[row], [expected[pair] for pair in found], rtol=0, atol=1e-5
        )


def test_numbers_of_pairs_of_many_crystals():
    made = featurizer("line-graph")
    fields = made.featurize(many(30)).fields
    assert fields["pairs"].tolist() == line_graph(fields, True).first.lengths.tolist()
    assert fields["pairs"].dtype == np.int64


def test_sites_without_neighbours_and_bad_crystals():
    crystals = to_crystals(
        ["far", "flat", "near"],
        [
            cubic(9.0, [11], [[0, 0, 0]]),
            Sites(np.zeros((3, 3)), np.zeros((1, 3)), np.array([3], dtype=np.uint8)),
            cubic(3.35, [84], [[0, 0, 0]]),
        ],
    )
    kept = featurizer("line-graph", {"radius": 4.0, "isolated": "keep"}).featurize(crystals)
    assert kept.fields["pairs"].tolist() == [0, 36]
    assert [reject.reason for reject in kept.rejects] == ["degenerate_lattice"]
    done = compute("line-graph", crystals, radius=4.0)
    assert {r.material_id: r.reason for r in done.rejects} == {
        "far": "isolated_atom",
        "flat": "degenerate_lattice",
    }


def test_nothing_at_all_is_fine():
    made = featurizer("line-graph")
    fields = made.featurize(few().take([])).fields
    assert len(made.dense(fields)) == len(fields["pairs"]) == 0
    assert len(made.line_graph(fields).first) == 0
