"""Situations that users of other readers report in public: atoms of each kind, or the reason.

The texts lie beside the public data sets; the answers were worked out by hand.
"""

from __future__ import annotations

from collections import Counter

import pytest
from support.crystals import SHARED

from matdata.core import elements
from matdata.sources.files import Files

CASES = SHARED.parent / "cases" / "reading"
#: Name: what each block gives.
ANSWERS = {
    "cif/c01_missing_H": ["missing_atoms"],
    "cif/c04_fd3m_o1": ["C8"],
    "cif/c06_fd3m_Z": ["unknown_symmetry"],
    "cif/c09_r3m_R": ["Bi2"],
    "cif/c13_no_symmetry": ["unknown_symmetry"],
    "cif/c14_p21c": ["O8 Zr4"],
    "cif/c16_p21n": ["O8 Zr4"],
    "cif/c18b_c2h5": ["unknown_symmetry"],
    "cif/c24b_mult": ["Fe4 S4"],
    "cif/c34_over": ["unreadable"],
    "cif/c35_dot": ["Cl1 Na1"],
    "cif/c36_partial": ["disordered"],
    "cif/c40_D": ["H1 Li1"],
    "cif/c42c_Vac": ["unknown_element"],
    "cif/l_l01": ["unknown_element"],
    "cif/l_l05": ["unknown_element"],
    "cif/l_l09": ["unknown_element"],
    "cif/l_l13": ["unknown_element"],
    "cif/l_l20": ["unknown_element"],
    "cif/m01_multi": ["Cl1 Cs1", "Cl1 Tl1"],
    "cif/m02_multi_one_disordered": ["Cl1 Cs1", "disordered", "Cl1 Rb1"],
    "cif/m03_multi_one_broken": ["Cl1 Cs1", "unreadable", "Cl1 Rb1"],
    "cif/m06_samename": ["Cl1 Cs1", "Cl1 Tl1"],
    "cif2/q01_OH_type": ["unknown_element"],
    "cif2/q05_H2O_type": ["unknown_element"],
    "cif2/q07_Mlabel": ["unknown_element"],
    "cif2/q10_occ_dot": ["Cl1 Na1"],
    "cif2/q11_occ_q": ["Cl1 Na1"],
    "cif2/q13_occ_1esd": ["Cl1 Na1"],
    "cif2/q20_du": ["unknown_element"],
    "cif2/q21_disorder_group": ["disordered"],
    "cif2/q30_hall": ["Cl4 Na4"],
    "cif2/q31_alt": ["Cl4 Na4"],
    "cif2/q33_full": ["Cl4 Na4"],
    "cif2/q36_formula_wrong": ["contradiction"],
    "cif3/r01_coord_dot": ["unreadable"],
    "cif3/r02_cartn": ["unreadable"],
    "cif3/r04_dup_block": ["Cl1 Na1", "Br1 K1", "I1 Rb1"],
    "cif3/r06_CAPS": ["Cl1 Na1"],
    "cif_setting/s01_P21c_noNum": ["O8 Zr4"],
    "cif_setting/s03_P21n_noNum": ["O8 Zr4"],
    "cif_setting/s05_P121n1_num": ["O8 Zr4"],
    "cif_setting/s06_P21a_num": ["O8 Zr4"],
    "cif_setting/s10_Pnma": ["Fe4 Gd4 O12"],
    "cif_setting/s12_R3m_hex": ["Bi6"],
    "cif_setting/s13_R3m_rho_num": ["Bi2"],
    "cif_setting/s16_Fd3m_Z_num": ["unknown_symmetry"],
    "cif_setting/s17_P4nmm_2": ["Fe2 Se2"],
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", ANSWERS)
def test_each_block_gives_its_atoms_or_its_reason(name):
    path = CASES / f"{name}.cif"
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine (set MATDATA_SHARED)")
    (chunk,) = Files(path).chunks()
    found = {reject.material_id: reject.reason for reject in chunk.rejects}
    symbols = elements.symbols()
    for row, identity in enumerate(chunk.crystals.ids.tolist()):
        numbers = chunk.crystals.numbers[chunk.crystals.sites(row)].tolist()
        counts = sorted(Counter(symbols[number] for number in numbers).items())
        found[identity] = " ".join(f"{symbol}{count}" for symbol, count in counts)
    assert [found[identity] for identity in sorted(found)] == ANSWERS[name]
