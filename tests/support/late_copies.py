"""Streams, events and pinned memory of a GPU that is not there, and whose copies come late.

What is copied holds other values until its copy is worked off, which happens when an event behind
it is waited for, or at some drawn time before. Pinned memory that is let go holds other values at
once, so a copy out of it that was still to be done shows.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

GARBAGE = 0x5B


class LateEvent:
    """A mark behind what a stream was told so far."""

    def __init__(self, stream: LateStream, mark: int) -> None:
        self.stream, self.mark = stream, mark

    def query(self) -> bool:
        return self.stream.done >= self.mark


class LateStream:
    """Works off what it was told when somebody waits for it."""

    def __init__(self, name: str, log: list[Any]) -> None:
        self.name, self.log = name, log
        self.queue: deque[Callable[[], None]] = deque()
        self.told = self.done = 0
        self.lock = threading.RLock()

    def put(self, work: Callable[[], None]) -> None:
        with self.lock:
            self.queue.append(work)
            self.told += 1

    def work_off(self, mark: int) -> None:
        with self.lock:
            while self.done < mark:
                self.queue.popleft()()
                self.done += 1

    def record_event(self) -> LateEvent:
        self.log.append(("event", self.name))
        return LateEvent(self, self.told)

    def wait_event(self, event: LateEvent) -> None:
        self.log.append(("wait", self.name, id(event)))
        event.stream.work_off(event.mark)


class LateCalls:
    """In the place of `matdata.load.copies.CudaCalls`.

    Parameters
    ----------
    seed
        Of the times at which copies are worked off before they are waited for.
    eager
        How likely that is, for each call.
    """

    def __init__(self, seed: int = 0, eager: float = 0.0) -> None:
        self.log: list[Any] = []
        self.events: list[LateEvent] = []
        self.stalls = 0
        self._compute = LateStream("compute", self.log)
        self._side: LateStream | None = None
        self._within: list[LateStream] = []
        self._rng, self._eager = np.random.default_rng(seed), eager
        self._pinned: dict[int, np.ndarray[Any, Any]] = {}
        self._moved: set[int] = set()

    def side(self, device: torch.device) -> LateStream:
        self._side = LateStream("side", self.log)
        return self._side

    def current(self, device: torch.device) -> LateStream:
        return self._compute

    @contextmanager
    def on(self, stream: LateStream) -> Iterator[None]:
        self._within.append(stream)
        yield
        self._within.pop()

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        like = torch.empty(0, dtype=dtype).numpy().dtype
        memory = np.full(int(np.prod(shape)) * like.itemsize + 1, GARBAGE, np.uint8)
        # the memory outlives the array, as that of an allocator does
        view = memory[:-1].view(like).reshape(shape)
        address = view.ctypes.data
        self._pinned[address] = memory
        weakref.finalize(view, memory.fill, GARBAGE)
        return torch.from_numpy(view)

    def pin(self, tensor: Tensor) -> Tensor:
        if tensor.data_ptr() in self._pinned:
            return tensor
        pinned = self.empty(tuple(tensor.shape), tensor.dtype)
        pinned.copy_(tensor)
        return pinned

    def copy(self, pinned: Tensor, device: torch.device) -> Tensor:
        target = torch.empty_like(pinned)
        target.untyped_storage().fill_(GARBAGE)
        stream = self._within[-1] if self._within else self._compute
        self.log.append(("copy", stream.name))
        into = target.numpy()
        # by address, as a device reads: the memory may have been let go since
        memory = self._pinned[pinned.data_ptr()][: into.nbytes] if into.nbytes else into
        stream.put(lambda: np.copyto(into, memory.view(into.dtype).reshape(into.shape)))
        if into.nbytes:
            self._moved.add(target.data_ptr())
        if stream is self._compute:
            stream.work_off(stream.told)
        elif self._rng.random() < self._eager:
            stream.work_off(int(self._rng.integers(stream.done, stream.told + 1)))
        else:
            self.stalls += 1
        return target

    def keep(self, tensor: Tensor, stream: LateStream) -> None:
        self.log.append(("keep", stream.name))
        self._moved.discard(tensor.data_ptr())

    @property
    def unkept(self) -> int:
        """Tensors on the device whose memory the next copy could take while they are read."""
        return len(self._moved)
