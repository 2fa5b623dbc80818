"""A limit of this process's memory, so that too large a computation fails and is not killed.

Without one, Linux grants whatever is asked for, and once pages are touched that are not there it
first gives up the code of all programs, which then read it again and again for minutes, and then
kills a process without a word. With one, the request that does not fit fails where it is made, as
an error of NumPy or torch.

What is limited is ``RLIMIT_DATA`` (getrlimit(2)): private writable memory, since Linux 4.7 that of
`mmap` too. ``RLIMIT_AS`` would count files that are only mapped and what libraries reserve without
using it. A forecast from the first steps would miss the batch with the most pairs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

from matdata.core.memory import memory_free, own_memory, swap_free

#: Seconds between two looks at what is free: other programs take and give back memory meanwhile.
SECONDS = 1.0
#: Of what is free, the part that is left to the kernel and to other programs, and its most.
LEFT, MOST_LEFT = 1 / 16, 1 << 30


@contextlib.contextmanager
def memory_limit() -> Iterator[None]:
    """Let this process take no more memory within than there is, as far as the system can.

    It may take what it holds and what is free, less a sixteenth (at most 1 GiB); free swap counts,
    for what lies there is slow and not fatal. What is free is looked up once a second by a thread,
    so that several computations on one machine see each other. A lower limit that the user has
    set stays, hard limits are never touched, and children inherit the limit of their start. On
    systems without such a limit (macOS, Windows) nothing happens.

    Several threads may be within at once: the first sets the limit, the last one puts it back.
    """
    _LIMIT.enter()
    try:
        yield
    finally:
        _LIMIT.leave()


class _Limit:
    """The limit of this process while somebody is within."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changing = threading.RLock()  # held while the limit and `_own` are not the same
        self._inside = 0
        self._watch: tuple[threading.Thread, threading.Event] | None = None
        self._before = self._own = (0, 0)
        self._reserved = 0

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            try:
                self._begin()
            except BaseException:  # no memory, or an interrupt: nobody is within
                self._inside = 0
                self._end()
                raise

    def leave(self) -> None:
        with self._lock:
            self._inside = max(0, self._inside - 1)  # a fork may have happened within
            if not self._inside:
                self._end()

    def _begin(self) -> None:
        own = own_memory() if sys.platform == "linux" else None
        if own is None:
            return
        import resource

        self._before = self._own = resource.getrlimit(resource.RLIMIT_DATA)
        self._reserved = own.mapped - own.held
        done = threading.Event()
        thread = threading.Thread(
            target=self._follow, args=(done,), name="matdata-memory", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # no room for a thread: no limit either
            self._watch = thread, done
            thread.start()
            self._set(done)

    def _end(self) -> None:
        if self._watch is None:
            return
        thread, done = self._watch
        self._watch = None
        with self._changing:
            done.set()
            self._change(self._before)
        if thread.ident is not None:  # it may not have started
            thread.join()

    def hold(self) -> None:
        """Before a fork: no other thread is to change anything meanwhile."""
        self._changing.acquire()

    def go_on(self) -> None:
        """After it."""
        self._changing.release()

    def forget(self) -> None:
        """In a child that was forked within, and has no thread that would follow: no limit."""
        if self._watch is not None:
            self._change(self._before)
        self.__init__()  # type: ignore[misc]

    def _follow(self, done: threading.Event) -> None:
        while not done.wait(SECONDS):
            with contextlib.suppress(MemoryError):  # where the limit is reached; look again
                self._set(done)

    def _set(self, done: threading.Event) -> None:
        """Set the limit by what is free now, unless all is done."""
        own = own_memory()
        if own is None:
            return
        # What is mapped and untouched at two looks is what a library reserves, and does not count;
        # at one look, it is an array on its way, which must find its place in what is free.
        reserved = own.mapped - own.held
        most = own.held + min(reserved, self._reserved) + _free()
        self._reserved = reserved
        soft, hard = self._before
        with self._changing:
            if not done.is_set():
                self._change((min([most, *(one for one in (soft, hard) if one >= 0)]), hard))

    def _change(self, limits: tuple[int, int]) -> None:
        """Set limits, unless somebody else has set others since."""
        import resource

        with self._changing, contextlib.suppress(ValueError, OSError):  # else forbidden: no limit
            if resource.getrlimit(resource.RLIMIT_DATA) == self._own:
                resource.setrlimit(resource.RLIMIT_DATA, limits)
                self._own = limits


def room() -> int:
    """Bytes that this process could still take: of what is free, and of its own limit."""
    own = own_memory()
    if sys.platform != "linux" or own is None:
        return memory_free()
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return _free() if soft < 0 else max(0, min(_free(), soft - own.mapped))


def _free() -> int:
    memory = memory_free()
    return memory - min(int(memory * LEFT), MOST_LEFT) + swap_free()


_LIMIT = _Limit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_LIMIT.hold, after_in_parent=_LIMIT.go_on, after_in_child=_LIMIT.forget
    )
