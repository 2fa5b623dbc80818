"""One cell of text in a column of numbers: the numbers stay numbers, and the cell is reported."""

from __future__ import annotations

import numpy as np
import pytest

import matdata as md
from matdata.curate.coercion import as_numbers


def _csv(path, cells):
    lines = [f"m{row},Na{row + 1}Cl,{cell}" for row, cell in enumerate(cells)]
    path.write_text("material_id,formula,gap\n" + "\n".join(lines) + "\n")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("place", [3, 700])
def test_a_text_cell_is_missing_and_named(place, tmp_path, capsys):
    cells = [str(0.1 * row) for row in range(800)]
    cells[place] = "see footnote"
    dataset = md.build(_csv(tmp_path / "a.csv", cells), cache=tmp_path, split=None)
    gap = dataset.table["gap"]
    assert gap.dtype == np.float64
    assert gap.index[gap.isna()].tolist() == [f"m{place}"]
    assert gap["m5"] == 0.5
    assert dataset.manifest["targets"] == {"gap": ""}
    first = f"(first m{place}: 'see footnote')"
    note = f"gap: 1 of 800 values is not a number and counted as missing {first}"
    assert note in dataset.manifest["note"]


@pytest.mark.slow
def test_a_column_of_words_stays_one(tmp_path):
    cells = ["metal", "insulator", "1"] * 10
    path = _csv(tmp_path / "a.csv", cells)
    dataset = md.build(path, cache=tmp_path, split=None, target=["gap"])
    assert set(dataset.columns["gap"]) == {"metal", "insulator", "1"}
    assert dataset.manifest["note"] == ""


def test_numbers_are_read_back_exactly():
    cells = [*map(str, np.pi * np.arange(11)), "inf"]
    numbers, notes = as_numbers("y", cells, "abcdefghijkl")
    assert numbers[:11] == (np.pi * np.arange(11)).tolist()
    assert numbers[11] is None
    assert notes == ["y: 1 of 12 values is not a number and counted as missing (first l: 'inf')"]
    assert as_numbers("y", ["1.0"], "a").notes == []
