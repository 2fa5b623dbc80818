"""Labels and tables against pymatgen's, on the 1,265 crystals of matbench_phonons.

pymatgen's moyopy function gives no angle tolerance and writes one-face centrings S where AFLOW
labels and pymatgen's spglib function write C; both are levelled here. With the relabellings that
pymatgen uses no difference is left. With all of the affine normalizer (our default) labels of
monoclinic and triclinic crystals can be smaller.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.crystals import real

from matdata.core import elements
from matdata.core.crystals import Crystals
from matdata.symmetry.protostructure import compare, protostructures
from matdata.symmetry.search import analyse
from matdata.tables import wyckoff

EVERY = pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.slow)])


def pymatgen_table(name: str):
    """A table of pymatgen, read without importing pymatgen.analysis."""
    package = importlib.util.find_spec("pymatgen.analysis")
    paths = [Path(p) / "prototypes" for p in package.submodule_search_locations]
    path = next((p / f"wyckoff-position-{name}.json.gz" for p in paths if p.exists()), None)
    if path is None or not path.exists():
        pytest.skip("this pymatgen keeps its Wyckoff tables elsewhere")
    return json.loads(gzip.decompress(path.read_bytes()))


@pytest.fixture(scope="module")
def phonons() -> SimpleNamespace:
    table = json.loads(gzip.decompress(real("phonons/matbench_phonons.json.gz").read_bytes()))
    structures = [row[table["columns"].index("structure")] for row in table["data"]]
    crystals = Crystals.from_lists(
        [f"phonon-{i}" for i in table["index"]],
        [s["lattice"]["matrix"] for s in structures],
        [[site["abc"] for site in s["sites"]] for s in structures],
        [
            [elements.atomic_number(site["species"][0]["element"]) for site in s["sites"]]
            for s in structures
        ],
    )
    return SimpleNamespace(crystals=crystals, structures=structures)


def pymatgen_labels(phonons: SimpleNamespace, engine: str, step: int) -> list[str]:
    from pymatgen.analysis import prototypes
    from pymatgen.core import Structure

    function = getattr(prototypes, f"get_protostructure_label_from_{engine}")
    structures = [Structure.from_dict(s) for s in phonons.structures[::step]]
    labels = [function(structure) for structure in structures]
    return [label.replace("_oS", "_oC").replace("_mS", "_mC") for label in labels]


@pytest.mark.slow
@pytest.mark.real_data
@EVERY
@pytest.mark.parametrize(("engine", "angle"), [("moyopy", None), ("spglib", 5.0)])
def test_labels(phonons, engine, angle, step) -> None:
    crystals = phonons.crystals.take(slice(None, None, step))
    ours = protostructures(crystals, analyse(crystals, engine, 0.1, angle), "aviary")
    theirs = pymatgen_labels(phonons, engine, step)
    differ = [(a, b) for a, b in zip(ours.labels.tolist(), theirs, strict=True) if a != b]
    assert differ == []
    assert ours.wyckoff_valid.all()


@pytest.mark.slow
@pytest.mark.real_data
def test_engines_disagree_on_space_groups_only(phonons) -> None:
    """One distorted crystal (AgSe2Y), at whose tolerance 141 turns into subgroups: into 8 by spglib
    at 0.1 Å, by moyopy only below; spglib's answer for it also changes with the cell."""
    moyo = protostructures(phonons.crystals, analyse(phonons.crystals, "moyopy"))
    spg = protostructures(phonons.crystals, analyse(phonons.crystals, "spglib"))
    same_group = moyo.space_group_number == spg.space_group_number
    assert np.array_equal(compare(moyo, spg), same_group)
    assert np.count_nonzero(~same_group) <= 3


@pytest.mark.slow
@pytest.mark.real_data
def test_affine_differs_only_where_the_cell_may_change(phonons) -> None:
    symmetry = analyse(phonons.crystals)
    affine = protostructures(phonons.crystals, symmetry)
    aviary = protostructures(phonons.crystals, symmetry, "aviary")
    differ = affine.labels != aviary.labels
    assert set(affine.space_group_number[differ].tolist()) <= set(range(2, 15))
    assert 0 < np.count_nonzero(differ) < 40
    # Relabelling only merges: crystals of one aviary label stay together.
    pairs = set(zip(aviary.labels.tolist(), affine.labels.tolist(), strict=True))
    assert len(pairs) == len(set(aviary.labels.tolist()))


@pytest.mark.real_data
def test_site_symmetries(phonons) -> None:
    """The table's symbols are those of the engine for each site."""
    import moyopy

    crystals = phonons.crystals.take(slice(None, None, 5))
    symmetry = analyse(crystals, angle_tolerance=None)
    said: list[str] = []
    for row in range(len(crystals)):
        part = crystals.sites(row)
        cell = moyopy.Cell(
            crystals.lattice[row].tolist(),
            crystals.frac_coords[part].tolist(),
            crystals.numbers[part].tolist(),
        )
        said += moyopy.MoyoDataset(cell, symprec=0.1).site_symmetry_symbols
    assert symmetry.site_symmetries.tolist() == said


def test_multiplicities() -> None:
    theirs = pymatgen_table("multiplicities")
    for number in range(1, wyckoff.N_GROUPS + 1):
        start, end = wyckoff.starts()[number - 1 : number + 1]
        ours = dict(zip(wyckoff.letters(number), wyckoff.multiplicities()[start:end], strict=True))
        assert ours == theirs[str(number)], number


def test_relabellings() -> None:
    """Computed here and shipped by pymatgen: the same 230 sets; the affine ones hold them."""
    theirs = pymatgen_table("relabelings")
    larger = []
    for number in range(1, wyckoff.N_GROUPS + 1):
        letters = wyckoff.letters(number)
        published = {
            "".join(change.get(str(ord(letter)), letter) for letter in letters)
            for change in theirs[str(number)]
        }
        aviary, affine = (
            {"".join(wyckoff.LETTERS[i] for i in row) for row in wyckoff.relabellings(number, name)}
            for name in ("aviary", "affine")
        )
        assert aviary == published, number
        assert aviary <= affine
        larger += [number] if len(affine) > len(aviary) else []
    assert larger == [2, 3, 10, 11, 12, 13, 14]
