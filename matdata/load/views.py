"""What cuts chunks into batches: of tensors (`load.tensors`), or of NumPy arrays (`load.arrays`).

Importing this needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from matdata.core.crystals import Array, DType
from matdata.load.chunk import Chunk

if TYPE_CHECKING:
    import torch
    from typing_extensions import TypeVar

    from matdata.load.batch import Batch

    #: The class of the batches. `Loader` alone means `Loader[Batch]`.
    B_co = TypeVar("B_co", default=Batch, covariant=True)
else:
    from typing import TypeVar

    B_co = TypeVar("B_co", covariant=True)


class Sent(Protocol[B_co]):
    """A chunk where its batches are wanted, or on its way there."""

    def batches(self) -> Iterator[B_co]:
        """The batches of the chunk, in order."""


class Views(Protocol[B_co]):
    """Sends chunks to where batches are wanted, and cuts them there."""

    @property
    def device(self) -> torch.device | str:
        """Where batches are: a device of torch, or ``numpy``."""

    def allocate(self, shape: tuple[int, ...], dtype: DType, /) -> Array:
        """An array that is sent quickly."""

    def sent(self, chunk: Chunk) -> Sent[B_co]:
        """A chunk on its way; called by the thread that gathers."""
