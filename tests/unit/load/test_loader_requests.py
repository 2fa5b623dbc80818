"""What a loader is asked for: the default window, types, iterators, states."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.core.errors import ConfigError
from matdata.features import featurizer
from matdata.load.loader import make_loader
from matdata.load.options import LoadOptions
from matdata.materials.compute import as_batch
from matdata.training.data import View
from matdata.training.memory_features import MemoryFeature

COUNT = 40


@pytest.fixture(scope="module")
def view():
    made = featurizer("fractions", {})
    formulas = [f"Na{k + 1}Cl" for k in range(COUNT)]
    feature = MemoryFeature(made, as_batch(formulas, made))
    return View("in memory", np.asarray(feature.ids), {}, {}, {"fractions": feature})


def _loader(view, **options):
    return make_loader(view, view.ids, ["fractions"], **{"batch_size": 7, **options})


def test_the_default_window_does_not_depend_on_the_mode(view, monkeypatch):
    assert _loader(view, mode="stream").window == COUNT
    monkeypatch.setattr("matdata.load.modes.WINDOW_BYTES", 200)
    windows = {_loader(view, mode=mode).window for mode in ("resident", "ram", "stream")}
    assert len(windows) == 1
    assert windows.pop() < COUNT


@pytest.mark.parametrize(
    "wrong",
    [
        *({"batch_size": value} for value in (None, "7", 7.0, True)),
        *({"prefetch": value} for value in ("2", 1.5, True, -1)),
        *({name: 2.5} for name in ("window", "seed", "max_sites", "world_size")),
        *({"shuffle": "yes"}, {"fraction": "half"}, {"world_size": 0}),
    ],
)
def test_options_of_the_wrong_type_are_refused(wrong):
    with pytest.raises(ConfigError, match=f"'{next(iter(wrong))}'.*expected"):
        LoadOptions.from_mapping(wrong)


def test_no_number_of_materials_needs_a_budget():
    assert LoadOptions.from_mapping({"batch_size": None, "max_sites": 9}).batch_size == 0
    assert LoadOptions.from_mapping({"batch_size": np.int64(3)}).batch_size == 3


def test_an_older_iterator_does_not_go_on(view):
    loader = _loader(view)
    older = iter(loader)
    next(older)
    wanted = [batch.ids for batch in _loader(view)]
    newer = iter(loader)
    next(newer)
    with pytest.raises(ConfigError, match="another iterator"):
        next(older)
    assert [batch.ids for batch in newer] == wanted[1:]
    assert loader.epoch == 1


def test_a_state_beyond_the_epoch_is_refused(view):
    loader = _loader(view)
    loader.load_state({**loader.state(), "position": len(loader) - 1})
    for position in (len(loader), 99, -1):
        with pytest.raises(ConfigError, match=f"at batch {position}, epoch 0 has 6"):
            loader.load_state({**loader.state(), "position": position})


@pytest.mark.parametrize("wrong", ["1", 1.5, True, None])
@pytest.mark.parametrize("name", ["epoch", "position"])
def test_a_state_without_whole_numbers_is_refused(view, name, wrong):
    loader = _loader(view)
    with pytest.raises(ConfigError, match=f"the state has {name} {wrong!r}; expected a whole"):
        loader.load_state({**loader.state(), name: wrong})


def test_a_split_without_a_part_of_it_is_refused(toy):
    with pytest.raises(ConfigError, match=r"split '80/20' is given, and no part"):
        toy.loader(inputs=["lattice"], split="80/20")
    assert len(toy.loader("train", inputs=["lattice"], split="80/20").ids) == 48
    assert len(toy.loader(inputs=["lattice"]).ids) == 60


def test_dropping_the_last_batch_leaves_something(view):
    with pytest.raises(ConfigError, match="drop_last=True does not go with"):
        LoadOptions.from_mapping({"drop_last": True, "max_sites": 9})
    with pytest.raises(ConfigError, match="nothing is left: 40 materials"):
        _loader(view, batch_size=41, drop_last=True)
    assert len(_loader(view, batch_size=40, drop_last=True)) == 1


def test_weights_of_unknown_materials_are_named(view):
    for name in ("weights", "sample_weights"):
        with pytest.raises(ConfigError, match=f"{name} names 1 ids .*: x-1"):
            _loader(view, **{name: {"0": 1.0, "x-1": 2.0}})
