"""Symmetry columns, the Wyckoff tables and the rules of the label, on crystals of known answer."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest

from matdata.core.crystals import Crystals
from matdata.core.errors import ConfigError, CurationError, StoreError, StructureError
from matdata.symmetry.canonical import anonymous_formula, canonical_words
from matdata.symmetry.protostructure import compare, protostructures
from matdata.symmetry.search import Symmetry, analyse
from matdata.tables import wyckoff
from matdata.tables.space_groups import system_numbers

ENGINES = ("moyopy", "spglib")
FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HEXAGONAL = np.array([[1, 0, 0], [-0.5, np.sqrt(0.75), 0], [0, 0, 1.6]])
KNOWN = {
    "rock salt": ("AB_cF8_225_a_b:Cl-Na", FCC * 5.64, [[0, 0, 0], [0.5] * 3], [11, 17]),
    "zinc blende": ("AB_cF8_216_a_c:S-Zn", FCC * 5.4, [[0, 0, 0], [0.75] * 3], [30, 16]),
    "diamond": ("A_cF8_227_a:C", FCC * 3.57, [[0.1] * 3, [0.35] * 3], [6, 6]),
    "perovskite": (
        "A3BC_cP5_221_c_a_b:O-Sr-Ti",
        np.eye(3) * 3.905,
        [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
        [38, 22, 8, 8, 8],
    ),
    "magnesium": ("A_hP2_194_c:Mg", HEXAGONAL * 3.2, [[0, 0, 0], [1 / 3, 2 / 3, 0.5]], [12, 12]),
    "iodine-like": (
        "A_oC8_64_f:I",
        np.array([[3.6, 2.35, 0], [3.6, -2.35, 0], [0, 0, 9.8]]),
        [[0.15, 0.15, 0.12], [0.85, 0.85, 0.88], [0.35, 0.35, 0.62], [0.65, 0.65, 0.38]],
        [53] * 4,
    ),
}


def known() -> Crystals:
    columns = list(KNOWN.values())
    return Crystals.from_lists(
        list(KNOWN), [c[1] for c in columns], [c[2] for c in columns], [c[3] for c in columns]
    )


def broken() -> Crystals:
    """Without sites, with NaN, without volume, all sites in one place, and one good crystal."""
    cell = np.eye(3) * 4.0
    flat = np.diag([4.0, 4.0, 0.0])
    return Crystals.from_lists(
        ["empty", "nan", "flat", "pile", "good"],
        [cell, cell, flat, cell, cell],
        [[], [[np.nan, 0, 0]], [[0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0]]],
        [[], [3], [3], [3, 3], [84]],
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_known_labels(engine) -> None:
    crystals = known()
    digest = crystals.digest()
    found = protostructures(crystals, analyse(crystals, engine))
    assert found.labels.tolist() == [row[0] for row in KNOWN.values()]
    assert found.wyckoff_valid.all()
    assert crystals.digest() == digest


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_of_a_perovskite(engine) -> None:
    crystals = known().take([3])
    symmetry = analyse(crystals, engine)
    assert symmetry.engine == engine
    assert symmetry.engine_version
    assert symmetry.space_group_number.tolist() == [221]
    assert symmetry.pearson_symbol.tolist() == ["cP5"]
    assert symmetry.crystal_system.tolist() == ["cubic"]
    assert symmetry.orbits.tolist() == [0, 1, 2, 2, 2]
    assert symmetry.multiplicities.tolist() == [1, 1, 3, 3, 3]
    assert set(symmetry.site_symmetries.tolist()) == {"m-3m", "4/mm.m"}
    found = protostructures(crystals, symmetry)
    assert found.n_wyckoff.tolist() == [3]
    assert found.numbers.tolist() == [8, 38, 22]
    assert found.letters.tolist() == ["c", "a", "b"]
    assert found.multiplicities.tolist() == [3, 1, 1]
    rows = wyckoff.position_rows([221] * 3, np.array(["c", "a", "b"]))
    assert found.position_rows.tolist() == rows.tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_multiplicities_count_the_conventional_cell(engine) -> None:
    """The primitive cell of rock salt has two sites, the conventional one eight."""
    symmetry = analyse(known().take([0]), engine)
    assert symmetry.n_conventional.tolist() == [8]
    assert symmetry.multiplicities.tolist() == [4, 4]


@pytest.mark.parametrize("engine", ENGINES)
def test_failures_are_rejects(engine) -> None:
    symmetry = analyse(broken(), engine)
    assert symmetry.found.tolist() == [False, False, False, False, True]
    assert [r.material_id for r in symmetry.rejects] == ["empty", "nan", "flat", "pile"]
    assert {(r.stage, r.reason) for r in symmetry.rejects} == {("curate", "no_symmetry")}
    assert symmetry.crystal_system.tolist() == ["", "", "", "", "cubic"]
    found = protostructures(broken(), symmetry)
    assert found.labels.tolist() == ["", "", "", "", "A_cP1_221_a:Po"]
    assert found.wyckoff_valid.tolist() == [False, False, False, False, True]
    assert found.n_wyckoff.tolist() == [0, 0, 0, 0, 1]
    good = found.take(symmetry.found)
    assert (good.ids.tolist(), good.offsets.tolist()) == (["good"], [0, 1])
    assert symmetry.take([4, 0]).rejects[0].material_id == "empty"


@pytest.mark.parametrize("engine", ENGINES)
def test_no_crystals(engine) -> None:
    nothing = Crystals.empty()
    found = protostructures(nothing, analyse(nothing, engine))
    assert len(found) == 0
    assert found.labels.dtype.kind == "U"


def test_unknown_engine_and_bad_tolerance() -> None:
    with pytest.raises(ConfigError, match="did you mean 'moyopy'"):
        analyse(known(), "moyo")
    for bad in ({"symprec": 0.0}, {"symprec": float("nan")}, {"angle_tolerance": -1.0}):
        with pytest.raises(ConfigError, match="must be positive"):
            analyse(known(), **bad)


def test_supercells_are_analysed_without_noise(caplog) -> None:
    """moyopy warns of every supercell; the level of its logger is put back afterwards."""
    doubled = Crystals.from_lists(
        ["rock salt"],
        [np.diag([2, 1, 1]) @ FCC * 5.64],
        [[[0, 0, 0], [0.5, 0, 0], [0.25, 0.5, 0.5], [0.75, 0.5, 0.5]]],
        [[11, 11, 17, 17]],
    )
    level = logging.getLogger("moyo").level
    found = protostructures(doubled, analyse(doubled))
    assert found.labels.tolist() == ["AB_cF8_225_a_b:Cl-Na"]
    assert found.n_wyckoff.tolist() == [2]
    assert not caplog.records
    assert logging.getLogger("moyo").level == level


def test_merged_sites_are_not_valid() -> None:
    """An engine that takes a titanium for an oxygen's image leaves multiplicities that miss."""
    crystals = known().take([3])
    symmetry = analyse(crystals)
    letters = symmetry.letters.copy()
    letters[1] = "c"
    wrong: Symmetry = dataclasses.replace(symmetry, letters=letters)
    assert protostructures(crystals, wrong).wyckoff_valid.tolist() == [False]


def test_symmetry_of_other_crystals_is_refused() -> None:
    symmetry = analyse(known())
    with pytest.raises(CurationError, match="do not belong together"):
        protostructures(known().take([1, 0, 2, 3, 4, 5]), symmetry)


def test_compare() -> None:
    crystals = broken()
    moyo = protostructures(crystals, analyse(crystals, "moyopy"))
    spg = protostructures(crystals, analyse(crystals, "spglib"))
    assert compare(moyo, spg).tolist() == [False, False, False, False, True]
    with pytest.raises(CurationError, match="same crystals"):
        compare(moyo, spg.take([0, 1, 2, 3]))


def test_anonymous_formula() -> None:
    assert anonymous_formula([4, 2, 12]) == "A2BC6"
    assert anonymous_formula([7]) == "A"
    assert anonymous_formula([1] * 30) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_least_relabelling() -> None:
    # P-1: any two of the eight inversion centres are equivalent to any other two.
    assert canonical_words(2, ("h", "c"))[0] == canonical_words(2, ("a", "g"))[0] == "a_b"
    # "a_b" and "b_a" have the same sum of letters, so the text decides.
    assert canonical_words(225, ("b", "a"))[0] == "a_b"
    # Counts precede their letter, and the words follow the elements' order.
    assert canonical_words(221, ("dd", "b")) == ("2c_a", ("cc", "a"))
    # The position alpha of Pmmm is written A and counts nothing.
    assert canonical_words(47, ("Ah",))[0] == "Aa"


def test_conventions_differ_below_orthorhombic() -> None:
    """One change of cell maps the pair (a, c) of C2/m on (a, d); only ``affine`` knows it."""
    assert canonical_words(12, ("a", "d"), "aviary")[0] == "a_d"
    assert canonical_words(12, ("a", "d"), "affine")[0] == "a_c"
    with pytest.raises(ConfigError, match="did you mean 'affine'"):
        wyckoff.relabellings(12, "afine")


def test_relabellings_of_148() -> None:
    """Goodall 2022, tables 6.4 and 6.5."""
    words = {"".join(wyckoff.LETTERS[i] for i in row) for row in wyckoff.relabellings(148)}
    assert words == {"abcdef", "bacedf"}


@pytest.mark.parametrize("number", range(1, wyckoff.N_GROUPS + 1))
@pytest.mark.parametrize("convention", ["affine", "aviary"])
def test_relabellings_form_a_group(number, convention) -> None:
    table = wyckoff.relabellings(number, convention)
    known_rows = set(map(bytes, table))
    assert len(known_rows) == len(table)
    assert bytes(range(table.shape[1])) in known_rows
    assert set(map(bytes, np.argsort(table, axis=1).astype(np.uint8))) == known_rows
    assert all(set(map(bytes, table[:, row])) == known_rows for row in table[:20])
    start, end = wyckoff.starts()[number - 1 : number + 1]
    sizes = wyckoff.multiplicities()[start:end]
    assert np.all(sizes[table] == sizes)


def test_positions() -> None:
    assert len(wyckoff.multiplicities()) == wyckoff.N_POSITIONS == wyckoff.starts()[-1]
    assert len(wyckoff.site_symmetries()) == len(wyckoff.coordinates()) == wyckoff.N_POSITIONS
    rows = wyckoff.position_rows([1, 225, 47, 225, 0, 230], np.array(["a", "l", "A", "m", "a", ""]))
    assert (rows >= 0).tolist() == [True, True, True, False, False, False]
    assert wyckoff.multiplicities()[rows[:3]].tolist() == [1, 192, 8]
    with pytest.raises(StructureError, match="numbered 1 to 230"):
        wyckoff.letters(231)


def test_damaged_table_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(wyckoff, "SHA256", "0" * 64)
    wyckoff._groups.cache_clear()
    with pytest.raises(StoreError, match="digest"):
        wyckoff.letters(1)
    wyckoff._groups.cache_clear()


def test_crystal_systems() -> None:
    bounds = [1, 2, 3, 15, 16, 74, 75, 142, 143, 167, 168, 194, 195, 230, 0]
    assert system_numbers(np.array(bounds)).tolist() == [
        1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 0,
    ]  # fmt: skip


def test_the_default_tolerance_is_one_that_the_engine_returns_with() -> None:
    assert analyse(known()).angle_tolerance is None
    assert analyse(known(), "spglib").angle_tolerance == 5.0
    assert analyse(known(), "spglib", angle_tolerance=None).angle_tolerance is None
    assert analyse(known(), angle_tolerance=1.0).angle_tolerance == 1.0
