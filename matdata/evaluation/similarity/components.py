"""Principal components of the embeddings of two runs over each other (Finder, figures 5e, 5f)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.adapters.projections import project
from matdata.core.errors import ConfigError
from matdata.evaluation.file_names import file_stems
from matdata.evaluation.similarity.maps import MapRequest, chosen_of
from matdata.store.csv import write_csv
from matdata.training.run import Run
from matdata.training.run_look import look_of

if TYPE_CHECKING:
    from matdata.training.embeddings import Embeddings

Float: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """Correlations of the first and of the second principal components, and what was written."""

    correlations: tuple[float | None, ...]
    files: tuple[Path, ...]


def correlations_of(first: Float, second: Float) -> tuple[float | None, ...]:
    """Pearson correlation of each component of two runs.

    The sign of a component is a convention, so that correlations are taken as positive.

    Parameters
    ----------
    first, second : (n, 2)
        Principal components of the same materials.

    Returns
    -------
    tuple of float
        From 0 to 1; None where a component is constant.
    """
    found: list[float | None] = []
    for one, other in zip(first.T, second.T, strict=True):
        if one.std() == 0.0 or other.std() == 0.0:
            found.append(None)
        else:
            found.append(float(abs(np.corrcoef(one, other)[0, 1])))
    return tuple(found)


def compare_components(
    request: MapRequest, run: Run, own: Embeddings, other: Embeddings
) -> Compared:
    """Write the picture ``components-<run>`` and the table of the components.

    Parameters
    ----------
    request
        The map, with a run beside.
    run
        The run whose map it is.
    own, other
        Embeddings by both runs; materials that one of them lacks are left out.

    Raises
    ------
    ConfigError
        If too few materials have both.
    StoreError
        If a file cannot be written.
    """
    from matdata.figures.components import components

    assert request.beside is not None
    ids = np.intersect1d(own.ids, other.ids)
    ids = ids if request.ids is None else np.intersect1d(ids, request.ids)
    if not len(ids):
        raise ConfigError(f"no material has embeddings of {run.name} and {request.beside.name}")
    places = [project(_rows(one, ids), "pca") for one in (own, other)]
    first, second = places
    signs = np.where((first * second).sum(0) < 0.0, -1.0, 1.0)
    second = second * signs
    found = correlations_of(first, second)
    names = run.name, request.beside.name
    picture = components(first, second, names, found, look_of(run, request.look.style, ""))
    request.folder.mkdir(parents=True, exist_ok=True)
    stem = f"components-{file_stems([request.beside.name])[request.beside.name]}"
    table = request.folder / f"{stem}.csv"
    columns: dict[str, list[object]] = {"material_id": ids.tolist()}
    for name, points in (("own", first), ("beside", second)):
        columns |= {f"{name}_{k + 1}": points[:, k].tolist() for k in range(2)}
    write_csv(table, columns)
    written = [picture.write(request.folder / f"{stem}.{form}") for form in request.look.format]
    return Compared(found, (*written, table))


def _rows(embeddings: Embeddings, ids: npt.NDArray[np.str_]) -> npt.NDArray[np.floating]:
    """Vectors in the order of sorted ids."""
    chosen = chosen_of(embeddings, ids)
    return np.asarray(chosen.vectors)[np.argsort(chosen.ids)]
