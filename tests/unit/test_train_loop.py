from __future__ import annotations

import itertools
import math

import pytest
import torch
from support.training import FakeLoader, data, make_loop

from matdata.core.errors import ConfigError, TrainError
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.progress import MemberProgress
from matdata.training.schedule import Schedule
from matdata.training.settings import TrainSettings
from matdata.training.target import Target

QUICK = {"epochs": 6, "batch_size": 16, "lr": 0.02}


def _settings(**changes):
    return TrainSettings(**{**QUICK, **changes})


def _same(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], **(tolerance or {"rtol": 0, "atol": 0}))


@pytest.mark.parametrize("loss", ["robust_l1", "robust_l2", "l1", "mse", "huber"])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_it_learns(loss, optimizer):
    loop, rows = make_loop(_settings(loss=loss, optimizer=optimizer, epochs=25, lr=0.01, clip=5.0))
    loop.run()
    assert rows[-1]["val_error"] < 0.6 * rows[0]["val_error"]
    assert rows[-1]["step"] == 100
    assert [row["epoch"] for row in rows] == list(range(1, 26))


@pytest.mark.parametrize("stacked", [False, True])
def test_resume_follows_the_same_trajectory_bit_for_bit(tmp_path, stacked):
    settings = _settings(ensemble=2, schedule="cosine", clip=1.0, patience=4, loss="robust_l1")
    whole, rows = make_loop(settings, stacked=stacked)
    whole.run()

    class Killed(Exception):
        pass

    def save(loop):
        save_checkpoint(loop, tmp_path)
        if loop.progress.step == 10:  # in the middle of an epoch of 4 batches
            raise Killed

    always = settings.replace(checkpoint_seconds=0.0)
    cut, _ = make_loop(always, stacked=stacked, save=save)
    with pytest.raises(Killed):
        cut.run()
    again, late = make_loop(settings, stacked=stacked)
    assert load_checkpoint(again, tmp_path)
    assert again.progress.step == 10
    again.run()
    _same(again.engine.weights(), whole.engine.weights())
    _same(again.best, whole.best)
    for row in (rows[-1], late[-1]):
        row.pop("seconds")
    assert late[-1] == rows[-1]
    assert late[0]["train_loss"] == rows[2]["train_loss"], "the epoch under way is summed whole"


class Budgeted(FakeLoader):
    """Batches of another size in every epoch, as under a budget."""

    def __iter__(self):
        yield from super().__iter__()
        self.size = [16, 40, 7][self.epoch % 3]

    def load_state(self, state):
        super().load_state(state)
        self.size = [16, 40, 7][self.epoch % 3]


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_epochs_may_differ_in_steps(tmp_path, schedule):
    """All epochs are trained to their ends, validated once, and resumed inside each of them."""
    settings = _settings(epochs=5, batch_size=16, schedule=schedule, swa=0.3)
    saved = []

    def save(loop):
        folder = tmp_path / str(loop.progress.step)
        save_checkpoint(loop, folder)
        saved.append((folder, loop.progress.epoch, loop.progress.batch))

    loop, rows = make_loop(
        settings.replace(checkpoint_seconds=0), train=Budgeted(*data(), 16), save=save
    )
    loop.run()
    steps = [4, 2, 10, 4, 2]
    assert [row["step"] for row in rows] == list(itertools.accumulate(steps))
    assert all(0 <= row["lr"] <= settings.lr for row in rows)
    inside = [(epoch, batch) for _, epoch, batch in saved if batch]
    assert inside == [(e, b) for e, count in enumerate(steps) for b in range(1, count)]
    for folder, epoch, batch in saved[1:-1:3]:
        again, later = make_loop(settings, train=Budgeted(*data(), 16))
        assert load_checkpoint(again, folder)
        assert (again.progress.epoch, again.progress.batch) == (epoch, batch)
        again.run()
        _same(again.best, loop.best, rtol=0, atol=0)
        assert [row["step"] for row in later] == [row["step"] for row in rows[epoch:]]


def test_patience_counts_epochs_without_improvement_alone():
    settings = _settings(patience=3)
    member = MemberProgress()
    for epoch, value in enumerate([5.0, 4.0, 4.5, 3.0, 3.5, 3.0, 2.9], 1):
        member.observe(value, epoch, settings)
        assert member.stopped is None, "the error fell, or had not waited long enough"
    for epoch, value in enumerate([3.0, math.nan, 2.9], 8):
        member.observe(value, epoch, settings)
    assert member.stopped == 10
    assert (member.best, member.best_epoch) == (2.9, 7)


def test_a_plateau_lowers_the_rate_of_a_member():
    settings = _settings(schedule="plateau", plateau_patience=2, gamma=0.5)
    member = MemberProgress()
    for epoch, value in enumerate([1.0, 1.1, 1.1, 1.1, 1.1, 0.9], 1):
        member.observe(value, epoch, settings)
    assert member.factor == 0.25


def test_an_exponential_schedule_rises_and_falls_between_its_rates():
    """OCrystalNet: 1e-4 to 3e-4 over two of ten epochs, then down to 1e-5."""
    settings = _settings(
        schedule="exponential", lr=3e-4, warmup=0.2, warmup_from=1 / 3, gamma=1 / 30
    )
    rates = [3e-4 * Schedule(settings, 50, 5).factor(step) for step in range(50)]
    assert rates[0] == pytest.approx(1e-4 + 2e-4 / 10)
    assert rates[9] == rates[10] == pytest.approx(3e-4)
    assert rates[-1] == pytest.approx(1e-5)
    falls = [after / before for before, after in itertools.pairwise(rates[10:])]
    assert max(falls) == pytest.approx(min(falls))
    assert [Schedule(_settings(warmup=0.5), 4, 1).factor(step) for step in range(4)] == [
        *(0.5, 1.0, 1.0, 1.0)
    ]


def test_a_decay_is_a_factor_of_each_epoch():
    schedule = Schedule(_settings(schedule="decay", gamma=0.999), 50, 5)
    factors = [schedule.factor(step) for step in range(50)]
    assert factors == [0.999 ** (step // 5) for step in range(50)]


def test_nan_stops_the_training_and_names_batch_and_ids(tmp_path):
    x, y = data()
    loader = FakeLoader(x, y, 16)
    x[37] = math.nan
    settings = _settings(checkpoint_seconds=0.0)
    loop, _ = make_loop(settings, train=loader, save=lambda loop: save_checkpoint(loop, tmp_path))
    with pytest.raises(TrainError, match="id-") as error:
        loop.run()
    assert "epoch 1" in str(error.value)
    assert "members" not in str(error.value)


def test_the_last_good_checkpoint_outlives_a_nan(tmp_path):
    from matdata.training.checkpoint import read_weights
    from matdata.training.contents import BEST

    class Late(FakeLoader):
        def __iter__(self):
            if self.epoch == 2:
                self.x = self.x.clone()
                self.x[:] = math.nan
            yield from super().__iter__()

    loop, _ = make_loop(
        _settings(checkpoint_seconds=0.0),
        train=Late(*data(), 16),
        save=lambda loop: save_checkpoint(loop, tmp_path),
    )
    with pytest.raises(TrainError, match="batch 1 of epoch 3"):
        loop.run()
    weights, state = read_weights(tmp_path / BEST)
    assert all(bool(value.isfinite().all()) for value in weights.values())
    assert state["epoch"] == 2


def _spoils(step):
    """A loop whose weights are no numbers after a step, with the losses before it finite."""
    saved = []
    loop, _ = make_loop(_settings(checkpoint_seconds=0.0, epochs=2), save=saved.append, valid=None)
    plain = loop.engine.step

    def spoil(batch, rates):
        losses = plain(batch, rates)
        if loop.progress.step + 1 == step:
            loop.engine.models[0].out.weight.data.fill_(math.nan)
        return losses

    loop.engine.step = spoil
    return loop, saved


@pytest.mark.parametrize("step", [2, 8])
def test_weights_that_are_no_numbers_are_neither_saved_nor_the_end(step):
    loop, saved = _spoils(step)
    with pytest.raises(TrainError, match=f"weight out.weight after step {step}") as error:
        loop.run()
    assert len(saved) == step - 1
    assert "there is no checkpoint yet" in str(error.value)


def test_a_validation_that_is_no_number_is_reported():
    x, y = data(32, seed=1)
    loop, _ = make_loop(_settings(), valid=FakeLoader(x, y * math.nan, 32, shuffle=False))
    with pytest.raises(TrainError, match="the validation of epoch 1 is not a finite number"):
        loop.run()


def test_unknown_targets_do_not_count():
    x, y = data()
    y = y.repeat(1, 2)
    mask = torch.ones_like(y, dtype=torch.bool)
    mask[::2, 1] = False
    poisoned = torch.where(mask, y, 1e30)
    losses = []
    for values in (torch.where(mask, y, 0.0), poisoned):
        loop, rows = make_loop(
            _settings(loss="mse", epochs=2),
            models=[_two()],
            targets=(Target("y"), Target("z")),
            train=FakeLoader(x, values, 16, mask=mask),
            valid=FakeLoader(x, values, 64, mask=mask),
        )
        loop.run()
        losses.append((rows[-1]["train_loss"], rows[-1]["val_error"]))
    assert losses[0] == losses[1]


@pytest.mark.parametrize("stacked", [False, True])
def test_unknown_targets_leave_weights_finite(stacked):
    x, y = data()
    mask = torch.ones_like(y, dtype=torch.bool)
    mask[::2] = False
    loader, valid = (FakeLoader(x, torch.where(mask, y, 0.0), 16, mask=mask) for _ in "ab")
    settings = _settings(loss="robust_l1", epochs=1, ensemble=2)
    loop, _ = make_loop(settings, stacked=stacked, train=loader, valid=valid)
    loop.run()
    assert all(bool(value.isfinite().all()) for value in loop.engine.weights().values())


def _two():
    from support.training import Net

    torch.manual_seed(0)
    return Net(3, 2)


def test_frozen_weights_stay_and_patterns_must_match():
    loop, _ = make_loop(_settings(), frozen=("hidden.*",))
    before = loop.engine.weights()
    loop.run()
    after = loop.engine.weights()
    assert torch.equal(before["hidden.weight"], after["hidden.weight"])
    assert not torch.equal(before["out.weight"], after["out.weight"])
    with pytest.raises(ConfigError, match="did you mean 'hidden"):
        make_loop(_settings(), frozen=("hiden.weight",))
    with pytest.raises(ConfigError, match="nothing to train"):
        make_loop(_settings(), frozen=("*",))


def test_steps_end_the_training_inside_an_epoch():
    loop, rows = make_loop(_settings(steps=6))
    loop.run()
    assert loop.progress.step == 6
    assert rows[-1]["step"] == 6


def test_without_validation_the_last_weights_are_kept():
    loop, rows = make_loop(_settings(validation=False), valid=None)
    loop.run()
    _same(loop.best, loop.engine.weights())
    assert "val_error" not in rows[0]


def test_averaged_weights_are_the_mean_over_the_last_epochs():
    seen = []
    loop, _ = make_loop(_settings(swa=0.5))
    kept = loop.log
    loop.log = lambda row: (seen.append(loop.engine.weights()), kept(row))
    loop.run()
    for name, value in loop.best.items():
        mean = torch.stack([weights[name] for weights in seen[3:]]).mean(0)
        torch.testing.assert_close(value, mean)
