"""`Crystals` and `Ragged`: sets of crystals as columns, not objects.

Every stage hands the next one these arrays; objects of other libraries exist only in
`matdata.adapters`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_arrays
from matdata.core.errors import StructureError

#: An array of any type and shape: its docstring, or its name, says which.
Array = npt.NDArray[Any]
#: Any type of array.
DType = np.dtype[Any]
Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]

MAX_ID = 500  # characters of a material id; arrays of ids are as wide as the longest


def offsets_of(lengths: npt.ArrayLike) -> Int:
    """Where rows of these lengths begin and end when they lie one after another, (n + 1,) int64.

    Row `i` is ``[offsets[i], offsets[i + 1])``; ``np.diff(offsets)`` gives the lengths back.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def gather_index(offsets: Int, rows: npt.NDArray[Any]) -> tuple[Int, Int]:
    """Positions of the values of `rows` in a ragged array, and the offsets of the result."""
    lengths = np.diff(offsets)[rows]
    out = offsets_of(lengths)
    index = np.arange(out[-1], dtype=np.int64)
    index += np.repeat(offsets[:-1][rows] - out[:-1], lengths)
    return index, out


def as_rows(key: object, length: int) -> Int:
    """Row numbers for a slice, a boolean mask or a sequence of integers.

    Raises
    ------
    IndexError
        If a mask has another length.
    """
    if isinstance(key, slice):
        return np.arange(*key.indices(length), dtype=np.int64)
    rows = np.asarray(key)
    if rows.dtype == bool:
        if len(rows) != length:
            raise IndexError(f"mask of length {len(rows)} for {length} rows")
        return np.flatnonzero(rows).astype(np.int64)
    return np.where(rows < 0, rows + length, rows).astype(np.int64)


def as_ids(ids: Any) -> npt.NDArray[np.str_]:
    """Material ids as an array of text.

    Raises
    ------
    StructureError
        If one ends in NUL, which such arrays do not keep: it would become another id.
    """
    if not isinstance(ids, np.ndarray):
        ids = list(ids)
        cut = [repr(one) for one in ids if isinstance(one, str) and one.endswith("\0")]
        if cut:
            raise StructureError(f"ids that end in NUL: {', '.join(cut[:3])}")
    return np.asarray(ids, dtype=np.str_)


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths in one array.

    Attributes
    ----------
    values : (N, ...)
        All rows' values, one after another.
    offsets : (n + 1,) int64
        Row `i` is ``values[offsets[i]:offsets[i + 1]]``.
    """

    values: npt.NDArray[Any]
    offsets: Int

    def __post_init__(self) -> None:
        offsets = np.ascontiguousarray(self.offsets, dtype=np.int64)
        if offsets.ndim != 1 or len(offsets) == 0 or offsets[0] != 0:
            raise ValueError("offsets must be one-dimensional and start at 0")
        if np.any(np.diff(offsets) < 0) or offsets[-1] != len(self.values):
            raise ValueError(
                f"offsets must rise to the number of values ({len(self.values)}), "
                f"got an end of {offsets[-1]}"
            )
        object.__setattr__(self, "offsets", offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        row %= len(self)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> Int:
        """Number of values in each row, (n,)."""
        return np.diff(self.offsets)

    def take(self, key: object) -> Ragged:
        """The rows given by a slice, a mask or integers, in that order."""
        index, offsets = gather_index(self.offsets, as_rows(key, len(self)))
        return Ragged(self.values[index], offsets)

    @classmethod
    def from_rows(cls, rows: Iterable[npt.ArrayLike], dtype: Any = None) -> Ragged:
        """Join rows; at least one row is needed to know the inner shape."""
        arrays = [np.asarray(row, dtype=dtype) for row in rows]
        return cls(np.concatenate(arrays), offsets_of([len(array) for array in arrays]))

    @classmethod
    def concat(cls, parts: Sequence[Ragged]) -> Ragged:
        """Join ragged arrays row after row."""
        offsets = offsets_of(np.concatenate([part.lengths for part in parts]))
        return cls(np.concatenate([part.values for part in parts]), offsets)


@dataclass(frozen=True, eq=False)
class Crystals:
    """A batch of ordered, periodic crystals.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    lattice : (n, 3, 3) float64, Å
        Lattice vectors as rows.
    frac_coords : (N, 3) float64
        Fractional coordinates of all sites of all crystals.
    numbers : (N,) uint8
        Atomic numbers.
    offsets : (n + 1,) int64
        Crystal `i` holds the sites ``offsets[i]:offsets[i + 1]``.

    Raises
    ------
    StructureError
        If the shapes do not fit each other.
    """

    ids: npt.NDArray[np.str_]
    lattice: Float
    frac_coords: Float
    numbers: npt.NDArray[np.uint8]
    offsets: Int

    def __post_init__(self) -> None:
        columns = {
            "ids": as_ids(self.ids),
            "lattice": np.ascontiguousarray(self.lattice, dtype=np.float64).reshape(-1, 3, 3),
            "frac_coords": np.ascontiguousarray(self.frac_coords, dtype=np.float64).reshape(-1, 3),
            "numbers": np.ascontiguousarray(self.numbers, dtype=np.uint8),
            "offsets": np.ascontiguousarray(self.offsets, dtype=np.int64),
        }
        for name, column in columns.items():
            object.__setattr__(self, name, column)
        n, sites = len(self.ids), len(self.numbers)
        fits = (
            len(self.lattice) == n
            and len(self.frac_coords) == sites
            and len(self.offsets) == n + 1
            and self.offsets[0] == 0
            and self.offsets[-1] == sites
            and bool(np.all(np.diff(self.offsets) >= 0))
        )
        if not fits:
            raise StructureError(
                f"the columns do not fit each other: {n} ids, {len(self.lattice)} lattices, "
                f"{len(self.frac_coords)} coordinates, {sites} atomic numbers, "
                f"{len(self.offsets)} offsets ending at {self.offsets[-1:]}"
            )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Crystals({len(self)} crystals, {len(self.numbers)} sites)"

    @classmethod
    def empty(cls) -> Crystals:
        """No crystals."""
        return cls.from_lists([], [], [], [])

    @classmethod
    def from_lists(
        cls,
        ids: Sequence[str] | npt.NDArray[np.str_],
        lattices: Sequence[npt.ArrayLike],
        frac_coords: Sequence[npt.ArrayLike],
        numbers: Sequence[npt.ArrayLike],
    ) -> Crystals:
        """Join one entry per crystal into columns."""
        lengths = [len(np.atleast_1d(row)) for row in numbers]
        sites = [np.asarray(rows, dtype=np.float64).reshape(-1, 3) for rows in frac_coords]
        return cls(
            as_ids(ids),
            np.asarray(lattices, dtype=np.float64).reshape(-1, 3, 3),
            np.concatenate([np.empty((0, 3)), *sites]),
            np.concatenate(
                [np.empty(0, np.uint8), *(np.asarray(row, np.uint8) for row in numbers)]
            ),
            offsets_of(lengths),
        )

    @classmethod
    def concat(cls, parts: Sequence[Crystals]) -> Crystals:
        """Join batches in order."""
        if not parts:
            return cls.empty()
        lengths = np.concatenate([part.n_sites for part in parts])
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.lattice for part in parts]),
            np.concatenate([part.frac_coords for part in parts]),
            np.concatenate([part.numbers for part in parts]),
            offsets_of(lengths),
        )

    def take(self, key: object) -> Crystals:
        """The crystals given by a slice, a mask or integers, in that order."""
        rows = as_rows(key, len(self))
        index, offsets = gather_index(self.offsets, rows)
        return Crystals(
            self.ids[rows],
            self.lattice[rows],
            self.frac_coords[index],
            self.numbers[index],
            offsets,
        )

    def sites(self, row: int) -> slice:
        """The slice of the site columns that belongs to crystal `row`."""
        return slice(int(self.offsets[row]), int(self.offsets[row + 1]))

    @property
    def n_sites(self) -> Int:
        """Number of sites of each crystal, (n,)."""
        return np.diff(self.offsets)

    @property
    def site_crystal(self) -> Int:
        """For each site the row of its crystal, (N,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.n_sites)

    @property
    def volume(self) -> Float:
        """Cell volumes in Å³, (n,)."""
        volume: Float = np.abs(np.linalg.det(self.lattice))
        return volume

    def cart_coords(self) -> Float:
        """Cartesian coordinates of all sites in Å, (N, 3)."""
        cartesian: Float = np.einsum(
            "ij,ijk->ik", self.frac_coords, self.lattice[self.site_crystal]
        )
        return cartesian

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The numeric columns by name (ids are kept apart, with the table)."""
        return {
            "lattice": self.lattice,
            "frac_coords": self.frac_coords,
            "numbers": self.numbers,
            "offsets": self.offsets,
        }

    def digest(self) -> str:
        """SHA-256 (hex) of ids and columns."""
        ids = np.frombuffer("\n".join(self.ids.tolist()).encode(), dtype=np.uint8)
        return digest_arrays({"ids": ids, **self.columns()})
