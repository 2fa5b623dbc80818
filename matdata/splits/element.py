"""Leave one element out: test holds every material that contains the element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matdata.core.errors import SplitError, did_you_mean, first_few
from matdata.core.settings import Settings, setting
from matdata.splits.base import Method, Split
from matdata.splits.columns import Columns, Ids
from matdata.splits.holdout import VAL_HELP, hold_out
from matdata.splits.names import split_name


@dataclass(frozen=True)
class ElementSettings(Settings):
    """Settings of leave-one-element-out."""

    elements: tuple[str, ...] = setting((), "element symbols, one split per element; none for all")
    seed: int = setting(0, "seed of the validation draw", minimum=0)
    val_fraction: float = setting(0.1, VAL_HELP, minimum=0.0, maximum=0.9)


def element_split(ids: Ids, columns: Columns, settings: ElementSettings) -> list[Split]:
    """One split per element, in the order given (or all elements in alphabetical order).

    Elements come from the column ``chemsys``, or from ``formula`` where there is none. Without a
    list of elements, those that every material contains are skipped.

    Raises
    ------
    SplitError
        If an element is in no material or in all of them, or a material's elements are unknown.
    """
    systems = columns.labels("chemsys")
    unknown = [id_ for id_, system in zip(ids.tolist(), systems, strict=True) if system is None]
    if unknown:
        raise SplitError(
            f"{len(unknown)} materials have no chemical system: {first_few(unknown)}",
            cause="the formula is missing or cannot be read",
            next_step="drop them, or complete the chemsys column",
        )
    members = [set(str(system).split("-")) for system in systems]
    present = sorted(set().union(*members))
    contains = {element: np.array([element in m for m in members]) for element in present}
    left_out = settings.elements or tuple(e for e in present if not contains[e].all())
    if not left_out:
        raise SplitError(
            f"all materials contain the same elements ({', '.join(present)}); "
            "leaving one out leaves nothing to train on",
            next_step="choose another kind of split",
        )
    for element in left_out:
        if element not in contains:
            raise SplitError(
                f"no material contains {element!r}{did_you_mean(element, present)}",
                next_step=f"available elements: {', '.join(present)}",
            )
    return [_without(ids, contains[element], element, settings) for element in left_out]


def _without(ids: Ids, inside: np.ndarray, element: str, settings: ElementSettings) -> Split:
    if inside.all():
        raise SplitError(
            f"all {len(ids)} materials contain {element}; leaving it out leaves nothing to "
            "train on",
            next_step="choose another element",
        )
    inner = hold_out(
        ids[~inside], len(ids), settings.val_fraction, settings.seed, "element validation"
    )
    name = split_name("element", element, val=(settings.val_fraction, 0.1), seed=settings.seed)
    described = {**settings.to_dict(), "elements": [element]}
    note = f"{int(inside.sum())} of {len(ids)} materials contain {element}"
    return Split(name, "element", described, {**inner, "test": ids[inside]}, (note,))


METHOD = Method("element", ElementSettings, element_split)
