"""Crystal graphs: shells of known crystals, ties, bases, angles, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.crystals import few

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.geometry.gaussians import GAUSSIAN_BASES
from matdata.materials.compute import compute


def shells(row: int, **settings: object) -> list[int]:
    """Neighbours of each site of one of the few crystals."""
    block = featurizer("graph", settings).featurize(few().take([row]))
    return np.bincount(block.fields["sender"].values).tolist()


def test_ties_are_kept_or_dropped_together():
    assert shells(0, radius=5.0, max_neighbours=12) == [18] * 8  # 6 at 2.82, 12 at 3.99 Å
    assert shells(0, radius=5.0, max_neighbours=6) == [6] * 8
    assert shells(0, radius=5.0, max_neighbours=12, ties="drop") == [6] * 8
    assert shells(0, radius=5.0, max_neighbours=3, ties="drop") == [6] * 8  # never the first shell
    assert shells(2, radius=5.0, max_neighbours=12) == [14] * 2


def test_radius_alone_and_number_alone():
    assert shells(0, radius=4.0, max_neighbours=0) == [18] * 8
    assert shells(3, radius=0, max_neighbours=6) == [6]
    assert shells(3, radius=0, max_neighbours=7) == [18]
    with pytest.raises(ConfigError, match="radius"):
        featurizer("graph", {"radius": 0, "max_neighbours": 0})


def test_without_a_limit_every_edge_has_its_reverse():
    block = featurizer("graph", {"radius": 4.5, "max_neighbours": 0}).featurize(few())
    for row in range(4):
        ends = block.fields["sender"][row].tolist(), block.fields["receiver"][row].tolist()
        image = block.fields["image"][row]
        edges = set(zip(*ends, map(tuple, image.tolist()), strict=True))
        assert len(edges) == len(image)
        assert edges == set(zip(*ends[::-1], map(tuple, (-image).tolist()), strict=True))


def test_nearest_images_are_the_minimum_distances_of_an_adjacency():
    """Against all distances of pairs in the cells around (Ihalage and Hao, figure 1b)."""
    crystals = few()
    settings = {"radius": 4.5, "max_neighbours": 0, "images": "nearest", "isolated": "keep"}
    block = featurizer("graph", settings).featurize(crystals)
    cells = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3), -1).reshape(-1, 3)
    for row in range(4):
        frac = crystals.frac_coords[crystals.sites(row)]
        steps = frac[None, :, None] + cells - frac[:, None, None]
        matrix = np.linalg.norm(steps @ crystals.lattice[row], axis=-1).min(axis=2)
        adjacent = (matrix <= 4.5) & ~np.eye(len(frac), dtype=bool)
        found = np.zeros_like(matrix)
        stored = {name: column[row] for name, column in block.fields.items()}
        found[stored["sender"], stored["receiver"]] = stored["distance"]
        np.testing.assert_allclose(found, np.where(adjacent, matrix, 0.0), rtol=1e-6)
        assert len(stored["sender"]) == adjacent.sum()


def test_a_site_with_its_own_images_alone_is_isolated_without_them():
    settings = {"radius": 4.5, "max_neighbours": 0, "images": "nearest"}
    block = featurizer("graph", settings).featurize(few().take([0, 3]))
    assert block.rows.tolist() == [0]
    assert [reject.reason for reject in block.rejects] == ["isolated_atom"]
    with pytest.raises(ConfigError, match="keeps every site within the radius once"):
        featurizer("graph", {"images": "nearest"})
    with pytest.raises(ConfigError, match="of all images"):
        featurizer("line-graph", {"images": "nearest", "radius": 4.0, "max_neighbours": 0})


def test_graphs_of_all_images_keep_their_digest():
    assert "images" not in featurizer("graph").settings.identity()
    nearest = featurizer("graph", {"images": "nearest", "max_neighbours": 0}).settings
    assert nearest.identity()["images"] == "nearest"
    assert nearest.later() == {"images": "all", "cell": "given"}


def test_distances_follow_from_images():
    crystals = few()
    block = featurizer("graph").featurize(crystals)
    for row in range(4):
        frac = crystals.frac_coords[crystals.sites(row)]
        stored = {name: column[row] for name, column in block.fields.items()}
        step = frac[stored["receiver"]] + stored["image"] - frac[stored["sender"]]
        expected = np.linalg.norm(step @ crystals.lattice[row], axis=1)
        np.testing.assert_allclose(stored["distance"], expected, rtol=1e-6)


def test_isolated_atoms_are_reported():
    crystals = few()
    done = compute("graph", crystals, radius=3.0)
    assert done.ids.tolist() == ["nacl", "sto"]
    assert {r.material_id: r.reason for r in done.rejects} == {
        "cscl": "isolated_atom",
        "po": "isolated_atom",
    }
    kept = compute("graph", crystals, radius=3.0, isolated="keep")
    assert np.diff(kept.offsets)[2:].tolist() == [0, 0]


def test_bad_crystals_are_ledger_rows():
    crystals = few()
    frac, lattice = crystals.frac_coords.copy(), crystals.lattice.copy()
    frac[1] = frac[0]
    frac[8] = np.nan
    lattice[2] = 0
    done = compute("graph", replace(crystals, frac_coords=frac, lattice=lattice))
    assert {r.material_id: r.reason for r in done.rejects} == {
        "nacl": "overlapping_atoms",
        "sto": "bad_coordinates",
        "cscl": "degenerate_lattice",
    }
    assert done.ids.tolist() == ["po"]


def test_bases():
    assert GAUSSIAN_BASES["cgcnn"].centres.shape == (41,)
    assert GAUSSIAN_BASES["megnet"].centres.shape == (20,)
    np.testing.assert_allclose(
        GAUSSIAN_BASES["ocrystalnet"].expand(np.float32([2.5, 3.0]))[:, 0], [1, np.exp(-1)]
    )
    done = compute("graph", few(), basis="megnet")
    assert done.values.shape[1] == len(done.labels) == len(done.units) == 26
    width = np.exp(-(((done.values[:, 5:6] - GAUSSIAN_BASES["megnet"].centres) / 0.5) ** 2))
    np.testing.assert_allclose(done.values[:, 6:], width, rtol=1e-3, atol=1e-6)


def test_nothing_at_all_is_fine():
    made = featurizer("graph")
    block = made.featurize(few().take([]))
    assert len(made.dense(block.fields)) == 0


def test_sites_that_16_bits_cannot_number_are_a_ledger_row(monkeypatch):
    from matdata.features.kernels import edges

    assert np.iinfo(np.uint16).max == edges.MAX_SITES - 1
    monkeypatch.setattr(edges, "MAX_SITES", 5)
    done = compute("graph", few())
    (reject,) = done.rejects
    assert (reject.material_id, reject.reason) == ("nacl", "too_many_sites")
    assert "65,536" in reject.message
    assert done.ids.tolist() == ["sto", "cscl", "po"]


@pytest.mark.parametrize("radius", [3.0, 6.0])
@pytest.mark.parametrize("limit", [1, 4, 12])
def test_the_nearest_of_uneven_crystals_are_those_of_all_within_the_radius(
    radius: float, limit: int
):
    # Slabs and clusters in much vacuum: far from the mean density that the search starts from.
    rng = np.random.default_rng(limit)
    sites = []
    for size in (2, 5, 17):
        frac = rng.random((size, 3)) * [1.0, 1.0, 0.2]
        sites.append(Sites(np.diag([5.0, 6.0, 40.0]), frac, np.full(size, 6, dtype=np.uint8)))
    crystals = to_crystals(["a", "b", "c"], sites)
    options = {"radius": radius, "isolated": "keep"}
    every = featurizer("graph", {**options, "max_neighbours": 0}).featurize(crystals).fields
    near = featurizer("graph", {**options, "max_neighbours": limit}).featurize(crystals).fields
    for row in range(3):
        names = ("sender", "distance", "receiver", "image")
        sender, *columns = (every[name][row] for name in names)
        kept = [np.empty(0, dtype=np.int64)]
        for site in np.unique(sender):
            own = np.flatnonzero(sender == site)  # by distance; a site's own images tie in pairs
            last = columns[0][own[:limit]][-1]
            kept.append(own[columns[0][own] <= last + 1e-4])
        first = np.concatenate(kept)
        for name, column in zip(names, (sender, *columns), strict=True):
            np.testing.assert_array_equal(near[name][row], column[first])
