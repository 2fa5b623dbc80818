"""Inner validation: a share of the non-test materials, for splits that define only a test set."""

from __future__ import annotations

import numpy as np

from matdata.core.errors import SplitError
from matdata.splits.columns import Ids, Labels
from matdata.splits.grouping import Groups, assign
from matdata.splits.ranking import ranked
from matdata.splits.ratios import fraction_of

VAL_HELP = "share of all materials used for validation, taken from those outside test; 0 for none"


def hold_out(
    pool: Ids, n_total: int, fraction: float, seed: int, purpose: str, labels: Labels | None = None
) -> dict[str, Ids]:
    """Split the materials outside test into train and val.

    Parameters
    ----------
    pool
        Ids outside test, (n,).
    n_total
        Number of all materials, test included: `fraction` is a share of these, so that 5
        folds with 0.1 are 70/10/20.
    fraction
        Share of validation; 0 gives train only.
    seed, purpose
        See `ranking.keyed_numbers`.
    labels
        Labels of `pool`; if given, materials of one label stay together.

    Raises
    ------
    SplitError
        If nothing would be left to train on.
    """
    if fraction == 0:
        return {"train": pool}
    size = fraction_of(fraction, n_total)
    if size >= len(pool):
        raise SplitError(
            f"a validation fraction of {fraction:g} ({size} of {n_total} materials) leaves "
            f"nothing to train on: {len(pool)} materials are outside test",
            next_step="set a smaller val_fraction",
        )
    if labels is None:
        order = pool[ranked(pool, seed, purpose)]
        return {"train": order[size:], "val": order[:size]}
    names = assign(Groups.of(pool, labels), {"train": len(pool) - size, "val": size}, seed, purpose)
    return {part: pool[np.flatnonzero(names == part)] for part in ("train", "val")}
