"""Copies from the host to a device, beside the computation that goes on there.

A GPU works off what is put into one stream in order, so a copy put behind a training step waits
for it. In `ram` and `stream` chunks are therefore copied on a stream of their own by the thread
that gathers them; who takes a chunk makes the stream of the computation wait for an event, not
the host. Four things must hold, which `tests/unit/load/test_copies.py` breaks one by one: the event
is recorded behind the copies, it is waited for before a batch is handed out, pinned memory is kept
until the copy out of it is done, and device memory until the computation has read it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import torch
from torch import Tensor

from matdata.core.crystals import Array, DType

#: Of copies in the stream of the computation, or of none.
_AT_ONCE = nullcontext()


class CudaCalls:
    """The calls that need a GPU; tests put others in their place."""

    def side(self, device: torch.device) -> torch.cuda.Stream:
        """A new stream."""
        return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def current(self, device: torch.device) -> torch.cuda.Stream:
        """The stream of the computation."""
        return torch.cuda.current_stream(device)

    def on(self, stream: torch.cuda.Stream) -> AbstractContextManager[object]:
        """What is done within is put into that stream."""
        return torch.cuda.stream(stream)

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Pinned memory, from which copies are not waited for."""
        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def pin(self, tensor: Tensor) -> Tensor:
        """The tensor in pinned memory; itself if it is there."""
        return tensor.pin_memory()

    def copy(self, pinned: Tensor, device: torch.device) -> Tensor:
        """Copy from pinned memory without waiting."""
        return pinned.to(device, non_blocking=True)

    def keep(self, tensor: Tensor, stream: torch.cuda.Stream) -> None:
        """Memory of a tensor is not used again before that stream is done with it."""
        tensor.record_stream(stream)


class Copies:
    """Arrays of one chunk on their way to a device.

    Parameters
    ----------
    device
        Where they go; on the host tensors share the memory of arrays.
    side
        A `SideStream`, or None to copy in the stream of the computation.
    """

    def __init__(self, device: torch.device, side: SideStream | None = None) -> None:
        self._device = device
        self._side = side
        self._pinned: list[Tensor] = []
        self._moved: list[Tensor] = []
        self._event: torch.cuda.Event | None = None

    def send(self, array: Array | Tensor) -> Tensor:
        """An array as a tensor on the device; the copy to a GPU is not waited for."""
        if isinstance(array, Tensor):
            return array
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self._side is not None:
            self._pinned.append(self._side.calls.pin(tensor))
            self._moved.append(self._side.calls.copy(self._pinned[-1], self._device))
            return self._moved[-1]
        return send(tensor, self._device)

    def sending(self) -> AbstractContextManager[None]:
        """Within, copies are put into the side stream; afterwards an event marks their end."""
        return _AT_ONCE if self._side is None else self._beside(self._side)

    @contextmanager
    def _beside(self, side: SideStream) -> Iterator[None]:
        with side.calls.on(side.stream()):
            yield
        self._event = side.stream().record_event()
        side.retain(self._event, self._pinned)
        self._pinned = []

    def arrive(self) -> None:
        """Make the computation wait for the copies; called where they are to be used."""
        if self._side is None or self._event is None:
            return
        current = self._side.calls.current(self._device)
        current.wait_event(self._event)
        for tensor in self._moved:
            self._side.calls.keep(tensor, current)
        self._moved, self._event = [], None


class SideStream:
    """A stream for copies, made when first needed.

    Parameters
    ----------
    device
        A GPU.
    calls
        What is called of CUDA.
    """

    def __init__(self, device: torch.device, calls: CudaCalls | None = None) -> None:
        self.device = device
        self.calls = CudaCalls() if calls is None else calls
        self._stream: torch.cuda.Stream | None = None
        self._retained: deque[tuple[torch.cuda.Event, list[Tensor]]] = deque()

    def stream(self) -> torch.cuda.Stream:
        """The stream."""
        if self._stream is None:
            self._stream = self.calls.side(self.device)
        return self._stream

    def empty(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """An array in pinned memory."""
        like = torch.from_numpy(np.empty(0, dtype)).dtype
        pinned: Array = self.calls.empty(shape, like).numpy()
        return pinned

    def retain(self, event: torch.cuda.Event, pinned: list[Tensor]) -> None:
        """Keep pinned memory until the copies before an event are done; drops what was done."""
        while self._retained and self._retained[0][0].query():  # type: ignore[no-untyped-call]
            self._retained.popleft()
        self._retained.append((event, pinned))


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host on a device, in the stream of the computation, without waiting."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor if device.type == "cpu" else tensor.to(device, non_blocking=True)
