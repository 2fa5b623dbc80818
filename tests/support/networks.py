"""What tests of several networks check alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from matdata.core.crystals import Crystals
from matdata.load.batch import Batch
from matdata.nn.edges import Edges
from matdata.testing.invariance import permute, rotate, rotation_matrix, supercell, translate


def rewritten(crystals: Crystals, change: str) -> Crystals:
    """The same crystals: ``translated``, ``rotated``, ``permuted`` or as a ``supercell`` of two."""
    rng = np.random.default_rng(1)
    if change == "translated":
        return translate(crystals, rng.random(3))
    if change == "rotated":
        return rotate(crystals, rotation_matrix(rng))
    if change == "permuted":
        return permute(crystals, rng)[0]
    assert change == "supercell"
    return supercell(crystals, (1, 1, 2))[0]


def require_same_in_any_company(
    predict: Callable[[Crystals], Tensor], crystals: Crystals, atol: float = 1e-6
) -> None:
    """Outputs are finite, and those of each crystal are the same in a batch of its own."""
    whole = predict(crystals)
    assert torch.isfinite(whole).all()
    for row in range(len(crystals)):
        alone = predict(crystals.take([row]))[0]
        torch.testing.assert_close(alone, whole[row], rtol=0, atol=atol)


def require_gradients_of_all_edges(
    monkeypatch: pytest.MonkeyPatch, network: nn.Module, batch: Batch
) -> None:
    """Equal edges that are computed once give the gradients of all edges."""

    def gradients() -> dict[str, Tensor]:
        network.zero_grad()
        network.train()(batch).square().sum().backward()
        named = dict(network.named_parameters())
        return {name: value.grad.clone() for name, value in named.items() if value.grad is not None}

    merged = gradients()
    monkeypatch.setattr(Edges, "distinct", lambda *edges: Edges(*edges[:3]))
    every = gradients()
    assert merged.keys() == every.keys() == dict(network.named_parameters()).keys()
    for name, value in every.items():
        scale = float(value.abs().max())
        torch.testing.assert_close(merged[name], value, rtol=0, atol=2e-5 * scale + 1e-6)
