"""Whether what a batch expands to fits into the memory that is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.errors import DeviceError
from matdata.core.memory import memory_free
from matdata.core.printable import human_bytes

if TYPE_CHECKING:
    import torch

    from matdata.nn.segments import Segments

#: Bytes below which nothing is checked: querying the driver would cost more than it saves.
WORTH_CHECKING = 1 << 28


def free_bytes(device: torch.device) -> int:
    """Bytes that can still be taken on a device; on a GPU what torch holds unused counts too."""
    if device.type != "cuda":
        return memory_free()  # such devices share the memory of the host
    import torch

    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + held


def require_memory(
    segments: Segments, level: str, bytes_per_entry: int, device: torch.device
) -> None:
    """Check that a device has this much memory for each entry of a level of a batch.

    Parameters
    ----------
    segments
        Where the entries of each material are.
    level
        Name of the level, as budgets have it.
    bytes_per_entry
        Memory that an entry takes.
    device
        Where.

    Raises
    ------
    DeviceError
        If it has less, with the budget that would do.
    """
    needed = segments.total * bytes_per_entry
    if needed < WORTH_CHECKING:
        return
    free = free_bytes(device)
    if needed <= free:
        return
    most = max(free // bytes_per_entry, 1)
    step = (
        f"limit the {level}s of a batch: max_entries={{{level!r}: {most}}} of a loader, or "
        f"train.max_entries={level}={most}"
    )
    if segments.longest > most:
        step += (
            f", and leave out materials with more (one has {segments.longest:,}), or take fewer "
            "neighbours"
        )
    raise DeviceError(
        f"{segments.total:,} {level}s of a batch of {segments.count} materials need "
        f"{human_bytes(needed)}, {human_bytes(free)} are free on {device}",
        next_step=step,
    )
