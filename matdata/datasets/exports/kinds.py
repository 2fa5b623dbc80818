"""What the cells of a column are, by its Arrow type."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from matdata.datasets.exports.content import Exported


def is_number(kind: pa.DataType) -> bool:
    """Whether cells are numbers; truth values are none."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether cells are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_truth(kind: pa.DataType) -> bool:
    """Whether cells are true or false."""
    return bool(pa.types.is_boolean(kind))


def is_array(kind: pa.DataType) -> bool:
    """Whether cells are lists of numbers, of any depth."""
    return _is_list(kind) and (is_number(kind.value_type) or is_array(kind.value_type))


def is_nested(kind: pa.DataType) -> bool:
    """Whether cells are records, or lists of anything but numbers."""
    return bool(pa.types.is_struct(kind)) or (_is_list(kind) and not is_array(kind))


def columns_of(content: Exported, test: Callable[[pa.DataType], bool]) -> list[str]:
    """The columns that are written whose type passes a test."""
    return [name for name, kind in content.types.items() if test(kind)]


def _is_list(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))
