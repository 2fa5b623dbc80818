"""Published splits: the forms they come in, and what is wrong with some."""

from __future__ import annotations

import gzip
import json
import os
import zipfile

import pytest

from matdata.core.errors import ConfigError, SplitError
from matdata.splits import from_table, make_splits, metadata, published_text, to_table

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


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_the_one_file_of_a_zip_archive(tmp_path):
    """As the leaderboard of JARVIS publishes its splits: ids with their values."""
    values = {"train": {"a": "1.5", "b": "2"}, "val": {"c": "0"}, "test": {"d": "3"}}
    members = {"x.json": json.dumps(values), "__MACOSX/._x.json": "?", "empty/": ""}
    path = packed(tmp_path / "dft_3d_gap.json.zip", members)
    split = make_splits("fixed", IDS, {}, {"file": str(path)})[0]
    assert {part: ids.tolist() for part, ids in split.parts.items()} == EXPECTED
    assert split.name == "fixed-dft_3d_gap"
    table = packed(tmp_path / "y.zip", {"y.csv": CSV})
    assert make_splits("fixed", IDS, {}, {"file": str(table)})[0].parts.keys() == EXPECTED.keys()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "it holds 0 files, expected one: -"),
        ({"a.json": "{}", "b.json": "{}"}, "it holds 2 files, expected one: a.json, b.json"),
    ],
)
def test_an_archive_of_none_or_several_files_is_refused(tmp_path, members, message):
    path = packed(tmp_path / "x.json.zip", members)
    with pytest.raises(SplitError) as error:
        make_splits("fixed", IDS, {}, {"file": str(path)})
    assert message in str(error.value)


def test_damaged_or_endless_files_are_refused(tmp_path, monkeypatch):
    path = packed(tmp_path / "x.json.zip", {"x.json": json.dumps(LISTS)})
    path.write_bytes(path.read_bytes()[:40])
    (tmp_path / "y.json.gz").write_bytes(gzip.compress(json.dumps(LISTS).encode())[:30])
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("x.json.zip", "y.json.gz"):
        with pytest.raises(SplitError, match="it cannot be read"):
            make_splits("fixed", IDS, {}, {"file": str(tmp_path / name)})
    for name in ("pipe.json", "folder.json"):
        with pytest.raises(SplitError, match="not a regular file"):
            make_splits("fixed", IDS, {}, {"file": str(tmp_path / name)})
    monkeypatch.setattr(published_text, "MAX_BYTES", 1 << 20)
    bomb = packed(tmp_path / "bomb.json.zip", {"x.json": " " * (2 << 20)})
    with pytest.raises(SplitError, match="more than 1 MiB of text"):
        make_splits("fixed", IDS, {}, {"file": str(bomb)})


@pytest.mark.parametrize(
    ("repeated", "parts"),
    [
        ("drop", {"train": ["a"], "val": ["d"], "test": ["e"]}),
        ("held_out", {"train": ["a"], "val": ["d"], "test": ["b", "c", "e"]}),
    ],
)
def test_ids_of_several_parts(tmp_path, repeated, parts):
    """JARVIS publishes splits whose test part holds a few materials of train and val."""
    content = {"test": ["c", "e", "b"], "train": ["a", "b", "c"], "val": ["d", "c"]}
    split = fixed(tmp_path, content, repeated=repeated)
    assert {part: ids.tolist() for part, ids in split.parts.items()} == parts
    assert split.unmatched["repeated"] == {"b": ["train", "test"], "c": ["train", "val", "test"]}
    assert "2 ids stand in several places" in split.notes[0]
    assert split.settings["repeated"] == repeated


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
    assert split.notes[0].startswith("12 ids are not in the data (test 12), dropped: x00")
    assert split.notes[1] == "1 materials are in no part: e"
    assert split.unmatched == {"not_in_data": {"test": [f"x{i:02d}" for i in range(12)]}}
    again = from_table(to_table(split), json.loads(json.dumps(metadata(split))))
    assert again.unmatched == split.unmatched
    assert again.digest() == split.digest()


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (
            {**LISTS, "id_test": ["a"]},
            "x.json",
            "1 ids of the split occur more than once: a (train and test)",
        ),
        ({**LISTS, "id_train": ["a", "a"]}, "x.json", "more than once: a (train and train)"),
        ('{"train": {"a": 1, "a": 2}, "val": ["b"]}', "x.json", "more than once: a (train and"),
        ({"train": ["x", "y"], "test": ["z"]}, "x.json", "none of the 3 ids of the split is in"),
        ({"train": [None, "a"], "test": ["b"]}, "x.json", "not a list of ids: it holds None"),
        ({"train": [1.5], "test": ["b"]}, "x.json", "not a list of ids: it holds 1.5"),
        ("[" * 100_000, "x.json", "it is not JSON"),
        ("id,split\na\rb,train\n", "x.csv", "it is not CSV"),
        ("id,split\n" + "a" * 90_000 + ",train\n", "x.csv", "it holds an id of 90,000 letters"),
        ({"train": ["a" * 90_000], "test": ["b"]}, "x.json", "an id of 90,000 letters: aaaa"),
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
