"""Where columns lie while they are read: on the device, in memory, or in the store."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.memory import memory_free
from matdata.core.printable import human_bytes

MODES = ("resident", "ram", "stream")
#: Largest share of the free memory that columns may take.
DEVICE_SHARE, HOST_SHARE = 0.4, 0.5
#: Bytes of a window in all modes; a constant, so that an epoch's order is the same everywhere.
WINDOW_BYTES = 1 << 28


@dataclass(frozen=True)
class Mode:
    """A mode and why it was chosen.

    Attributes
    ----------
    name, reason
        Which, and why.
    instead_of
        The mode that was begun with and did not fit; empty if it did.
    """

    name: str
    reason: str
    instead_of: str = ""


def choose(requested: str | None, columns: int, device: str, device_free: int | None) -> Mode:
    """The mode that was asked for, or the fastest one that fits.

    Parameters
    ----------
    requested
        One of `MODES`, or None.
    columns
        Bytes of the columns.
    device
        Name of the device.
    device_free
        Free bytes on it; None if it is the host.

    Raises
    ------
    ConfigError
        If there is no such mode.
    """
    if requested is not None and requested not in MODES:
        raise ConfigError(
            f"unknown mode {requested!r}{did_you_mean(requested, MODES)}",
            next_step=f"choose one of: {', '.join(MODES)}, or leave it out",
        )
    size = human_bytes(columns)
    if requested is not None:
        return Mode(requested, f"{size} of columns; asked for")
    free = memory_free()
    if device_free is not None and columns <= DEVICE_SHARE * device_free:
        return Mode(
            "resident", f"{size} of columns fit into {human_bytes(device_free)} of {device}"
        )
    if columns <= HOST_SHARE * free:
        if device_free is None:
            return Mode("resident", f"{size} of columns fit into {human_bytes(free)} of memory")
        return Mode(
            "ram",
            f"{size} of columns are more than {100 * DEVICE_SHARE:.0f} % of the "
            f"{human_bytes(device_free)} free on {device}, and fit into memory",
        )
    return Mode(
        "stream",
        f"{size} of columns are more than {100 * HOST_SHARE:.0f} % of the {human_bytes(free)} free",
    )


def too_small(mode: Mode, device: str) -> Mode:
    """The mode in place of `resident` where the device turns out to be too small for it."""
    text = f"the columns did not fit on {device} ({mode.reason}), so they stay in memory"
    return Mode("ram", text, instead_of=mode.name)


def default_window(columns: int, materials: int) -> int:
    """Materials in a window of `WINDOW_BYTES`; all if their columns take no more."""
    return max(1, min(materials, int(materials * WINDOW_BYTES / max(columns, 1))))
