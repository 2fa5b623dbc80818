"""What torch reports of a device, as errors that name the cause and the next step."""

from __future__ import annotations

import contextlib
import errno
import functools
import re
from collections.abc import Iterator
from typing import Any

from matdata.core.errors import DeviceError
from matdata.core.memory import own_memory
from matdata.core.memory_limit import memory_limit, room
from matdata.core.printable import human_bytes

_DRIVER = re.compile(r"driver on your system is too old|driver version is insufficient")
_VERSION = re.compile(r"found version (\d+)")
_LOST = re.compile(r"(?:CUDA|HIP|CUDNN|cuDNN|CUBLAS|NCCL|MPS)[\w ]* error:? ?\S.*", re.IGNORECASE)
#: A library that finds no room for its own workspace says so in other words than torch.
_FULL = re.compile(r"out of memory|_ALLOC_FAILED", re.IGNORECASE)
#: What torch says where the memory of the machine, not of a GPU, is full.
_HOST_FULL = re.compile(r"DefaultCPUAllocator: .*memory|std::bad_alloc")
_UNORDERED = re.compile(r"(\S+) does not have a deterministic implementation")
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
#: What makes the computations of a network smaller, on a machine and on a device of its own.
SMALLER = "use smaller batches (batch_size, max_edges, max_entries), loader=stream"
SMALLER_THERE = "use smaller batches (batch_size, max_edges), loader=ram in place of resident"
#: Values that torch gives to one thread at least.
_GRAIN = 1 << 15


@contextlib.contextmanager
def device_errors(device: Any, kept: str = "", smaller: str = "") -> Iterator[None]:
    """Turn what torch raises of a device within into a `DeviceError`.

    On the CPU the process may take no more memory within than there is
    (`matdata.core.memory_limit`). Errors of other kinds pass as they are.

    Parameters
    ----------
    device
        The device; its name serves for messages.
    kept
        What is left of the work when the device fails.
    smaller
        What a user can do for a computation that takes less memory; if not given, what makes the
        batches of a network smaller.

    Raises
    ------
    DeviceError
        If the device or the memory of the machine is full, the device was lost, its driver is too
        old for torch, or it has no deterministic form of an operation that was asked for.
    """
    with contextlib.ExitStack() as limited:
        try:
            if str(device).partition(":")[0] == "cpu":
                _start_threads(_threads())
                limited.enter_context(memory_limit())
            yield
        except (RuntimeError, MemoryError, OSError) as error:
            left = None
            with contextlib.suppress(MemoryError):
                left = room()  # by the limit that was hit
            limited.close()  # an error takes memory too
            raised = device_error(error, str(device), kept, smaller, left)
            if raised is None:
                raise
            raise raised from error


def _threads() -> int:
    import torch

    return torch.get_num_threads()


@functools.cache
def _start_threads(count: int) -> None:
    """Have OpenMP start its threads: it ends the process where it finds no memory for one."""
    import torch

    torch.ones(count * _GRAIN).neg_()


def device_error(
    error: RuntimeError | MemoryError | OSError,
    device: str,
    kept: str = "",
    smaller: str = "",
    left: int | None = None,
) -> DeviceError | None:
    """What an error of torch, NumPy or the system says of a device; None if of another kind.

    `left` are the bytes that the process could still take when it was raised.
    """
    text = str(error)
    after = f"; {kept}" if kept else ""
    unmapped = isinstance(error, OSError) and error.errno == errno.ENOMEM
    if unmapped or isinstance(error, MemoryError) or _HOST_FULL.search(text):
        return _machine_full(text, after, smaller or SMALLER, room() if left is None else left)
    if isinstance(error, OSError):
        return None
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
            next_step=f"{smaller or SMALLER_THERE}, or end other programs on it{after}",
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


def _machine_full(text: str, after: str, smaller: str, left: int) -> DeviceError:
    own = own_memory()
    held = "" if own is None else f"this process holds {human_bytes(own.held)}, and "
    wanted = re.search(r"tried to allocate (\d+) bytes|Unable to allocate ([\d.]+ \w+)", text)
    more = ""
    if wanted:
        more = f" for {human_bytes(int(wanted[1])) if wanted[1] else wanted[2]} more"
    return DeviceError(
        f"the memory of this machine does not suffice{more}: {held}{human_bytes(left)} "
        "are free for it",
        cause="what is computed grows with the materials at a time, their sites and their pairs of "
        "sites, or other programs need the memory",
        next_step=f"{smaller}, or end other programs{after}",
    )


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
