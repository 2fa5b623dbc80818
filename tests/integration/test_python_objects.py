"""Datasets, features, splits, runs and predictions as Python objects: looked at, joined, shown."""

from __future__ import annotations

import copy
import pickle
import re
import sys
import types

import numpy as np
import pandas as pd
import pytest

import matdata as md
from matdata.core.console import Console, in_notebook, python_console
from matdata.core.html import ROWS, card, text

EVIL = "<script>alert(1)</script>"
COLUMN = "gap<b>"
NAMES = [EVIL, "b", "c", "d", "e", "f", "g", "h"]
FORMULAS = ["NaCl", "MgO", "LiF", "KBr", "CaO", "Fe2O3", "ZnS", "nonsense"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def table():
    values = np.arange(1.0, 9.0)
    return pd.DataFrame({"formula": FORMULAS, COLUMN: values}, index=pd.Index(NAMES, name="k"))


@pytest.fixture(scope="module")
def dataset(cache, table):
    options = {"split": None, "workers": 1, "features": "fractions,matminer:Stoichiometry"}
    made = md.build(table, name="x", cache=cache, target=COLUMN, **options)
    made.split("50/25/25", name="main")
    return made


@pytest.fixture(scope="module")
def run(dataset):
    return md.train("dummy", dataset, f"`{COLUMN}`", name="r", quiet=True, split="main")


def test_one_material_has_columns_structure_and_features(dataset):
    material = dataset["b"]
    assert (material.id, material.formula, material[COLUMN]) == ("b", "MgO", 2.0)
    assert material["material_id"] == "b"
    assert sorted(material.features) == ["fractions", "matminer:Stoichiometry"]
    np.testing.assert_array_equal(material.features["fractions"], dataset.feature("fractions")["b"])
    with pytest.raises(md.StructureError, match="no structures"):
        material.structure  # noqa: B018
    with pytest.raises(md.StoreError, match="did you mean 'formula'"):
        material["formla"]
    with pytest.raises(md.FeatureError, match="has no feature 'ofm'"):
        material.features["ofm"]


def test_a_dataset_is_a_collection_of_its_materials_by_id(dataset):
    assert len(dataset) == 7
    assert [material.id for material in dataset] == dataset.ids.tolist()
    assert "b" in dataset
    assert "h" not in dataset  # its formula cannot be read
    assert 3 not in dataset
    with pytest.raises(md.StoreError, match="h was left out of"):
        dataset["h"]
    for wrong in (0, None, slice(2), ["b"]):
        with pytest.raises(md.ConfigError, match="opened by its id") as caught:
            dataset[wrong]
        assert caught.value.next_step


def test_tables_are_those_of_the_callers_to_change(dataset):
    frame = dataset.to_frame()
    frame["formula"] = "?"
    assert dataset.table.loc["b", "formula"] == "MgO"
    assert dataset.to_frame().attrs["units"] == dataset.units


def test_features_are_tables_under_their_labels_without_the_materials_that_lack_them(cache):
    salts = ["NaCl", "LiF", "HeO"]
    made = md.build(pd.DataFrame({"formula": salts}, index=list("abc")), name="lacks", cache=cache,
                    split=None, workers=1)  # fmt: skip
    (feature,) = made.featurize("fractions", set={"fractions": {"elements": "86"}}, workers=1)
    frame = made.to_frame("fractions")
    assert frame.columns.tolist() == list(feature.labels)
    assert frame.index.tolist() == ["a", "b"]
    assert list(frame.attrs["left_out"]) == ["c"]
    np.testing.assert_array_equal(frame.to_numpy(), feature.dense())
    assert not frame.isna().any(axis=None)


def test_features_per_site_have_a_row_per_site(tmp_path):
    made = md.build("sample:40", cache=tmp_path, workers=1, split=None, features="ofm", name="s")
    frame, dense = made.to_frame("ofm"), made.feature("ofm").dense()
    assert frame.index.names == ["material_id", "site"]
    assert len(frame) == len(dense.values)
    first = made.feature("ofm").ids[0]
    np.testing.assert_array_equal(frame.loc[first].to_numpy(), made.feature("ofm")[first])
    assert frame.loc[first].index.tolist() == list(range(len(made[first].structure)))
    assert made.to_frame("ofm", level="structure").index.name == "material_id"
    assert made[first].structure == made.structure(first)
    assert made[first].atoms == made.atoms(first)


def test_splits_are_made_found_and_read(dataset):
    made = dataset.split("60/40", seed=2)
    assert list(made) == ["train", "test"]
    assert made["train"] == dataset.split(made.name)["train"]
    assert dataset.split({"train": 60, "test": 40}, seed=2).name == made.name
    assert dataset.split((60, 40), seed=2).name == made.name
    assert sorted(made["train"] + made["test"]) == sorted(dataset.ids.tolist())
    folds = dataset.folds(method="kfold", set={"k": 3})
    assert sorted(one for fold in folds for one in fold["test"]) == sorted(dataset.ids.tolist())
    before = dataset.split_names()
    with pytest.raises(md.SplitError, match="makes 2 splits") as caught:
        dataset.split(method="kfold", set={"k": 2})
    assert "folds(method='kfold'" in caught.value.next_step
    assert dataset.split_names() == before
    with pytest.raises(md.StoreError, match="a name is needed"):
        dataset.split()
    with pytest.raises(md.ConfigError, match="name of a saved split"):
        dataset.split("main", seed=3)
    with pytest.raises(md.StoreError, match="did you mean 'main'"):
        dataset.split("mian")


def test_commands_by_name_are_those_of_an_open_dataset(dataset, cache, tmp_path):
    (by_name,) = md.split("x", "60/40", seed=2, cache=cache)
    assert by_name == dataset.split("60/40", seed=2)
    (feature,) = md.featurize("x", "fractions", cache=cache)
    assert feature.folder == dataset.feature("fractions").folder
    assert md.audit("x", "main", keys=["formula"], cache=cache) == md.audit(
        dataset, "main", keys=["formula"]
    )
    assert md.diff("x", dataset, cache=cache).is_empty
    assert md.verify("x", cache=cache).faults == md.verify(dataset).faults == []
    path = md.export(dataset, tmp_path / "x.csv", features="fractions")
    assert pd.read_csv(path).shape[0] == 7
    with pytest.raises(md.ConfigError, match="about near duplicates"):
        md.audit(dataset, "main", set={"neighbours": 6})
    options = tmp_path / "split.toml"
    options.write_text('dataset = "x"\nsplit = "60/40"\nseed = 9\n')
    (of_file,) = md.split(config=options, cache=cache, seed=2)
    assert of_file == by_name


def test_predictions_keep_names_and_the_index_of_tables(run, table):
    with pytest.warns(md.MatdataWarning, match="h: unreadable"):
        found = md.predict(run, table)
    frame = found.to_frame()
    assert frame.index.tolist() == NAMES[:-1]
    assert frame.index.name == "k"
    joined = table.join(frame)
    mean = joined["prediction_gap<b>_mean"]
    assert mean.iloc[:-1].notna().all()
    assert np.isnan(mean.iloc[-1])
    numbered = table.reset_index(drop=True).iloc[[4, 2, 0]]
    again = md.predict(run, numbered).to_frame()
    assert again.index.tolist() == [4, 2, 0]
    series = md.predict(run, numbered["formula"]).to_frame()
    pd.testing.assert_frame_equal(again, series)
    plain = md.predict(run, ["NaCl", "MgO"]).to_frame()
    assert plain.index.tolist() == ["NaCl", "MgO"]
    assert plain.index.name == "material_id"
    stated = pd.DataFrame({"formula": ["NaCl", "MgO"], "jid": ["p", "q"]})
    assert md.predict(run, stated).to_frame().index.tolist() == ["p", "q"]


def test_ids_that_are_labels_of_other_rows_do_not_give_predictions_to_these(run):
    table = pd.DataFrame({"id": [2, 0, 1], "formula": ["NaCl", "MgO", "KCl"]})
    found = md.predict(run, table)
    assert found.to_frame().index.tolist() == ["2", "0", "1"]  # ids, not rows 2, 0, 1
    twice = table.drop(columns="id").set_index(pd.Index([10, 10, "z"]))
    frame = md.predict(run, twice).to_frame()
    assert frame.index.tolist() == [10, 10, "z"]
    np.testing.assert_array_equal(frame.to_numpy(), found.to_frame().to_numpy())
    levels = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["of", "n"])
    frame = md.predict(run, twice.set_index(levels)).to_frame()
    assert frame.index.equals(levels)
    assert list(frame.index.names) == ["of", "n"]


def test_materials_of_a_dataset_are_predicted_under_their_ids(run, dataset):
    chosen = [material for material in dataset if material[COLUMN] is not None][:3]
    found = md.predict(run, [*chosen, "NaCl"])
    assert found.ids.tolist() == [*(material.id for material in chosen), "NaCl"]
    whole = md.predict(run, dataset).to_frame()
    frame = found.to_frame()
    pd.testing.assert_frame_equal(frame.iloc[:3], whole.loc[frame.index[:3]])
    assert set(map(str, frame.dtypes)) == {"float64"}  # what a forest does not predict is NaN
    assert md.predict(run, chosen[0]).ids.tolist() == [chosen[0].id]


def test_a_material_holds_its_columns(dataset):
    material = next(iter(dataset))
    assert list(material) == list(material.columns)
    assert COLUMN in material
    assert "material_id" in material
    assert "no such" not in material


def test_features_that_were_read_are_copied_and_sent_to_other_processes(dataset):
    feature = dataset.feature("fractions")
    dense = feature.dense()
    for other in (pickle.loads(pickle.dumps(feature)), copy.deepcopy(feature)):
        np.testing.assert_array_equal(other.dense(), dense)


def test_runs_are_listed_and_ranked(run, cache):
    md.evaluate(run)
    listed = md.runs(cache=cache)
    assert listed.to_frame().index.tolist() == ["r"]
    assert listed.to_frame()[["val_mae", "test_mae"]].notna().all(axis=None)
    assert [entry["run"] for entry in md.runs("r", cache=cache).runs] == ["r"]
    with pytest.raises(md.StoreError, match="no run 'q'"):
        md.runs(["q"], cache=cache)


def test_nothing_that_notebooks_show_is_markup_of_a_user(dataset, run, table, cache):
    pytest.importorskip("torch")
    target = f"`{COLUMN}`"
    loaders = dataset.loaders("main", inputs=["fractions"], target=target, quiet=True)
    batch = next(iter(loaders.train))
    with pytest.warns(md.MatdataWarning):
        predictions = md.predict(run, table)
    shown = {
        "dataset": dataset,
        "material": dataset[EVIL],
        "feature": dataset.feature("fractions"),
        "split": dataset.split("main"),
        "run": run,
        "runs": md.runs(cache=cache),
        "predictions": predictions,
        "batch": batch,
    }
    for name, one in shown.items():
        html = one._repr_html_()
        assert "<script" not in html, name
        assert "<b>" not in html, name
        assert not re.search(r"color:(?!inherit)|background(-color)?:(?!none)", html), name
        assert len(repr(one)) < 120, name
        assert "\n" not in repr(one), name
    assert "&lt;script&gt;" in shown["material"]._repr_html_()
    assert "&lt;script&gt;" in shown["predictions"]._repr_html_()
    assert "gap&lt;b&gt;" in shown["dataset"]._repr_html_()
    assert "bad_formula" in shown["dataset"]._repr_html_()  # the funnel


def test_text_is_escaped_cut_and_without_secrets():
    assert text("<a href='x'>&\u202e\n") == "&lt;a href=&#x27;x&#x27;&gt;&amp;\\u202e\\n"
    assert len(text("x" * 5000)) < 200
    assert "hunter2" not in text("https://user:hunter2@host/x")
    many = card("t", (), ("n",), [(k,) for k in range(ROWS + 5)])
    assert f"… {ROWS + 5} in all" in many
    assert many.count("<tr") == ROWS + 1


LONG, NULL = "x" * 5000, "x\0y"


@pytest.mark.parametrize("wrong", [None, 3, b"x", object(), LONG, f"/tmp/{LONG}", NULL, "", " "],
                         ids=["none", "number", "bytes", "object", "long", "path", "null", "empty",
                              "blank"])  # fmt: skip
def test_strange_arguments_are_typed_errors_with_a_next_step(wrong, dataset, run, cache):
    calls = {
        "open": lambda: md.open(wrong, cache),
        "open_run": lambda: md.open_run(wrong, cache),
        "build": lambda: md.build(wrong, cache=cache),
        "featurize": lambda: md.featurize(wrong, "fractions", cache=cache),
        "features": lambda: dataset.featurize(wrong),
        "feature": lambda: dataset.feature(wrong),
        "compute": lambda: md.compute(wrong, "NaCl"),
        "train": lambda: md.train(wrong, dataset, COLUMN),
        "dataset": lambda: md.train("dummy", wrong, COLUMN, cache=cache),
        "target": lambda: md.train("dummy", dataset, wrong, split="main"),
        "predict": lambda: md.predict(wrong, "NaCl", cache=cache),
        "what": lambda: md.predict(run, wrong),
        "evaluate": lambda: md.evaluate(wrong, cache=cache),
        "diff": lambda: md.diff(wrong, "x", cache=cache),
        "export": lambda: md.export(dataset, wrong),
        "audit": lambda: md.audit(wrong, cache=cache),
        "runs": lambda: md.runs(wrong, cache=cache),
        "split": lambda: md.split(wrong, cache=cache),
    }
    if wrong is not None:  # which says nothing
        calls |= {
            "cache": lambda: md.open("x", wrong),
            "config": lambda: md.build("sample:9", config=wrong, cache=cache),
            "from": lambda: md.build("mp", from_=wrong, cache=cache),
            "name": lambda: md.build("sample:9", name=wrong, cache=cache),
            "output": lambda: md.predict(run, "NaCl", output=wrong),
            "saved split": lambda: dataset.split(wrong),
        }
    for name, call in calls.items():
        with pytest.raises(md.MatdataError) as caught:
            call()
        assert caught.value.next_step or caught.value.cause, f"{name}: {caught.value}"
        assert len(str(caught.value)) < 2000, name


def test_options_of_other_ways_to_write_them_are_named(dataset):
    for options, words in (
        ({"schedule": "onecycle"}, "train={'schedule': …}"),
        ({"hypers": {}}, "hyper={…}"),
        ({"verbose": False}, "quiet=True"),
    ):
        with pytest.raises(md.ConfigError) as caught:
            md.train("dummy", dataset, COLUMN, **options)
        assert words in caught.value.next_step


def test_bars_are_those_of_notebooks_where_there_is_one(monkeypatch, capsys):
    assert not in_notebook()
    shell = types.SimpleNamespace(kernel=object())
    module = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    assert in_notebook()
    console = python_console()
    console.say("nothing")
    chunks = [["a", "b"], ["c"]]
    assert list(console.bar(chunks, "reading", 3)) == chunks
    assert list(Console(quiet=True).bar(chunks, "reading", 3)) == chunks
    assert "nothing" not in capsys.readouterr().out
