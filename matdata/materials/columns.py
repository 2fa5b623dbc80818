"""`Materials`: the user's materials as columns, with names and order kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.errors import FeatureError, StructureError
from matdata.core.ledger import Reject

#: Reasons that an error lists when nothing can be used.
REASONS_SHOWN = 3


class Named:
    """What users gave, in their order, each known by its place (from ``"0"``).

    Attributes
    ----------
    names
        Name of each.
    rejects
        Those that cannot be read; ids are places.
    """

    names: tuple[str, ...]
    rejects: tuple[Reject, ...]

    def __len__(self) -> int:
        return len(self.names)

    def named(self, rejects: Iterable[Reject]) -> list[Reject]:
        """One reject per material, in the order of the materials, under their names."""
        first: dict[int, Reject] = {}
        for reject in rejects:
            first.setdefault(int(reject.material_id), reject)
        return [
            replace(first[position], material_id=self.names[position]) for position in sorted(first)
        ]

    def names_of(self, positions: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Names of materials by their positions, (n,)."""
        return np.array([self.names[int(position)] for position in positions], dtype=np.str_)

    def require_one(self, next_step: str) -> None:
        """Refuse those of which none can be read, with the first reasons.

        Raises
        ------
        StructureError
            If there are rejects alone.
        """
        if len(self.rejects) == len(self) and self.rejects:
            raise StructureError(
                _first_reasons(self.named(self.rejects), len(self)), next_step=next_step
            )


@dataclass(frozen=True, eq=False)
class Materials(Named):
    """The user's materials, in their order.

    Names may repeat, so columns and rejects identify each by its position, from ``"0"``.

    Attributes
    ----------
    names
        Name of each: its key, its id, its formula, or its position.
    crystals
        Those with a structure; ids are positions.
    compositions
        Those with a formula only; ids are positions.
    rejects
        Those that cannot be read; ids are positions.
    """

    names: tuple[str, ...]
    crystals: Crystals
    compositions: Compositions
    rejects: tuple[Reject, ...] = ()

    def structures(self) -> tuple[Crystals, list[Reject]]:
        """Those with a structure; the others are rejected with the reason ``no_structure``."""
        formulas = self.compositions.reduced_formulas()
        without_structure = [
            Reject(
                position,
                "source",
                "no_structure",
                f"only its formula ({formula}) is known, and a structure is needed",
            )
            for position, formula in zip(self.compositions.ids.tolist(), formulas, strict=True)
        ]
        return self.crystals, [*self.rejects, *without_structure]

    def formulas(self) -> tuple[Compositions, list[Reject]]:
        """All as compositions, structures by their formula, in their original order."""
        both = Compositions.concat([Compositions.from_crystals(self.crystals), self.compositions])
        order = np.argsort(both.ids.astype(np.int64), kind="stable")
        return both.take(order), list(self.rejects)

    def for_inputs(
        self, structures: bool, what: str
    ) -> tuple[Crystals | Compositions, list[Reject]]:
        """The materials as inputs need them, with or without structures.

        Parameters
        ----------
        structures
            Whether a structure is needed.
        what
            Name of the consumer, for messages.

        Raises
        ------
        StructureError
            If no material can be read; lists the first reasons.
        FeatureError
            If structures are needed and there are only formulas.
        """
        if not len(self.crystals) and not len(self.compositions):
            self.require_one("give structures, formulas or paths of files that hold them")
        if structures and not len(self.crystals) and len(self.compositions):
            raise FeatureError(
                f"{what} needs structures, got formulas",
                next_step="give pymatgen structures, ASE atoms, Crystals or files of structures",
            )
        return self.structures() if structures else self.formulas()


def _first_reasons(rejects: list[Reject], count: int) -> str:
    if count == 1:
        return rejects[0].message
    shown = "; ".join(
        f"{reject.material_id}: {reject.message}" for reject in rejects[:REASONS_SHOWN]
    )
    more = "; …" if len(rejects) > REASONS_SHOWN else ""
    return f"none of {count:,} materials can be read: {shown}{more}"
