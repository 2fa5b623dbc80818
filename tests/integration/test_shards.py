"""One shard as a task: rows by range, and what any worker computes from a pickled task."""

from __future__ import annotations

import numpy as np
import pytest
from support import mixed
from support.executors import shipped

import matdata as md
from matdata.core.errors import FeatureError, StoreError
from matdata.features import featurizer
from matdata.features.building.dataset_inputs import input_of_rows
from matdata.features.building.feature_spec import FeatureSpec
from matdata.features.building.jobs import Job, shard_tasks
from matdata.features.building.shards import compute_pass
from matdata.features.inputs import PartialInput
from matdata.store import tables
from matdata.store.dataset_rows import DatasetRows

COUNT = 60
BARE = mixed.bare_ids(mixed.rows(COUNT))
RANGES = [(0, COUNT), (0, 1), (7, 31), (40, COUNT), (5, 6)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    path = mixed.write_csv(folder / "some.csv", mixed.rows(COUNT))
    return md.build(path, cache=folder / "c", workers=1, split=None, name="m", dedupe="none")


@pytest.fixture
def tasks(built, tmp_path):
    return shard_tasks(Job(featurizer("magpie"), built, tmp_path, "hdf5", 16), tmp_path)


@pytest.mark.parametrize(("start", "stop"), RANGES)
def test_rows_by_range_are_those_of_the_whole(built, start, stop):
    """`DatasetFolder` reads whole files, `DatasetRows` ranges of them."""
    rows, inside = DatasetRows(built), slice(start, stop)
    structures = rows.structures(start, stop)
    assert structures.ids.tolist() == built.ids[inside].tolist()
    assert structures.digest() == built.structures.take(inside).digest()
    part, whole = rows.compositions(start, stop), built.compositions.take(inside)
    for name in ("ids", "numbers", "amounts", "offsets"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))
    cells = rows.cells(["temperature", "formula"], start, stop)
    assert cells == {name: built.columns[name][inside] for name in cells}
    assert (rows.n_sites, rows.n_amounts) == (
        len(built.crystals.numbers),
        len(built.compositions.numbers),
    )


def test_materials_without_a_structure_are_kept_account_of(built):
    rows = DatasetRows(built)
    given = input_of_rows(rows, featurizer("graph"), 7, 31)
    assert isinstance(given, PartialInput)
    assert given.missing() == [name for name in built.ids[7:31] if name in BARE]
    assert len(given.given) + len(given.missing()) == 24
    assert not isinstance(input_of_rows(rows, featurizer("fractions"), 7, 31), PartialInput)


def test_rows_of_a_table_are_read_across_row_groups(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    cells = {"a": list(range(10_000)), "b": [f"m{k}" for k in range(10_000)]}
    pq.write_table(pa.table(cells), path, row_group_size=999)
    for start, stop in [(0, 1), (998, 1001), (500, 9_000), (9_999, 10_000), (999, 1998), (3, 3)]:
        expected = {name: column[start:stop] for name, column in cells.items()}
        assert tables.read_rows(path, ["a", "b"], start, stop) == expected


def test_a_task_and_its_record_survive_the_way_to_a_worker(built, tasks, tmp_path):
    assert [(task.start, task.stop) for task in tasks] == [(0, 16), (16, 32), (32, 48), (48, 60)]
    assert len({task.key for task in tasks}) == len(tasks)
    task = shipped(tasks[1])
    assert task == tasks[1]
    record = shipped(compute_pass((task,))[0])
    assert (record.shard, record.key, len(record)) == (1, task.key, 16)
    assert [part["part"] for part in record.parts] == list(task.parts)
    assert record.rows + sum(record.rejected.values()) == 16
    assert compute_pass((task,)) == (record,)  # equal bytes are dropped
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "00001.h5",
        "00001.parquet",
    ]


def test_another_dataset_in_its_place_is_refused(tasks):
    object.__setattr__(tasks[0], "dataset_digest", "0" * 64)
    with pytest.raises(StoreError, match="expected 00000000"):
        compute_pass((tasks[0],))


def test_another_version_of_a_featurizer_is_refused():
    feature = FeatureSpec("magpie", FeatureSpec.of(featurizer("magpie")).settings, "0" * 64)
    with pytest.raises(FeatureError, match="another one where the command was given"):
        feature.make()
