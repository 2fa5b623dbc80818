"""The `Split` itself, ratios, names, storage."""

from __future__ import annotations

import json

import numpy as np
import pytest

from matdata.core.errors import SplitError
from matdata.splits import Split, from_table, make_splits, metadata, parse_ratios, to_table
from matdata.splits.names import split_name


def make(**parts):
    return Split("s", "fixed", {}, {part: np.array(ids) for part, ids in parts.items()})


def test_parts_are_sorted_read_only_and_disjoint():
    split = make(test=["c"], train=["b", "a"], val=["d"])
    assert list(split.parts) == ["train", "val", "test"]
    assert split.ids("train").tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        split.parts["train"][0] = "x"


def test_part_of_names_the_part_or_nothing():
    split = make(train=["a", "long-id"], test=["c"])
    assert split.part_of(["c", "z", "long-id", "0", "a"]).tolist() == [
        "test",
        "",
        "train",
        "",
        "train",
    ]
    assert split.part_of([]).shape == (0,)


def test_the_digest_is_about_parts_only():
    a = make(train=["a", "b"], test=["c"])
    b = Split("other", "x", {"seed": 1}, {"test": np.array(["c"]), "train": np.array(["b", "a"])})
    assert a.digest() == b.digest() != make(train=["a", "c"], test=["b"]).digest()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"train": ["a"], "tset": ["b"]}, "unknown part 'tset' (did you mean 'test'?)"),
        ({"train": ["a"]}, "got train 1"),
        ({"val": ["a"], "test": ["b"]}, "expected materials in train"),
        ({"train": ["a"], "test": []}, "got train 1, test 0"),
        ({"train": ["a", "b"], "test": ["b", "c"]}, "1 ids occur more than once: b"),
        ({"train": ["a", "a"], "test": ["c"]}, "1 ids occur more than once: a"),
    ],
)
def test_parts_that_are_no_split(parts, message):
    with pytest.raises(SplitError) as error:
        make(**parts)
    assert message in str(error.value)


def test_test_never_serves_as_validation():
    assert make(train=["a"], val=["b"]).require_validation().tolist() == ["b"]
    with pytest.raises(SplitError, match="no validation part") as error:
        make(train=["a"], test=["b"]).require_validation()
    assert "70/15/15" in str(error.value)
    with pytest.raises(SplitError, match="unknown part 'val'"):
        make(train=["a"], test=["b"]).ids("val")


def test_description():
    text = make(train=["a", "b", "c"], test=["d"]).describe()
    assert "75.0 %" in text
    assert "4 materials" in text


@pytest.mark.parametrize(
    ("given", "n", "sizes", "slug"),
    [
        ("70/15/15", 10, [7, 2, 1], "70-15-15"),
        ("80/10/10", 55712, [44570, 5571, 5571], "80-10-10"),
        ("80/20", 11, [9, 2], "80-20"),
        ("80/0/20", 11, [9, 2], "80-20"),
        ("70%/15%/15%", 100, [70, 15, 15], "70-15-15"),
        ("0.7/0.15/0.15", 68699, [48089, 10305, 10305], "70-15-15"),
        ((0.7, 0.2, 0.1), 10, [7, 2, 1], "70-20-10"),
        ([2 / 3, 1 / 3], 9, [6, 3], "66p66666667-33p33333333"),
        ({"train": 90, "test": 10}, 10, [9, 1], "90-10"),
        ("60000/4619/4620", 69239, [60000, 4619, 4620], "n60000-4619-4620"),
        ("n=50/25/25", 1000, [50, 25, 25], "n50-25-25"),
        ("99.5/0.5", 1000, [995, 5], "99p5-0p5"),
    ],
)
def test_ratios_and_sizes(given, n, sizes, slug):
    ratios = parse_ratios(given)
    assert list(ratios.sizes(n).values()) == sizes
    assert ratios.slug == slug
    assert parse_ratios(ratios.text).text == ratios.text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("70/15/10", "they sum to 95; expected 100 (or 1)"),
        ("70/20/15", "they sum to 105; expected 100 (or 1)"),
        ("0.7/0.2", "they sum to 0.9"),
        ("100", "expected two or three numbers, got 1"),
        ("70/10/10/10", "expected two or three numbers, got 4"),
        ("70/x/15", "'x' is not a number"),
        ("70/-15/45", "'-15' is not a number of 0 or above"),
        ("0/50/50", "expected train and at least one other part"),
        ("100/0", "expected train and at least one other part"),
        ("n=0.5/0.5", "numbers of materials are whole numbers"),
        ({"train": 80, "valid": 20}, "unknown part 'valid' (did you mean 'val'?)"),
        ({"train": float("nan"), "test": 20}, "'nan' is not a number"),
    ],
)
def test_bad_ratios_say_what_is_expected(given, message):
    with pytest.raises(SplitError) as error:
        parse_ratios(given)
    assert message in str(error.value)
    assert "60000/4619/4620" in str(error.value)


def test_names():
    assert split_name("70-15-15", seed=0) == "70-15-15-seed0"
    assert (
        split_name("group", "70-15-15", by=("chemsys",), seed=0) == "group-chemsys-70-15-15-seed0"
    )
    assert split_name("kfold5", val=(0.2, 0.1), seed=0, fold=2) == "kfold5-val20-seed0-fold2"
    assert split_name("stable", "80-20", by=("a b/c", "..")) == "stable-a-b-c+x-80-20"


def test_a_stored_split_comes_back():
    split = make_splits("random", [f"m{i}" for i in range(50)])[0]
    table, meta = to_table(split), json.loads(json.dumps(metadata(split)))
    assert table["material_id"] == sorted(table["material_id"])
    again = from_table(table, meta)
    assert again.digest() == split.digest()
    assert (again.name, again.method, again.settings, again.notes) == (
        split.name,
        split.method,
        split.settings,
        split.notes,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table, meta: table.pop("part"), "part missing"),
        (lambda table, meta: meta.pop("method"), "method missing"),
        (lambda table, meta: table["part"].__setitem__(0, "tain"), "unknown parts: tain"),
        (lambda table, meta: table["material_id"].__setitem__(0, "zz"), "changed or damaged"),
    ],
)
def test_a_damaged_split_is_refused(change, message):
    split = make_splits("random", [f"m{i}" for i in range(50)])[0]
    table, meta = to_table(split), metadata(split)
    change(table, meta)
    with pytest.raises(SplitError, match=message):
        from_table(table, meta)


def test_tables_of_pandas_and_pyarrow_are_columns_too():
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"material_id": list("abcd"), "f": ["NaCl", None, "ClNa", "KBr"]})
    frame["sg"] = pandas.array([225, None, 225, 1], dtype="Int64")
    table = pyarrow.Table.from_pandas(frame)
    columns = {name: table[name] for name in table.column_names}
    plain = {"f": ["NaCl", None, "ClNa", "KBr"], "sg": [225.0, float("nan"), 225.0, 1.0]}
    asked = {"by": "f,sg", "ratios": "50/50"}
    digests = {
        make_splits("group", ids, given, asked)[0].digest()
        for ids, given in [
            (frame["material_id"], frame),
            (columns["material_id"], columns),
            (list("abcd"), plain),
        ]
    }
    assert len(digests) == 1
