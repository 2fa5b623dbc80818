from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crystals import caesium_chloride, cubic, few, rock_salt
from support.memory_store import MemoryStore

from matdata.adapters.sites import Sites, to_crystals
from matdata.core.crystals import Crystals
from matdata.core.errors import CurationError
from matdata.core.structures import Structures
from matdata.curate.curate import Others, curate
from matdata.curate.dedupe import lowest_in_group
from matdata.curate.funnel import Funnel
from matdata.curate.records import Records
from matdata.curate.settings import CurateSettings
from matdata.curate.validity import invalid
from matdata.geometry.overlap import MOST_PAIRS, overlapping


def _records(crystals: Crystals, energy: list[float | None], **columns) -> Records:
    table = {"material_id": crystals.ids.tolist(), "energy_per_atom": energy, **columns}
    return Records(MemoryStore(Structures.of(crystals), table), [], "energy_per_atom", "atom")


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


@pytest.mark.slow
@given(st.permutations(range(5)))
@settings(max_examples=20, deadline=None)
def test_the_result_does_not_depend_on_input_order(order):
    records = _polymorphs()
    table = {name: [column[k] for k in order] for name, column in records.table.items()}
    mixed = Records(
        MemoryStore(records.store.structures.take(order), table), [], "energy_per_atom", "atom"
    )
    one, other = curate(records, CurateSettings()), curate(mixed, CurateSettings())
    assert one.table == other.table
    assert one.rejects == other.rejects
    assert one.structures.digest() == other.structures.digest()


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
        kept.append(done.structures.digest())
    assert kept[0] == kept[1]


def test_polymorphs_without_energy_are_refused_with_the_columns():
    table = {"material_id": few().ids.tolist(), "gap": [1] * 4}
    records = Records(MemoryStore(Structures.of(few()), table), [], None, "atom")
    with pytest.raises(CurationError, match="available columns: material_id, gap"):
        curate(records, CurateSettings(dedupe="polymorph"))
    assert len(curate(records, CurateSettings()).table["material_id"]) == 4


def test_energies_of_cells_are_divided_by_their_atoms():
    sites = [rock_salt(5.6, 11, 17), caesium_chloride(3.4, 11, 17)]
    table = {"material_id": ["p", "q"], "energy": [-24.0, -7.0]}
    done = curate(
        Records(
            MemoryStore(Structures.of(to_crystals(["p", "q"], sites)), table), [], "energy", "cell"
        ),
        CurateSettings(),
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


@pytest.mark.slow
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


def _mixed(order=range(8), **changes):
    """Four crystals, and four formulas: two of Fe2O3, one of NaCl and one of MgO."""
    formulas = [None] * 4 + ["Fe2O3", "Fe4O6", "NaCl", "MgO"]
    energies = [-1.0, -2.0, -3.0, -4.0, -1.0, -2.0, -9.0, None]
    ids = [*few().ids.tolist(), "f1", "f2", "salt", "mg"]
    whole = Structures(np.array(ids), few(), np.arange(4))
    rows = list(order)
    table = {
        "material_id": [ids[row] for row in rows],
        "formula": [formulas[row] for row in rows],
        "energy_per_atom": [energies[row] for row in rows],
    }
    given = {"energy_column": "energy_per_atom", "energy_per": "atom", **changes}
    return Records(MemoryStore(whole.take(rows), table), [], **given)


@given(st.permutations(range(8)))
@settings(max_examples=10, deadline=None)
def test_rows_without_a_structure_are_no_duplicates_of_structures(order):
    done = curate(_mixed(order), CurateSettings())
    assert (done.kind, done.dedupe) == ("mixed", "polymorph")
    assert done.table["material_id"] == ["cscl", "f1", "f2", "mg", "nacl", "po", "salt", "sto"]
    assert done.structures.rows.tolist() == [0, 4, 5, 7]
    assert done.table["n_sites"] == [2, None, None, None, 8, 1, None, 5]
    assert done.table["formula_given"] == [None, "Fe2O3", "Fe4O6", "MgO", None, None, "NaCl", None]
    assert done.table["formula"][1:3] == ["Fe2O3", "Fe2O3"]
    assert [value is None for value in done.table["protostructure"]] == [
        row not in done.structures.rows for row in range(8)
    ]
    assert not done.rejects


@given(st.permutations(range(8)))
@settings(max_examples=10, deadline=None)
def test_asked_for_polymorphs_formulas_are_ranked_among_themselves(order):
    """The lowest per formula, as in a dataset of compositions; never against a structure."""
    done = curate(_mixed(order), CurateSettings(dedupe="polymorph"))
    assert done.table["material_id"] == ["cscl", "f2", "nacl", "po", "salt", "sto"]
    lost = {reject.material_id: (reject.reason, reject.message) for reject in done.rejects}
    assert lost == {
        "f1": (
            "higher_polymorph",
            "Fe2O3 (no structure): f2 is 1.000000 eV/atom lower",
        ),
        "mg": ("no_energy", "it has no energy to rank by"),
    }


def test_energies_of_cells_say_nothing_of_a_formula():
    records = _mixed(energy_per="cell")
    done = curate(records, CurateSettings(dedupe="polymorph"))
    assert {reject.material_id: reject.message for reject in done.rejects} == {
        **dict.fromkeys(
            ("f1", "f2", "salt"),
            "its energy is that of a cell, whose atoms are not known without a structure",
        ),
        "mg": "it has no energy to rank by",
    }


def test_protostructures_rank_structures_alone():
    done = curate(_mixed(), CurateSettings(dedupe="protostructure"))
    assert len(done.table["material_id"]) == 8
    with pytest.raises(CurationError, match="needs symmetry"):
        curate(_mixed(), CurateSettings(dedupe="protostructure", symmetry="none"))


def test_filters_of_structures_keep_rows_without_one():
    bounds = {"sites_below": 5, "wyckoff_below": 2, "volume_per_atom_below": 30.0}
    done = curate(_mixed(), CurateSettings(**bounds, valid_wyckoff=True, dedupe="none"))
    assert done.table["material_id"] == ["f1", "f2", "mg", "salt"]
    assert done.kind == "composition"
    chosen = curate(_mixed(), CurateSettings(where="n_sites < 5", dedupe="none"))
    assert chosen.table["material_id"] == ["cscl", "po"]
    assert chosen.kind == "structure"
    elements = curate(_mixed(), CurateSettings(elements=("Na", "Cl", "Mg", "O"), dedupe="none"))
    assert elements.table["material_id"] == ["mg", "nacl", "salt"]
    others = Others(("other",), frozenset({"NaCl"}))
    kept = curate(_mixed(), CurateSettings(drop_by="formula", dedupe="none"), others)
    assert {"nacl", "salt"}.isdisjoint(kept.table["material_id"])


def test_invalid_structures_beside_formulas_are_rejects():
    bad = Sites(np.zeros((3, 3)), np.zeros((1, 3)), np.array([6], np.uint8))
    crystals = to_crystals(["bad", "good"], [bad, rock_salt(5.6, 11, 17)])
    structures = Structures(np.array(["x", "bad", "y", "good"]), crystals, np.array([1, 3]))
    table = {
        "material_id": structures.ids.tolist(),
        "formula": ["MgO", None, "CaO", None],
    }
    done = curate(Records(MemoryStore(structures, table), [], None, "atom"), CurateSettings())
    assert done.table["material_id"] == ["good", "x", "y"]
    assert [(r.material_id, r.reason) for r in done.rejects] == [("bad", "zero_volume")]


def test_energies_per_cell_are_of_structures_alone():
    """A formula in a table of structures is no cell; in a table of formulas it was said to be."""
    done = curate(_mixed(energy_per="cell", energy_column="energy_per_atom"), CurateSettings())
    energies = dict(zip(done.table["material_id"], done.table["energy_per_atom"], strict=True))
    assert energies["nacl"] == -1.0 / 8
    assert [energies[name] for name in ("f1", "f2", "salt", "mg")] == [None] * 4
    table = {"material_id": ["a"], "formula": ["Fe4O6"], "e": [-20.0]}
    whole = Records(MemoryStore(Structures.none(["a"]), table), [], "e", "cell", kind="composition")
    assert curate(whole, CurateSettings()).table["energy_per_atom"] == [-2.0]


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_repeated_ids_and_equal_energies_the_structure_is_kept(order):
    structures = Structures(np.array(["x", "x"]), few().take([0]), np.array([0])).take(order)
    table = {
        "material_id": ["x", "x"],
        "formula": [[None, "Ac"][row] for row in order],
        "energy_per_atom": [-1.0, -1.0],
    }
    done = curate(
        Records(MemoryStore(structures, table), [], "energy_per_atom", "atom"), CurateSettings()
    )
    assert done.kind == "structure"
    assert [reject.reason for reject in done.rejects] == ["repeated_id"]
