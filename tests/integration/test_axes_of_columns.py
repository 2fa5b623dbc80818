"""Array columns whose dataset says where their numbers stand."""

from __future__ import annotations

import json

import pytest
from support.toy import GRID, command, rows, train

import matdata as md
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions
from matdata.cli import main


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The path of a table whose spectra have two columns that could be their axis."""
    path = tmp_path_factory.mktemp("axes") / "spectra.json"
    table = [{**row, "wave=length": [8.0, 4.0, 2.0, 1.0]} for row in rows()]
    for place, row in enumerate(table):
        row["own"] = [0.0, 1.0, 2.0, 3.0 + place]
        row["short"] = [0.0, 1.0, 2.0]
    path.write_text(json.dumps(table))
    return path


def build(records, name, **options):
    cache = records.parent / "cache"
    dataset = md.build(records, cache=cache, name=name, workers=1, split=None, **options)
    add_features(dataset, cache, BuildOptions(features=("fractions",), workers=1))
    dataset.split("60/20/20", name="s")
    return dataset


@pytest.mark.slow
def test_a_target_has_the_axis_that_its_column_has(records):
    dataset = build(records, "curves", axis=["spectrum=energy"])
    assert dataset.axes == {"spectrum": "energy"}
    run = train(dataset, ["spectrum", "y"], "a", epochs=1)
    spectrum, number = run.schema.targets
    assert (spectrum.axis.name, spectrum.axis.values) == ("energy", tuple(GRID))
    assert number.axis is None
    weighted = {"name": "spectrum", "axis_weights": "trapezoid"}
    run = train(dataset, weighted, "b", epochs=1)
    assert run.schema.targets[0].axis.weights == (0.25, 0.75, 0.75, 0.25)
    run = train(dataset, {"name": "spectrum", "axis": "wave=length"}, "c", epochs=1)
    assert run.schema.targets[0].axis.values == (8.0, 4.0, 2.0, 1.0), "what is asked for wins"


@pytest.mark.slow
def test_the_command_line_and_files_say_the_axis_of_a_column(records, tmp_path):
    written = tmp_path / "build.toml"
    plain = build(records, "plain")
    words = ["build", str(records), "--split", "none", "--workers", "1"]
    more = ["--axis", "spectrum=wave=length", "--write-config", str(written)]
    assert command(plain, *words, *more, "--name", "one") == 0
    assert command(plain, "build", "--config", str(written), "--workers", "1") == 0
    dataset = md.open("one", plain.cache)
    assert dataset.axes == {"spectrum": "wave=length"}
    assert plain.axes == {}
    named = build(records, "one", axis=["spectrum=wave=length"])
    assert named.digest == dataset.digest
    assert build(records, "one").digest != dataset.digest


def test_axes_that_are_none_are_refused(records):
    for text, message in (
        ("spectrum=enery", r"names no two columns \(did you mean 'energy'"),
        ("spectrum", "names no two columns"),
        ("spectrum=spectrum", "names no two columns"),
        ("y=energy", "'y' holds no arrays of numbers"),
        ("material_id=energy", "'material_id' holds no arrays of numbers"),
        ("spectrum=y", "'y' holds no arrays of numbers"),
        ("spectrum=short", "has 4 numbers of 'spectrum' and 3 of 'short'"),
    ):
        with pytest.raises(md.ConfigError, match=message):
            build(records, "wrong", axis=[text])
    with pytest.raises(md.ConfigError, match="two axes of 'spectrum': 'energy' and 'own'"):
        build(records, "wrong", axis=["spectrum=energy", "spectrum=own"])


def small(tmp_path, changes):
    """Eight equal rows and changed ones."""
    good = {"energy": [0.0, 5.0, 12.0], "dos": [1.0, 2.0, 3.0]}
    table = [{"material_id": f"g{k}", "formula": f"NaCl{k}", **good} for k in range(1, 9)]
    for place, (name, change) in enumerate(changes.items(), start=1):
        table.append({"material_id": name, "formula": f"KBr{place}", **good, **change})
    path = tmp_path / "table.jsonl"
    path.write_text("\n".join(map(json.dumps, table)))
    return path


def built(path, **options):
    given = {"axis": "dos=energy", "name": "t", "split": None, "workers": 1, "quiet": True}
    return md.build(path, cache=path.parent / "cache", **{**given, **options})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"a": {"energy": [0.0, 9.0], "dos": [1.0, 2.0]}},
            "1 of 9 materials have another 'energy' than g1: a; a has 2 points from 0 to 9, "
            "others 3 points from 0 to 12",
        ),
        (
            {"a": {"energy": [0.0, 5.0, 13.0]}, "b": {"energy": [12.0, 5.0, 0.0]}},
            "2 of 10 materials have another 'energy' than g1: a, b; a has 13.0 as point 3 of 3, "
            "others 12.0",
        ),
    ],
)
def test_rows_with_axes_of_their_own_are_refused(changes, message, tmp_path, capsys):
    path = small(tmp_path, changes)
    with pytest.raises(md.ConfigError, match=message) as error:
        built(path)
    assert "--grid START:STOP:N --axis 'dos=energy'" in error.value.next_step
    words = ["build", str(path), "--axis", "dos=energy", "--split", "none", "--workers", "1"]
    assert main([*words, "--name", "t", "--cache", str(tmp_path / "cache")]) == 1
    assert message in capsys.readouterr().err
    assert not list((tmp_path / "cache" / "datasets").glob("*/*"))
    dataset = built(path, grid="0:9:4")
    assert dataset.axes == {"dos": "energy"}
    assert not len(dataset.ledger)


def test_rows_that_are_left_out_may_have_another_axis(tmp_path):
    changes = {"a": {"energy": [0.0, 6.0, 12.0]}, "bare": {"dos": None, "energy": [0.0, 1.0]}}
    dataset = built(small(tmp_path, changes), filter=["exclude_elements=K"])
    assert len(dataset) == 8
    dataset = built(small(tmp_path, {"bare": changes["bare"]}))
    assert "bare" in dataset.ids  # it has no numbers, which need no axis


def test_rows_whose_axis_is_broken_are_ledger_rows(tmp_path):
    changes = {
        "axis": {"energy": None},
        "short": {"dos": [1.0]},
        "twice": {"energy": [0.0, 0.0, 12.0]},
        "unsorted": {"energy": [0.0, 13.0, 12.0]},
        "gap": {"dos": [1.0, None, 3.0]},  # its axis is whole; the array counts as not known
    }
    dataset = built(small(tmp_path, changes))
    assert dict(zip(dataset.ledger["material_id"], dataset.ledger["reason"], strict=True)) == {
        "axis": "missing_axis",
        "short": "unequal_lengths",
        "twice": "repeated_points",
        "unsorted": "unsorted_points",
    }
    assert dataset.axes == {"dos": "energy"}
    assert dataset.columns["dos"][dataset.row("gap")] is None
    assert len(dataset) == 9


@pytest.mark.slow
def test_rows_with_axes_of_their_own_are_not_learnt_together(records):
    dataset = build(records, "own")
    with pytest.raises(md.ConfigError, match="rows have another axis 'own' than the first"):
        train(dataset, {"name": "spectrum", "axis": "own"}, "d", epochs=1)
