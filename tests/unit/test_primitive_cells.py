"""Primitive cells, and graphs of them: one crystal has one graph, whatever cell it is given in."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import cubic, few, known_cells

from matdata.adapters.sites import to_crystals
from matdata.core.crystals import Crystals
from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.features.one_cell import require_one_cell
from matdata.symmetry.primitive import primitive_cells
from matdata.testing import invariance

SKEWED = np.array([[1, 1, 0], [0, 1, 0], [-1, 2, 1]])


SIZES = [1, 1, 2, 2, 5, 2, 2]


def graphs(crystals: Crystals, **settings: object) -> list[dict[tuple[int, int], np.ndarray]]:
    """Sorted distances by the elements of sender and receiver, for each crystal."""
    asked = {"radius": 4.3, "max_neighbours": 0, "isolated": "keep", "cell": "primitive"}
    block = featurizer("graph", {**asked, **settings}).featurize(crystals)
    assert not block.rejects
    found = []
    for row in range(len(crystals)):
        stored = {name: column[row] for name, column in block.fields.items()}
        numbers = stored["numbers"]
        pairs: dict[tuple[int, int], list[float]] = {(int(n), 0): [] for n in numbers}
        ends = numbers[stored["sender"]].tolist(), numbers[stored["receiver"]].tolist()
        for first, second, distance in zip(*ends, stored["distance"].tolist(), strict=True):
            pairs.setdefault((first, second), []).append(distance)
        found.append({pair: np.sort(values) for pair, values in pairs.items()})
    return found


def require_equal(found, expected, atol=1e-4):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for pair, distances in one.items():
            np.testing.assert_allclose(distances, other[pair], rtol=0, atol=atol)


def rewritten(crystals: Crystals) -> dict[str, Crystals]:
    rng = np.random.default_rng(3)
    doubled = invariance.supercell(crystals, (2, 1, 1))[0]
    return {
        "2x1x1": doubled,
        "2x2x1": invariance.supercell(crystals, (2, 2, 1))[0],
        "skewed": invariance.unimodular(doubled, SKEWED),
        "origin": invariance.translate(crystals, [0.13, 0.4, 0.77]),
        "order": invariance.permute(doubled, rng)[0],
        "turned": invariance.rotate(crystals, invariance.rotation_matrix(rng)),
    }


def test_primitive_cells_have_the_sites_they_should():
    crystals = known_cells()
    made = primitive_cells(crystals)
    assert made.rows.tolist() == list(range(len(crystals)))
    assert made.crystals.ids.tolist() == crystals.ids.tolist()
    assert made.crystals.n_sites.tolist() == SIZES + crystals.n_sites[len(SIZES) :].tolist()
    assert made.reduced.tolist() == (made.crystals.n_sites < crystals.n_sites).tolist()
    volume = made.crystals.volume / made.crystals.n_sites
    np.testing.assert_allclose(volume, crystals.volume / crystals.n_sites, rtol=1e-12)
    for name, column in made.crystals.take(~made.reduced).columns().items():
        np.testing.assert_array_equal(column, crystals.take(~made.reduced).columns()[name])


@pytest.mark.parametrize("images", ["nearest", "all"])
def test_a_crystal_has_one_graph(images):
    crystals = known_cells()
    expected = graphs(crystals, images=images)
    for other in rewritten(crystals).values():
        require_equal(graphs(other, images=images), expected)


def test_without_the_setting_nearest_images_depend_on_the_cell():
    crystals = known_cells().take([4])
    settings = {"images": "nearest", "cell": "given"}
    doubled = invariance.supercell(crystals, (2, 1, 1))[0]
    with pytest.raises(AssertionError):
        require_equal(graphs(doubled, **settings), graphs(crystals, **settings))


def test_copies_that_differ_a_little_become_their_mean():
    rng = np.random.default_rng(0)
    exact = invariance.supercell(known_cells().take([2, 4]), (2, 1, 1))[0]
    noise = rng.normal(scale=0.004, size=exact.frac_coords.shape)  # Å
    lengths = np.linalg.norm(exact.lattice, axis=2)[exact.site_crystal]
    columns = {**exact.columns(), "frac_coords": exact.frac_coords + noise / lengths}
    noisy = Crystals(exact.ids, **columns)
    made = primitive_cells(noisy)
    assert made.crystals.n_sites.tolist() == [2, 5]
    expected = graphs(noisy, images="nearest")
    require_equal(expected, graphs(exact, images="nearest"), atol=0.02)
    for name in ("origin", "order", "turned"):
        require_equal(graphs(rewritten(noisy)[name], images="nearest"), expected)


def test_stored_columns_are_all_of_the_primitive_cell():
    block = featurizer("graph", {"cell": "primitive"}).featurize(known_cells().take([1, 2]))
    assert block.fields["numbers"].lengths.tolist() == [1, 2]
    assert block.fields["place"].lengths.tolist() == [1, 2]
    np.testing.assert_allclose(block.fields["metric"][0][:3], 3.61**2 / 2, rtol=1e-6)
    for row in range(2):
        stored = {name: column[row] for name, column in block.fields.items()}
        steps = stored["place"][stored["receiver"]] - stored["place"][stored["sender"]]
        steps = steps.astype(float) + stored["image"]
        aa, bb, cc, bc, ac, ab = stored["metric"]
        products = np.array([[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]])
        lengths = np.sqrt(np.einsum("ei,ij,ej->e", steps, products, steps))
        np.testing.assert_allclose(lengths, stored["distance"], rtol=1e-5)


def test_a_search_that_fails_is_a_ledger_row():
    split = cubic(
        4.0, [11, 11, 17, 17], [[0, 0, 0], [0.01, 0, 0], [0.5, 0.5, 0.5], [0.51, 0.5, 0.5]]
    )
    crystals = Crystals.concat([few().take([0]), to_crystals(["split"], [split]), few().take([2])])
    block = featurizer("graph", {"cell": "primitive"}).featurize(crystals)
    assert block.rows.tolist() == [0, 2]
    (reject,) = block.rejects
    assert (reject.material_id, reject.stage, reject.reason) == (
        "split",
        "featurize",
        "no_symmetry",
    )
    assert "moyopy" in reject.message
    alone = featurizer("graph", {"cell": "primitive"}).featurize(crystals.take([1]))
    assert (len(alone.rows), len(alone.rejects)) == (0, 1)


def test_what_has_no_cell_is_refused_as_of_the_given_one():
    flat = few().take([0])
    flat = Crystals(flat.ids, **{**flat.columns(), "lattice": flat.lattice * [1.0, 1.0, 0.0]})
    for cell in ("given", "primitive"):
        (reject,) = featurizer("graph", {"cell": cell}).featurize(flat).rejects
        assert reject.reason == "degenerate_lattice"


def test_line_graphs_are_of_primitive_cells_too():
    crystals = known_cells().take([1, 2, 4, 6])
    settings = {"cell": "primitive", "radius": 0.0, "max_neighbours": 12}
    pairs = featurizer("line-graph", settings).featurize(crystals).fields["pairs"].tolist()
    for other in rewritten(crystals).values():
        found = featurizer("line-graph", settings).featurize(other).fields
        assert found["pairs"].tolist() == pairs
        assert found["numbers"].lengths.tolist() == [1, 2, 5, 2]


def test_it_is_a_later_setting_that_needs_the_engine():
    plain, other = featurizer("graph"), featurizer("graph", {"cell": "primitive"})
    assert "cell" not in plain.settings.identity()
    assert other.settings.identity()["cell"] == "primitive"
    assert (plain.packages, other.packages) == (("numba",), ("numba", "moyopy"))
    assert (plain.copied, other.copied) == ("shards", "rows")


def test_sites_of_two_cells_are_not_joined():
    given, primitive = featurizer("graph"), featurizer("graph", {"cell": "primitive"})
    sites, formula = featurizer("ofm"), featurizer("fractions")
    require_one_cell({"graph": primitive, "fractions": formula}, "one batch")
    require_one_cell({"graph": given, "ofm": sites}, "one batch")
    with pytest.raises(ConfigError, match=r"ofm \(cell=given\).*`cell`|graph \(cell=primitive\)"):
        require_one_cell({"graph": primitive, "ofm": sites}, "one batch")
