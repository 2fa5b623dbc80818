"""Weights and requests that `matdata import-run` refuses, and how the refusal names them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.matgl_weights import arguments, described, imported

import matdata as md
from matdata.plugin import ConfigError, StoreError, TrainError

EDGE = "model.blocks.0.conv.edge_func.layers.0.weight"
BARE = EDGE.removeprefix("model.")


def test_weights_of_unknown_meaning_need_a_target_and_its_unit(folder, tmp_path):
    for options, text in (({}, "what the weights predict"), ({"target": "gap"}, "the unit of gap")):
        with pytest.raises(ConfigError, match=text):
            md.import_run(f"matgl:{folder}", "mine", cache=tmp_path, **options)
    with pytest.raises(ConfigError, match="no unit"):
        imported(folder, tmp_path, unit="parsecs per fortnight")


@pytest.mark.parametrize(
    ("change", "name", "stored", "expected"),
    [
        (lambda t: {**t, EDGE: t[EDGE][:, :24].copy()}, EDGE, "[16, 24]", "[16, 32]"),
        (lambda t: {k: v for k, v in t.items() if k != EDGE}, EDGE, "absent", "[16, 32]"),
        (lambda t: {**t, "model.z": np.zeros(3, np.float32)}, "model.z", "[3]", "absent"),
        (lambda t: {k.replace(EDGE, BARE): v for k, v in t.items()}, BARE, "[16, 32]", "absent"),
    ],
)
def test_tensors_of_another_architecture_are_named(
    folder, tmp_path, change, name, stored, expected
):
    path = folder / "state.safetensors"
    save_file(change(load_file(path)), path)
    with pytest.raises(TrainError) as caught:
        imported(folder, tmp_path)
    assert f"tensor {name} is {stored}; model.json expects {expected}" in caught.value.what
    assert "architecture" in caught.value.cause


def test_another_list_of_elements_is_named(folder, tmp_path):
    given = described(arguments(element_types=["H", "O", "Si"]))
    (folder / "model.json").write_text(json.dumps(given))
    with pytest.raises(TrainError) as caught:
        imported(folder, tmp_path)
    assert "layer_node_embedding.weight is [89, 8]; model.json expects [3, 8]" in caught.value.what
    assert "list of elements" in caught.value.cause


def edited(**changed):
    def edit(folder):
        (folder / "model.json").write_text(json.dumps(described(arguments(**changed))))

    return edit


def wrapped(change):
    def edit(folder):
        content = described(arguments())
        change(content)
        (folder / "model.json").write_text(json.dumps(content))

    return edit


def with_tensor(name, value):
    def edit(folder):
        path = folder / "state.safetensors"
        save_file({**load_file(path), name: value}, path)

    return edit


BAD = {
    "no folder": (lambda f: (f / "model.json").unlink(), StoreError, "cannot be read"),
    "no tensors": (lambda f: (f / "state.safetensors").unlink(), StoreError, "cannot be read"),
    "no json": (lambda f: (f / "model.json").write_text("{"), StoreError, "is damaged"),
    "deep json": (lambda f: (f / "model.json").write_text("[" * 100_000), StoreError, "damaged"),
    "large json": (lambda f: (f / "model.json").write_text(" " * (2 << 20)), StoreError, "bytes"),
    "cut": (lambda f: (f / "state.safetensors").write_bytes(b"\x08" * 40), StoreError, "damaged"),
    "another class": (
        wrapped(lambda c: c["kwargs"]["model"].update({"@class": "M3GNet"})),
        TrainError,
        "TransformedTargetModel of M3GNet; expected TransformedTargetModel of MEGNet",
    ),
    "no wrapper": (
        wrapped(lambda c: c.update({"@class": "MEGNet", "kwargs": None})),
        TrainError,
        "describes MEGNet of None",
    ),
    "no scale": (
        wrapped(lambda c: c["kwargs"].update(target_transformer="LogTransformer")),
        TrainError,
        "normalises its target by 'LogTransformer'",
    ),
    "no deviation": (
        wrapped(lambda c: c["kwargs"].update(target_transformer="Normalizer: Mean=1, Std: 0.0")),
        TrainError,
        "mean and standard deviation",
    ),
    "activation": (edited(activation_type="swish"), TrainError, "activation_type is 'swish'"),
    "state": (edited(ntypes_state=4), TrainError, "ntypes_state is 4"),
    "argument": (edited(sharpness=2), TrainError, "unknown argument 'sharpness'"),
    "width": (edited(gauss_width=0.0), TrainError, "sizes of the weights cannot be used"),
    "sizes": (edited(hidden_layer_sizes_conv="wide"), TrainError, "cannot be used"),
    "element": (edited(element_types=["H", "H"]), TrainError, "names an element twice"),
    "not finite": (
        with_tensor("model.node_s2s.lstm.bias_hh_l0", np.full(32, np.nan, np.float32)),
        TrainError,
        "node_s2s.lstm.bias_hh is not a finite number",
    ),
    "centres": (
        with_tensor("model.bond_expansion.rbf.centers", np.linspace(0, 7, 12, dtype=np.float32)),
        TrainError,
        "is not 0 to 5 Å in even steps",
    ),
}


@pytest.mark.parametrize("edit, error, text", BAD.values(), ids=BAD)  # noqa: PT006
def test_what_cannot_be_imported_is_refused(folder, tmp_path, edit, error, text):
    edit(folder)
    with pytest.raises(error) as caught:
        imported(folder, tmp_path)
    assert text in caught.value.what
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("weights", "names no importer; expected IMPORTER:PLACE"),
        ("matgl:", "names no importer"),
        ("matgll:weights", "unknown importer 'matgll' (did you mean 'matgl'?)"),
    ],
)
def test_a_source_that_names_no_importer_is_refused(tmp_path, source, text):
    with pytest.raises(ConfigError) as caught:
        md.import_run(source, "mine", cache=tmp_path)
    assert text in caught.value.what
