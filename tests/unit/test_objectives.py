"""Objectives against closed forms, torch and scipy; their averages; their registry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from matdata.load.batch import Batch
from matdata.training.axis import Axis
from matdata.training.objectives import OBJECTIVES
from matdata.training.objectives.base import row_mean
from matdata.training.objectives.choice import objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.settings import TrainSettings
from matdata.training.target import Target

ALL = torch.ones(1, dtype=torch.bool)


def bound(name: str, target: Target, **defaults):
    return OBJECTIVES.get(name).bind(target, defaults)


def loss(name: str, target: Target, output, truth, present=None, context=None, **options):
    known = torch.ones_like(truth, dtype=torch.bool) if present is None else present
    return bound(name, target, **options).loss(output, truth, known, context or {})


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def double(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("name", ["robust_l1", "robust_l2"])
def test_robust_losses_are_the_likelihoods_of_their_laws(name):
    output, truth = double(5, 2), double(5, 1)
    mean, log_std = output[:, :1], output[:, 1:]
    law = torch.distributions.Normal(mean, log_std.exp())
    constant = 0.5 * math.log(2.0 * math.pi)
    if name == "robust_l1":
        law = torch.distributions.Laplace(mean, log_std.exp() / math.sqrt(2.0))
        constant = 0.5 * math.log(2.0)
    expected = (-law.log_prob(truth) - constant)[:, 0]
    torch.testing.assert_close(loss(name, Target("y"), output, truth), expected)


@pytest.mark.parametrize("name", ["robust_l1", "robust_l2"])
def test_decoded_standard_deviations_are_those_of_the_law_whose_likelihood_is_the_loss(name):
    from scipy import stats

    output, truth = double(40, 2), double(40, 1)
    found = bound(name, Target("y")).decode(output, {})
    mean, deviation = found.mean.numpy(), found.aleatoric.numpy()
    law = stats.norm(mean, deviation)
    if name == "robust_l1":
        law = stats.laplace(mean, deviation / math.sqrt(2.0))
    np.testing.assert_allclose(law.std(), deviation)
    own = loss(name, Target("y"), output, truth).numpy()
    gap = -law.logpdf(truth.numpy())[:, 0] - own
    np.testing.assert_allclose(gap, gap[0], atol=1e-12)
    assert found.probability is None


def test_plain_losses_equal_those_of_torch():
    output, truth = torch.randn(6, 1), torch.randn(6, 1)
    functional = torch.nn.functional
    pairs = {
        "l1": functional.l1_loss(output, truth, reduction="none"),
        "mse": functional.mse_loss(output, truth, reduction="none"),
        "huber": functional.huber_loss(output, truth, reduction="none", delta=0.3),
    }
    for name, theirs in pairs.items():
        options = {"delta": 0.3} if name == "huber" else {}
        own = loss(name, Target("y"), output, truth, **options)
        torch.testing.assert_close(own, theirs[:, 0])


def test_classes_and_labels_equal_those_of_torch():
    logits, classes = torch.randn(3, 6, 4), torch.randint(0, 4, (6,))
    own = loss(
        "cross_entropy", Target("c", 4, task="classification"), logits, classes[:, None].float()
    )
    labels = (torch.rand(6, 4) > 0.5).float()
    target = Target("l", 4, task="multi_label")
    more = loss("multi_label", target, 30 * logits, labels)
    heavy = loss("multi_label", target, logits, labels, positive_weight=2.5)
    functional = torch.nn.functional
    for member in range(3):
        theirs = functional.cross_entropy(logits[member], classes, reduction="none")
        torch.testing.assert_close(own[member], theirs)
        theirs = functional.binary_cross_entropy_with_logits(
            30 * logits[member], labels, reduction="none"
        )
        torch.testing.assert_close(more[member], theirs.mean(-1))
        theirs = functional.binary_cross_entropy_with_logits(
            logits[member], labels, reduction="none", pos_weight=torch.tensor(2.5)
        )
        torch.testing.assert_close(heavy[member], theirs.mean(-1))


def test_labels_that_are_unknown_change_nothing():
    target, logits = Target("l", 3, task="multi_label"), torch.randn(2, 3)
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    present = torch.tensor([[True, False, True], [False, True, True]])
    whole = loss("multi_label", target, logits, labels, present)
    other = torch.where(present, labels, 1.0 - labels)
    torch.testing.assert_close(whole, loss("multi_label", target, logits, other, present))
    one = bound("multi_label", target)
    wrong = one.error(logits, labels, present, {})
    by_hand = [((logits[k] > 0) != (labels[k] > 0.5))[present[k]].float().mean() for k in (0, 1)]
    torch.testing.assert_close(wrong, torch.stack(by_hand))
    torch.testing.assert_close(one.decode(logits, {}).probability, torch.sigmoid(logits))


@pytest.mark.parametrize("divergence", ["cross_entropy", "squared"])
def test_amounts_can_be_compared_among_the_elements_of_the_truth(divergence):
    options = {"divergence": divergence, "among": "truth"}
    one = bound("element_distribution", Target("p", 4, task="distribution", options=options))
    logits = double(2, 3, 4).requires_grad_()
    truth = torch.tensor([[2.0, 0, 1, 0], [0, 0, 0, 3], [1, 1, 1, 1]]).double()
    known = torch.ones_like(truth, dtype=torch.bool)
    own, wrong = one.loss(logits, truth, known, {}), one.error(logits, truth, known, {})
    for row, amounts in enumerate(truth):
        there = amounts > 0
        shares = amounts[there] / amounts.sum()
        chances = logits[:, row][:, there].softmax(-1)
        expected = {
            "cross_entropy": -(shares * chances.log()).sum(-1),
            "squared": (chances - shares).square().sum(-1),
        }[divergence]
        torch.testing.assert_close(own[:, row], expected)
        torch.testing.assert_close(wrong[:, row], 0.5 * (chances - shares).abs().sum(-1))
    own.sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad[:, truth == 0].any()


def test_a_distribution_over_elements_is_that_of_the_allowed_ones():
    from scipy import special

    target = Target("p", 5, task="distribution", options={"allowed": "fractions"})
    logits, truth = (
        double(2, 3, 5),
        torch.tensor([[2, 0, 1, 0, 0], [0, 0, 0, 3, 0], [1, 1, 0, 0, 0]]),
    )
    allowed = torch.tensor([[1, 0, 1, 0, 1], [0, 0, 0, 1, 1], [1, 1, 1, 1, 1]]).double()
    context = {"fractions": allowed}
    one = bound("element_distribution", target)
    assert one.context == ("fractions",)
    chances = one.decode(logits, context).mean.numpy()
    blocked = np.where(allowed.numpy() > 0, logits.numpy(), -np.inf)
    np.testing.assert_allclose(chances, special.softmax(blocked, -1))
    shares = truth.double() / truth.sum(-1, keepdim=True)
    known = torch.ones_like(truth, dtype=torch.bool)
    own = one.loss(logits, truth.double(), known, context).numpy()
    np.testing.assert_allclose(own, -special.xlogy(shares.numpy(), chances).sum(-1))
    kl = bound("element_distribution", target, divergence="kl")
    divergence = special.rel_entr(shares.numpy(), chances).sum(-1)
    found = kl.loss(logits, truth.double(), known, context).numpy()
    np.testing.assert_allclose(found, divergence, atol=1e-12)
    distance = one.error(logits, truth.double(), known, context).numpy()
    np.testing.assert_allclose(distance, 0.5 * np.abs(chances - shares.numpy()).sum(-1))


def test_an_element_that_is_not_allowed_leaves_finite_gradients_and_an_infinite_loss_if_true():
    target = Target("p", 3, task="distribution", options={"allowed": "f"})
    logits = torch.randn(2, 3, requires_grad=True)
    context = {"f": torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])}
    truth = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    one = bound("element_distribution", target)
    found = one.loss(logits, truth, torch.ones(2, 3, dtype=torch.bool), context)
    assert found.isfinite().tolist() == [True, False]
    (gradient,) = torch.autograd.grad(found[0], logits)
    assert gradient.isfinite().all()
    assert float(gradient[0, 2]) == 0.0


# --- averages -----------------------------------------------------------------------------------


def batch_of(truth, mask=None):
    known = torch.ones_like(truth, dtype=torch.bool) if mask is None else mask
    return Batch({}, truth, known, torch.arange(len(truth)), np.arange(len(truth)).astype(str))


def test_a_spectrum_counts_as_much_as_a_number():
    targets = (Target("v", 1000), Target("y"))
    own = Objectives(objectives_of(targets, TrainSettings(loss="l1")))
    truth = torch.zeros(4, 1001)
    outputs = torch.cat([torch.full((4, 1000), 2.0), torch.full((4, 1), 6.0)], 1)
    rows = own.losses(outputs, batch_of(truth))
    torch.testing.assert_close(rows, torch.tensor([[2.0, 6.0]]).expand(4, 2))
    torch.testing.assert_close(own.errors(outputs, batch_of(truth)), rows)


def test_a_row_with_some_numbers_is_averaged_over_these():
    truth, mask = torch.zeros(2, 3), torch.tensor([[True, False, True], [False] * 3])
    own = Objectives(objectives_of((Target("v", 3),), TrainSettings(loss="mse")))
    outputs = torch.tensor([[1.0, math.inf, 3.0], [math.inf] * 3])
    rows, present = own.losses(outputs, batch_of(truth, mask)), own.present(batch_of(truth, mask))
    assert float(rows[0, 0]) == 5.0
    assert present.tolist() == [[True], [False]]


def test_axis_weights_are_those_of_the_trapezoidal_rule():
    grid = (0.0, 1.0, 3.0, 4.0, 8.0)
    axis = Axis("energy", "eV", grid).with_trapezoid()
    target = Target("v", 5, axis=axis)
    output, truth = double(3, 5), double(3, 5)
    found = loss("mse", target, output, truth)
    squares = ((output - truth) ** 2).numpy()
    np.testing.assert_allclose(found.numpy(), np.trapezoid(squares, grid, axis=-1) / 8.0)
    reverse = Axis("energy", "eV", grid[::-1]).with_trapezoid()
    assert reverse.weights == axis.weights[::-1]


def test_orders_of_rows_and_of_points_change_nothing():
    target = Target("v", 4, axis=Axis("e", "eV", (0, 1, 2, 4), (1, 2, 3, 4)))
    back = Target("v", 4, axis=Axis("e", "eV", (4, 2, 1, 0), (4, 3, 2, 1)))
    output, truth = double(7, 8), double(7, 4)
    whole = loss("robust_l1", target, output, truth)
    order = torch.randperm(7)
    torch.testing.assert_close(loss("robust_l1", target, output[order], truth[order]), whole[order])
    turned = torch.cat([output[:, :4].flip(1), output[:, 4:].flip(1)], 1)
    torch.testing.assert_close(loss("robust_l1", back, turned, truth.flip(1)), whole)
    alone = torch.cat(
        [loss("robust_l1", target, output[k : k + 1], truth[k : k + 1]) for k in range(7)]
    )
    torch.testing.assert_close(alone, whole, rtol=0, atol=0)


def test_members_together_are_the_members_alone():
    targets = (Target("a", 3), Target("b"), Target("c", 3, task="classification"))
    settings = TrainSettings(loss="robust_l2")
    settled = tuple(
        Target(t.name, t.size, task=t.task, objective="cross_entropy") if t.name == "c" else t
        for t in targets
    )
    own = Objectives(objectives_of(settled, settings))
    truth = torch.cat([torch.randn(6, 4), torch.randint(0, 3, (6, 1)).float()], 1)
    outputs, batch = torch.randn(4, 6, own.outputs), batch_of(truth)
    together = own.losses(outputs, batch), own.errors(outputs, batch)
    for member in range(4):
        alone = own.losses(outputs[member], batch), own.errors(outputs[member], batch)
        for one, other in zip(together, alone, strict=True):
            assert torch.equal(one[member], other)


def test_row_means_of_one_column_are_that_column():
    values = torch.randn(2, 3, 1)
    assert torch.equal(row_mean(values, torch.ones(3, 1, dtype=torch.bool)), values[..., 0])
