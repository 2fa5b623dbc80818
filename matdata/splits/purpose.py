"""What a split is for decides what its parts may share.

A random split asks how well a model interpolates: its parts share formulas and chemical systems by
nature. A group split asks about groups that no model has seen: a shared group means that the
split is not what its name says. The same material on both sides is a fault of any split.
"""

from __future__ import annotations

from typing import Literal

from matdata.splits.base import Split

#: What it means that parts share something.
Level = Literal["failure", "warning", "information"]
NEAR = "near_duplicate"
REACTION = "reaction"
JOINED = "+"


def kept_apart(split: Split) -> tuple[str, ...]:
    """The columns whose values, taken together, are in one part each; none of a random split."""
    by = split.settings.get("by") or ()
    if split.method == "taata":
        return ("formula",)  # prototypes, within which compositions stay together
    return (by,) if isinstance(by, str) else tuple(by)


def level_of(key: str, source: str, apart: tuple[str, ...], has_structures: bool) -> Level:
    """What it means that a part shares values of a key with an earlier one.

    Parameters
    ----------
    key
        A column, columns joined by ``+``, or ``near_duplicate``.
    source
        The earlier part.
    apart
        What `kept_apart` returned.
    has_structures
        Whether materials are distinguished by their structure; else by their formula alone.

    Returns
    -------
    str
        ``failure`` for what the split keeps apart, and for near duplicates of training materials;
        ``warning`` for a protostructure (without structures: a formula), since it may be the same
        material, and for a reaction of the same precursors to the same product; ``information``
        for the rest.
    """
    if key == JOINED.join(apart) or (key == NEAR and source == "train"):
        return "failure"
    if key in (NEAR, REACTION, "protostructure" if has_structures else "formula"):
        return "warning"
    return "information"
