"""Which files of a folder make the parts of a split: closed rules on their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from matdata.core.errors import SourceError
from matdata.sources.readers.layout import Layout, layout_of, part_of_name

HERE = Path("folder")
SHARDS = [f"data/train-0000{k}-of-00002.parquet" for k in range(2)]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train.csv", "train"),
        ("Training.csv.gz", "train"),
        ("valid.json", "val"),
        ("validation.jsonl.xz", "val"),
        ("dev.extxyz", "val"),
        ("test/0000.parquet", "test"),
        ("val/deep/er/a.cif", "val"),
        ("data/test-00003-of-00007-0a1b2c3d.parquet", "test"),
        ("train_old.csv", None),
        ("old/train.csv", None),
        ("data/a.csv", None),
        ("trainer.csv", None),
    ],
)
def test_part_by_name(name, part):
    assert part_of_name(name) == part


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["test.csv", "train.csv", "val.csv"], ["train", "val", "test"]),
        (["README.md", "dataset_infos.json", "test.csv", "train.csv"], ["train", "test"]),
        (["dev.extxyz", "test.extxyz", "train.extxyz"], ["train", "val", "test"]),
        ([*SHARDS, "data/test-00000-of-00001.parquet"], ["train", "train", "test"]),
        (["train/0.parquet", "train/1.parquet", "val/0.parquet"], ["train", "train", "val"]),
        (SHARDS, []),
        (["train.csv"], []),
    ],
)
def test_tables(names, parts):
    layout = layout_of(names, HERE)
    assert list(layout.parts.values()) == parts
    assert len(layout.tables) == len(parts or [name for name in names if "train" in name])


def test_structures():
    names = ["test/a.cif", "train/b.cif", "train/id_prop.csv", "val/POSCAR"]
    assert [*layout_of(names, HERE).parts] == ["train/b.cif", "val/POSCAR", "test/a.cif"]
    note = layout_of(names, HERE).note()
    assert note == "train/, val/ and test/ make the split `given`"
    assert layout_of(names, HERE, "none") == Layout()
    # A folder that happens to be called `test` makes no split, nor do frames of many names.
    assert layout_of(["Fe/a.cif", "test/b.cif"], HERE) == Layout()
    assert layout_of(["a.xyz", "train.xyz"], HERE) == Layout()


@pytest.mark.parametrize(
    ("names", "what", "step"),
    [
        (["other.csv", "train.csv"], "train.csv belongs to a part of a split, other.csv to none",
         "--parts none"),
        (["other/a.cif", "train/b.cif"], "other/a.cif to none", "rename or move other/a.cif"),
        (["train.csv", "val.csv", "valid.csv"], "several files are the part 'val'", "folder val/"),
        (["train.csv", "train.json"], "several formats", "one format"),
        (["test.csv", "val.csv"], "no training part", "train.csv"),
        (["a.csv", "b.csv"], "holds no structure file .* 2 tables: a.csv and b.csv",
         "--parts none"),
        ([SHARDS[1]], "lacks shards .of 2 files, number 0", "download"),
        (["a.cif", "train.csv", "val.csv"], "structure files and tables", "folder of its own"),
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(names, what, step):
    with pytest.raises(SourceError, match=what) as error:
        layout_of(names, HERE)
    assert step in str(error.value.next_step)


def test_tables_are_one_dataset_if_the_user_says_so():
    layout = layout_of(["a.csv", "train.csv"], HERE, "none")
    assert layout == Layout(tables=("a.csv", "train.csv"))
    with pytest.raises(SourceError, match="several formats"):
        layout_of(["a.csv", "b.json"], HERE, "none")
