"""Members of an ensemble: with stacked weights or trained sequentially."""

from __future__ import annotations

import copy
import dataclasses
from types import SimpleNamespace

import pytest
import torch
from support.training import Net, make_loop
from torch import nn

from matdata.training.members import choose_engine
from matdata.training.settings import TrainSettings
from matdata.training.stacked import StackedEngine, reason_after_trial, reason_against

QUICK = {"epochs": 6, "batch_size": 16, "lr": 0.02}


def _settings(**changes):
    return TrainSettings(**{**QUICK, **changes})


def _same(ours, theirs, rtol, atol):
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=rtol, atol=atol)


@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_a_stacked_ensemble_equals_separate_trainings(clip):
    settings = _settings(ensemble=3, clip=clip, loss="robust_l1")
    stacked, _ = make_loop(settings, stacked=True)
    separate, _ = make_loop(settings)
    for loop in (stacked, separate):
        loop.run()
    _same(stacked.engine.weights(), separate.engine.weights(), rtol=1e-4, atol=1e-5)
    _same(stacked.best, separate.best, rtol=1e-4, atol=1e-5)
    alone, _ = make_loop(settings.replace(ensemble=1, seed=2))
    alone.run()
    for name, value in alone.engine.weights().items():
        torch.testing.assert_close(value[0], separate.engine.weights()[name][2], rtol=0, atol=0)


def test_members_stop_each_at_its_own_epoch_in_both_engines():
    settings = _settings(ensemble=4, epochs=60, patience=2, lr=0.1)
    loops = [make_loop(settings, stacked=stacked)[0] for stacked in (True, False)]
    for loop in loops:
        loop.run()
    stops = [[member.stopped for member in loop.progress.members] for loop in loops]
    assert stops[0] == stops[1]
    assert len(set(stops[0])) > 1, "the test needs members that stop at different epochs"
    _same(loops[0].engine.weights(), loops[1].engine.weights(), rtol=1e-3, atol=1e-4)


def test_what_cannot_be_stacked_is_reported():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(3, 1)

        def forward(self, batch):
            values = self.out(batch["numbers"].values)
            return values if values.mean().item() > 0 else -values

    assert "plugin declares" in reason_against([Net(3, 2)], False, "constant")
    assert "plateau" in reason_against([Net(3, 2)], True, "plateau")
    norm = nn.Sequential(nn.Linear(3, 1), nn.BatchNorm1d(1))
    assert "1 is a BatchNorm" in reason_against([norm], True, "constant")
    loop, _ = make_loop(_settings(loss="mse"))
    two = [Branches(), Branches()]
    batch = next(iter(loop.train))
    reason = reason_after_trial(StackedEngine(two, loop.engine.recipe), two, batch)
    assert "vmap fails" in reason
    good = [loop.engine.models[0], loop.engine.models[0]]
    assert reason_after_trial(StackedEngine(good, loop.engine.recipe), good, batch) is None


@pytest.mark.parametrize(("members", "kind"), [("auto", "separate"), ("stacked", "stacked")])
def test_members_are_stacked_on_a_cpu_only_if_asked_for(members, kind):
    loop, _ = make_loop(_settings(loss="mse"))
    recipe = dataclasses.replace(loop.engine.recipe, settings=_settings(members=members))
    networks = [copy.deepcopy(loop.engine.models[0]) for _ in range(2)]
    engine, reason = choose_engine(networks, recipe, SimpleNamespace(vmap=True), loop.train)
    assert engine.kind == kind
    assert reason == (None if kind == "stacked" else "that is faster on a CPU")
