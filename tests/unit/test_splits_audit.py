"""The audit counts exactly what parts share."""

from __future__ import annotations

import json

import numpy as np
import pytest

from matdata.core.errors import SplitError
from matdata.splits import Split, audit, make_splits

IDS = [f"m{i}" for i in range(8)]
TABLE = {
    "material_id": IDS,
    "formula": ["TiO2", "Ti2O4", "NaCl", "KBr", "NaCl", "TiO2", "MgO", None],
    "space_group_number": [136, 141, 225, 225, 221, 225, 225, 1],
}
SPLIT = Split(
    "s",
    "fixed",
    {},
    {
        "train": np.array(["m0", "m2", "m3"]),
        "val": np.array(["m1", "m6"]),
        "test": np.array(["m4", "m5", "m7"]),
    },
)


def counts(report):
    return {(o.key, o.source, o.target): (o.n_shared, o.n_target) for o in report.overlaps}


def test_counts_examples_and_skipped_keys():
    report = audit(SPLIT, TABLE)
    assert counts(report) == {
        ("formula", "train", "val"): (1, 2),
        ("formula", "train", "test"): (2, 3),
        ("formula", "val", "test"): (1, 3),
        ("chemsys", "train", "val"): (1, 2),
        ("chemsys", "train", "test"): (2, 3),
        ("chemsys", "val", "test"): (1, 3),
    }
    assert report.overlaps[1].examples == (("m4", "m2", "NaCl"), ("m5", "m0", "TiO2"))
    assert report.skipped == ("protostructure",)
    assert report.unlabelled == {"formula": 1, "chemsys": 1}
    assert report.leaks
    text = report.to_text()
    assert "parts share values" in text
    assert "not checked, no such column: protostructure" in text
    assert json.loads(json.dumps(report.to_json()))["overlaps"][0]["n_shared"] == 1


def test_row_order_of_the_table_does_not_matter():
    turned = {name: column[::-1] for name, column in TABLE.items()}
    assert audit(SPLIT, turned).to_json() == audit(SPLIT, TABLE).to_json()


def test_near_duplicates_count_in_both_directions():
    pairs = [("m0", "m4"), ("m4", "m2"), ("m5", "m1"), ("m2", "m3"), ("m0", "elsewhere")]
    report = audit(SPLIT, TABLE, keys=(), near_duplicates=pairs)
    assert counts(report) == {
        ("near_duplicate", "train", "val"): (0, 2),
        ("near_duplicate", "train", "test"): (1, 3),
        ("near_duplicate", "val", "test"): (1, 3),
    }
    assert report.overlaps[1].examples == (("m4", "m0", "near duplicate"),)


def test_at_most_five_examples():
    ids = [f"m{i:03d}" for i in range(100)]
    table = {"material_id": ids, "formula": ["NaCl"] * 100}
    report = audit(make_splits("random", ids, table, {"ratios": "50/50"})[0], table, ("formula",))
    assert len(report.overlaps[0].examples) == 5
    assert report.overlaps[0].n_shared == 50


def test_group_splits_do_not_leak_under_their_key():
    ids = [f"m{i:03d}" for i in range(200)]
    table = {"material_id": ids, "formula": [f"Na{i % 17 + 1}Cl{i % 5 + 1}" for i in range(200)]}
    for method in ("group", "kfold", "stable"):
        for split in make_splits(method, ids, table, {"by": "formula"}):
            assert not audit(split, table, ("formula",)).leaks
    assert audit(make_splits("random", ids, table)[0], table, ("formula",)).leaks


def test_a_split_of_other_data_is_refused():
    with pytest.raises(SplitError, match="1 ids of split 's' are not in the table: m7"):
        audit(SPLIT, {"material_id": IDS[:7]})
    with pytest.raises(SplitError, match="needs the column 'material_id'"):
        audit(SPLIT, {"formula": []})


def test_reactions_are_compared_by_product_and_precursors():
    labels = ["A = B", "A = B", "C = B", None, "A = B", "D = E", "F = G", "C = B"]
    table = {**TABLE, "reaction": labels}
    assert not any(o.key == "reaction" for o in audit(SPLIT, table).overlaps)
    report = audit(SPLIT, {**table, "precursors": [[{"formula": "A"}]] * 8})
    # train holds m0, m2, m3; test m4, m5, m7
    (found,) = (
        o for o in report.overlaps if (o.key, o.source, o.target) == ("reaction", "train", "test")
    )
    assert (found.n_shared, found.n_target, found.level) == (2, 3, "warning")
    assert report.unlabelled["reaction"] == 1
