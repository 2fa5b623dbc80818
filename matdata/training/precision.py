"""Arithmetic of a step: which type products are taken in, and loss scaling for 16-bit floats.

bf16 has the exponents of float32; fp16 has 2^-24 as its smallest number, so gradients vanish in it
unless the loss is multiplied first (Micikevicius et al., ICLR 2018).
"""

from __future__ import annotations

import contextlib
from typing import cast

import torch
from torch import Tensor

from matdata.core.errors import ConfigError, DivergenceError
from matdata.training.optimizer import AnyOptimizer

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
#: Relative rounding of outputs, by which those of two ways to the same network may differ.
ROUNDING = {"float32": 1e-3, "tf32": 1e-2, "bf16": 5e-2, "fp16": 1e-2}
#: Steps left out in a row after which no factor of the loss helps: 2^16 halved so often is 2^-24.
HOPELESS = 40
#: Devices that can apply a step, or not, without asking the host whether gradients are finite.
SCALED = ("cpu", "cuda")


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Mixed precision, where a precision asks for it."""
    if precision in AUTOCAST:
        return torch.autocast(device.type, dtype=AUTOCAST[precision])
    return contextlib.nullcontext()


class LossScaler:
    """Multiplies the loss of one optimizer, and leaves out steps whose gradients overflow.

    With a precision other than fp16 it does nothing. The factor begins at 2^16, is halved where a
    gradient is not finite, and doubled after 2,000 steps without such (`torch.amp.GradScaler`).
    Nothing here waits for a GPU but `state`, `load_state` and `skipped`.

    Parameters
    ----------
    precision
        Of the run.
    device
        Where the weights are.

    Raises
    ------
    ConfigError
        If the device has no step that is left out on the device.
    """

    def __init__(self, precision: str, device: torch.device) -> None:
        self.enabled = precision == "fp16"
        if not self.enabled:
            return
        if device.type not in SCALED:
            raise ConfigError(
                f"precision fp16 is not for device {str(device)!r}",
                cause=f"loss scaling is there on {' and '.join(SCALED)}",
                next_step="choose float32, or bf16 where the device has it",
            )
        self._scaler = torch.amp.GradScaler(device.type)
        self._one = torch.ones((), device=device)
        self._skipped = torch.zeros((), dtype=torch.int64, device=device)
        self._in_a_row = torch.zeros((), dtype=torch.int64, device=device)

    def scale(self, loss: Tensor) -> Tensor:
        """The loss to be differentiated."""
        return self._scaler.scale(loss) if self.enabled else loss

    def unscale(self, optimizer: AnyOptimizer) -> None:
        """Divide the gradients by the factor, in place; before they are clipped."""
        if self.enabled:
            self._scaler.unscale_(_as_torch(optimizer))

    def step(self, optimizer: AnyOptimizer) -> None:
        """A step of the optimizer, if all its gradients are finite."""
        if not self.enabled:
            optimizer.step()
            return
        self._scaler.step(_as_torch(optimizer))
        before = self._scaler.scale(self._one)
        self._scaler.update()
        left_out = self._scaler.scale(self._one) < before
        self._skipped += left_out
        self._in_a_row = torch.where(left_out, self._in_a_row + 1, 0)

    def skipped(self) -> int:
        """Steps that were left out so far; waits for the device.

        Raises
        ------
        DivergenceError
            If the last `HOPELESS` steps or more were.
        """
        if not self.enabled:
            return 0
        if int(self._in_a_row) >= HOPELESS:
            raise DivergenceError(
                f"gradients are not finite in fp16 whatever the loss is multiplied by: "
                f"{int(self._in_a_row)} steps in a row were left out",
                cause="numbers above 65,504 inside the network, or a derivative that is infinite",
                next_step="choose precision bf16 or float32",
            )
        return int(self._skipped)

    def state(self) -> dict[str, Tensor]:
        """Factor and counts, as numbers in tensors; empty unless enabled."""
        if not self.enabled:
            return {}
        kept = self._scaler.state_dict()
        return {
            "scale": torch.tensor(kept["scale"], dtype=torch.float64),
            "growth": torch.tensor(kept["_growth_tracker"]),
            "skipped": self._skipped.cpu(),
            "in_a_row": self._in_a_row.cpu(),
        }

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` returned."""
        if not self.enabled:
            return
        self._scaler.scale(self._one)  # makes its tensors, which are filled then
        kept = self._scaler.state_dict()
        kept["scale"], kept["_growth_tracker"] = float(state["scale"]), int(state["growth"])
        self._scaler.load_state_dict(kept)
        self._skipped.fill_(int(state["skipped"]))
        self._in_a_row.fill_(int(state["in_a_row"]))


def _as_torch(optimizer: AnyOptimizer) -> torch.optim.Optimizer:
    """For torch's scaler, which asks an optimizer for ``param_groups`` and ``step`` alone."""
    return cast(torch.optim.Optimizer, optimizer)
