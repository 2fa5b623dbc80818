"""Features computed in memory, without a dataset: the same arrays as a build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.composition import Compositions, parse_formula
from matdata.crystals import Crystals, Ragged
from matdata.errors import FeatureError, StructureError
from matdata.features import featurizer
from matdata.features.base import Block, Column, Featurizer
from matdata.features.feature import values_and_offsets
from matdata.features.runner import check_block
from matdata.ledger import Reject


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
        Ids of the materials that succeeded.
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


def compute(spec: str, materials: Any, **settings: Any) -> Computed:
    """Compute a feature without a dataset: the same arrays as a build.

    Parameters
    ----------
    spec
        Feature name.
    materials
        pymatgen structures, ASE atoms, formulas, `Crystals` or `Compositions`; one or several.
    settings
        Settings of the featurizer.

    Raises
    ------
    FeatureError
        If the feature is unknown, or needs structures and got formulas.
    StructureError
        If something given is none of these.
    """
    made = featurizer(spec, settings)
    batch = as_batch(materials, made)
    rows, fields, rejects = stored_fields(made, batch)
    values, offsets = values_and_offsets(made.dense(fields))
    return Computed(values, offsets, batch.ids[rows], made.labels(), made.units(), rejects)


def stored_fields(
    made: Featurizer, batch: Crystals | Compositions
) -> tuple[npt.NDArray[np.int64], dict[str, Column], list[Reject]]:
    """What a build would store: rows that succeeded, their fields, and the rejects of the rest."""
    blocks = []
    for first in range(0, max(len(batch), 1), made.batch_rows):
        part = batch.take(slice(first, first + made.batch_rows))
        block = check_block(made, part, made.featurize(part))
        blocks.append(Block(block.rows + first, block.fields, block.rejects))
    rows = np.concatenate([block.rows for block in blocks])
    names = [item.name for item in made.fields]
    fields = {name: _join([block.fields[name] for block in blocks]) for name in names}
    return rows, fields, [reject for block in blocks for reject in block.rejects]


def _join(columns: list[Any]) -> Column:
    return Ragged.concat(columns) if isinstance(columns[0], Ragged) else np.concatenate(columns)


def as_batch(materials: Any, made: Featurizer) -> Crystals | Compositions:
    """Bring whatever was given into the columns that a featurizer takes."""
    columns = columns_of(materials)
    if made.requires == "composition" and isinstance(columns, Crystals):
        return Compositions.from_crystals(columns)
    if made.requires == "structure" and isinstance(columns, Compositions):
        raise FeatureError(
            f"feature {made.spec!r} needs structures, got formulas",
            next_step="give pymatgen structures, ASE atoms or Crystals",
        )
    return columns


def columns_of(materials: Any) -> Crystals | Compositions:
    """Bring whatever was given into columns.

    Raises
    ------
    StructureError
        If something given cannot be read.
    """
    found, failed = read_materials(materials)
    for error in failed.values():
        raise error
    return found


def read_materials(materials: Any) -> tuple[Crystals | Compositions, dict[str, StructureError]]:
    """Bring whatever was given into columns, without the formulas that cannot be read.

    Returns
    -------
    columns, failed
        Formulas are called by their number; those that failed come with their errors.

    Raises
    ------
    StructureError
        If something given is no material at all.
    """
    from matdata.adapters import ase, pymatgen

    if isinstance(materials, (Crystals, Compositions)):
        return materials, {}
    single = isinstance(materials, str) or any(
        known(materials) for known in (ase.is_atoms, pymatgen.is_structure)
    )
    try:
        items = [materials] if single else list(materials)
    except TypeError:
        raise _unknown(type(materials).__name__) from None
    if items and all(isinstance(item, str) for item in items):
        return _of_formulas(items)
    if all(pymatgen.is_structure(item) for item in items):
        return pymatgen.from_structures(items), {}
    if all(ase.is_atoms(item) for item in items):
        return ase.from_atoms(items), {}
    raise _unknown(", ".join(sorted({type(item).__name__ for item in items})))


def _of_formulas(items: Sequence[str]) -> tuple[Compositions, dict[str, StructureError]]:
    read: dict[str, dict[int, float]] = {}
    failed: dict[str, StructureError] = {}
    for row, item in enumerate(items):
        try:
            read[str(row)] = parse_formula(item)
        except StructureError as error:
            failed[str(row)] = error
    return Compositions.from_amounts(list(read), list(read.values())), failed


def _unknown(kinds: str) -> StructureError:
    return StructureError(
        f"expected pymatgen structures, ASE atoms, formulas, Crystals or Compositions, got {kinds}",
        next_step="give one of these, or a list of them",
    )
