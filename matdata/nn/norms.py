"""Batch normalisation: of rows that are counted, and of batches with one value per channel.

A single value has no standard deviation, and torch refuses to train on it; yet the last batch of an
epoch may be one crystal of one site. The rule, for every network that the loop trains: a batch that
gives a channel one value, or none, is normalised by the running statistics, as in evaluation, and
leaves these as they are. It depends on the batch alone, so a training that was killed ends in the
same bits.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from matdata.nn.context import Context


class BatchNorm1d(nn.BatchNorm1d):
    """`nn.BatchNorm1d` that normalises a single row by its running statistics."""

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (n, d) to (n, d)."""
        if self.training and _is_single(rows):
            return by_running_statistics(self, rows)
        return super().forward(rows)


class CountedBatchNorm(nn.BatchNorm1d):
    """`BatchNorm1d` of rows that each stand for several equal ones."""

    def forward(self, rows: Tensor, count: Tensor | None = None) -> Tensor:
        """Rows (n, d) and how many each stands for (n, 1) to (n, d)."""
        if self.training and not self.measures(rows, count):
            return by_running_statistics(self, rows)
        if count is None or not self.training:
            return super().forward(rows)
        # in float32 under mixed precision too, as torch's own batch normalisation
        with without_autocast(rows.device):
            exact = rows.to(torch.promote_types(rows.dtype, torch.float32))
            return self._counted(exact, count).to(rows.dtype)

    def measures(self, rows: Tensor, count: Tensor | None = None) -> bool:
        """Whether these rows are normalised by their own statistics."""
        if not self.training:
            return False
        return not (_is_single(rows) and (count is None or float(count.sum()) <= 1.0))

    def track(self, mean: Tensor, variance: Tensor, total: Tensor) -> None:
        """Let the running statistics follow those of rows, (d,), that stand for `total` ones."""
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            assert self.momentum is not None
            unbiased = variance * (total / (total - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
            self.num_batches_tracked.add_(1)

    def _counted(self, rows: Tensor, count: Tensor) -> Tensor:
        total = count.sum()
        normalised, mean, variance = _Normalise.apply(rows, count, total, self.eps)
        self.track(mean, variance, total)
        return torch.addcmul(self.bias, normalised, self.weight)


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Full precision inside mixed precision, on devices that have such (``meta`` has none)."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def take_single_values(model: nn.Module) -> None:
    """Let torch's own batch normalisations of a network follow the rule above.

    Those without running statistics are left alone: they have nothing to normalise by.
    """
    for module in model.modules():
        own = isinstance(module, (BatchNorm1d, CountedBatchNorm))
        if isinstance(module, _BatchNorm) and module.track_running_stats and not own:
            module.register_forward_pre_hook(_rest_for_single)
            module.register_forward_hook(_train_again)


def by_running_statistics(norm: _BatchNorm, rows: Tensor) -> Tensor:
    """Rows normalised as in evaluation."""
    return nn.functional.batch_norm(
        rows, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
    )


def _is_single(rows: Tensor) -> bool:
    """Whether each channel has one value, or none."""
    return rows.numel() <= rows.shape[1]


def _rest_for_single(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    if module.training and _is_single(inputs[0]):
        module.training = False
        module._rests_for_single = True  # type: ignore[assignment]


def _train_again(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    if getattr(module, "_rests_for_single", False):
        module.training = True
        del module._rests_for_single


class _Normalise(torch.autograd.Function):
    """Rows less their counted mean, over their counted deviation."""

    @staticmethod
    def forward(
        ctx: Context, rows: Tensor, count: Tensor, total: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        weights = (count / total).squeeze(1)
        mean = weights @ rows
        centred = rows - mean
        variance = weights @ centred.square()
        scale = torch.rsqrt(variance + eps)
        normalised = centred.mul_(scale)
        ctx.save_for_backward(normalised, weights, scale)
        ctx.mark_non_differentiable(mean, variance)
        return normalised, mean, variance

    @staticmethod
    def backward(ctx: Context, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        normalised, weights, scale = ctx.saved_tensors
        along = (grad * normalised).sum(0)
        shared = torch.addcmul(grad.sum(0), normalised, along).mul_(weights[:, None])
        return (grad - shared).mul_(scale), None, None, None
