"""What arrays hold of a dataset, block by block: each says its type and shape before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matdata.core.crystals import Ragged, offsets_of
from matdata.core.errors import ConfigError
from matdata.datasets.exports.content import BLOCK, Exported
from matdata.datasets.exports.feature_columns import DenseRows
from matdata.features.base import Dense
from matdata.features.feature import Feature, values_and_offsets
from matdata.store.nested import is_nested, json_text
from matdata.store.spectrum_columns import AxisColumn, SpectrumColumn

Array = npt.NDArray[Any]
#: Rows in memory at a time of a column of lists or records; bytes of texts, of four each letter.
NESTED, TEXT_BYTES = 256, 16 << 20
#: The largest whole number up to which floating point has all.
EXACT = 1 << 53


class Stream(NamedTuple):
    """An array that is read in pieces along its first axis.

    Attributes
    ----------
    name
        Of the array: ``table.gap``, ``crystals.lattice``, ``ofm.values``.
    dtype, shape
        Of the whole.
    blocks
        Its pieces, in order; may be asked for again.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    blocks: Callable[[], Iterator[Array]]


def streams_of(content: Exported) -> Iterator[Stream]:
    """Everything as plain arrays; ``<feature>.ids`` say which materials have the feature, and
    ``crystals.rows`` which rows of the table have a structure, where not all do.
    """
    for name in content.dataset.columns:
        yield _of_column(content, name)
    yield from _of_structures(content)
    for name, feature in content.features.items():
        yield from _of_feature(name, feature)


def _whole(name: str, array: Array) -> Stream:
    return Stream(name, array.dtype, array.shape, lambda: iter([array]))


def _of_column(content: Exported, name: str) -> Stream:
    """A column of the table; of a number that is missing NaN, of a text ``""``.

    Raises
    ------
    ConfigError
        If an array would have other values than the column.
    """
    columns, n = content.dataset.columns, len(content)
    own = columns[name] if columns.spectra is not None and name in columns.spectra.names else None
    if isinstance(own, AxisColumn):  # the points, once
        return _whole(f"table.{name}", own.points)
    if isinstance(own, SpectrumColumn):
        none = own.take(np.empty(0, np.int64))
        return Stream(f"table.{name}", none.dtype, (n, *none.shape[1:]), lambda: _spectra(own, n))
    spectrum = columns.spectra is not None and name in columns.spectra.names
    cells: Any = columns[name] if spectrum else columns.array(name)

    def pieces(rows: int) -> Iterator[list[Any]]:
        for start in range(0, n, rows):
            part = cells[start : start + rows]
            yield part.to_pylist() if isinstance(part, pa.ChunkedArray) else list(part)

    flat = not spectrum and not pa.types.is_nested(cells.type)
    rows = BLOCK if flat else NESTED
    types = {kind for piece in pieces(rows) for kind in set(map(type, piece))}
    convert = _numbers
    dtype: np.dtype[Any] = np.dtype(np.float64)
    if types == {bool}:
        convert, dtype = _truths, np.dtype(np.bool_)
    elif not types <= {bool, int, float, type(None)}:
        width = max((_length(name, cell) for piece in pieces(rows) for cell in piece), default=0)
        convert, dtype = _texts, np.dtype(f"<U{max(width, 1)}")
        rows = max(1, min(rows, TEXT_BYTES // dtype.itemsize))
    elif int in types and any(_is_inexact(cell) for piece in pieces(rows) for cell in piece):
        convert, dtype = _whole_numbers, np.dtype(np.int64)
        if types != {int}:
            raise _unheld(name, "has whole numbers above 2^53, and cells without a number")
    return Stream(
        f"table.{name}",
        dtype,
        (n,),
        lambda: (convert(piece).astype(dtype, copy=False) for piece in pieces(rows)),
    )


def _spectra(column: SpectrumColumn, n: int) -> Iterator[Array]:
    """Spectra as numbers, NaN where they are not known."""
    for start in range(0, n, NESTED):
        yield column.take(np.arange(start, min(start + NESTED, n)))


def _numbers(cells: list[Any]) -> Array:
    # Foreign formats have no other mark for a missing number.
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _is_inexact(cell: Any) -> bool:
    """Whether a cell is a whole number that floating point would round."""
    return type(cell) is int and abs(cell) > EXACT


def _whole_numbers(cells: list[Any]) -> Array:
    return np.asarray(cells, dtype=np.int64)


def _truths(cells: list[Any]) -> Array:
    return np.asarray(cells, dtype=np.bool_)


def _texts(cells: list[Any]) -> Array:
    return np.asarray([_text(cell) for cell in cells], dtype=np.str_)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return json_text(cell) if is_nested(cell) else str(cell)


def _length(name: str, cell: Any) -> int:
    """Letters of a text. NumPy cuts off NUL at its end, and HDF5 ends it at the first."""
    text = _text(cell)
    if "\0" in text:
        raise _unheld(name, f"has a text with the letter NUL ({text!r:.40})")
    return len(text)


def _unheld(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"column {name!r} {what}, which no array holds",
        next_step="write parquet or hf, which hold them as they are",
    )


def _of_structures(content: Exported) -> Iterator[Stream]:
    rows = content.rows
    n = len(rows.rows_with_structure)
    if not n:
        return

    def pieces(name: str) -> Callable[[], Iterator[Array]]:
        starts = range(0, n, BLOCK)
        return lambda: (rows.crystal_columns(k, min(k + BLOCK, n))[name] for k in starts)

    lengths = np.concatenate([np.diff(piece) for piece in pieces("offsets")()])
    inner = {"lattice": (n, 3, 3), "frac_coords": (int(lengths.sum()), 3)}
    for name, kind in rows.crystal_columns(0, 1).items():
        if name == "offsets":
            yield _whole("crystals.offsets", offsets_of(lengths))
        else:
            shape = inner.get(name, (int(lengths.sum()),))
            yield Stream(f"crystals.{name}", kind.dtype, shape, pieces(name))
    if not content.is_complete:
        yield _whole("crystals.rows", rows.rows_with_structure)


def _of_feature(name: str, feature: Feature) -> Iterator[Stream]:
    ids = feature.ids
    yield _whole(f"{name}.ids", ids)
    yield _whole(f"{name}.labels", np.asarray(feature.labels, dtype=np.str_))
    dense = DenseRows(feature)

    def parts() -> Iterator[Dense]:
        for start in range(0, len(ids), BLOCK):
            yield dense.of(ids[start : start + BLOCK].tolist())

    first = dense.of(ids[:1].tolist())
    values, offsets = values_and_offsets(first)
    length = len(ids)
    if offsets is not None:
        lengths = [np.diff(one.offsets) for one in parts() if isinstance(one, Ragged)]
        offsets = offsets_of(np.concatenate([np.empty(0, np.int64), *lengths]))
        length = int(offsets[-1])
    shape = (length, *values.shape[1:])
    yield Stream(
        f"{name}.values", values.dtype, shape, lambda: (values_and_offsets(x)[0] for x in parts())
    )
    if offsets is not None:
        yield _whole(f"{name}.offsets", offsets)
