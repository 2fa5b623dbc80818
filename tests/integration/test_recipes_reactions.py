"""The recipe of synthesis reactions."""

from __future__ import annotations

import pytest
from support.crystals import real
from support.reactions import CARBONATE, TITANIA, material, record, write_release
from support.recipes import counts

import matdata as md
from matdata.splits.saved import load_split


@pytest.mark.slow
def test_counts_beside_those_of_the_thesis_and_splits_that_do_not_leak(run, tmp_path):
    more = [material("Eu2O3", {"Eu": "2", "O": "3"}), material("ZrO2", {"Zr": "1", "O": "2"})]
    records = []
    for number in range(36):
        chosen = [("Ba", "Sr", "Ca", "Mg", "Zn", "Pb")[number % 6]]
        product = material("MTiO3", {"M": "1", "Ti": "1", "O": "3"}, elements_vars={"M": chosen})
        dated = f"10.1016/j.jssc.{2000 + number % 9}.01.{number:03d}"
        precursors = [TITANIA, CARBONATE, *more[: number % 3]]
        doi = dated if number % 4 else "10.1021/x"
        records.append(record(target=product, doi=doi, precursors=precursors))
    records.append(record(precursors=[TITANIA]))
    (result,) = run("reactions", "--from", write_release(tmp_path / "reactions.json", records))
    found = counts(result)
    assert found["records read"] == (None, 37)
    assert found["without few_precursors"] == (None, -1)
    assert found["materials"] == (16231, 36)
    assert found["in split up-to-10-80-20"] == (16231, 36)
    assert found["in split up-to-3-80-20"] == (11083, 24)
    dataset = md.open("reactions")
    for key in ("formula", "chemsys", "doi", "reaction"):
        report = dataset.audit(f"by-{key}-80-20-seed0")
        assert [o.n_shared for o in report.overlaps if o.key == key] == [0], key
    by_year = load_split(dataset, "by-year-80-20")
    assert sum(len(ids) for ids in by_year.parts.values()) == 27


@pytest.mark.real_data
@pytest.mark.slow
def test_reactions_of_the_release(run):
    (result,) = run("reactions", "--from", real("synthesis/solid-state_dataset_2019-12-03.json.xz"))
    assert counts(result)["records read"] == (None, 30031)
    assert counts(result)["materials"] == (16231, 22365)
    assert counts(result)["in split up-to-3-80-20"] == (11083, 16180)
