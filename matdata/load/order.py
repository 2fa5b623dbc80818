"""The order of an epoch: a function of the seed, the epoch and the window, and of nothing else.

Materials are numbered as they lie in the store. With a window as large as the set an epoch is one
permutation. With a smaller one the set is cut into stretches of an eighth of a window, the
stretches are permuted, every eight of them make a window, and each window is permuted: what a
reader needs in memory is one window.

Random numbers are the raw output of Philox4x64 (Salmon et al., SC11, 2011), which NumPy keeps the
same in all versions, keyed with a SHA-256.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Int

STRETCHES = 8


def random_bits(count: int, *key: int | str) -> npt.NDArray[np.uint64]:
    """Uniform 64-bit numbers that the key decides, (count,)."""
    text = "/".join(str(part) for part in ("matdata order", *key))
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u8")
    return np.random.Philox(key=words.astype(np.uint64)).random_raw(count).astype(np.uint64)


def permutation(count: int, *key: int | str) -> Int:
    """A permutation of ``0 .. count - 1`` that the key decides."""
    bits = np.uint64(max(count - 1, 1).bit_length())
    numbers = (random_bits(count, *key) >> bits) << bits
    numbers |= np.arange(count, dtype=np.uint64)  # no ties, and the position in the low bits
    numbers.sort()
    return (numbers & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)


def windows(count: int, window: int, seed: int, epoch: int, shuffle: bool = True) -> list[Int]:
    """Materials of an epoch in their order, window by window.

    Parameters
    ----------
    count
        Number of materials.
    window
        Materials that are shuffled together.
    seed, epoch
        What the order depends on.
    shuffle
        False leaves materials as they lie.
    """
    everything = np.arange(count, dtype=np.int64)
    if shuffle and window < count:
        stretch = max(1, window // STRETCHES)
        starts = stretch * permutation(-(-count // stretch), seed, epoch, "stretches")
        everything = (starts[:, None] + np.arange(stretch)).ravel()
        everything = everything[everything < count]
    cut = [everything[first : first + window] for first in range(0, count, window)]
    if not shuffle:
        return cut
    return [part[permutation(len(part), seed, epoch, k)] for k, part in enumerate(cut)]


def drawn(parts: list[Int], chances: npt.NDArray[np.float64], seed: int, epoch: int) -> list[Int]:
    """As many materials as there are, drawn with replacement, window by window.

    Parameters
    ----------
    parts
        `windows` of the epoch.
    chances : (count,)
        How likely each material is; need not sum to 1.
    """
    count = sum(map(len, parts))
    ends = np.cumsum(chances, dtype=np.float64)
    uniform = (random_bits(count, seed, epoch, "draws") >> np.uint64(11)) * 2.0**-53
    hits = np.searchsorted(ends, uniform * ends[-1], side="right")
    times = np.bincount(np.minimum(hits, count - 1), minlength=count)
    chosen = [np.repeat(part, times[part]) for part in parts]
    return [part[permutation(len(part), seed, epoch, "drawn", k)] for k, part in enumerate(chosen)]


def of_rank(sequence: Int, rank: int, world_size: int, uneven: str) -> Int:
    """What one of several processes takes of a sequence: every `world_size`-th, from its rank on.

    With ``uneven="pad"`` the last ones are repeated until all processes have as many; ``"drop"``
    leaves out what is over.
    """
    rest = len(sequence) % world_size
    if rest and uneven == "drop":
        sequence = sequence[: len(sequence) - rest]
    elif rest:
        extra = np.resize(sequence[-(world_size - rest) :], world_size - rest)
        sequence = np.concatenate([sequence, extra])
    return sequence[rank::world_size]
