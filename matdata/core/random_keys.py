"""Random numbers that are functions of what they are for, so that no order of drawing matters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UInt = npt.NDArray[np.uint64]


def random_keys(seed: int, purpose: int, codes: UInt) -> UInt:
    """A uniform 64-bit key per code, (n,), independent of all other codes.

    Different purposes (0 to 7) give independent keys.

    The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, fig. 14), applied twice.
    """
    stream = np.array([seed * 8 + purpose], dtype=np.uint64)
    return mixed(mixed(stream) ^ mixed(codes))


def mixed(values: UInt) -> UInt:
    """A bijection of 64-bit numbers, (n,), whose results look random."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: UInt = z ^ (z >> np.uint64(31))
    return result


def uniform(keys: UInt) -> npt.NDArray[np.float64]:
    """Numbers in (0, 1) from the upper 53 bits of keys, (n,)."""
    upper = (keys >> np.uint64(11)).astype(np.float64)
    return (upper + 0.5) * 2.0**-53
