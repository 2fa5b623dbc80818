"""CGCNN-D: several structures of a basin share one relaxed energy (Goodall's thesis, 6.4.2)."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

import matdata as md
from matdata.cli import main

#: Structures of each basin: the relaxed one and two before relaxation.
STRUCTURES = 3


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    draw = np.random.default_rng(0)
    salts = list(itertools.product(("Li", "Na", "K", "Rb", "Cs"), ("F", "Cl", "Br", "I")))
    with (folder / "pairs.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["material_id", "cif", "relaxed_energy", "basin"])
        for basin, (cation, anion) in enumerate(salts):
            cell = Lattice.cubic(4.0 + 0.05 * basin)
            relaxed = Structure(cell, [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])
            for k in range(STRUCTURES):
                structure = relaxed.copy()
                if k:
                    structure.scale_lattice(cell.volume * (1 + 0.05 * k))
                    structure.translate_sites([1], 0.02 * draw.standard_normal(3))
                rows.writerow([f"{basin}-{k}", structure.to(fmt="cif"), -3 - 0.1 * basin, basin])
    options = ["--split", "60/20/20", "--group-by", "basin", "--dedupe", "none", "--cache"]
    build = ["build", str(folder / "pairs.csv"), "--target", "relaxed_energy", *options]
    assert main([*build, str(folder), "--features", "graph", "--quiet"]) == 0
    return folder


@pytest.mark.slow
def test_structures_of_a_basin_stay_in_one_part(cache):
    dataset = md.open("pairs", cache=cache)
    split = dataset.split()  # the only one
    parts = {name: {i.split("-")[0] for i in ids} for name, ids in split.items()}
    assert sum(map(len, parts.values())) == 20
    assert set.union(*parts.values()) == {str(basin) for basin in range(20)}
    assert sum(len(ids) for ids in split.values()) == 20 * STRUCTURES


@pytest.mark.slow
def test_a_relaxed_energy_is_predicted_from_each_structure(cache):
    small = ["--set", "width=8", "--set", "layers=1", "--set", "hidden=8", "--threads", "1"]
    place = ["--cache", str(cache), "--quiet"]
    train = ["train", "cgcnn", "pairs", "--target", "relaxed_energy", "--name", "d", *small]
    assert main([*train, "--epochs", "2", *place]) == 0
    assert main(["evaluate", "d", "--no-pictures", *place]) == 0
    found = md.predict(md.open_run("d", cache=cache), md.open("pairs", cache=cache))
    assert len(found.ids) == 20 * STRUCTURES
    assert np.isfinite(found.mean).all()
    # structures of a basin differ in their prediction, and are learnt towards one energy
    ranges = [np.ptp(found.mean[[i.startswith(f"{b}-") for i in found.ids]]) for b in range(20)]
    assert min(ranges) > 0
