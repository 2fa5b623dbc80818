from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crystals import caesium_chloride, cubic, few, rock_salt

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.crystals import Crystals
from matdata.core.errors import CurationError
from matdata.curate.curate import curate
from matdata.curate.dedupe import lowest_in_group
from matdata.curate.funnel import Funnel
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.validity import invalid
from matdata.geometry.overlap import MOST_PAIRS, overlapping


def _records(crystals: Crystals, energy: list[float | None], **columns) -> Records:
    table = {"material_id": crystals.ids.tolist(), "energy_per_atom": energy, **columns}
    return Records(crystals, table, [], "energy_per_atom", "atom")


def _polymorphs() -> Records:
    sites = [rock_salt(5.6, 11, 17), caesium_chloride(3.4, 11, 17), rock_salt(5.7, 11, 17)]
    sites += [rock_salt(4.2, 12, 8), caesium_chloride(2.6, 12, 8)]
    crystals = to_crystals(["b", "c", "a", "e", "d"], sites)
    return _records(crystals, [-3.0, -3.5, -3.5, -6.0, None], gap=[1, 2, 3, 4, 5])


def test_the_lowest_polymorph_stays_and_ties_go_to_the_smaller_id():
    done = curate(_polymorphs(), CurateSettings())
    assert done.table["material_id"] == ["a", "e"]
    assert done.table["gap"] == [3, 4]
    assert done.table["formula"] == ["NaCl", "MgO"]
    reasons = {reject.material_id: reject.reason for reject in done.rejects}
    assert reasons == {"b": "higher_polymorph", "c": "higher_polymorph", "d": "no_energy"}
    assert "a is 0.500000 eV/atom lower" in next(
        r.message for r in done.rejects if r.material_id == "b"
    )


@given(st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_the_result_does_not_depend_on_input_order(order):
    records = _polymorphs()
    assert records.crystals is not None
    table = {name: [column[k] for k in order] for name, column in records.table.items()}
    mixed = Records(records.crystals.take(order), table, [], "energy_per_atom", "atom")
    one, other = curate(records, CurateSettings()), curate(mixed, CurateSettings())
    assert one.table == other.table
    assert one.rejects == other.rejects
    assert one.crystals is not None
    assert other.crystals is not None
    assert one.crystals.digest() == other.crystals.digest()


def test_every_record_is_accounted_for():
    done = curate(_polymorphs(), CurateSettings())
    assert done.funnel.entered == 5
    assert done.funnel.kept + len(done.rejects) == 5
    for step in done.funnel.steps:
        assert step["entered"] - sum(step["removed"].values()) == step["kept"]
    with pytest.raises(ValueError, match="were kept before"):
        Funnel([{"kept": 3}]).add("next", 4, {})


def test_repeated_ids_are_distinguished_by_content_not_order():
    sites = [rock_salt(5.6, 11, 17), rock_salt(5.7, 11, 17), rock_salt(4.2, 12, 8)]
    kept = []
    for order in ([0, 1, 2], [1, 0, 2]):
        crystals = to_crystals(["x", "x", "y"], [sites[k] for k in order])
        done = curate(_records(crystals, [-1.0, -1.0, -2.0]), CurateSettings(dedupe="none"))
        assert [r.reason for r in done.rejects] == ["repeated_id"]
        kept.append(done.crystals.digest())
    assert kept[0] == kept[1]


def test_polymorphs_without_energy_are_refused_with_the_columns():
    records = Records(few(), {"material_id": few().ids.tolist(), "gap": [1] * 4}, [], None, "atom")
    with pytest.raises(CurationError, match="available columns: material_id, gap"):
        curate(records, CurateSettings(dedupe="polymorph"))
    assert len(curate(records, CurateSettings()).table["material_id"]) == 4


def test_energies_of_cells_are_divided_by_their_atoms():
    sites = [rock_salt(5.6, 11, 17), caesium_chloride(3.4, 11, 17)]
    table = {"material_id": ["p", "q"], "energy": [-24.0, -7.0]}
    done = curate(
        Records(to_crystals(["p", "q"], sites), table, [], "energy", "cell"), CurateSettings()
    )
    assert done.table["material_id"] == ["q"]
    assert done.table["energy_per_atom"] == [-3.5]


@pytest.mark.parametrize(
    ("sites", "reason"),
    [
        (cubic(4.0, [], []), "no_atoms"),
        (cubic(float("nan"), [11], [[0, 0, 0]]), "not_finite"),
        (cubic(4.0, [11], [[0, float("inf"), 0]]), "not_finite"),
        (Sites(np.ones((3, 3)), np.zeros((1, 3)), np.array([11], np.uint8)), "zero_volume"),
        (cubic(0.0, [11], [[0, 0, 0]]), "zero_volume"),
        (cubic(4.0, [11, 17], [[0, 0, 0], [0.1, 0, 0]]), "overlapping_atoms"),
        (cubic(4.0, [11, 17], [[0.01, 0, 0], [0.99, 0, 0]]), "overlapping_atoms"),
        (cubic(4.0, [11, 17], [[0.01, 0, 0], [7.99, 0, 3]]), "overlapping_atoms"),
        (cubic(0.4, [11], [[0, 0, 0]]), "overlapping_atoms"),
        (cubic(4.0, [11, 17], [[0, 0, 0], [0.13, 0, 0]]), ""),
    ],
)
def test_invalid_crystals(sites, reason):
    assert invalid(to_crystals(["x"], [sites]), 0.5).tolist() == [reason]


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_overlap_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    lattice = rng.normal(size=(3, 3)) * 2
    if abs(np.linalg.det(lattice)) < 1.0:
        return
    frac = rng.uniform(-1, 2, size=(int(rng.integers(1, 4)), 3))
    crystals = to_crystals(["x"], [Sites(lattice, frac, np.full(len(frac), 6, np.uint8))])
    shifts = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 3), -1).reshape(-1, 3)
    vectors = (frac[:, None, None] - frac[None, :, None] + shifts) @ lattice
    distances = np.linalg.norm(vectors, axis=-1)
    shortest = distances[distances > 1e-9].min()
    for limit in (0.5, 0.9 * shortest, 1.1 * shortest):
        for most_pairs in (0, MOST_PAIRS):  # compiled code for all, or for what NumPy leaves
            with mock.patch("matdata.geometry.overlap.MOST_PAIRS", most_pairs):
                assert overlapping(crystals, limit)[0] == (shortest < limit)


def test_lowest_in_group_prefers_energy_then_id():
    kept = lowest_in_group(["A", "A", "B", "A"], np.array([1.0, 0.5, 2.0, 0.5]), list("dcba"))
    assert kept.tolist() == [3, 3, 2, 3]
