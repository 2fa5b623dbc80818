"""Reactions in the forms that users have them: texts, records, files, tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import matdata as md
from matdata.features import featurizer
from matdata.materials.reactions import read_reactions, reads_reactions
from matdata.training.batch_of import batch_of

TEXT = "2 BaCO3 + TiO2 @ mix heat"
RECORD = {
    "precursors": [{"formula": "BaCO3", "amount": 2.0}, {"formula": "TiO2", "amount": 1.0}],
    "operations": ["mix", "heat"],
}


def rows_of(given):
    """Names, cells and reasons of what is given."""
    read = read_reactions(given)
    cells = [
        {"precursors": one, "operations": other}
        for one, other in zip(*(read.table.columns[name] for name in RECORD), strict=True)
    ]
    return list(read.names), cells, [reject.reason for reject in read.rejects]


def test_texts_records_tables_and_mappings_are_the_same_reaction():
    for given in (
        TEXT,
        [TEXT],
        {"a": TEXT},
        {**RECORD},
        [RECORD],
        pd.Series([TEXT]),
        pd.DataFrame({"reaction": [TEXT]}),
        pd.DataFrame({"precursors": ["2 BaCO3 + TiO2"], "operations": ["mix, heat"]}),
        pd.DataFrame({"precursors": [RECORD["precursors"]], "operations": [RECORD["operations"]]}),
        pd.DataFrame(
            {"precursors": [json.dumps(RECORD["precursors"])], "operations": ["mix heat"]}
        ),
    ):
        _, cells, reasons = rows_of(given)
        assert (cells, reasons) == ([RECORD], []), given


def test_names_are_keys_ids_or_texts():
    assert rows_of([TEXT])[0] == [TEXT]
    assert rows_of({"a": TEXT})[0] == ["a"]
    assert rows_of([{**RECORD, "material_id": "r7"}, RECORD])[0] == ["r7", "1"]
    assert rows_of(pd.DataFrame({"reaction": [TEXT]}, index=["x"]))[0] == ["x"]


def test_nothing_is_lost():
    names, cells, reasons = rows_of([TEXT, "BaCO3 +", 3, None, {"precursors": 4}, {"precursor": 1}])
    assert len(names) == 6
    assert cells == [RECORD]
    assert reasons == ["empty_term", *["unreadable"] * 3, "no_precursors"]
    with pytest.raises(md.StructureError, match="expected reactions"):
        read_reactions(3)


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "parquet"])
def test_files_of_reactions(tmp_path, suffix):
    path = tmp_path / f"r.{suffix}"
    table = pd.DataFrame({"id": ["a", "b", "c"], "reaction": [TEXT, "Xx2O3 + TiO2", None]})
    if suffix == "csv":
        table.to_csv(path, index=False)
    elif suffix == "parquet":
        table.to_parquet(path)
    else:
        table.to_json(path, orient="records", lines=suffix == "jsonl")
    assert rows_of([str(path)]) == (["a", "b", "c"], [RECORD], ["bad_formula", "no_precursors"])
    assert rows_of(Path(path)) == rows_of(str(path))


def test_a_file_that_is_absent_or_of_another_kind_is_a_reject(tmp_path):
    other = tmp_path / "r.cif"
    other.write_text("data_x")
    read = read_reactions(["none.csv", str(other)])
    assert "there is no file 'none.csv'" in read.rejects[0].message
    assert "no table of reactions" in read.rejects[1].message


def test_features_computed_in_memory_are_those_of_the_cells():
    computed = md.compute("reaction", [TEXT, "BaCO3 +", "Fe2O3 + Li2CO3"])
    assert computed.ids.tolist() == [TEXT, "Fe2O3 + Li2CO3"]
    assert [reject.material_id for reject in computed.rejects] == ["BaCO3 +"]
    assert computed.offsets.tolist() == [0, 2, 4]
    np.testing.assert_allclose(computed.values[:, 0], [2 / 3, 1 / 3, 0.5, 0.5], rtol=1e-6)
    again = md.compute("reaction", [RECORD])
    np.testing.assert_array_equal(again.values, computed.values[:2])
    assert len(computed.labels) == computed.values.shape[1]


def test_reactions_are_asked_for_by_what_features_read():
    assert reads_reactions([featurizer("reaction", {})])
    assert not reads_reactions([featurizer("magpie", {})])
    assert not reads_reactions([featurizer("reaction", {}), featurizer("magpie", {})])
    assert not reads_reactions([])


def test_none_that_can_be_read_is_an_error_with_the_reasons():
    with pytest.raises(md.StructureError, match="precursor is missing"):
        md.compute("reaction", ["BaCO3 +"])
    with pytest.raises(md.StructureError, match="none of 2 materials"):
        md.compute("reaction", ["BaCO3 +", "TiO2 @ melt"])


def test_a_batch_of_texts():
    batch = batch_of(["reaction"], [TEXT, "CaCO3 + TiO2"])
    assert batch["reaction"].sequence_lengths.tolist() == [4, 2]
