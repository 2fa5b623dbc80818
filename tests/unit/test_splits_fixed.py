"""Published splits: the forms they come in, and what is wrong with some."""

from __future__ import annotations

import gzip
import json

import pytest

from matdata.core.errors import ConfigError, SplitError
from matdata.splits import make_splits

IDS = ["a", "b", "c", "d", "e"]
EXPECTED = {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
CSV = "material_id,split\na,train\nb,train\nc,valid\nd,test\n"
LISTS = {"id_train": ["b", "a"], "id_val": ["c"], "id_test": ["d"]}


def fixed(tmp_path, content, name="ids_train_val_test.json", **settings):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return make_splits("fixed", IDS, {}, {"file": str(path), **settings})[0]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LISTS, "ids_train_val_test.json"),
        ({"train": ["a", "b"], "validation": ["c"], "test": ["d"]}, "x.json"),
        ({"train": {"a": 1.5, "b": 2.0}, "val": {"c": 0.1}, "test": {"d": 0.0}}, "x.json"),
        (CSV, "x.csv"),
        ("\ufeff" + CSV.replace("material_id", "jid").replace("valid", "Val "), "x.csv"),
    ],
)
def test_forms_of_one_file(tmp_path, content, name):
    split = fixed(tmp_path, content, name)
    assert {part: ids.tolist() for part, ids in split.parts.items()} == EXPECTED
    assert split.notes == ("1 materials are in no part: e",)
    assert split.settings["file"] == name
    assert str(tmp_path) not in json.dumps(split.settings)


def test_named_columns_and_compressed_files(tmp_path):
    path = tmp_path / "x.csv.gz"
    text = CSV.replace("material_id", "who").replace("split", "where")
    path.write_bytes(gzip.compress(text.encode()))
    settings = {"file": str(path), "id_column": "who", "split_column": "where"}
    assert make_splits("fixed", IDS, {}, settings)[0].sizes == {"train": 2, "val": 1, "test": 1}


@pytest.mark.parametrize(
    "contents",
    [
        ("a\nb\n", "c\n", "d\n\n"),
        ("id\na\nb\n", "id\nc\n", "id\nd\n"),
        ("id,y\na,1\nb,2\n", "y,id\n3,c\n", "d\n"),
    ],
)
def test_three_id_files(tmp_path, contents):
    settings = {}
    for part, content in zip(("train", "val", "test"), contents, strict=True):
        (tmp_path / f"{part}.csv").write_text(content)
        settings[part] = str(tmp_path / f"{part}.csv")
    split = make_splits("fixed", IDS, {}, settings)[0]
    assert {part: ids.tolist() for part, ids in split.parts.items()} == EXPECTED
    assert split.name == "fixed-train-val-test"


def test_a_column_of_the_table():
    table = {"set": ["training", "train", "dev", "holdout", None]}
    split = make_splits("fixed", IDS, table, {"column": "set"})[0]
    assert {part: ids.tolist() for part, ids in split.parts.items()} == EXPECTED


def test_unknown_ids_are_listed_or_dropped(tmp_path):
    content = {**LISTS, "id_test": ["d"] + [f"x{i:02d}" for i in range(12)]}
    with pytest.raises(SplitError) as error:
        fixed(tmp_path, content)
    message = str(error.value)
    assert "12 of the 16 ids of the split are not in the data" in message
    assert "x09, ... (12 in all)" in message
    assert "x10" not in message
    split = fixed(tmp_path, content, unknown="drop")
    assert split.parts["test"].tolist() == ["d"]
    assert split.notes[0].startswith("12 ids are not in the data, dropped: x00")


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ({**LISTS, "id_test": ["a"]}, "x.json", "1 ids occur more than once: a"),
        ({**LISTS, "id_train": ["a", "a"]}, "x.json", "1 ids occur more than once: a"),
        ({**LISTS, "id_tets": ["e"]}, "x.json", "unknown part 'id_tets' (did you mean 'test'?)"),
        ({"train": ["a", "b"], "val": [], "test": ["c"]}, "x.json", "got train 2, val 0, test 1"),
        ({"train": "a", "test": ["b"]}, "x.json", "a part is not a list of ids"),
        (["a", "b"], "x.json", "top level is not an object"),
        ("{", "x.json", "it is not JSON"),
        ("material,split\na,train\n", "x.csv", "no id column 'material_id' or 'id'"),
        ("id,splt\na,train\n", "x.csv", "(did you mean 'splt'?)"),
        ("id,split\na,trainn\n", "x.csv", "unknown part 'trainn' (did you mean 'train'?)"),
        ("", "x.csv", "none, the file is empty"),
    ],
)
def test_bad_files_say_why(tmp_path, content, name, message):
    with pytest.raises(SplitError) as error:
        fixed(tmp_path, content, name)
    assert message in str(error.value)


def test_bad_requests(tmp_path):
    (tmp_path / "ids.json").write_text("{}")
    for settings, message in [
        ({}, "one origin, got 0"),
        ({"file": "x", "column": "y"}, "one origin, got 2"),
        ({"file": str(tmp_path / "idz.json")}, "did you mean 'ids.json'"),
        ({"column": "sett"}, "no column 'sett'"),
    ]:
        with pytest.raises(SplitError, match=message):
            make_splits("fixed", IDS, {"set": ["train"] * 5}, settings)
    with pytest.raises(ConfigError, match="choose one of: error, drop"):
        make_splits("fixed", IDS, {}, {"column": "set", "unknown": "ignore"})
