"""Entries of a reference: compositions with energies of one kind and one correction scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Int
from matdata.core.digest import digest_arrays, digest_json
from matdata.core.documents import JsonObject
from matdata.core.elements import symbols
from matdata.core.errors import CurationError
from matdata.core.executors import Workers
from matdata.phases.reference import HullReference
from matdata.stability.energies import Energies, Kind
from matdata.stability.schemes import require_one


@dataclass(frozen=True, eq=False)
class Entries:
    """Entries of a reference: n compositions with their energies.

    Attributes
    ----------
    compositions
        With the ids of the entries.
    energies : (n,)
        eV/atom.
    kind, scheme
        What the energies are, and which corrections were applied.
    sources
        Where they come from, for people: ``dataset``, ``digest``, ``column``, ``entries``.
    """

    compositions: Compositions
    energies: npt.NDArray[np.float64]
    kind: Kind
    scheme: str
    sources: tuple[JsonObject, ...]

    @classmethod
    def of(cls, energies: Energies, dataset: str, digest: str) -> Entries:
        """The materials of a dataset whose energy is known.

        Raises
        ------
        CurationError
            If there are none.
        """
        rows = energies.known
        if not len(rows):
            raise CurationError(
                f"no material of {dataset} has an energy in {energies.column.name!r}",
                next_step="name another column with --energy",
            )
        source = {
            "dataset": dataset,
            "digest": digest,
            "column": energies.column.name,
            "entries": len(rows),
        }
        return cls(
            energies.compositions.take(rows), energies.values[rows], energies.kind,
            energies.scheme, (source,),
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Entries of several sources as one; a source that is there twice counts once.

        Raises
        ------
        CurationError
            If their energies are of several kinds or correction schemes.
        """
        one_kind(parts)
        digests = [digest_json(part.sources) for part in parts]
        parts = [part for k, part in enumerate(parts) if digests[k] not in digests[:k]]
        return cls(
            Compositions.concat([part.compositions for part in parts]),
            np.concatenate([part.energies for part in parts]),
            parts[0].kind,
            parts[0].scheme,
            tuple(source for part in parts for source in part.sources),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Compositions and energies as named arrays."""
        own = self.compositions
        return {
            "numbers": own.numbers,
            "amounts": own.amounts,
            "offsets": own.offsets,
            "energies": self.energies,
        }

    def identity(self) -> JsonObject:
        """What a reference of them depends on."""
        ids = digest_json(self.compositions.ids.tolist())
        content = {"ids": ids, "arrays": digest_arrays(self.arrays())}
        return {"entries": content, "energies": self.kind, "scheme": self.scheme, "format": 1}

    def hull(self, workers: Workers) -> HullReference:
        """Their hull. Elements have a formation energy of zero, whether or not they are entries."""
        return HullReference.build(*self._with_elements(), workers)

    def hull_by(self, known: HullReference, places: Int, workers: Workers) -> HullReference:
        """The same hull by extending that of some of the entries, which costs less.

        Parameters
        ----------
        known, places
            The hull of other entries, and where these are, as `places_of` says.
        workers
            Threads.
        """
        compositions, energies = self._with_elements()
        rest = np.setdiff1d(np.arange(len(energies)), places, assume_unique=True)
        return known.extended(compositions.take(rest), energies[rest], places, workers)

    def _with_elements(self) -> tuple[Compositions, npt.NDArray[np.float64]]:
        """Entries, and after those of formation energies the elements."""
        if self.kind == "total":
            return self.compositions, self.energies
        numbers = self._numbers.tolist()
        elements = Compositions.from_amounts(
            [symbols()[z] for z in numbers], [{z: 1.0} for z in numbers]
        )
        energies = np.append(self.energies, np.zeros(len(numbers)))
        return Compositions.concat([self.compositions, elements]), energies

    @property
    def _numbers(self) -> npt.NDArray[np.uint8]:
        return np.unique(self.compositions.numbers)

    def places_of(self, others: Entries) -> Int | None:
        """Where other entries and the elements of theirs are among one's own.

        None if some are not there, or they are in another order.
        """
        if (others.kind, others.scheme) != (self.kind, self.scheme):
            return None
        theirs = list(zip(others.compositions.ids.tolist(), others.energies.tolist(), strict=True))
        found: list[int] = []
        mine = zip(self.compositions.ids.tolist(), self.energies.tolist(), strict=True)
        for row, one in enumerate(mine):
            if len(found) < len(theirs) and one == theirs[len(found)]:
                found.append(row)
        places = np.array(found, np.int64)
        if len(found) < len(theirs) or not _equal(self.compositions.take(places), others):
            return None
        if self.kind == "total":
            return places
        elements = len(self.energies) + np.searchsorted(self._numbers, others._numbers)
        return np.append(places, elements)


def _equal(compositions: Compositions, others: Entries) -> bool:
    pairs = ((getattr(compositions, k), getattr(others.compositions, k))
             for k in ("numbers", "amounts", "offsets"))  # fmt: skip
    return all(np.array_equal(a, b) for a, b in pairs)


def one_kind(parts: Sequence[Entries | Energies]) -> None:
    """Refuse energies of several kinds or correction schemes, with how many entries each has."""
    for name, what in (("scheme", "these sources"), ("kind", "these sources")):
        counts: dict[str, int] = {}
        for part in parts:
            value = str(getattr(part, name))
            counts[value] = counts.get(value, 0) + len(part.compositions)
        require_one(counts, what)
