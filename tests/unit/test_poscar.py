"""POSCAR texts: what is read, and what contradicts itself."""

from __future__ import annotations

import numpy as np
import pytest
from support.crystals import few
from support.files import poscar

from matdata.adapters.poscar import read_poscar
from matdata.core.ledger import Unusable

CELL = "4.0 0 0\n0 4.0 0\n0 0 5.0\n"
SITES = "0 0 0\n0.5 0.5 0.5\n"


def text(
    scale="1.0", cell=CELL, names="Na Cl\n1 1\n", kind="Direct\n", sites=SITES, tail=""
) -> str:
    return f"comment\n{scale}\n{cell}{names}{kind}{sites}{tail}"


SALT = read_poscar(text())


@pytest.mark.parametrize(
    "same",
    [
        text(kind="Selective dynamics\nDirect\n", sites="0 0 0 T T F\n0.5 0.5 0.5 F F F\n"),
        text(tail="\n0.1 0.2 0.3\n-0.1 -0.2 -0.3\n"),
        text(tail="Lattice velocities and vectors\n1\n0 0 0\n"),
        text(kind="Fractional\n"),
        text(kind="Selective\nDirect\n", sites="0 0 0 .TRUE. F F Na\n0.5 0.5 0.5 T T T Cl\n"),
        text(scale="2", cell="2 0 0\n0 2 0\n0 0 2.5\n"),
        text(scale="-80", cell="2 0 0\n0 2 0\n0 0 2.5\n"),
        text(scale="4 4 5", cell="1 0 0\n0 1 0\n0 0 1\n"),
        text(kind="Cartesian\n", sites="0 0 0\n2 2 2.5\n"),
        text(scale="2", cell="2 0 0\n0 2 0\n0 0 2.5\n", kind="kart\n", sites="0 0 0\n1 1 1.25\n"),
        # pymatgen multiplies Cartesian coordinates by a negative scale as written
        text(scale="-80", cell="2 0 0\n0 2 0\n0 0 2.5\n", kind="C\n", sites="0 0 0\n1 1 1.25\n"),
        text(names="Na_pv Cl/a1b2c3\n1 1\n"),
        text(names="Na\nCl\n1\n1\n"),
        text(names="Na K Cl\n1 0 1\n"),
        text(names="1 1\n", sites="0 0 0 Na\n0.5 0.5 0.5 Cl\n"),
        text(scale="1.0 ! scale", names="Na Cl # two\n1 1\n"),
        text(scale="1.0D0").replace("4.0", "4.0D0").replace("\n", "\r\n"),
        text().replace("comment", ""),
    ],
)
def test_notations_of_one_crystal(same):
    found = read_poscar(same)
    np.testing.assert_allclose(found.lattice, SALT.lattice, rtol=1e-14)
    np.testing.assert_allclose(found.frac_coords, SALT.frac_coords, rtol=1e-14)
    assert found.numbers.tolist() == [11, 17]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (text(names="Na K Cl\n1 1\n"), r"3 symbols \(Na K Cl\) and 2 counts \(1 1\)"),
        (text(names="Na Cl\n1 1 1\n", tail="0 0 0\n"), "2 symbols .* and 3 counts"),
        (text(names="Na Cl\n1 2\n"), "counts 3 sites and gives 2 positions"),
        (text(names="Na Cl\n1 2\n", tail="\n0 0 1\n"), "counts 3 sites and gives 2 positions"),
        (text(names="1 1\n"), "no element symbols"),
        (text(names="Na Cl\n-1 1\n"), "symbols or counts are"),
        (text(names="Na Cl\n1 999999999999\n"), "counts"),
        (text(names="Na Xx\n1 1\n"), "no element 'Xx'"),
        (text(kind="", sites="0.1 0 0\n0.5 0.5 0.5\n"), "kind of coordinates"),
        (text(scale="0"), "the scale"),
        (text(scale="x"), "the scale"),
        (text(scale="1 2"), "the scale"),
        (text(cell="4 0\n0 4 0\n0 0 4\n"), "a lattice vector"),
        (text(sites="0 0 0\n0.5 nan 0\n"), "a position"),
        (text(sites="0 0 0\n0.5 0.5\n"), "a position"),
        (text(sites="0 0 0\n0.5 1_000 0\n"), "a position"),
        (text(sites="0 0 0\n0.5 0.\x0b5 0.5\n"), "a position is '0.5 0. 5 0.5'"),
        (text(sites="0 0 0\n0.5\x0b0 0.5 0.5 T T F\n"), "a position is '0.5 0 0.5 0.5 T T F'"),
        (text(tail="0.5 0 0\n"), "counts 2 sites and gives more"),
        ("", "the scale"),
        ("comment\n1.0\n", "a lattice vector"),
    ],
)
def test_contradictions_are_refused(wrong, what):
    with pytest.raises(Unusable, match=what):
        read_poscar(wrong)


def test_what_pymatgen_writes_is_read_as_pymatgen_reads_it():
    from pymatgen.io.vasp.inputs import Poscar

    for row in range(len(few())):
        written = poscar(few(), row)
        theirs, found = Poscar.from_str(written).structure, read_poscar(written)
        np.testing.assert_array_equal(found.lattice, theirs.lattice.matrix)
        np.testing.assert_array_equal(found.frac_coords, theirs.frac_coords)
        assert found.numbers.tolist() == list(theirs.atomic_numbers)
