"""What torch reports of an accelerator, as errors that name the cause and the next step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from matdata.core.errors import DeviceError

_DRIVER = re.compile(r"driver on your system is too old|driver version is insufficient")
_VERSION = re.compile(r"found version (\d+)")
_LOST = re.compile(r"(?:CUDA|HIP|CUDNN|cuDNN|CUBLAS|NCCL|MPS)[\w ]* error:? ?\S.*", re.IGNORECASE)
#: A library that finds no room for its own workspace says so in other words than torch.
_FULL = re.compile(r"out of memory|_ALLOC_FAILED", re.IGNORECASE)
_UNORDERED = re.compile(r"(\S+) does not have a deterministic implementation")
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


@contextlib.contextmanager
def device_errors(device: Any, kept: str = "") -> Iterator[None]:
    """Turn what torch raises of an accelerator within into a `DeviceError`.

    Errors of other kinds pass as they are.

    Parameters
    ----------
    device
        The device, for messages.
    kept
        What is left of the work when the device fails.

    Raises
    ------
    DeviceError
        If the device is full or was lost, its driver is too old for torch, or it has no
        deterministic form of an operation that was asked for.
    """
    try:
        yield
    except RuntimeError as error:
        raised = device_error(error, str(device), kept)
        if raised is None:
            raise
        raise raised from error


def device_error(error: RuntimeError, device: str, kept: str = "") -> DeviceError | None:
    """What an error of torch says of a device; None if it is of another kind."""
    text = str(error)
    after = f"; {kept}" if kept else ""
    if is_driver_fault(text):
        return DeviceError(
            f"device {device!r} cannot be used",
            cause=driver_fault(text, _cuda_of_torch()),
            next_step="install a newer driver, or a torch built for an older CUDA",
        )
    unordered = _UNORDERED.search(text)
    if unordered:
        return DeviceError(
            f"{unordered[1]} has no deterministic form on {device}, and deterministic is true",
            cause="its result depends on the order in which the device adds",
            next_step="set deterministic=false; results then differ by rounding from run to run",
        )
    if _CUBLAS in text:
        return DeviceError(
            f"products of matrices on {device} are not deterministic in this process",
            cause=f"its first one was taken without {_CUBLAS}",
            next_step=f"set {_CUBLAS}=:4096:8 before the program starts",
        )
    if _FULL.search(text):
        return DeviceError(
            f"{device} is full: {text.splitlines()[0]}",
            next_step="use smaller batches (batch_size, max_edges), loader=ram in place of "
            f"resident, or end other programs on it{after}",
        )
    lost = _LOST.search(text)
    if lost:
        return DeviceError(
            f"{device} failed: {lost[0]}",
            cause="the device or its driver went away, or a kernel read outside its memory",
            next_step="start again in a new process, for this one cannot use the device any more; "
            f"CUDA_LAUNCH_BLOCKING=1 then names the operation{after}",
        )
    return None


def is_driver_fault(text: str) -> bool:
    """Whether a message of torch is about a driver that is too old."""
    return _DRIVER.search(text) is not None


def driver_fault(text: str, cuda: str | None) -> str:
    """Which driver there is, and which CUDA torch was built for."""
    version = _VERSION.search(text)
    found = ""
    if version:  # 12040 is CUDA 12.4
        number = int(version[1])
        found = f", which is for CUDA {number // 1000}.{number % 1000 // 10} and older"
    return f"the driver of the GPU is too old{found}; torch was built for CUDA {cuda}"


def _cuda_of_torch() -> str | None:
    import torch

    return torch.version.cuda
