"""Features that require several kinds of columns: a stranger's, of structures and of the table."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from support import mixed
from support.conditioned import install_conditioned
from support.crystals import few

import matdata as md
from matdata.core.composition import Compositions
from matdata.core.table_rows import TableRows
from matdata.features import FEATURIZERS, featurizer
from matdata.features.inputs import PartialInput, RecordColumns, combined, n_entries
from matdata.materials.compute import for_featurizer
from matdata.testing.featurizers import FeaturizerContract

pytestmark = pytest.mark.slow

CONDITION = {"column": "ewald_energy_per_atom"}
COUNT = 30


@pytest.fixture(scope="module", autouse=True)
def stranger(tmp_path_factory) -> Iterator[None]:
    """The distribution is on the path while this module is tested."""
    site = tmp_path_factory.mktemp("conditioned")
    install_conditioned(site)
    sys.path.insert(0, str(site))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site), prepend=":")
        FEATURIZERS.refresh()
        yield
    sys.path.remove(str(site))
    sys.modules.pop("conditioned", None)
    FEATURIZERS.refresh()


class TestConditionedCell(FeaturizerContract):
    feature = "conditioned-cell"
    settings = CONDITION


class TestConditionedElements(FeaturizerContract):
    feature = "conditioned-elements"
    settings = CONDITION


class TestEverything(FeaturizerContract):
    feature = "everything"
    settings = CONDITION


class TestColumn(FeaturizerContract):
    feature = "column:ewald_energy_per_atom"


@pytest.mark.parametrize("form", ["csv", "json"])
def test_they_are_built_where_rows_lack_structures_or_cells(form, tmp_path):
    records = mixed.rows(COUNT, form="cif" if form == "csv" else "dict")
    for one in records[4:6]:
        one["temperature"] = None
    write = mixed.write_csv if form == "csv" else mixed.write_json
    built = md.build(
        write(tmp_path / f"some.{form}", records),
        cache=tmp_path / "c",
        features=["conditioned-cell", "conditioned-elements", "everything"],
        dedupe="none",
        workers=2,
        shard_rows=7,
        split=None,
    )
    cell = built.feature("conditioned-cell")
    bare = mixed.bare_ids(records)
    without = sorted(one["material_id"] for one in records if one["temperature"] is None)
    lost = {reject.material_id: reject.reason for reject in cell.rejects()}
    assert lost == {
        **dict.fromkeys(without, "missing_value"),
        **dict.fromkeys(bare, "no_structure"),
    }
    table, crystals = built.table, built.crystals
    density = dict(zip(crystals.ids.tolist(), crystals.n_sites / crystals.volume, strict=True))
    for name in cell.ids.tolist():
        expected = density[name] * table.loc[name, "temperature"]
        assert cell.dense([name])[0, 0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(built.feature("everything").dense(), cell.dense())
    elements = built.feature("conditioned-elements")
    assert elements.ids.tolist() == built.ids.tolist()
    expected = table["n_elements"] + table["temperature"].fillna(0)
    np.testing.assert_array_equal(elements.dense()[:, 0], expected)


def test_a_shard_may_hold_no_structure_at_all(tmp_path):
    records = mixed.rows(COUNT, every=1)
    whole = mixed.rows(COUNT)[-1]
    built = md.build(
        mixed.write_csv(tmp_path / "some.csv", [*records[:-1], {**whole, "material_id": "z"}]),
        cache=tmp_path / "c",
        features=["ofm", "graph", "conditioned-cell"],
        dedupe="none",
        workers=1,
        shard_rows=8,
        split=None,
    )
    for spec in ("ofm", "graph", "conditioned-cell"):
        feature = built.feature(spec)
        assert feature.ids.tolist() == ["z"]
        assert len(feature.rejects()) == COUNT - 1


def test_materials_by_themselves_have_no_table(tmp_path):
    for spec in ("conditioned-cell", "conditioned-elements"):
        with pytest.raises(md.FeatureError, match="column of a dataset's table"):
            md.compute(spec, few())
    with pytest.raises(md.FeatureError, match="needs structures"):
        md.compute("everything", ["NaCl"])
    path = mixed.write_csv(tmp_path / "a.csv", mixed.rows(6))
    with pytest.raises(md.FeatureError, match="has no column 'temperatur'"):
        md.build(
            path,
            cache=tmp_path / "c",
            features=["conditioned-cell"],
            set={"conditioned-cell": {"column": "temperatur"}},
            split=None,
        )


def test_helpers_say_what_a_batch_lacks():
    made, crystals = featurizer("everything"), few()
    table = TableRows(crystals.ids, {"temperature": [1.0, None, 3.0, 4.0]})
    batch = for_featurizer(crystals, made, table)
    assert isinstance(batch, RecordColumns)
    part = batch.take([2, 0])
    assert part.ids.tolist() == ["cscl", "nacl"]
    assert made.table(part).columns == {"temperature": [3.0, 1.0]}
    assert made.crystals(part).ids.tolist() == made.compositions(part).ids.tolist()
    formulas = Compositions.from_crystals(crystals)
    bare = combined(crystals.ids, compositions=formulas, table=table)
    with pytest.raises(md.FeatureError, match="needs structures, got"):
        made.crystals(bare)
    assert made.materials(bare) is formulas
    with pytest.raises(md.FeatureError, match="needs compositions, got structures"):
        made.compositions(crystals)
    with pytest.raises(md.FeatureError, match="needs structures or compositions"):
        made.materials(table)
    with pytest.raises(md.FeatureError, match="a feature reads"):
        combined(crystals.ids)
    assert n_entries(bare) == len(formulas.numbers)
    assert n_entries(batch) == len(crystals.numbers)
    assert n_entries(table) == 0


def test_parts_of_a_partial_input():
    ids = np.array(["a", "nacl", "b", "sto", "cscl", "po", "c"])
    whole = PartialInput(ids, few(), np.array([1, 3, 4, 5]))
    parts = [whole.take(slice(start, start + 3)) for start in (0, 3, 6)]
    assert [part.ids.tolist() for part in parts] == [ids[:3].tolist(), ids[3:6].tolist(), ["c"]]
    assert [part.rows.tolist() for part in parts] == [[1], [0, 1, 2], []]
    assert [part.missing() for part in parts] == [["a", "b"], [], ["c"]]
    assert [part.given.ids.tolist() for part in parts] == [["nacl"], ["sto", "cscl", "po"], []]


@pytest.mark.parametrize("requires", ["structure", None, frozenset(), frozenset({"crystal"})])
def test_a_featurizer_must_say_what_it_requires(requires, monkeypatch):
    monkeypatch.setattr(FEATURIZERS.get("everything"), "requires", requires)
    with pytest.raises(md.FeatureError, match="expected a frozenset of one or more of columns"):
        featurizer("everything")
