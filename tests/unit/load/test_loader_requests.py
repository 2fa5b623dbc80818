"""What a loader is asked for: the default window, types, iterators, states."""

from __future__ import annotations

import numpy as np
import pytest

from matdata.errors import ConfigError
from matdata.features import featurizer
from matdata.inmemory import as_batch
from matdata.load.loader import make_loader
from matdata.train.data import View
from matdata.train.memory import MemoryFeature

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
