"""What a network may offer beside its predictions, and the network of a run that offers it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

import torch

from matdata.core.errors import ConfigError
from matdata.load.batch import Batch
from matdata.load.device_errors import device_errors
from matdata.training.contract import TorchTrainer
from matdata.training.data import device_of
from matdata.training.predict import networks
from matdata.training.run import Run


class Interpretable(Protocol):
    """What a network may offer, one method or several; see the module."""

    def feature_maps(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Feature maps (K, channels), and offsets of the compounds (b + 1,)."""

    def contributions(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Contributions and logarithms of their standard deviations, (K, t) each."""

    def edge_matrices(
        self, batch: Batch, layer: int
    ) -> Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Per formula atomic numbers (k,), atoms (k,) and edge attributes (k, k)."""


@contextlib.contextmanager
def interpreting(run: Run, device: str = "auto") -> Iterator[torch.device]:
    """Run the network of a run within, without gradients; the device that it is on.

    Raises
    ------
    DeviceError
        If the device or the memory of the machine is full, or the device was lost.
    """
    found = device_of(run.settings.replace(device=device))
    with device_errors(found, smaller="name fewer materials or formulas"), torch.no_grad():
        yield found


def network(run: Run, method: str, device: str = "auto") -> Interpretable:
    """The network of a run's first member, which must have the method.

    Raises
    ------
    ConfigError
        If its plugin has no network, or the network lacks the method.
    """
    if not isinstance(run.trainer, TorchTrainer):
        raise ConfigError(f"run {run.name!r} is of {run.trainer.name}, which has no network")
    model = networks(run, device_of(run.settings.replace(device=device)))[0]
    if not hasattr(model, method):
        raise ConfigError(
            f"the network of {run.trainer.name} has no {method}, so run {run.name!r} cannot be "
            "interpreted",
            next_step="its model class may define it; see matdata.evaluation.interpret",
        )
    return cast(Interpretable, model)
