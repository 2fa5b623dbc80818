"""Devices: whether one is there, and how much it can hold."""

from __future__ import annotations

import difflib
import re
import warnings
from typing import TYPE_CHECKING

from matdata.core.errors import ConfigError
from matdata.core.memory import memory_free
from matdata.core.packages import needed_for
from matdata.load.device_errors import device_errors, driver_fault, is_driver_fault

if TYPE_CHECKING:
    import torch


#: Names that are certainly devices, and those that people write for one of them.
NAMES = ("auto", "cpu", "cuda", "mps", "numpy", "xpu")
OTHERS = {"gpu": "cuda", "nvidia": "cuda"}


def check_name(name: str) -> None:
    """Refuse a misspelt device without importing torch; a name far from all of `NAMES` passes.

    Which names there are beside these is known to torch and to what extends it.

    Raises
    ------
    ConfigError
        If the name without its number is near one of `NAMES`, and none of them.
    """
    kind = re.sub(r":\d+$", "", name)
    if kind in NAMES:
        return
    near = difflib.get_close_matches(kind.lower(), NAMES, n=1, cutoff=0.7)
    meant = OTHERS.get(kind.lower()) or (near[0] if near else None)
    if meant:
        raise ConfigError(f"{name!r} is no device (did you mean {meant!r}?)")


def find_device(name: object) -> tuple[torch.device, int | None]:
    """A torch device and its free bytes; None for the host.

    Raises
    ------
    ConfigError
        If torch is missing, or the device is not there, with those that are; the cause names a
        driver that is older than torch's CUDA.
    DeviceError
        If the device is there and cannot be used.
    """
    with needed_for("batches of tensors", "device='numpy' for NumPy batches"):
        import torch
    try:
        if not isinstance(name, (str, int, torch.device)):
            raise RuntimeError("neither text, nor a number of a GPU, nor a device")
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"{name!r} is no device", next_step=_devices_here()) from error
    if device.type == "cpu":
        return device, None
    if device.type == "cuda":
        count, cause = _gpus()
        if (device.index or 0) >= count:
            raise ConfigError(
                f"device {str(device)!r} is not there: torch {torch.__version__} sees {count} GPUs",
                cause=cause,
                next_step=_devices_here(),
            )
        with device_errors(device):
            return device, int(torch.cuda.mem_get_info(device)[0])
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"device {str(device)!r} is not there: {str(error).splitlines()[0]}",
            next_step=_devices_here(),
        ) from error
    return device, memory_free()  # such devices share the memory of the host


def _gpus() -> tuple[int, str | None]:
    """How many GPUs there are, and if none why not."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count:
        return count, None
    driver = [str(one.message) for one in caught if is_driver_fault(str(one.message))]
    if driver:
        return 0, driver_fault(driver[0], torch.version.cuda)
    return 0, "no GPU, no driver, or a torch built without CUDA"


def _devices_here() -> str:
    names = ["cpu", *(f"cuda:{k}" for k in range(_gpus()[0]))]
    return f"devices here: {', '.join(names)}, or numpy"
