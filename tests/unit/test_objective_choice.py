"""Heads of a model, and which objective each target of a run has."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from support.training import make_loop, models

from matdata.core.errors import ConfigError, TrainError
from matdata.training.contract import Schema, TorchTrainer
from matdata.training.objectives import OBJECTIVES, names_for
from matdata.training.objectives.choice import heads_of, objectives_of, settle_objectives
from matdata.training.objectives.combined import Objectives
from matdata.training.outputs import Head, columns_of_heads
from matdata.training.settings import TrainSettings
from matdata.training.target import Target


def test_means_of_all_targets_come_before_the_standard_deviations():
    heads = (Head("a", (2, 2)), Head("b", (1,)), Head("c", (1, 1)))
    assert columns_of_heads(heads) == [
        [slice(0, 2), slice(4, 6)],
        [slice(2, 3)],
        [slice(3, 4), slice(6, 7)],
    ]


def test_a_model_may_return_a_tensor_per_target():
    targets = (Target("a", 2), Target("b"))
    own = Objectives(objectives_of(targets, TrainSettings(loss="robust_l1")))
    flat = torch.arange(12.0).reshape(2, 6)
    named = {
        "b": flat[:, [2, 5]],
        "a": flat[:, [0, 1, 3, 4]],
    }
    assert torch.equal(own.flat(named), flat)
    assert torch.equal(own.flat(flat), flat)
    with pytest.raises(TrainError, match="returned 5 columns, its targets need 6"):
        own.flat(flat[:, :5])
    with pytest.raises(TrainError, match=r"'a': 4"):
        own.flat({"a": flat[:, :4]})


@pytest.mark.parametrize("stacked", [False, True])
def test_a_model_of_named_outputs_trains_to_the_same_bits(stacked):
    class Named(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, batch):
            return {"y": self.inner(batch)}

    settings = TrainSettings(epochs=2, batch_size=16, ensemble=2, loss="robust_l1")
    plain, _ = make_loop(settings, stacked=stacked)
    plain.run()
    made = models(settings, Schema((Target("y"),), heads_of((Target("y"),), settings), {}))
    named, _ = make_loop(settings, stacked=stacked, models=[Named(one) for one in made])
    named.run()
    for name, value in plain.best.items():
        assert torch.equal(named.best[f"inner.{name}"], value)


# --- choice -------------------------------------------------------------------------------------


class Network(TorchTrainer):
    name, version, citation, summary = "any", "1", "none", "for tests"
    tasks = ("regression", "classification")

    def inputs(self):
        return ()

    def model(self, schema):
        raise NotImplementedError


def test_unknown_objectives_are_refused_with_the_closest_name():
    with pytest.raises(ConfigError, match="did you mean 'robust_l1'"):
        TrainSettings(loss="rubost_l1")
    with pytest.raises(ConfigError, match=r"unknown setting 'delt'.*did you mean 'delta'"):
        OBJECTIVES.get("huber").bind(Target("y", options={"delt": 1}))
    with pytest.raises(ConfigError, match="learns a classification, not a regression"):
        settle_objectives(Network(), {}, (Target("y", objective="cross_entropy"),))
    assert names_for("regression") == ["robust_l1", "huber", "l1", "mse", "robust_l2"]


def test_targets_of_one_kind_name_no_objective():
    (one, two), settings = settle_objectives(
        Network(), {"loss": "mse"}, (Target("a"), Target("b", objective="mse"))
    )
    assert (one.objective, two.objective, settings.loss) == ("", "", "mse")
    assert two.to_dict() == Target("b").to_dict()


def test_numbers_and_classes_each_have_their_objective():
    targets = (Target("a"), Target("c", 3, task="classification"))
    (one, two), settings = settle_objectives(Network(), {}, targets)
    assert (one.objective, two.objective) == ("", "cross_entropy")
    assert (settings.loss, settings.monitor) == ("robust_l1", "loss")
    heads = heads_of((one, two), settings)
    assert heads == (Head("a", (1, 1)), Head("c", (3,)))
    (one, two), settings = settle_objectives(Network(), {"loss": "cross_entropy"}, targets)
    assert (one.objective, two.objective, settings.loss) == ("robust_l1", "", "cross_entropy")


def test_delta_of_huber_is_the_setting_of_the_loop_unless_a_target_has_its_own():
    targets = (Target("a"), Target("b", objective="huber", options={"delta": 3.0}))
    (one, two), settings = settle_objectives(
        Network(), {"loss": "huber", "huber_delta": 0.2}, targets
    )
    made = objectives_of((one, two), settings)
    assert [objective.options.delta for objective in made] == [0.2, 3.0]
    assert two.options == {"delta": 3.0}


def test_every_objective_is_known_without_torch_at_import():
    names = ", ".join(f"OBJECTIVES.get({name!r})" for name in OBJECTIVES.names())
    code = (
        "import sys; from matdata.training.objectives import OBJECTIVES; "
        f"{names}; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
