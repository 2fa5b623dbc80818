"""The one switch of all that is special about processors; `matdata.nn.cpu` lists what that is.

It is off where the environment says ``MATDATA_CPU_KERNELS=0``, and while `cpu_kernels` holds it off
(a training does whose setting ``cpu_kernels`` is false). Plain torch and NumPy compute then. What
they compute is the reference; results differ in the order of sums.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from matdata.core.errors import ConfigError

VARIABLE = "MATDATA_CPU_KERNELS"
_lock = threading.Lock()
_held_off = 0


def cpu_kernels_enabled() -> bool:
    """Whether the switch is on.

    Raises
    ------
    ConfigError
        If the variable of the environment is neither 0 nor 1.
    """
    return _held_off == 0 and _allowed_by_environment()


def _allowed_by_environment() -> bool:
    value = os.environ.get(VARIABLE, "1")
    if value not in ("0", "1"):
        raise ConfigError(
            f"{VARIABLE} is {value!r}; expected 0 or 1",
            next_step=f"`export {VARIABLE}=0` turns the kernels for processors off",
        )
    return value == "1"


@contextlib.contextmanager
def cpu_kernels(on: bool) -> Iterator[None]:
    """Hold the switch off within, for all threads of the process.

    Parameters
    ----------
    on
        False to hold it off. True changes nothing: it does not overrule the environment, nor
        whoever holds it off outside.
    """
    _change(not on)
    try:
        yield
    finally:
        _change(-(not on))


def _change(by: int) -> None:
    global _held_off
    with _lock:
        _held_off += by
