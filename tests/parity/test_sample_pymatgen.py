"""The sample's shortcuts against the pymatgen classes whose results they reproduce."""

import warnings
from types import SimpleNamespace

import moyopy
import numpy as np
import pytest

from matdata.adapters.electrostatics import ewald_energy_per_atom
from matdata.adapters.prototypes import prototypes, pymatgen_structure
from matdata.adapters.volumes import dls_scale
from matdata.core import elements
from matdata.sources.sample import ENERGY, Sample
from matdata.tables import oxidation_states


def spread(raw, count: int) -> list[int]:
    """Records of a raw chunk, evenly over the numbers of elements."""
    species = np.count_nonzero(raw.numbers, axis=1)
    return [i for n in (2, 3, 4) for i in np.flatnonzero(species == n)[: count // 3].tolist()]


@pytest.fixture(scope="module")
def drawn() -> SimpleNamespace:
    source = Sample(3000)
    raw = list(source.raw_chunks())
    rows = [(part, row) for part in raw for row in spread(part, 18)]
    return SimpleNamespace(source=source, rows=rows)


def decorated(part, row, species):
    slots = [species(z, q) for z, q in zip(part.numbers[row], part.charges[row], strict=True) if z]
    return pymatgen_structure(int(part.rows[row]), slots)


@pytest.mark.slow
def test_volumes_are_those_of_the_dls_predictor(drawn):
    from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor
    from pymatgen.core import Element

    predictor = DLSVolumePredictor(min_scaling=None, max_scaling=None)
    assert len(drawn.rows) >= 36
    for part, row in drawn.rows:
        structure = decorated(part, row, lambda z, q: Element.from_Z(int(z)))
        crystal = drawn.source.parse(part.take(row, row + 1)).crystals
        assert crystal.volume[0] == pytest.approx(predictor.predict(structure), rel=1e-9)


@pytest.mark.slow
def test_energies_are_those_of_a_direct_ewald_sum(drawn):
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice, Species, Structure

    symbols = elements.symbols()
    for part, row in drawn.rows:
        chunk = drawn.source.parse(part.take(row, row + 1))
        ions = {
            z: Species(symbols[z], int(q))
            for z, q in zip(part.numbers[row].tolist(), part.charges[row], strict=True)
            if z
        }
        structure = Structure(
            Lattice(chunk.crystals.lattice[0]),
            [ions[z] for z in chunk.crystals.numbers.tolist()],
            chunk.crystals.frac_coords,
        )
        assert structure.charge == 0
        direct = EwaldSummation(structure).total_energy / len(structure)
        assert chunk.table[ENERGY][0] == pytest.approx(direct, abs=1e-6)


def test_energy_does_not_depend_on_the_split_of_the_sum(drawn):
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Species

    symbols = elements.symbols()
    for part, row in drawn.rows[::6]:
        structure = decorated(part, row, lambda z, q: Species(symbols[z], int(q)))
        default = EwaldSummation(structure)
        other = EwaldSummation(structure, eta=1.5 * default.eta)
        one = part.take(row, row + 1)
        ours = ewald_energy_per_atom(one.rows, one.charges, np.ones(1), one.strain)[0]
        assert ours == pytest.approx(other.total_energy / len(structure), abs=1e-6)


def test_dls_on_all_prototypes_of_a_stoichiometry():
    from pymatgen.analysis.structure_prediction.volume_predictor import DLSVolumePredictor

    library = prototypes()
    rows = np.array([i for i, s in enumerate(library.stoichiometries) if s == (2, 3)])
    numbers = np.array([[13, 8], [79, 34]], dtype=np.uint8)
    scale = dls_scale(rows, numbers, (2, 3))
    predictor = DLSVolumePredictor(min_scaling=None, max_scaling=None)
    for composition, pair in enumerate((["Al", "O"], ["Au", "Se"])):
        for column, row in enumerate(rows.tolist()):
            structure = pymatgen_structure(row, pair)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                expected = predictor.predict(structure) / structure.volume
            assert scale[composition, column] ** 3 == pytest.approx(expected, rel=1e-9)


def test_oxidation_states_are_among_pymatgens_common_ones():
    from pymatgen.core import Element

    for symbol, states in oxidation_states.COMMON.items():
        assert set(states) <= set(Element(symbol).common_oxidation_states), symbol


def test_prototypes_keep_the_space_group_of_their_tag():
    library = prototypes()
    differ = []
    for row, tag in enumerate(library.tags):
        sites = library.sites(row)
        cell = moyopy.Cell(
            basis=library.lattice[row].tolist(),
            positions=library.frac_coords[sites].tolist(),
            numbers=(library.slots[sites] + 1).tolist(),
        )
        found = moyopy.MoyoDataset(cell, symprec=1e-3).number
        if found != int(tag.split("_")[2]):
            differ.append(tag)
    # Two entries of the library are more symmetric than their tags state.
    assert set(differ) <= {"A2B_oC12_38_de_ab", "AB3_tI16_140_b_ah"}
