"""fp16 with loss scaling: near float32, leaves out what overflows, and goes on as it was."""

from __future__ import annotations

import pytest
import torch
from support.training import make_loop
from torch import nn

from matdata.core.errors import ConfigError, TrainError
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.precision import HOPELESS, LossScaler
from matdata.training.settings import TrainSettings

QUICK = {"epochs": 4, "batch_size": 16, "lr": 0.02, "loss": "mse", "precision": "fp16"}
CPU = torch.device("cpu")


def _settings(**changes):
    return TrainSettings(**{**QUICK, **changes})


class Steep(nn.Module):
    """One weight, whose gradient is `slope` times the loss's: it can be beyond fp16."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 1))
        self.slope = slope

    def forward(self, batch):
        return batch["numbers"].values @ (self.weight * self.slope)


@pytest.mark.slow
@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "lamb"])
def test_a_training_in_fp16_is_near_that_in_float32(stacked, optimizer):
    outputs = {}
    for precision in ("fp16", "float32"):
        settings = _settings(precision=precision, optimizer=optimizer, ensemble=2, clip=1.0)
        loop, _ = make_loop(settings, stacked=stacked)
        settled = {"scale": 64.0, "growth": 0, "skipped": 0, "in_a_row": 0}  # no step is left out
        for scaler in loop.engine.scalers:
            scaler.load_state({name: torch.tensor(value) for name, value in settled.items()})
        loop.run()
        assert loop.engine.skipped() == 0
        outputs[precision] = loop.engine.outputs(next(iter(loop.valid)))
    near, wanted = outputs.values()
    assert not torch.equal(near, wanted), "nothing was done in fp16"
    torch.testing.assert_close(near, wanted, rtol=0, atol=0.02 * float(wanted.abs().max()))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "lamb"])
def test_steps_that_overflow_are_left_out_and_counted(optimizer):
    settings = _settings(optimizer=optimizer, epochs=1)
    loop, _ = make_loop(settings, models=[Steep(2000.0)])
    scaler = loop.engine.scalers[0]
    batches = iter(loop.train)
    before = loop.engine.weights()["weight"]
    loop.engine.step(next(batches), [0.02])  # 2^16 times 2000 is no number of fp16
    torch.testing.assert_close(loop.engine.weights()["weight"], before, rtol=0, atol=0)
    assert loop.engine.skipped() == 1
    slots = {k: v for k, v in loop.engine.slots().items() if not k.startswith("step/")}
    assert slots or optimizer == "lamb"  # which makes them in its first step
    assert not any(value.any() for value in slots.values()), "what a step left out is no momentum"
    assert float(scaler.state()["scale"]) == 2.0**15
    for _ in range(10):
        loop.engine.step(next(iter(make_loop(settings)[0].train)), [1e-9])
    assert not torch.equal(loop.engine.weights()["weight"], before)
    assert 1 < loop.engine.skipped() < 11
    assert float(scaler.state()["scale"]) == 2.0 ** (16 - loop.engine.skipped())
    assert int(scaler.state()["in_a_row"]) == 0


def test_an_overflow_of_one_stacked_member_leaves_out_the_step_of_all():
    loop, _ = make_loop(_settings(ensemble=2), models=[Steep(1.0), Steep(1.0)], stacked=True)
    with torch.no_grad():
        loop.engine._stack["weight"][1] = 2e3  # its outputs, and so its gradients, are large
    before = loop.engine.weights()["weight"].clone()
    losses = loop.engine.step(next(iter(loop.train)), [0.02, 0.02])
    assert torch.isfinite(losses).all()
    torch.testing.assert_close(loop.engine.weights()["weight"], before, rtol=0, atol=0)
    assert loop.engine.skipped() == 1


def test_what_no_factor_helps_is_an_error():
    scaler = LossScaler("fp16", CPU)
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for step in range(HOPELESS):
        scaler.scale(weight.sum()).backward()
        weight.grad.fill_(float("inf"))
        scaler.unscale(optimizer)
        scaler.step(optimizer)
        if step < HOPELESS - 1:
            assert scaler.skipped() == step + 1
    with pytest.raises(TrainError, match=r"not finite in fp16(.|\n)*bf16"):
        scaler.skipped()
    assert weight.item() == 0.0


@pytest.mark.parametrize("stacked", [False, True])
def test_factor_and_counts_are_in_checkpoints(tmp_path, stacked):
    settings = _settings(epochs=3, ensemble=2)

    def steep():
        return [Steep(30.0), Steep(300.0)]

    whole, rows = make_loop(settings, stacked=stacked, models=steep())
    whole.run()
    assert rows[-1]["skipped_steps"] > 0
    cut, _ = make_loop(settings, stacked=stacked, models=steep())
    cut.stop_after = 5
    cut.save = lambda loop: save_checkpoint(loop, tmp_path)
    cut.run()
    again, _ = make_loop(settings, stacked=stacked, models=steep())
    assert load_checkpoint(again, tmp_path)
    scaling = again.engine.scaling()
    assert {name: value.tolist() for name, value in scaling.items()} == {
        name: value.tolist() for name, value in cut.engine.scaling().items()
    }
    assert len(scaling["scale"]) == (1 if stacked else 2)
    again.run()
    for name, value in whole.engine.weights().items():
        assert torch.equal(value, again.engine.weights()[name])
    assert again.engine.skipped() == whole.engine.skipped()


def test_lookahead_goes_with_it():
    loop, rows = make_loop(_settings(lookahead=3))
    loop.run()
    assert rows[-1]["val_error"] < rows[0]["val_error"]


def test_other_precisions_have_no_scaler():
    for precision in ("float32", "tf32", "bf16"):
        loop, rows = make_loop(_settings(precision=precision, epochs=1))
        loop.run()
        assert loop.engine.scaling() == {}
        assert "skipped_steps" not in rows[0]


def test_a_device_without_such_steps_is_refused():
    with pytest.raises(ConfigError, match=r"fp16 is not for device 'mps'(.|\n)*float32"):
        LossScaler("fp16", torch.device("mps"))
