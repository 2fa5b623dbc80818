"""What several featurizers compute from the same crystals: once, if they are built together.

A featurizer declares its intermediates (`Featurizer.intermediates`) and reads its value::

    @dataclass(frozen=True)
    class Tessellating(Intermediate[Tessellation]):
        def compute(self, batch: Crystals) -> Tessellation: ...

    cells = Tessellating().of(batch)

Inside `shared_values`, where featurizers that declare an equal intermediate are given the same
batch, the first one computes the value and the others get it. Outside, each computes its own: a
featurizer's results must never depend on which.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Generic, TypeVar, cast

from matdata.core.crystals import Crystals

T_co = TypeVar("T_co", covariant=True)
#: Values of the shared pass that this thread is in, each with its batch, by intermediate and
#: identity of the batch; a batch that is kept has an identity of its own.
_VALUES: ContextVar[dict[tuple[Intermediate[object], int], tuple[Crystals, object]] | None] = (
    ContextVar("matdata_intermediates", default=None)
)


class Intermediate(ABC, Generic[T_co]):
    """A value computed from a batch of crystals; subclasses are frozen dataclasses.

    Their fields are all settings that the value depends on: equal intermediates have equal values.
    Nobody may change a value, for others read it.
    """

    @abstractmethod
    def compute(self, batch: Crystals) -> T_co:
        """The value for a batch."""

    def of(self, batch: Crystals) -> T_co:
        """The value for a batch: that of this pass, if another featurizer has read it."""
        values = _VALUES.get()
        if values is None:
            return self.compute(batch)
        key = (self, id(batch))
        if key not in values:
            values[key] = batch, self.compute(batch)
        return cast(T_co, values[key][1])


@contextlib.contextmanager
def shared_values() -> Iterator[None]:
    """Compute each intermediate once for each batch, in this thread, until the end of the block."""
    token = _VALUES.set({})
    try:
        yield
    finally:
        _VALUES.reset(token)
