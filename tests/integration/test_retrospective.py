"""The retrospective search: a table of enrichment from real trainings of seconds."""

from __future__ import annotations

import csv
import importlib
import itertools

import pytest
from pymatgen.core import Lattice, Structure

from matdata.store.records import read_record

pytestmark = pytest.mark.slow


def _perovskites(path):
    cations = itertools.product(("Ca", "Sr", "Ba", "Na", "K", "Rb"), ("Ti", "Zr", "Nb", "Ta", "Mn"))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["material_id", "cif", "heat_all"])
        for k, ((a, b), anion) in enumerate(itertools.product(cations, ("O", "F"))):
            sites = [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
            structure = Structure(Lattice.cubic(4), [a, b, *[anion] * 3], sites)
            heat = 0.1 * (k % 7) + 0.5 * (anion == "F")  # of oxides 0, 0.1 and 0.2 are hits
            rows.writerow([str(k), structure.to(fmt="cif"), heat])
    return path


def test_a_search_with_two_seeds(tmp_path, capsys):
    script = importlib.import_module("matdata_recipes.retrospective")
    source = _perovskites(tmp_path / "perov.csv")
    words = ["--from", str(source), "--models", "rf-magpie", "--seeds", "2"]
    where = ["--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "out" / "r.json")]
    assert script.main([*words, *where, "--pictures", str(tmp_path / "p")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("| rf-magpie | 2 | 0.")
    assert "±" in lines[-1]
    found = read_record(tmp_path / "out" / "r.json")
    assert [one["seed"] for one in found["searches"]] == [0, 1]
    for one in found["searches"]:
        assert one["candidates"] == 30
        assert 0 < one["stable"] < 30
        share = one["hits"]["20"] / 20 / (one["stable"] / 30)
        assert one["enrichment"]["20"] == pytest.approx(share)
    assert (tmp_path / "p" / "retrospective-rf-magpie-seed1" / "enrichment.png").is_file()
    again = script.main([*words, *where])  # read from what is on record
    assert (again, read_record(tmp_path / "out" / "r.json")["searches"][0]["hits"]) == (
        0, found["searches"][0]["hits"]
    )  # fmt: skip
