"""Short names of splits that can be file names: ``group-chemsys-70-15-15-seed0``."""

from __future__ import annotations

import re

_UNFIT = re.compile(r"[^A-Za-z0-9_+]+")


def slug(text: str) -> str:
    """Text with each run of characters unfit for a file name replaced by one dash."""
    return _UNFIT.sub("-", text).strip("-") or "x"


def split_name(
    *words: str,
    by: tuple[str, ...] = (),
    seed: int | None = None,
    fold: int | None = None,
    val: tuple[float, float] | None = None,
) -> str:
    """Join the words of a name in the order that all methods use.

    Parameters
    ----------
    words
        Method and ratios; the random split, which is the common one, is named by ratios alone.
    by
        Columns that the split groups by, joined with ``+``.
    seed, fold
        Written as ``seed0`` and ``fold2``; folds count from 0.
    val
        Validation fraction and its default: the name shows it where they differ.
    """
    first, *rest = words
    parts = [first]
    if by:
        parts.append("+".join(slug(name) for name in by))
    parts += rest
    if val is not None and val[0] != val[1]:
        parts.append("val" + f"{100 * val[0]:.6g}".replace(".", "p"))
    if seed is not None:
        parts.append(f"seed{seed}")
    if fold is not None:
        parts.append(f"fold{fold}")
    return "-".join(parts)
