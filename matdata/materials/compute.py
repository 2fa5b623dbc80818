"""Features computed in memory, without a dataset: the same arrays as a build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.composition import Compositions
from matdata.core.crystals import Crystals
from matdata.core.errors import FeatureError, StructureError
from matdata.core.executors import SEQUENTIAL, Workers, ordered_map
from matdata.core.ledger import Reject
from matdata.core.table_rows import TableRows
from matdata.features import featurizer
from matdata.features.base import Block, Column, Featurizer
from matdata.features.building.blocks import featurize_batch, joined_fields
from matdata.features.building.feature_spec import FeatureSpec
from matdata.features.building.shards import compute_batch
from matdata.features.feature import values_and_offsets
from matdata.features.inputs import FeatureInput, combined
from matdata.materials.columns import Materials
from matdata.materials.reactions import Reactions, read_reactions, reads_reactions
from matdata.materials.read import read_materials


@dataclass(frozen=True)
class Computed:
    """Features computed in memory.

    Attributes
    ----------
    values
        Dense values: (n, columns), or (N, columns) over all sites with `offsets`.
    offsets
        Material `i` holds ``values[offsets[i]:offsets[i + 1]]``; None if it has one row.
    ids
        Names of the materials that succeeded: ids or keys, formulas, or positions in the list.
    labels, units
        Names and units of the columns.
    rejects
        Materials that failed, each with its reason.
    """

    values: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64] | None
    ids: npt.NDArray[np.str_]
    labels: Sequence[str]
    units: Sequence[str]
    rejects: list[Reject] = field(default_factory=list)


def compute(spec: str, materials: object, **settings: object) -> Computed:
    """Compute a feature without a dataset: the same arrays as a build.

    Parameters
    ----------
    spec
        Feature name.
    materials
        Structures and compositions of pymatgen, ASE atoms, formulas, paths of files; one or
        several, in a list, a mapping of names, a series, or a table with a column of them;
        `Crystals` or `Compositions`. Reactions (`matdata.materials.reactions`) for a feature of
        reactions.
    settings
        Settings of the featurizer.

    Returns
    -------
    Computed
        Features of the materials in their order, under their names, and rejects of those that
        cannot be read or featurized.

    Raises
    ------
    FeatureError
        If the feature is unknown, or needs structures and got only formulas.
    StructureError
        If none of the materials can be read.
    """
    feature = featurizer(spec, settings)
    parsed = read_for([feature], materials)
    batch, unread = parsed.for_inputs("structure" in feature.requires, f"feature {spec!r}")
    rows, fields, failed = stored_fields(feature, for_featurizer(batch, feature))
    values, offsets = values_and_offsets(feature.dense(fields))
    names, rejects = parsed.names_of(batch.ids[rows].tolist()), parsed.named([*unread, *failed])
    return Computed(values, offsets, names, feature.labels(), feature.units(), rejects)


def stored_fields(
    featurizer: Featurizer, batch: FeatureInput, workers: Workers = SEQUENTIAL
) -> tuple[npt.NDArray[np.int64], dict[str, Column], list[Reject]]:
    """The fields that a build would store.

    Returns
    -------
    rows : (k,) int64
        Rows of `batch` that succeeded.
    fields
        Stored fields of these rows, by name.
    rejects
        Rejects of the other rows.
    """
    step = featurizer.batch_rows
    firsts = range(0, max(len(batch), 1), step)
    parts = (batch.take(slice(first, first + step)) for first in firsts)
    blocks = list(_blocks(featurizer, parts, workers))
    rows = np.concatenate([block.rows + first for block, first in zip(blocks, firsts, strict=True)])
    return (
        rows,
        joined_fields(featurizer, blocks),
        [reject for block in blocks for reject in block.rejects],
    )


def _blocks(
    featurizer: Featurizer, batches: Iterable[FeatureInput], workers: Workers
) -> Iterator[Block]:
    """The checked blocks of batches that are handed over, in their order."""
    in_threads = (workers.kind or featurizer.workers) == "thread"
    if workers.executor is None and (in_threads or workers.count <= 1):
        return ordered_map(partial(featurize_batch, featurizer), batches, workers, "thread")
    features = (FeatureSpec.of(featurizer),)
    tasks = ((features, batch) for batch in batches)
    return (block for (block,) in ordered_map(compute_batch, tasks, workers, "process"))


def as_batch(materials: object, featurizer: Featurizer) -> FeatureInput:
    """Convert materials into the columns that a featurizer takes; all of them, or none.

    Raises
    ------
    StructureError
        If one of them cannot be read.
    FeatureError
        If structures are needed and formulas were given.
    """
    if isinstance(materials, (Crystals, Compositions)):
        return for_featurizer(materials, featurizer)
    parsed = read_for([featurizer], materials)
    batch, rejects = parsed.for_inputs(
        "structure" in featurizer.requires, f"feature {featurizer.spec!r}"
    )
    for reject in parsed.named(rejects):
        raise StructureError(f"{reject.material_id}: {reject.message}")
    return for_featurizer(batch, featurizer)


def read_for(featurizers: Iterable[Featurizer], given: object) -> Materials | Reactions:
    """Materials, or reactions where that is what the features read.

    Raises
    ------
    StructureError
        If the input is no collection of them at all.
    """
    return read_reactions(given) if reads_reactions(featurizers) else read_materials(given)


def for_featurizer(
    batch: Crystals | Compositions | TableRows,
    featurizer: Featurizer,
    table: TableRows | None = None,
) -> FeatureInput:
    """Columns as a featurizer takes them: crystals become formulas if it needs no more.

    Parameters
    ----------
    batch
        Structures or compositions (n), or the cells of a table.
    featurizer
        What they are for.
    table
        Cells of its columns for the n materials, where there is a table.

    Raises
    ------
    FeatureError
        If it needs structures and the columns are compositions, or it reads a table and there is
        none.
    """
    requires = featurizer.requires
    if isinstance(batch, TableRows):
        if requires == {"columns"}:
            return batch
        raise FeatureError(
            f"feature {featurizer.spec!r} reads more than the cells of a table",
            next_step="give structures or formulas",
        )
    if "columns" in requires and table is None:
        table = featurizer.table(batch)  # raises
    crystals = batch if isinstance(batch, Crystals) else None
    if "structure" in requires and crystals is None:
        raise FeatureError(
            f"feature {featurizer.spec!r} needs structures, got formulas",
            next_step="give pymatgen structures, ASE atoms or Crystals",
        )
    compositions = None
    if "composition" in requires:
        compositions = Compositions.from_crystals(batch) if isinstance(batch, Crystals) else batch
    return combined(
        batch.ids,
        crystals=crystals if "structure" in requires else None,
        compositions=compositions,
        table=table if "columns" in requires else None,
    )
