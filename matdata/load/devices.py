"""Devices: whether one is there, and how much it can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.errors import ConfigError
from matdata.load.modes import host_free

if TYPE_CHECKING:
    import torch


def find_device(name: object) -> tuple[torch.device, int | None]:
    """A torch device and its free bytes; None for the host.

    Raises
    ------
    ConfigError
        If torch is missing, or the device is not there, with those that are.
    """
    try:
        import torch
    except ImportError as error:
        raise ConfigError(
            "batches of tensors need torch, which is not installed",
            next_step="`pip install matdata[train]`, or device='numpy' for NumPy batches",
        ) from error
    try:
        if not isinstance(name, (str, int, torch.device)):
            raise RuntimeError("neither text, nor a number of a GPU, nor a device")
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"{name!r} is no device", next_step=_devices_here()) from error
    if device.type == "cpu":
        return device, None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise ConfigError(
                f"device {str(device)!r} is not there: torch {torch.__version__} sees {count} GPUs",
                cause=None if count else "no GPU, no driver, or a torch built without CUDA",
                next_step=_devices_here(),
            )
        return device, int(torch.cuda.mem_get_info(device)[0])
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"device {str(device)!r} is not there: {str(error).splitlines()[0]}",
            next_step=_devices_here(),
        ) from error
    return device, host_free()  # such devices share the memory of the host


def _devices_here() -> str:
    import torch

    names = ["cpu"]
    if torch.cuda.is_available():
        names += [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    return f"devices here: {', '.join(names)}, or numpy"
