"""Array columns whose dataset says where their numbers stand."""

from __future__ import annotations

import json

import pytest
from support.toy import GRID, command, rows, train

import matdata as md
from matdata.building.feature_stage import add_features
from matdata.building.options import BuildOptions


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


def test_rows_with_axes_of_their_own_are_not_learnt_together(records):
    dataset = build(records, "own", axis=["spectrum=own"])
    with pytest.raises(md.ConfigError, match="rows have another axis 'own' than the first"):
        train(dataset, "spectrum", "d", epochs=1)
