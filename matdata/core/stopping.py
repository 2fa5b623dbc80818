"""SIGTERM as a Ctrl-C: what is under way stops where it may be stopped, and locks are released.

Batch systems, `timeout` and service managers end a process by SIGTERM, which by default ends it
at once: no checkpoint is written, and nothing says that the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from matdata.core.exit_codes import ExitCode

GRACE = 2.0  # seconds in which a worker is ended by its parent, not by the signal to both


class Terminated(KeyboardInterrupt):
    """SIGTERM came; whoever takes care of Ctrl-C takes care of it."""


def exit_code(stop: KeyboardInterrupt) -> ExitCode:
    """What a command that was stopped returns to the shell."""
    return ExitCode.TERMINATED if isinstance(stop, Terminated) else ExitCode.INTERRUPTED


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Raise `Terminated` in this block when SIGTERM comes; outside the main thread do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def stop_deferred() -> Iterator[None]:
    """Have Ctrl-C and SIGTERM that come in this block take effect when it is left.

    For a few seconds in which a library can neither go on nor be closed. Processes that are
    started within leave Ctrl-C to their parent from their first line on. Outside the main thread,
    which signals do not interrupt, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # new processes inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def leave_to_parent() -> None:
    """Have a worker process ignore Ctrl-C, and end by SIGTERM only after its parent had time.

    Both signals often go to the whole group of processes. The parent ends its workers; a worker
    that died first would look to it as if the system had killed it for lack of memory.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_later)


def _end_later(number: int, frame: FrameType | None) -> None:
    threading.Thread(target=_end, daemon=True).start()


def _end() -> None:
    time.sleep(GRACE)
    os._exit(ExitCode.TERMINATED)
