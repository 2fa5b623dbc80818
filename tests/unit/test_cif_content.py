"""What CIF texts hold: blocks, numbers, elements, occupancies, and statements that must agree."""

from __future__ import annotations

import numpy as np
import pytest
from support.cifs import CSCL, CUBE, LOOP, P1, cif_text, crystal, refusal
from support.crystals import few
from support.files import cif

from matdata.adapters.cif import read_cif
from matdata.adapters.cif.species import number_of_label, number_of_type
from matdata.core.ledger import Unusable
from matdata.sources.files import Files

OCCUPANCY = (*LOOP, "occupancy")
LABELS = ("label", "fract_x", "fract_y", "fract_z")


def kinds(text: str) -> list[str]:
    outcomes = [outcome.sites for outcome in read_cif(text)]
    return [each.reason if isinstance(each, Unusable) else "crystal" for each in outcomes]


def test_every_block_is_a_record():
    half = cif_text(["Tl1 Tl 0 0 0 0.5", "Cl1 Cl 0.5 0.5 0.5 1"], columns=OCCUPANCY, name="Tl")
    cut = cif_text(name="cut").replace("_cell_length_b 4.2\n", "")
    note = "data_global\n_publ_author_name 'A. Müller'\n_publ_section_title\n;\ndata_x\n;\n"
    assert kinds(note + cif_text() + half + cut + cif_text()) == [
        "crystal", "disordered", "unreadable", "crystal",
    ]  # fmt: skip
    with pytest.raises(Unusable, match="no block holds a crystal"):
        read_cif(note)


def test_a_broken_block_takes_no_other_with_it():
    broken = [
        cif_text().replace("Cl1 Cl 0.5 0.5 0.5", "Cl1 Cl 0.5"),
        cif_text() + "_title 'never closed\n",
        "data_c\n_cell_length_a [4 4]\n",
        "data_d\n_cell_length_a é\n_cell_length_a 3\n_atom_site_fract_x 1",
    ]
    for text in broken:
        assert kinds(cif_text() + text + "\n" + cif_text())[0::2] == ["crystal", "crystal"], text
        assert kinds(cif_text() + text + "\n" + cif_text())[1] == "unreadable", text
    for text in ("", "this is no CIF", "_cell_length_a 4", "loop_"):
        with pytest.raises(Unusable, match="not a valid CIF"):
            read_cif(text)


def test_headers_hide_in_fields_comments_and_quotes():
    hidden = "_a\n;\ndata_no\n;\n_b 'data_no'\n_c \"x data_no\"\n# data_no\n_d x'data_no\n"
    assert [o.name for o in read_cif(cif_text(head=P1 + hidden) * 2)] == ["x", "x"]
    broken = cif_text(head=P1 + hidden + "_e 'x\n")
    assert [o.name for o in read_cif(cif_text(head=P1 + hidden) + broken)] == ["x", ""]


def test_spellings_of_tags_and_numbers():
    expected = crystal()
    for text in (
        cif_text().replace("_cell_", "_CELL_").replace("_atom_site_fract", "_ATOM_SITE_FRACT"),
        cif_text().replace("_cell_", "_cell.").replace("_atom_site_", "_atom_site."),
        cif_text().replace("\n", "\r\n"),
        "\ufeff# é\n" + cif_text().replace("data_x", "DATA_X"),
        cif_text(cell=("4.20(3)", "'4.2'", "+4.2E0", "90.", "90.0(1)", "90")),
        cif_text(["Cs1 Cs 0 .0 -0", "Cl1 Cl .5 5e-1 0.5(0)"]),
    ):
        (found,) = (each.sites for each in read_cif(text))
        np.testing.assert_array_equal(found.lattice, expected.lattice)
        np.testing.assert_array_equal(found.frac_coords, expected.frac_coords)


@pytest.mark.parametrize("value", [".", "?", "nan", "inf", "1_0", "0,5", "1/2", "1e999", "x"])
def test_what_is_no_number_is_refused(value):
    assert refusal([CSCL[0], f"Cl1 Cl 0.5 0.5 {value}"]).reason == "unreadable"
    assert refusal(cell=(value, *CUBE[1:])).reason == "unreadable"


def test_cells_that_are_none():
    assert refusal(cell=(-4, 4, 4, 90, 90, 90)).reason == "unreadable"
    assert refusal(cell=(4, 4, 4, 90, 90, 180)).reason == "unreadable"
    assert refusal(cell=(4, 4, 4, 20, 30, 90)).reason == "zero_volume"
    assert refusal(head=P1 + "_cell_volume 148").reason == "contradiction"
    assert len(crystal(head=P1 + "_cell_volume 74.1(2)").numbers) == 2
    assert refusal(head=P1 + "_cell_length_a 4.2").reason == "unreadable"  # given twice


def test_type_symbols():
    known = {"Fe": 26, "Fe3+": 26, "Fe+3": 26, "O2-": 8, "O-2": 8, "Na+": 11, "Fe0+": 26, "D": 1,
             "Fe2.5+": 26, "Mn2+,spin=5": 25, "C1": 6, "FE": 26, "CL": 17, "T": 1}  # fmt: skip
    assert {symbol: number_of_type(symbol) for symbol in known} == known
    for symbol in ("OH", "OH2", "H2O", "NH4", "Fe,Co", "Ga/Al", "Du", "Va", "X", "M", "Cation",
                   "Wat", "0.8Nb + 0.2Zr", "fe", "CO", "SI", "Fe3+Co2+", "", "1", "Oh",
                   "O" + "1" * 500):  # fmt: skip
        with pytest.raises(Unusable, match="not a single element"):
            number_of_type(symbol)


def test_labels_alone():
    known = {"Fe": 26, "Fe1": 26, "O12": 8, "Na2A": 11, "C1'": 6, "O(1)": 8, "Cl_2": 17, "H12B": 1,
             "D1": 1, "Fe3+": 26, "C1a": 6, "O1W": 8}  # fmt: skip
    assert {label: number_of_label(label) for label in known} == known
    for label in ("T1", "M1", "X", "Wat1", "Cation", "NH4", "OH1", "HE1", "Ow1", "Fe1Co1", "Fe/Co",
                  "Fe0.5Co0.5", "CA", "Du1", "Va", "Vac", "1Fe", "", "A" * 500):  # fmt: skip
        with pytest.raises(Unusable, match="not a single element"):
            number_of_label(label)


def test_type_symbols_decide_over_labels():
    assert crystal(["O1 Cs 0 0 0", "Xx Cl 0.5 0.5 0.5"]).numbers.tolist() == [55, 17]
    assert crystal(["Cs1 ? 0 0 0", "Cl1 . 0.5 0.5 0.5"]).numbers.tolist() == [55, 17]
    assert crystal(["Cs1 0 0 0", "Cl1 0.5 0.5 0.5"], columns=LABELS).numbers.tolist() == [55, 17]
    assert refusal(["Cs1 0 0 0", "OH1 0.5 0.5 0.5"], columns=LABELS).reason == "unknown_element"


def test_occupancies():
    rows = [f"{row} 1" for row in CSCL]
    for full in (".", "?", "1", "1.000(5)", "0.9999"):
        assert len(crystal([f"{CSCL[0]} {full}", rows[1]], columns=OCCUPANCY).numbers) == 2
    wrong = {"0.5": "disordered", "0": "disordered", "-1": "unreadable", "1.01": "unreadable"}
    for occupancy, reason in wrong.items():
        found = refusal([f"{CSCL[0]} {occupancy}", rows[1]], columns=OCCUPANCY)
        assert found.reason == reason, occupancy


def test_shared_places_and_alternatives_are_disorder():
    assert refusal(["Fe1 Fe 0 0 0", "Co1 Co 0.00001 0 1"]).reason == "disordered"
    groups = (*LOOP, "disorder_group")
    rows = ["Na1 Na 0 0 0 1", "Na2 Na 0.2 0 0 2", "Cl1 Cl 0.5 0.5 0.5 ."]
    assert refusal(rows, columns=groups).reason == "disordered"
    assert refusal([*CSCL, "Cs2 Cs 1 0 0"]).reason == "overlapping_atoms"


def test_atoms_without_places():
    hydrogens = (*LOOP, "attached_hydrogens")
    rows = ["C1 C 0 0 0 0", "C2 C 0.5 0.5 0.5 3"]
    assert refusal(rows, columns=hydrogens).reason == "missing_atoms"
    assert refusal(head=P1 + "_chemical_formula_sum 'Cs Cl H4'").reason == "missing_atoms"
    flags = (*LOOP, "calc_flag")
    assert refusal([f"{CSCL[0]} .", f"{CSCL[1]} dum"], columns=flags).reason == "unknown_element"
    assert refusal([f"{row}" for row in ()], columns=LOOP).reason == "no_atoms"
    cartesian = cif_text().replace("_fract_", "_Cartn_")
    ((_, found),) = read_cif(cartesian)
    assert "Cartesian" in str(found)


@pytest.mark.parametrize(
    ("formula", "units", "agrees"),
    [
        ("'Cs Cl'", "1", True),
        ("'Cs Cl'", "?", True),
        ("'Cs1.000 Cl'", ".", True),
        ("?", "7", True),
        ("'Cs (Cl)'", "1", True),  # brackets state nothing that is checked
        ("'K Cl'", "1", False),
        ("'Cs Cl2'", "1", False),
        ("'Cs0.98 Cl'", "1", False),
        ("'Cs Cl'", "2", False),
        ("'Cs2 Cl2'", "?", False),  # less than one unit
        ("'Cs2 Cl2'", "2", False),
    ],
)
def test_formula_and_units_must_agree(formula, units, agrees):
    head = f"{P1}_chemical_formula_sum {formula}\n_cell_formula_units_Z {units}"
    if agrees:
        assert len(crystal(head=head).numbers) == 2
    else:
        found = refusal(head=head)
        assert found.reason == "contradiction"
        assert "the cell holds Cl1 Cs1, the file states" in str(found)


def test_rounded_formulas_and_whole_cells():
    rows = ["Ti1 Ti 0 0 0", "O1 O 0.5 0.5 0", "O2 O 0 0.5 0.5"]
    for stated in ("Ti0.33 O0.67", "Ti O2", "Ti2 O4"):
        head = f"{P1}_chemical_formula_sum '{stated}'"
        if stated == "Ti2 O4":
            assert refusal(rows, head).reason == "contradiction"
        else:
            assert len(crystal(rows, head).numbers) == 3
    eight = cif(few(), 0)  # pymatgen writes the content of the cell and Z = 4
    assert "Na4 Cl4" in eight
    assert kinds(eight) == ["crystal"]
    assert kinds(eight.replace("Z   4", "Z   3")) == ["contradiction"]


def test_multiplicity_and_density_must_agree():
    columns, head = (*LOOP, "symmetry_multiplicity"), "_space_group_name_H-M_alt 'P m -3 m'"
    assert len(crystal([f"{row} 1" for row in CSCL], head, columns=columns).numbers) == 2
    assert len(crystal([f"{row} 1.0" for row in CSCL], head, columns=columns).numbers) == 2  # ASE
    orders = [f"{row} 48" for row in CSCL]  # as older SHELXL wrote them
    assert len(crystal(orders, head, columns=columns).numbers) == 2
    assert refusal([f"{row} 3" for row in CSCL], head, columns=columns).reason == "contradiction"
    assert len(crystal(head=P1 + "_exptl_crystal_density_diffrn 3.77").numbers) == 2
    dense = refusal(head=P1 + "_exptl_crystal_density_diffrn 7.54")
    assert "g/cm³" in str(dense)


def test_order_is_that_of_electronegativity_then_of_the_file():
    rows = ["Cl1 Cl 0.5 0.5 0.5", "O1 O 0 0.5 0", "Cs1 Cs -0.1 0 0", "O2 O 0 0 0.5"]
    found = crystal(rows)
    assert found.numbers.tolist() == [55, 17, 8, 8]
    np.testing.assert_array_equal(found.frac_coords[2:], [[0, 0.5, 0], [0, 0, 0.5]])
    assert found.frac_coords[0, 0] == 0.9


def test_ids_of_blocks_and_their_reasons(tmp_path):
    half = cif_text(["Tl1 Tl 0 0 0 0.5"], columns=OCCUPANCY)
    (tmp_path / "many.cif").write_text(cif_text() + half + cif_text(name="z"))
    (tmp_path / "one.mcif").write_text(cif_text())
    (tmp_path / "none.cif").write_text("data_x\n_title y\n")
    (chunk,) = Files(tmp_path).chunks()
    assert chunk.crystals.ids.tolist() == ["many-1", "many-3", "one"]
    reasons = {reject.material_id: (reject.reason, reject.message) for reject in chunk.rejects}
    assert reasons == {
        "many-2": ("disordered", "many.cif: block x: a site is partly empty (occupancy 0.5)"),
        "none": ("no_atoms", "none.cif: no block holds a crystal (blocks: x)"),
    }
