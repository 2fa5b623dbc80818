"""Samples of more records than there are originals: further compositions, and copies."""

import hashlib
from itertools import chain, islice

import numpy as np
import pytest

from matdata.adapters.electrostatics import ewald_energy_per_atom
from matdata.adapters.prototypes import STRAINS, prototypes, pymatgen_structure
from matdata.adapters.volumes import MAX_VOLUME, MIN_VOLUME
from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.sources._copies import ROUNDS, copies_of
from matdata.sources._draws import DECORATED, NO_SOURCE, ORIGINAL, STRAINED, Draws
from matdata.sources._sampler import TIE
from matdata.sources._stream import MAX_SIZE, N_ORIGINALS, _originals, _records, draw_chunks
from matdata.sources.base import CHUNK_ROWS
from matdata.sources.sample import ENERGY, Sample

pytestmark = pytest.mark.slow

#: Of rows, numbers and charges of the first 140,000 records: they must never change.
RECORDED = "5aae6ab73777336f5f4b4f8490524886b3dad2efcead7c7789389c30734a5e39"


def joined(blocks) -> Draws:
    first, *others = blocks
    for other in others:
        first = first.then(other)
    return first


@pytest.fixture(scope="module")
def extended() -> Draws:
    """The first 4,000 records after the originals."""
    number = N_ORIGINALS // CHUNK_ROWS
    return joined(islice(draw_chunks(0, MAX_SIZE, CHUNK_ROWS, number), 8))


@pytest.fixture(scope="module")
def table(extended):
    chunk = Sample(MAX_SIZE).parse(extended)
    return chunk.crystals, chunk.table


def test_the_originals_are_what_they_were():
    digest = hashlib.sha256()
    n = 0
    for draws in draw_chunks(0, N_ORIGINALS, CHUNK_ROWS):
        n += len(draws)
        for column in (draws.rows.astype("<i8"), draws.numbers, draws.charges):
            digest.update(column.tobytes())
        assert not draws.marks_copies
    assert n == N_ORIGINALS
    assert digest.hexdigest() == RECORDED


@pytest.mark.parametrize("chunk", [0, N_ORIGINALS // CHUNK_ROWS - 1])
def test_a_sample_with_copies_starts_with_the_one_without(chunk):
    (whole,) = islice(Sample(N_ORIGINALS).chunks(chunk), 1)
    (longer,) = islice(Sample(N_ORIGINALS + 1).chunks(chunk), 1)
    assert longer.crystals.digest() == whole.crystals.digest()
    assert longer.table == {
        **whole.table,
        "variant": [ORIGINAL] * CHUNK_ROWS,
        "copy_of": [None] * CHUNK_ROWS,
    }


def test_a_larger_sample_with_copies_starts_with_a_smaller(extended):
    (small,) = draw_chunks(0, N_ORIGINALS + 100, 200, N_ORIGINALS // 200)
    large = extended.take(0, 100)
    assert small.marks_copies
    assert large.marks_copies
    for name in ("rows", "numbers", "charges", "scale", "strain", "source"):
        assert np.array_equal(getattr(small, name), getattr(large, name))


def test_a_copy_is_marked_with_its_original(table):
    _, columns = table
    assert set(columns["variant"]) == {ORIGINAL, STRAINED, DECORATED}
    assert columns["material_id"][0] == f"sample-{N_ORIGINALS + 1:07d}"
    for variant, source in zip(columns["variant"], columns["copy_of"], strict=True):
        assert (source is None) == (variant == ORIGINAL)
        assert source is None or 1 <= int(source.removeprefix("sample-")) <= N_ORIGINALS


def test_a_copy_has_the_composition_of_its_original(table):
    crystals, columns = table
    originals = {}
    for chunk in islice(Sample(N_ORIGINALS).chunks(), 6):
        originals |= dict(
            zip(
                chunk.table["material_id"],
                zip(
                    Compositions.from_crystals(chunk.crystals).reduced_formulas(),
                    chunk.table["prototype"],
                    chunk.table["oxidation_states"],
                    strict=True,
                ),
                strict=True,
            )
        )
    copies = Compositions.from_crystals(crystals).reduced_formulas()
    compared = 0
    for row, source in enumerate(columns["copy_of"]):
        if source in originals:
            got = copies[row], columns["prototype"][row], columns["oxidation_states"][row]
            assert got == originals[source]
            compared += 1
    assert compared > 1000


def test_a_strained_copy_is_the_deformed_original(extended, table):
    crystals, _ = table
    library = prototypes()
    for row in np.flatnonzero(extended.strain)[:50].tolist():
        own = library.lattice[extended.rows[row]]
        deformation = np.linalg.solve(own, crystals.lattice[row]) / extended.scale[row]
        assert np.allclose(deformation, STRAINS[extended.strain[row]])
        sites = library.sites(int(extended.rows[row]))
        assert np.array_equal(crystals.frac_coords[crystals.sites(row)], library.frac_coords[sites])


def test_energies_of_copies_are_ewald_sums(extended, table):
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice

    crystals, columns = table
    kinds = [
        np.flatnonzero(np.array(columns["variant"]) == kind)[:3] for kind in (STRAINED, DECORATED)
    ]
    for row in chain(*kinds):
        structure = pymatgen_structure(int(extended.rows[row]), ["H"] * 4)
        slots = prototypes().slots[prototypes().sites(int(extended.rows[row]))]
        structure.add_oxidation_state_by_site(extended.charges[row][slots].tolist())
        structure.lattice = Lattice(crystals.lattice[row])
        expected = EwaldSummation(structure).total_energy / len(structure)
        assert columns[ENERGY][row] == pytest.approx(expected, rel=1e-6)


def test_decorated_copies_lie_above_their_originals():
    originals = next(_originals(0))
    copies = copies_of(0, originals, 0)
    decorated = copies.where(copies.strain == 0)
    assert len(decorated) > 100
    own = originals.where(np.isin(np.arange(len(originals)), decorated.source))
    energies = [
        ewald_energy_per_atom(one.rows, one.charges, one.scale, one.strain)
        for one in (own, decorated)
    ]
    n_sites = np.diff(prototypes().offsets)[own.rows]
    assert np.all((energies[1] - energies[0]) * n_sites > TIE)
    assert np.array_equal(np.sort(own.numbers, axis=1), np.sort(decorated.numbers, axis=1))


def test_strains_of_one_record_differ():
    originals = next(_originals(0)).take(0, 200)
    drawn = [copies_of(0, originals, round_) for round_ in range(ROUNDS)]
    strains = np.concatenate([one.source * 100 + one.strain for one in drawn])
    assert len(np.unique(strains)) == len(strains)


def test_copies_are_bound_and_of_sensible_volume(table):
    crystals, columns = table
    per_atom = crystals.volume / crystals.n_sites
    assert np.all((per_atom >= MIN_VOLUME) & (per_atom <= MAX_VOLUME))
    assert np.all(np.array(columns[ENERGY]) < 0)
    assert np.all(np.linalg.det(crystals.lattice) > 0)


def test_no_two_records_are_equal(table):
    crystals, _ = table
    one = [
        Crystals.digest(crystals.take(slice(row, row + 1))) for row in range(0, len(crystals), 7)
    ]
    assert len(set(one)) == len(one)


def test_the_note_says_what_the_columns_mean():
    assert "copy_of" in Sample(N_ORIGINALS + 1).origin().note
    assert "copy_of" not in Sample(N_ORIGINALS).origin().note


def test_every_seed_reaches_the_largest_size():
    for seed in (0, 1, 2**60 - 1):
        n, n_copies = 0, 0
        for block in _records(seed, with_copies=True):
            n += len(block)
            n_copies += int((block.source != NO_SOURCE).sum())
            if n >= MAX_SIZE:
                break
        assert n >= MAX_SIZE
        assert 0.4 < n_copies / n < 0.6
