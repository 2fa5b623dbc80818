"""Predictions in one schema for every plugin: mean, aleatoric, epistemic and total spread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.cache import storage_error
from matdata.store import files
from matdata.store.tables import write_table
from matdata.training.contract import Members, Target

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run says about some materials, in the units of its targets.

    Attributes
    ----------
    ids : (n,) str
        Material ids.
    targets
        What was predicted; columns of the arrays are their sizes, one after another.
    mean : (n, t)
        Goodall 2022, eq. 2.7; probabilities of the classes in a classification, in the order of
        `Target.classes` where they have names.
    aleatoric, epistemic, total : (n, t), optional
        Standard deviations (eq. 2.8, 2.9). Aleatoric is None for a loss that learns no spread,
        epistemic for a single member, total for neither.
    members : (m, n, t)
        Means of the members.
    true : (n, t), optional
        True values where they were asked for, NaN where unknown; classes count as one column,
        which holds their indices.
    """

    ids: npt.NDArray[np.str_]
    targets: tuple[Target, ...]
    mean: Float
    aleatoric: Float | None
    epistemic: Float | None
    total: Float | None
    members: Float
    true: Float | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, target: Target, values: Float) -> Float:
        """The columns of one target."""
        names = [other.name for other in self.targets]
        start = sum(other.size for other in self.targets[: names.index(target.name)])
        return values[:, start : start + target.size]

    def truth(self, target: Target) -> Float:
        """True values of one target, (n, columns), NaN where unknown."""
        assert self.true is not None
        names = [other.name for other in self.targets]
        start = sum(other.columns for other in self.targets[: names.index(target.name)])
        return self.true[:, start : start + target.columns]

    def classes(self, target: Target) -> list[Any]:
        """The most probable class of each material: its name, or its index if it has none.

        None where a probability is no number.
        """
        chances = self.column(target, self.mean)
        names = target.classes or range(target.size)
        best: list[int] = chances.argmax(1).tolist()
        lost: list[bool] = np.asarray(np.isnan(chances).any(1)).tolist()
        return [None if no else names[index] for index, no in zip(best, lost, strict=True)]

    def _named(self, target: Target) -> dict[str, list[Any]]:
        """Class and probabilities by name."""
        chances = self.column(target, self.mean)
        found = {f"{target.name}_class": self.classes(target)}
        for place, label in enumerate(target.labels):
            found[f"{target.name}_probability_{label}"] = _cells(chances[:, place : place + 1])
        return found

    def _true(self, target: Target) -> list[Any]:
        """True values as the table of the dataset has them."""
        cells = _cells(self.truth(target))
        if not target.classes:
            return cells
        known = [cell is not None and cell >= 0 for cell in cells]
        return [target.classes[int(c)] if k else None for c, k in zip(cells, known, strict=True)]

    def columns(self, members: bool = False) -> dict[str, list[Any]]:
        """As columns of a table, one row a material."""
        found: dict[str, list[Any]] = {"material_id": self.ids.tolist()}
        for target in self.targets:
            if self.true is not None:
                found[target.name] = self._true(target)
            if target.classes:
                found |= self._named(target)
            kinds = {"aleatoric": self.aleatoric, "epistemic": self.epistemic, "total": self.total}
            found[f"{target.name}_mean"] = _cells(self.column(target, self.mean))
            for kind, values in kinds.items():
                cells = (
                    [None] * len(self) if values is None else _cells(self.column(target, values))
                )
                found[f"{target.name}_{kind}"] = cells
            for number, values in enumerate(self.members if members else ()):
                found[f"{target.name}_member_{number}"] = _cells(self.column(target, values))
        return found

    def write(self, path: Path, members: bool = False) -> None:
        """Write a Parquet table with units, or CSV or JSON lines by the name's ending."""
        columns = self.columns(members)
        units = {
            name: target.unit
            for target in self.targets
            for name in columns
            if target.task == "regression"
            and (name == target.name or name.startswith(f"{target.name}_"))
        }
        try:
            files.sweep(path.parent, path.name)
            with files.replacing(path) as temporary:
                if path.suffix == ".csv":
                    import pandas as pd

                    pd.DataFrame(columns).to_csv(temporary, index=False)
                else:
                    write_table(temporary, columns, units)
        except OSError as error:
            raise storage_error(error, path) from error


def _cells(values: Float) -> list[Any]:
    """One cell a row: a number, or a list of several."""
    if values.shape[1] == 1:
        return [None if np.isnan(v) else v for v in values[:, 0].tolist()]
    return [None if np.isnan(row).any() else row.tolist() for row in values]


def combine(
    ids: npt.ArrayLike,
    targets: tuple[Target, ...],
    members: Members,
    true: Float | None = None,
) -> Predictions:
    """Predictions of an ensemble: Goodall 2022, eq. 2.7 to 2.9.

    For classes the same law of total variance holds for the indicator of each class: a member that
    gives it the probability p expects the variance p (1 - p).
    """
    means = np.asarray(members.means, dtype=np.float64)
    mean = means.mean(0)
    noise: Float | None = None
    if targets[0].task == "classification":
        noise = (means * (1.0 - means)).mean(0)
    elif members.spreads is not None:
        noise = (np.asarray(members.spreads, dtype=np.float64) ** 2).mean(0)
    doubt = ((means - mean) ** 2).mean(0) if len(means) > 1 else None
    total = None
    if noise is not None or doubt is not None:
        total = np.sqrt((0.0 if noise is None else noise) + (0.0 if doubt is None else doubt))
    return Predictions(
        np.asarray(ids, dtype=np.str_),
        targets,
        mean,
        None if noise is None else np.sqrt(noise),
        None if doubt is None else np.sqrt(doubt),
        total,
        means,
        true,
    )
