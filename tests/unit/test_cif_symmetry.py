"""Symmetry of CIF texts: what is read, and what is refused for its contradictions."""

from __future__ import annotations

import numpy as np
import pytest
from support.cifs import CUBE, cif_text, crystal, listed, outcome, refusal

from matdata.adapters.cif import read_cif
from matdata.adapters.cif.operations import of_triplets, parse_triplet
from matdata.adapters.cif.space_groups import of_setting, settings_of_symbol
from matdata.core.ledger import Unusable

SALT = ("Na1 Na 0 0 0", "Cl1 Cl 0.5 0 0")
SALT_CELL = (5.64, 5.64, 5.64, 90, 90, 90)
HM = "_symmetry_space_group_name_H-M"
ZIRCONIA = ("Zr1 Zr 0.2754 0.0395 0.2083", "O1 O 0.07 0.3317 0.3447", "O2 O 0.4496 0.7569 0.4792")
ZIRCONIA_CELL = (5.15, 5.2, 5.32, 90, 99.2, 90)


def counts(sites) -> dict[int, int]:
    numbers, amounts = np.unique(sites.numbers, return_counts=True)
    return dict(zip(numbers.tolist(), amounts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("atoms", "head", "cell", "expected"),
    [
        (["C1 C 0 0 0"], f"{HM} 'F d -3 m :1'", (3.567,) * 3 + (90,) * 3, {6: 8}),
        (["C1 C 0.125 .125 .125"], f"{HM} 'F d -3 m :2'", (3.567,) * 3 + (90,) * 3, {6: 8}),
        (["Bi1 Bi 0.234 0.234 0.234"], f"{HM} 'R -3 m :R'", (4.746,) * 3 + (57.24,) * 3, {83: 2}),
        (["Bi1 Bi 0.234 0.234 0.234"], f"{HM} 'R -3 m'", (4.746,) * 3 + (57.24,) * 3, {83: 2}),
        (["Bi1 Bi 0 0 0.234"], f"{HM} 'R -3 m'", (4.546, 4.546, 11.86, 90, 90, 120), {83: 6}),
        (["Bi1 Bi 0 0 0.234"], f"{HM} R-3mH", (4.546, 4.546, 11.86, 90, 90, 120), {83: 6}),
        (
            ["Fe1 Fe 0.75 0.25 0", "Se2 Se 0.25 0.25 0.27"],
            f"{HM} 'P 4/n m m :2'",
            (3.94, 3.94, 8.5, 90, 90, 90),
            {26: 2, 34: 2},
        ),
        (ZIRCONIA, f"{HM} 'P 21/c'", ZIRCONIA_CELL, {40: 4, 8: 8}),
        (ZIRCONIA, f"{HM} 'P 21/n'\n_symmetry_Int_Tables_number 14", ZIRCONIA_CELL, {40: 4, 8: 8}),
        (SALT, "_space_group_name_Hall '-F 4 2 3'", SALT_CELL, {11: 4, 17: 4}),
        (SALT, "_space_group_name_H-M_alt 'F m -3 m'", SALT_CELL, {11: 4, 17: 4}),
        (SALT, f"{HM} 'F 4/m -3 2/m'", SALT_CELL, {11: 4, 17: 4}),
        (SALT, "_space_group.IT_number 225", SALT_CELL, {11: 4, 17: 4}),
    ],
)
def test_symbols_without_operations_give_the_full_cell(atoms, head, cell, expected):
    assert counts(crystal(atoms, head, cell)) == expected


def test_settings_of_one_number_give_other_places():
    (c, n, a) = (
        crystal(ZIRCONIA, f"{HM} 'P 21/{glide}'", ZIRCONIA_CELL).frac_coords[0:4] for glide in "cna"
    )
    x, y, z = 0.2754, 0.0395, 0.2083
    for found, shift in ((c, (0, 0.5, 0.5)), (n, (0.5, 0.5, 0.5)), (a, (0.5, 0.5, 0))):
        screw = (np.array([-x, y, -z]) + shift) % 1
        assert np.abs(found - screw).max(axis=1).min() < 1e-12


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("", "unknown_symmetry"),
        (f"{HM} 'F d -3 m Z'\n_symmetry_Int_Tables_number 227", "unknown_symmetry"),
        (f"{HM} 'C2h^5'", "unknown_symmetry"),
        (f"{HM} 225", "unknown_symmetry"),
        (f"{HM} 'P 3 2'", "unknown_symmetry"),  # not P 32
        ("_space_group_name_Hall 'nonsense'", "unknown_symmetry"),
        ("_symmetry_Int_Tables_number 227", "unknown_symmetry"),  # two origins
        (f"{HM} 'F d -3 m'", "unknown_symmetry"),
        ("_symmetry_Int_Tables_number 62", "unknown_symmetry"),  # six settings
        (f"{HM} 'P n m a'\n_symmetry_Int_Tables_number 63", "contradiction"),
        (f"{HM} 'R -3 m :R'\n{HM.replace('H-M', 'Hall')} 'P 1'", "contradiction"),
        (f"{HM} 'P 63/m m c'", "contradiction"),  # the cell is cubic
        (listed(["x,y,z"]) + f"{HM} 'P n m a'", "contradiction"),
        (listed(["x,y,z", "-x,-y,z+1/4"]), "contradiction"),  # no group
        (listed(["-x,-y,-z"]), "contradiction"),
        (listed(["x,y,z", "-x,-y,-z"]) + f"{HM} 'P 1 21 1'", "contradiction"),
        (listed(["x,y,z", "x+y,y"]), "unreadable"),
        (listed(["x,y,z", "x+99999999999999,y,z"]), "unreadable"),
        ("_cell_modulation_dimension 1\n" + listed(["x,y,z"]), "not_periodic"),
        ("_space_group_magn.number_BNS 14.75", "unknown_symmetry"),
    ],
)
def test_what_is_not_sure_is_refused(head, reason):
    assert refusal(["Fe1 Fe 0.11 0.23 0.17"], head).reason == reason


def test_the_formula_decides_between_origins():
    place, head = ["C1 C 0.125 0.125 0.125"], f"{HM} 'F d -3 m'\n_chemical_formula_sum "
    assert refusal(place, head + "C").reason == "unknown_symmetry"  # 8 or 16 atoms
    found = crystal(place, head + "C8\n_cell_formula_units_Z 8")
    np.testing.assert_allclose(found.frac_coords[0], [0.125] * 3)
    assert counts(found) == {6: 8}
    wrong = refusal(place, head + "C\n_cell_formula_units_Z 12")
    assert wrong.reason == "contradiction"


IDENTITY_AND_SYMBOL = listed(["x,y,z"]) + f"{HM} 'F m -3 m'\n"


def test_identity_with_another_symbol():
    stated = "_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z "
    assert refusal(SALT, IDENTITY_AND_SYMBOL, SALT_CELL).reason == "contradiction"
    assert counts(crystal(SALT, IDENTITY_AND_SYMBOL + stated + "4", SALT_CELL)) == {11: 4, 17: 4}
    # Careless files state one unit per cell for their asymmetric unit.
    assert refusal(SALT, IDENTITY_AND_SYMBOL + stated + "1", SALT_CELL).reason == "contradiction"


def test_identity_and_symbol_agree_where_all_sites_are_listed():
    half = [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    atoms = [f"Na{k} Na {x} {y} {z}" for k, (x, y, z) in enumerate(half)]
    atoms += [f"Cl{k} Cl {x + 0.5} {y} {z}" for k, (x, y, z) in enumerate(half)]
    found = crystal(atoms, IDENTITY_AND_SYMBOL, SALT_CELL)
    assert counts(found) == {11: 4, 17: 4}
    assert counts(crystal(atoms, f"{HM} 'F m -3 m'", SALT_CELL)) == {11: 4, 17: 4}


def test_spellings_of_operations():
    for text in ("-1*x,1/2+y,z", "-X, Y+.5, Z", "-x,+y+0.5,z", "-x , y + 1/2 , z", "-x,y-1/2,z+1"):
        assert parse_triplet(text).triplet() == "-x,y+1/2,z", text
    for text in ("x,y", "x,y,z,1", "h,k,l", "xy,y,z", "x+1/0,y,z", "1_0,y,z", "x" * 200):
        with pytest.raises(Unusable, match="symmetry operation"):
            parse_triplet(text)


def test_groups_in_settings_of_no_table_have_their_number():
    group = of_triplets(("x,y,z", "-x+1/4,-y,-z+1/6"))
    assert group.number == 2
    head = listed(["x,y,z", "-x+1/4,-y,-z+1/6"]) + f"{HM} 'P 1 2 1'"
    assert refusal(["Fe1 Fe 0.3 0.4 0.2"], head, CUBE).reason == "contradiction"


def test_magnetic_operations_move_atoms_with_and_without_time_reversal():
    head = (
        "loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\n-x,-y,-z,-1\n"
        "loop_\n_space_group_symop_magn_centering.xyz\nx,y,z,+1\nx+1/2,y+1/2,z+1/2,-1\n"
    )
    found = crystal(["Fe1 Fe 0.1 0.2 0.3"], head)
    assert counts(found) == {26: 4}
    expected = {(0.1, 0.2, 0.3), (0.9, 0.8, 0.7), (0.6, 0.7, 0.8), (0.4, 0.3, 0.2)}
    assert {tuple(row) for row in found.frac_coords.round(9).tolist()} == expected


def test_coordinates_of_few_digits_stand_for_special_positions():
    cell = (3.0, 3.0, 5.0, 90, 90, 120)
    found = crystal(["Mg1 Mg 0.33 0.67 0.25"], f"{HM} 'P 63/m m c'", cell)
    expected = [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]
    np.testing.assert_allclose(found.frac_coords, expected, atol=1e-12)
    near = refusal(["Mg1 Mg 0.30 0.67 0.25"], f"{HM} 'P 63/m m c'", cell)
    assert "special position" in str(near)


def test_operations_agree_with_one_of_the_settings_of_a_symbol():
    assert {s.number for s in settings_of_symbol("B 2")} == {3, 5}
    head = listed(["x,y,z", "-x,-y,z", "x+1/2,y,z+1/2", "-x+1/2,-y,z+1/2"]) + f"{HM} 'B 2'"
    assert counts(crystal(["Fe1 Fe 0.1 0.2 0.3"], head)) == {26: 4}
    head += "\n_symmetry_Int_Tables_number 3"
    assert refusal(["Fe1 Fe 0.1 0.2 0.3"], head).reason == "contradiction"


def test_an_origin_that_is_stated_must_be_that_of_the_operations():
    first = of_setting("F d -3 m:1", "F 4d 2 3 -1d").triplets
    for origin, agrees in (("1", True), ("2", False)):
        head = listed(sorted(first)) + f"{HM} 'F d -3 m :{origin}'"
        found = outcome(["C1 C 0 0 0"], head)
        assert isinstance(found, Unusable) != agrees, found


def test_symbols_that_can_mean_several_settings():
    assert [s.xhm() for s in settings_of_symbol("P 21/c")] == ["P 1 21/c 1", "P 21/c 1 1"]
    assert {s.xhm() for s in settings_of_symbol("C m m e")} == {"C m m a", "C m m b"}
    assert [s.xhm() for s in settings_of_symbol("P4/nmm:2")] == ["P 4/n m m:2"]
    assert [s.xhm() for s in settings_of_symbol("H 3 2")] == ["R 3 2:H"]
    assert settings_of_symbol("F m -3 m :2") == []
    aflow = {"R -3 m (hexagonal axes)": "R -3 m:H", "F d -3 m (origin choice 2)": "F d -3 m:2"}
    for symbol, setting in aflow.items():
        assert [s.xhm() for s in settings_of_symbol(symbol)] == [setting]


def test_two_blocks_of_one_name_and_a_broken_one():
    good = cif_text()
    broken = good.replace("Cl1 Cl 0.5 0.5 0.5", "Cl1 Cl 0.5")
    note = "data_note\n_x\n;\ndata_x\n;\n_y 'data_x'\n"
    found = read_cif(good + note + broken + good)
    assert [type(each.sites).__name__ for each in found] == ["Sites", "Unusable", "Sites"]
    assert "Wrong number of values" in str(found[1].sites)
