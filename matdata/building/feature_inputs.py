"""What a featurizer is given of a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matdata.core.errors import FeatureError
from matdata.core.table_rows import TableRows
from matdata.features.base import Featurizer
from matdata.features.inputs import FeatureInput, PartialInput, combined
from matdata.store.dataset_folder import DatasetFolder


def require_structures(featurizers: Iterable[Featurizer], kind: str, name: str) -> None:
    """Refuse features of structures where there are compositions only.

    Parameters
    ----------
    featurizers
        Features that are asked for.
    kind, name
        Kind and name of the dataset, or of the snapshot that it will be made from.

    Raises
    ------
    FeatureError
        If one needs structures and there are none.
    """
    for one in featurizers:
        if "structure" in one.requires and kind == "composition":
            raise FeatureError(
                f"feature {one.spec!r} needs structures; {name} holds compositions only",
                next_step="choose features of compositions, or a source with structures",
            )


def feature_input(dataset: DatasetFolder, featurizer: Featurizer) -> FeatureInput | PartialInput:
    """All that a featurizer requires of a dataset.

    Raises
    ------
    FeatureError
        If the table lacks a column that it reads.
    StructureError
        If it needs structures and the dataset holds compositions only.
    """
    requires = featurizer.requires
    crystals = dataset.crystals if "structure" in requires else None
    compositions = dataset.compositions if "composition" in requires else None
    table = _table(dataset, featurizer) if "columns" in requires else None
    if crystals is None or dataset.structures.is_complete:
        return combined(dataset.ids, crystals=crystals, compositions=compositions, table=table)
    rows: Any = dataset.structures.rows
    given = combined(
        dataset.ids[rows],
        crystals=crystals,
        compositions=None if compositions is None else compositions.take(rows),
        table=None if table is None else table.take(rows),
    )
    return PartialInput(dataset.ids, given, rows)


def _table(dataset: DatasetFolder, featurizer: Featurizer) -> TableRows:
    use = f" for {featurizer.spec!r}"
    cells = {n: dataset.require_column(n, use, FeatureError) for n in featurizer.columns()}
    return TableRows(dataset.ids, cells)
