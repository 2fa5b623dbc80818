"""Digests of tables whose columns hold many numbers in lists, such as spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_arrays
from matdata.core.documents import JsonObject

if TYPE_CHECKING:
    import pyarrow as pa

#: Numbers in the lists of a column from which its digest is that of their bytes.
LONG = 1 << 16


def digestible(table: pa.Table) -> dict[str, Any]:
    """Cells of a table by column, of which a digest of JSON is taken; of long lists theirs."""
    long = long_lists(table)
    cells: dict[str, Any] = table.drop_columns(list(long)).to_pydict()
    return {**cells, **long}


def long_lists(table: pa.Table) -> dict[str, JsonObject]:
    """By column of many numbers in lists, such as spectra, what stands for them in a digest.

    Their shortest decimal texts take a microsecond each; short ones have them all the same, since
    what is stored already is known by that digest.
    """
    import pyarrow as pa

    found: dict[str, JsonObject] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (pa.types.is_list(column.type) and pa.types.is_floating(column.type.value_type)):
            continue
        lists = column.combine_chunks()
        lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
        numbers = lists.flatten()
        if len(numbers) >= LONG:
            found[name] = {"lists": digest_arrays(_arrays_of(lists, numbers))}
    return found


def _arrays_of(lists: pa.ListArray, numbers: pa.Array) -> dict[str, npt.NDArray[Any]]:
    """Lengths of lists, -1 where there is none, and their numbers, 0 where one is missing."""
    lengths = lists.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    return {
        "lengths": lengths.astype(np.int64),
        "known": np.packbits(numbers.is_valid().to_numpy(zero_copy_only=False)),
        "numbers": numbers.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64),
    }
