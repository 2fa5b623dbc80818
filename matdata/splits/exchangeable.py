"""Whether the validation and the test part of a split were drawn alike."""

from __future__ import annotations

from matdata.splits.base import Split

#: Methods that draw materials one by one, unless columns keep some together.
DRAWN = frozenset(("random", "stable", "kfold", "matbench"))
REASONS = {
    "element": "test holds all materials with the element, validation none",
    "time": "test holds the newest materials",
    "taata": "test systems have relatives in train that validation materials need not have",
    "pairs": "parts hold whole basins, and test may hold other structures of them than validation",
    "fixed": "the split was made elsewhere, and how its parts were drawn is not on record",
}


def why_not_exchangeable(split: Split) -> str | None:
    """Why materials of the test part are not drawn like those of validation; None if they are.

    What is calibrated on one part holds on another by theory only if all their materials are
    exchangeable. Parts of whole groups are not: groups are, which is less, since materials of one
    group err alike.
    """
    by = split.settings.get("by") or ()
    if by and split.method in (*DRAWN, "group"):
        names = [by] if isinstance(by, str) else [str(name) for name in by]
        return f"parts hold whole groups of {', '.join(names)}, whose materials err alike"
    if split.method in DRAWN:
        return None
    return REASONS.get(split.method, f"how the method {split.method!r} draws is not known")
