"""What a featurizer is given of a dataset: rows by range, from its files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import FeatureError, StoreError, StructureError
from matdata.core.table_rows import TableRows
from matdata.features.base import Featurizer
from matdata.features.curated import FromCuration
from matdata.features.inputs import FeatureInput, PartialInput, combined
from matdata.store.dataset_rows import DatasetRows
from matdata.store.older_versions import is_made_by
from matdata.symmetry.maker import symmetry_maker


def require_inputs(rows: DatasetRows, featurizer: Featurizer) -> None:
    """Refuse a dataset that lacks what a featurizer requires, before anything is computed.

    Raises
    ------
    FeatureError
        If the table lacks a column that it reads.
    StructureError
        If it needs structures and the dataset holds compositions only.
    """
    if label_columns(rows, featurizer):
        return
    if "structure" in featurizer.requires and rows.dataset.kind == "composition":
        raise StructureError(
            f"{rows.dataset.ref} holds compositions and no structures",
            next_step="use features of compositions, or build from a source with structures",
        )
    for name in featurizer.columns() if "columns" in featurizer.requires else ():
        rows.check_column(name, f" for {featurizer.spec!r}", FeatureError)


def label_columns(rows: DatasetRows, featurizer: Featurizer) -> tuple[str, ...]:
    """Columns from which a featurizer of structures reads a dataset of protostructures."""
    given = rows.dataset.kind == "composition" and rows.dataset.has_protostructures
    return featurizer.label_columns() if given and isinstance(featurizer, FromCuration) else ()


def curated_columns(rows: DatasetRows, featurizer: Featurizer) -> tuple[str, ...]:
    """Columns of the table that hold what a featurizer would compute, in the same bits."""
    if not isinstance(featurizer, FromCuration):
        return ()
    dataset = rows.dataset
    curation = dataset.manifest["identity"].get("curation", {})
    with contextlib.suppress(StoreError):  # what is not known is computed
        if curation and is_made_by(dataset.folder, symmetry_maker()):
            return featurizer.curated_columns(curation)
    return ()


def input_of_rows(
    rows: DatasetRows,
    featurizer: Featurizer,
    start: int,
    stop: int,
    curated: Sequence[str] = (),
) -> FeatureInput | PartialInput:
    """All that a featurizer requires of the rows `start` to `stop` of a dataset.

    With columns that are `curated`, it is given these beside it.
    """
    labels = label_columns(rows, featurizer)
    if labels:
        return TableRows(rows.ids(start, stop), rows.cells(labels, start, stop))
    requires = featurizer.requires
    structures = rows.structures(start, stop) if requires != {"columns"} else None
    ids = rows.ids(start, stop) if structures is None else structures.ids
    compositions = None
    if "composition" in requires:
        compositions = rows.compositions(start, stop, structures)
    table = None
    columns = [*(featurizer.columns() if "columns" in requires else ()), *curated]
    if columns:
        table = TableRows(ids, rows.cells(columns, start, stop))
    if "structure" not in requires or structures is None:
        return combined(ids, compositions=compositions, table=table)
    crystals = structures.crystals
    if structures.is_complete:
        return combined(ids, crystals=crystals, compositions=compositions, table=table)
    present: Any = structures.rows
    given = combined(
        ids[present],
        crystals=crystals,
        compositions=None if compositions is None else compositions.take(present),
        table=None if table is None else table.take(present),
    )
    return PartialInput(ids, given, structures.rows)


def batches_of_rows(
    rows: DatasetRows,
    featurizer: Featurizer,
    start: int,
    stop: int,
    some: npt.NDArray[np.int64] | None = None,
) -> Iterator[FeatureInput | PartialInput]:
    """The same in batches of the featurizer's own size, the last one shorter.

    Parameters
    ----------
    rows, featurizer, start, stop
        As of `input_of_rows`.
    some
        Only these (k,), counted from `start`, ascending.
    """
    if some is not None and not len(some):
        return iter(())
    whole = input_of_rows(rows, featurizer, start, stop, curated_columns(rows, featurizer))
    if some is not None:
        whole = whole.take(some)
    step = featurizer.batch_rows
    return (whole.take(slice(first, first + step)) for first in range(0, len(whole), step))


def entries_per_row(rows: DatasetRows, featurizer: Featurizer) -> float:
    """Mean number of sites, of elements if it reads compositions alone; 0 for a table alone."""
    if label_columns(rows, featurizer):
        entries = rows.n_amounts
    elif "structure" in featurizer.requires:
        entries = rows.n_sites
    else:
        entries = rows.n_amounts if "composition" in featurizer.requires else 0
    return entries / max(len(rows), 1)
