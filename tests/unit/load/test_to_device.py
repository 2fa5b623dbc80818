"""Batches on another device: every form, with its types, its sizes and what it expands to."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
import torch
from support.bonds import install_bonds
from support.crystals import many

from matdata.features import FEATURIZERS, featurizer
from matdata.load.inputs import form_of
from matdata.load.loader import make_loader
from matdata.load.modes import MODES
from matdata.training import TRAINERS
from matdata.training.batch_of import batch_of

META = torch.device("meta")
COUNT = 6
#: Every form of matdata itself, by a spec whose feature has it, and the settings that ask for it.
FORMS = {
    "CompositionSetBatch": ("composition-set", {}),
    "DenseBatch": ("lattice", {}),
    "ElementBatch": ("element:mat2vec", {}),
    "ElementMatrixBatch": ("edm", {}),
    "FormulaGraphBatch": ("formula-graph", {}),
    "FractionBatch": ("fractions", {}),
    "GraphBatch": ("graph", {"basis": "cgcnn"}),
    "LineGraphBatch": ("line-graph", {}),
    "MeanOrbitalFieldBatch": ("ofm", {"level": "structure"}),
    "OrbitalFieldBatch": ("ofm", {}),
    "ReactionBatch": ("reaction", {}),
    "WyckoffBatch": ("wyckoff", {"labellings": "all"}),
}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install_bonds(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for registry in (FEATURIZERS, TRAINERS):
            registry.refresh()
        yield importlib.import_module("bonds_batch")
    for registry in (FEATURIZERS, TRAINERS):
        registry.refresh()
    for name in ("bonds", "bonds_batch"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def batches(toy):
    """Batches of one input each, made once."""
    # one that reads the table, which materials by themselves do not have
    made = {("reaction",): next(iter(make_loader(toy, None, ["reaction"], batch_size=COUNT)))}

    def make(spec, settings):
        key = spec, *settings.items()
        if key not in made:
            made[key] = batch_of({spec: featurizer(spec, settings)}, many(COUNT))
        return made[key]

    return make


def assert_moved(batch, spec, device):
    there = batch.to(device)
    held, form = batch[spec], there[spec]
    assert type(form) is type(held)
    assert form.featurizer is held.featurizer
    assert form.size == held.size == len(there)
    assert list(form.fields) == list(held.fields)
    for name, values in form.fields.items():
        assert values.device == device
        assert values.dtype == held.fields[name].dtype
        assert values.shape == held.fields[name].shape
    assert list(form.segments) == list(held.segments)
    for level, entries in form.segments.items():
        assert entries.offsets.device == device
        assert entries.host_offsets is held.segments[level].host_offsets
        assert entries.owner.device == device
    for name in ("targets", "mask", "rows"):
        moved, own = getattr(there, name), getattr(batch, name)
        assert (moved.device, moved.dtype, moved.shape) == (device, own.dtype, own.shape)
    dense = form.dense()
    assert (dense.device, dense.shape) == (device, held.dense().shape)
    return there


def test_every_form_of_matdata_is_here():
    for name, (spec, settings) in FORMS.items():
        assert form_of(featurizer(spec, settings)).__name__ == name
    specs = [
        {"element": "element:mat2vec", "matminer": "matminer:DensityFeatures"}.get(name, name)
        for name in FEATURIZERS._builtin
    ]
    assert {form_of(featurizer(spec)).__name__ for spec in specs} <= set(FORMS), "add it to FORMS"


@pytest.mark.parametrize("name", FORMS)
def test_a_form_moves_without_fetching_a_size(name, batches):
    """A copy back from the meta device, or a size asked of it, raises."""
    spec, settings = FORMS[name]
    there = assert_moved(batches(spec, settings), spec, META)
    assert there.to(META)[spec].device == META
    with pytest.raises(NotImplementedError, match="meta"):
        there.to("cpu")


@pytest.mark.parametrize("name", FORMS)
def test_on_the_same_device_nothing_is_copied(name, batches):
    spec, settings = FORMS[name]
    batch = batches(spec, settings)
    same = assert_moved(batch, spec, torch.device("cpu"))
    for field, values in same[spec].fields.items():
        assert values.data_ptr() == batch[spec].fields[field].data_ptr()
    assert torch.equal(same[spec].dense(), batch[spec].dense())


def test_the_form_of_a_stranger_moves(strangers, batches):
    batch = batches("bonds", {})
    there = batch.to("meta").get("bonds", strangers.BondBatch)
    assert there.first.device == META
    assert there.first.shape == batch.get("bonds", strangers.BondBatch).first.shape
    assert there.segments["bond"].total == batch["bonds"].segments["bond"].total


def test_weights_move_and_ids_stay(toy):
    weights = {toy.ids[0]: 2.0}
    (batch,) = make_loader(toy, None, ["lattice"], "gap", batch_size=60, weights=weights)
    same = batch.to("cpu", non_blocking=True)
    assert torch.equal(same.weights, batch.weights)
    assert same.ids == batch.ids
    assert batch.to("meta").weights.device == META


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("mode", MODES)
def test_batches_of_arrays_become_those_of_tensors(toy, name, mode):
    spec, settings = FORMS[name]
    options = {
        "batch_size": 17,
        "shuffle": True,
        "seed": 5,
        "mode": mode,
        "weights": {toy.ids[0]: 3.0},
        "input_settings": {spec: settings},
    }
    tensors = make_loader(toy, None, [spec], "gap", **options)
    arrays = make_loader(toy, None, [spec], "gap", **options, device="numpy")
    for wanted, batch in zip(tensors, arrays, strict=True):
        moved = batch.to("cpu")
        assert moved.ids == wanted.ids == batch.ids
        for part in ("targets", "mask", "rows", "weights"):
            assert torch.equal(getattr(moved, part), getattr(wanted, part))
        own, form = moved[spec], wanted[spec]
        assert type(own) is type(form)
        assert set(own.fields) == set(form.fields)
        for field, values in form.fields.items():
            assert own.fields[field].dtype == values.dtype
            assert torch.equal(own.fields[field], values)
        for level, entries in form.segments.items():
            np.testing.assert_array_equal(own.segments[level].host_offsets, entries.host_offsets)
            assert torch.equal(own.segments[level].offsets, entries.offsets)
        assert torch.equal(own.dense(), form.dense())


def test_segments_move_with_their_sizes():
    from matdata.nn import Segments

    segments = Segments.of_lengths([2, 0, 3])
    there = segments.to("meta")
    assert (there.count, there.total, there.longest) == (3, 5, 3)
    assert there.offsets.dtype == torch.int64
    assert there.pairs[0].shape == segments.pairs[0].shape
