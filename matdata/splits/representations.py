"""How often relaxation changes the Wyckoff representation (Goodall 2022, thesis 6.4.3).

A model without coordinates sees the representation alone: where that of the initial structure is
another one than that of the relaxed structure, it predicts another material.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Changed:
    """Materials by whether their representation changed.

    Attributes
    ----------
    changed
        Ids of those with two different protostructures.
    same
        Ids of those with equal ones.
    unknown
        Ids of those that lack one of the two, or are in one set alone.
    """

    changed: tuple[str, ...]
    same: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the changed among those of which both are known; NaN if there are none."""
        known = len(self.changed) + len(self.same)
        return len(self.changed) / known if known else float("nan")


def changed_representations(
    initial: Mapping[str, str | None], relaxed: Mapping[str, str | None]
) -> Changed:
    """Compare canonical protostructures before and after relaxation.

    Parameters
    ----------
    initial, relaxed
        Protostructure by material id (columns ``protostructure`` of two datasets, both found with
        the same settings of symmetry); None or empty where there is none.
    """
    by_kind: dict[str, list[str]] = {"changed": [], "same": [], "unknown": []}
    for name in sorted({*initial, *relaxed}):
        before, after = initial.get(name), relaxed.get(name)
        known = bool(before) and bool(after)
        kind = "unknown" if not known else "same" if before == after else "changed"
        by_kind[kind].append(name)
    return Changed(**{kind: tuple(names) for kind, names in by_kind.items()})
