"""LAMB, Lookahead, cyclic rates, and settings that came after runs were stored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.training import make_loop

from matdata.core.errors import ConfigError
from matdata.training import TRAINERS
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.lamb import Lamb
from matdata.training.lookahead import take_step
from matdata.training.optim import make_optimizer, optimizer_slots
from matdata.training.schedule import Schedule
from matdata.training.settings import TrainSettings, train_settings

QUICK = {"epochs": 6, "batch_size": 16, "lr": 0.02, "loss": "robust_l1"}
PAPER = {"optimizer": "lamb", "lookahead": 3, "schedule": "cyclic", "cycle": 2.0}


def _settings(**changes):
    return TrainSettings(**{**QUICK, **changes})


def _same(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], **(tolerance or {"rtol": 0, "atol": 0}))


def _weight(values):
    return torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_optimizers_give_the_bits_of_those_of_torch(name, device):
    """`fp16` takes torch's own. On a device without the fused form torch chooses another."""
    plain = _settings(optimizer=name, weight_decay=0.03, momentum=0.8)
    weights = []
    for precision in ("float32", "fp16"):
        generator = torch.Generator().manual_seed(0)
        drawn = [torch.randn(n, 7, generator=generator) for n in (5, 3)]
        weights.append([torch.nn.Parameter(value.to(device)) for value in drawn])
        optimizer = make_optimizer(weights[-1], plain.replace(precision=precision))
        assert isinstance(optimizer, torch.optim.Optimizer) is (precision == "fp16")
        for step in range(5):
            optimizer.zero_grad(set_to_none=True)
            for row, weight in enumerate(weights[-1]):
                if step != 2 or row:  # a weight without a gradient is left as it is
                    weight.grad = torch.randn(weight.shape, generator=generator).to(device)
            optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
            optimizer.step()
        slots = optimizer_slots(optimizer, ["a", "b"])
        weights[-1] = {"a": weights[-1][0], "b": weights[-1][1], **slots}
    ours, theirs = weights
    assert ours.keys() == theirs.keys()
    if device == "cpu":
        _same(ours, theirs)
    else:
        assert all(ours[k].shape == theirs[k].shape for k in ours)
        assert {k: str(v.device) for k, v in ours.items()} == {
            k: str(v.device) for k, v in theirs.items()
        }


def test_the_first_step_of_lamb_by_hand():
    """r is the sign of the gradient, u = r + 0.01 x, the trust ratio 5 / |u|."""
    weight = _weight([3.0, 4.0])
    optimizer = Lamb([weight], lr=0.1, weight_decay=0.01, eps=0.0)
    weight.grad = torch.tensor([1.0, -2.0], dtype=torch.float64)
    optimizer.step()
    trust = 5.0 / (1.03**2 + 0.96**2) ** 0.5
    expected = [3.0 - 0.1 * trust * 1.03, 4.0 + 0.1 * trust * 0.96]
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-12)
    assert expected[0] == pytest.approx(2.63424, abs=1e-5)


def test_further_steps_of_lamb_follow_algorithm_2():
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(4, 3))
    x, m, v = np.array([0.5, -1.0, 2.0]), np.zeros(3), np.zeros(3)
    weight = _weight(x.tolist())
    optimizer = Lamb([weight], lr=0.05, betas=(0.8, 0.99), weight_decay=0.1)
    for t, g in enumerate(gradients, 1):
        m, v = 0.8 * m + 0.2 * g, 0.99 * v + 0.01 * g**2
        u = (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-6) + 0.1 * x
        x = x - 0.05 * np.linalg.norm(x) / np.linalg.norm(u) * u
        weight.grad = torch.from_numpy(g)
        optimizer.step()
        np.testing.assert_allclose(weight.detach().numpy(), x, rtol=1e-10)


@pytest.mark.parametrize(("start", "moved"), [([0.0, 0.0], 1.0), ([30.0, 40.0], 10.0 / 2**0.5)])
def test_the_trust_ratio_is_1_at_zero_and_norms_are_cut_at_10(start, moved):
    weight = _weight(start)
    optimizer = Lamb([weight], lr=1.0, eps=0.0)
    weight.grad = torch.tensor([1.0, 1.0], dtype=torch.float64)
    optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), np.array(start) - moved, rtol=1e-12)


def test_stacked_members_have_trust_ratios_of_their_own():
    starts = torch.tensor([[[1.0, 2.0]], [[30.0, -4.0]], [[0.0, 0.0]]])
    scalars = torch.tensor([0.5, 2.0, -3.0])
    gradients = torch.tensor([[[1.0, 2.0]], [[-0.1, 0.3]], [[5.0, 1.0]]])
    together = [torch.nn.Parameter(starts.clone()), torch.nn.Parameter(scalars.clone())]
    stacked = Lamb(together, lr=0.1, weight_decay=0.1, stacked=True)
    alone = [
        [torch.nn.Parameter(starts[m].clone()), torch.nn.Parameter(scalars[m].clone())]
        for m in range(3)
    ]
    optimizers = [Lamb(own, lr=0.1, weight_decay=0.1) for own in alone]
    for _ in range(3):
        together[0].grad, together[1].grad = gradients.clone(), scalars.clone()
        stacked.step()
        for member, (own, optimizer) in enumerate(zip(alone, optimizers, strict=True)):
            own[0].grad, own[1].grad = gradients[member].clone(), scalars[member].clone()
            optimizer.step()
    for weight in range(2):
        expected = torch.stack([own[weight].detach() for own in alone])
        torch.testing.assert_close(together[weight].detach(), expected)


@pytest.mark.parametrize(
    "changes",
    [PAPER, {"optimizer": "lamb"}, {"optimizer": "adam", "lookahead": 4, "lookahead_alpha": 0.8}],
)
def test_a_stacked_ensemble_equals_separate_trainings(changes):
    settings = _settings(ensemble=3, patience=3, **changes)
    loops = [make_loop(settings, stacked=stacked)[0] for stacked in (True, False)]
    for loop in loops:
        loop.run()
    _same(loops[0].engine.weights(), loops[1].engine.weights(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("optimizer", ["lamb", "adamw", "sgd"])
def test_resume_follows_the_same_trajectory_bit_for_bit(tmp_path, stacked, optimizer):
    settings = _settings(ensemble=2, **{**PAPER, "optimizer": optimizer, "lookahead": 4})
    whole, _ = make_loop(settings, stacked=stacked)
    whole.run()

    class Killed(Exception):
        pass

    def save(loop):
        save_checkpoint(loop, tmp_path)
        if loop.progress.step == 10:  # two steps after the slow weights moved
            raise Killed

    cut, _ = make_loop(settings.replace(checkpoint_seconds=0.0), stacked=stacked, save=save)
    with pytest.raises(Killed):
        cut.run()
    again, _ = make_loop(settings, stacked=stacked)
    assert load_checkpoint(again, tmp_path)
    again.run()
    _same(again.engine.weights(), whole.engine.weights())
    _same(again.engine.slots(), whole.engine.slots())
    slots = {key.partition("/")[0] for key in again.engine.slots()}
    assert {"slow", "slow_step"} < slots
    assert ("exp_avg_sq" in slots) == (optimizer != "sgd")


def test_lookahead_goes_back_at_every_kth_step():
    start = np.array([1.0, -2.0])
    weight = _weight(start.tolist())
    optimizer = torch.optim.SGD([weight], lr=0.5)
    slow, fast = start, start
    for step in range(1, 8):
        gradient = np.array([0.1 * step, -1.0])
        weight.grad = torch.from_numpy(gradient)
        take_step(optimizer, 3, 0.25)
        fast = fast - 0.5 * gradient
        if step % 3 == 0:
            slow = slow + 0.25 * (fast - slow)
            fast = slow
        np.testing.assert_allclose(weight.detach().numpy(), fast, rtol=1e-12)


def test_without_lookahead_an_optimizer_keeps_no_slow_weights():
    loop, _ = make_loop(_settings(epochs=1))
    loop.run()
    assert not [key for key in loop.engine.slots() if key.startswith("slow")]


def test_cyclic_rates_are_triangles():
    settings = TrainSettings(schedule="cyclic", cycle=4.0, cycle_from=0.2, cycle_decay=0.5)
    schedule = Schedule(settings, 1000, 10)  # a cycle of 40 steps
    found = [schedule.factor(step) for step in (0, 10, 20, 30, 40, 60, 80, 100)]
    assert found == pytest.approx([0.2, 0.6, 1.0, 0.6, 0.2, 0.6, 0.2, 0.4])
    even = Schedule(settings.replace(cycle_decay=1.0), 1000, 10)
    assert [even.factor(step) for step in (60, 100)] == pytest.approx([1.0, 1.0])


def test_a_network_learns_as_the_papers_train_it():
    loop, rows = make_loop(_settings(epochs=40, **{**PAPER, "cycle": 10.0, "lr": 0.05}))
    loop.run()
    assert rows[-1]["val_error"] < 0.2 * rows[0]["val_error"]


#: Digests of the settings that runs are stored with: a change of them is a change of the format.
STORED = {
    "roost": "48b034380b121fccadfc59ec57b2ebd7a38f68e72bc794af8ab6e16f7c3fbdb2",
    "crabnet": "b7474a28d63ec73e5c9e77d56e5b3df3996db8aec937f07a2fd90bd000fe42e9",
    "finder": "bb22e19be8df6427a94232a8a8312892aeca9bbb8e81777fb2bfd22839d064a8",
}


@pytest.mark.parametrize("plugin", STORED)
def test_settings_of_stored_runs_keep_their_identity(plugin):
    settings = train_settings(TRAINERS.get(plugin)(), {})
    assert settings.digest() == STORED[plugin]
    for change in ({"lookahead": 5}, {"lookahead_alpha": 0.8}, {"cycle": 5.0}):
        assert settings.replace(**change).digest() != STORED[plugin]


def test_impossible_numbers_are_refused():
    for values in ({"lookahead": -1}, {"lookahead_alpha": 1.5}, {"cycle": 0.0}):
        with pytest.raises(ConfigError):
            TrainSettings(**values)
