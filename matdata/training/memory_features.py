"""Features of structures and formulas in memory, in the shape that loaders read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matdata.core.crystals import Ragged
from matdata.core.errors import FeatureError, StructureError, first_few
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.core.ledger import Reject
from matdata.core.row_index import RowIndex
from matdata.features.base import Column, Dense, FeatureInput, Featurizer
from matdata.materials.columns import Named
from matdata.materials.compute import for_featurizer, read_for, stored_fields
from matdata.training.data import View
from matdata.training.inputs import RunInputs
from matdata.training.known_elements import unknown_elements
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
        columns = {name: self._fields[name] for name in names}
        if positions is None:
            return columns
        return {name: _take(column, positions) for name, column in columns.items()}


def _take(column: Column, positions: npt.NDArray[np.int64]) -> Column:
    return column.take(positions) if isinstance(column, Ragged) else column[positions]


class MemoryFeature:
    """A feature of materials in memory: what `matdata.features.feature.Feature` is of a store."""

    def __init__(
        self, featurizer: Featurizer, batch: FeatureInput, workers: Workers = SEQUENTIAL
    ) -> None:
        self.featurizer = featurizer
        self.rows, fields, self._rejects = stored_fields(featurizer, batch, workers)
        self.ids: Ids = np.asarray(batch.ids, dtype=np.str_)[self.rows]
        self.arrays = MemoryArrays(featurizer, fields)
        self._index = RowIndex(self.ids)
        self._names = [item.name for item in featurizer.fields]

    def rejects(self) -> list[Reject]:
        """Materials that could not be featurized, each with its reason."""
        return self._rejects

    def _lacks(self, unknown: list[str]) -> FeatureError:
        return FeatureError(f"there is no {self.featurizer.spec} of {first_few(unknown)}")

    def dense(self, ids: Sequence[str]) -> Dense:
        """The dense form of some materials.

        Raises
        ------
        FeatureError
            If one of them has none, naming it.
        """
        positions = self._index.rows(ids, self._lacks)
        return self.featurizer.dense(self.arrays.read(self._names, positions))


@dataclass(frozen=True, eq=False)
class MemoryInputs(RunInputs):
    """The same of materials in memory, whose ids are their places (`read_materials`).

    Attributes
    ----------
    materials
        Of which `rejects` have the names.
    """

    materials: Named

    def names_of(self, ids: Ids) -> Ids:
        """The names under which materials were given."""
        return self.materials.names_of(ids.tolist())


def predict_memory(
    run: Run,
    materials: object,
    settings: Mapping[str, object] | None = None,
    workers: Workers = SEQUENTIAL,
) -> Predictions:
    """What a run predicts for materials that are in no dataset.

    Parameters
    ----------
    materials
        Structures, formulas, paths of files, several of them, or a table of them
        (`matdata.materials.read_materials`). A model that reads formulas takes structures by
        theirs; one that reads structures rejects formulas with the reason ``no_structure``. For a
        model that reads reactions, reactions (`matdata.materials.reactions`).
    settings
        Other settings of the loop (``device``, ``batch_size``).
    workers
        Who featurizes the materials.

    Returns
    -------
    Predictions
        In the order of the materials, under their names, for those for which all features
        succeed and on whose elements the weights were trained; ``rejects`` gives the reasons of
        all others.

    Raises
    ------
    FeatureError
        If the model needs structures and got formulas alone, or no material can be predicted.
    StructureError
        If no material can be read.
    """
    given = memory_inputs(run, materials, workers)
    predictions = predict_view(run, given.view, given.ids, None, settings)
    return replace(
        predictions,
        ids=given.names_of(predictions.ids),
        places=predictions.ids.astype(np.int64),
        rejects=given.rejects,
    )


def memory_inputs(run: Run, materials: object, workers: Workers = SEQUENTIAL) -> MemoryInputs:
    """What a run reads of materials that are in no dataset; arguments and errors as of
    `predict_memory`.
    """
    inputs = run.schema.featurizers
    materials_read = read_for(inputs.values(), materials)
    if not len(materials_read):
        raise StructureError("no material was given", next_step="give structures or formulas")
    structures = any("structure" in featurizer.requires for featurizer in inputs.values())
    batch, rejects = materials_read.for_inputs(structures, f"run {run.name!r}")
    features = {
        s: MemoryFeature(featurizer, for_featurizer(batch, featurizer), workers)
        for s, featurizer in inputs.items()
    }
    unknown = unknown_elements(run, batch, features)
    rejects = [*rejects, *unknown]
    rejects += [one for feature in features.values() for one in feature.rejects()]
    ids: Ids = np.asarray(batch.ids, dtype=np.str_)
    keep = ~np.isin(ids, [reject.material_id for reject in unknown])
    for feature in features.values():
        keep &= np.isin(ids, feature.ids)
    named_rejects = materials_read.named(rejects)
    if not keep.any():
        why = f": {named_rejects[0].message}" if named_rejects else ""
        raise FeatureError(f"none of {len(materials_read):,} materials can be predicted{why}")
    view = View("materials in memory", ids, {}, {}, features)
    return MemoryInputs(view, ids[keep], tuple(named_rejects), materials_read)
