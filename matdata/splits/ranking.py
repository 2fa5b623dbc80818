"""Draws that depend on the seed and the id alone.

Shuffling needs an order of rows to start from, and a generator whose stream may change with the
version of NumPy. Here each text gets a 64-bit number, BLAKE2b keyed with the seed and the
purpose of the draw, and materials are ordered by it. The same material gets the same number
in every dataset, on every machine, in every version. Numbers of different purposes or seeds are
independent of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from matdata.splits.columns import Ids

BITS = 64


def keyed_numbers(texts: Iterable[str], seed: int, purpose: str) -> npt.NDArray[np.uint64]:
    """A uniform 64-bit number per text, (n,).

    Parameters
    ----------
    texts
        Material ids or group labels.
    seed
        The user's seed.
    purpose
        What is drawn; keeps an inner validation draw independent of the outer one.
    """
    # BLAKE2b takes keys up to 64 bytes; hashing the key first lets a purpose have any length
    key = hashlib.sha256(f"matdata split {purpose} {seed}".encode()).digest()
    data = b"".join(
        hashlib.blake2b(text.encode(), digest_size=BITS // 8, key=key).digest() for text in texts
    )
    return np.frombuffer(data, dtype="<u8").astype(np.uint64)


def ranked(ids: Ids, seed: int, purpose: str) -> npt.NDArray[np.int64]:
    """Positions (n,) of `ids` (n,) in the drawn order; a tie goes to the smaller id."""
    numbers = keyed_numbers(ids.tolist(), seed, purpose)
    return np.lexsort((ids, numbers)).astype(np.int64)
