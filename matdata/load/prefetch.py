"""Prefetch: a thread makes items before they are asked for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


class _End:
    """The iterator has no more items."""


def prefetched(items: Iterator[T], depth: int) -> Iterator[T]:
    """The same items in the same order, up to `depth` of them prefetched by a thread.

    The thread ends when the iterator is closed.

    Raises
    ------
    BaseException
        Whatever `items` raises, where the item would have come.
    """
    if depth < 1:
        yield from items
        return
    ready: queue.Queue[_Item[T] | _End | BaseException] = queue.Queue(depth)
    stop = threading.Event()

    def put(outcome: _Item[T] | _End | BaseException) -> None:
        while not stop.is_set():
            try:
                return ready.put(outcome, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                put(_Item(item))
                if stop.is_set():
                    return
            put(_End())
        except BaseException as error:  # handed to whoever iterates
            put(error)

    thread = threading.Thread(target=work, name="matdata-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            outcome = ready.get()
            if isinstance(outcome, _End):
                return
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome.value
    finally:
        stop.set()
        thread.join()
