"""Features of structures and formulas in memory, in the shape that loaders read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.composition import Compositions
from matdata.crystals import Crystals, Ragged
from matdata.errors import FeatureError
from matdata.features.base import Column, Dense, Featurizer
from matdata.inmemory import as_batch, read_materials, stored_fields
from matdata.ledger import Reject
from matdata.training.data import View
from matdata.training.predict import predict_view
from matdata.training.prediction import Predictions
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]


class MemoryArrays:
    """Stored fields in memory, read as those of a store."""

    def __init__(self, featurizer: Featurizer, fields: Mapping[str, Column]) -> None:
        self._fields = fields
        self._levels = {item.name: item.level for item in featurizer.fields}

    def lengths(self, level: str) -> npt.NDArray[np.int64]:
        """Entries of each material at a ragged level."""
        name = next(name for name, other in self._levels.items() if other == level)
        column = self._fields[name]
        assert isinstance(column, Ragged)
        return column.lengths

    def read(
        self, names: Iterable[str], positions: npt.NDArray[np.int64] | None = None
    ) -> dict[str, Column]:
        """Some fields of some materials, or of all."""
        found = {name: self._fields[name] for name in names}
        if positions is None:
            return found
        return {name: _take(column, positions) for name, column in found.items()}


def _take(column: Column, positions: npt.NDArray[np.int64]) -> Column:
    return column.take(positions) if isinstance(column, Ragged) else column[positions]


class MemoryFeature:
    """A feature of materials in memory: what `matdata.features.feature.Feature` is of a store."""

    def __init__(self, featurizer: Featurizer, batch: Crystals | Compositions) -> None:
        self.featurizer = featurizer
        self.rows, fields, self._rejects = stored_fields(featurizer, batch)
        self.ids: Ids = np.asarray(batch.ids, dtype=np.str_)[self.rows]
        self.arrays = MemoryArrays(featurizer, fields)
        self._names = [item.name for item in featurizer.fields]

    def rejects(self) -> list[Reject]:
        """Materials that could not be featurized, each with its reason."""
        return self._rejects

    def dense(self, ids: Sequence[str]) -> Dense:
        """The dense form of some materials."""
        place = {name: row for row, name in enumerate(self.ids.tolist())}
        positions = np.array([place[name] for name in ids], dtype=np.int64)
        return self.featurizer.dense(self.arrays.read(self._names, positions))


def predict_memory(
    run: Run,
    materials: Any,
    names: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Predictions, list[Reject]]:
    """What a run says about structures or formulas that are in no dataset.

    Parameters
    ----------
    materials
        pymatgen structures, ASE atoms, formulas, `Crystals` or `Compositions`; one or several.
    names
        What to call them; as they come if not given.
    settings
        Other settings of the loop (``device``, ``batch_size``).

    Returns
    -------
    predictions, rejects
        Of those for which all features succeed, and why others fail.

    Raises
    ------
    FeatureError
        If the model needs structures and got formulas, or all materials fail.
    StructureError
        If no formula can be read.
    """
    batch, failed = read_materials(materials)
    if failed and not len(batch):
        raise next(iter(failed.values()))
    given = len(batch) + len(failed)
    features = {s: MemoryFeature(f, as_batch(batch, f)) for s, f in run.schema.featurizers.items()}
    ids: Ids = np.asarray(batch.ids, dtype=np.str_)
    rejects = [Reject(k, "source", "unreadable", e.what) for k, e in failed.items()]
    rejects += [reject for feature in features.values() for reject in feature.rejects()]
    keep = np.ones(len(ids), dtype=bool)
    for feature in features.values():
        keep &= np.isin(ids, feature.ids)
    if not keep.any():
        why = f": {rejects[-1].message}" if rejects else ""
        raise FeatureError(f"features fail for all {given} materials{why}")
    view = View("materials in memory", ids, {}, {}, features)
    found = predict_view(run, view, ids[keep], None, settings)
    if names is None:
        return found, rejects
    order = [str(row) for row in range(given)] if failed else ids.tolist()
    called = dict(zip(order, names, strict=True))
    rejects = [replace(reject, material_id=called[reject.material_id]) for reject in rejects]
    again = np.array([called[name] for name in found.ids.tolist()], dtype=np.str_)
    plain = {**found.__dict__, "ids": again}
    return Predictions(**plain), rejects
