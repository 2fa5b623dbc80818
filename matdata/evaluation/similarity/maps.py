"""Embeddings of a dataset as a map, coloured by a column, and as a table of places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from matdata.adapters.projections import METHODS, project
from matdata.core.errors import ConfigError, SplitError, did_you_mean
from matdata.core.given import folder_of
from matdata.core.options import Values
from matdata.core.packages import require_package
from matdata.core.units import with_unit
from matdata.evaluation.learnt import learnt_columns
from matdata.evaluation.run_request import LOOK
from matdata.evaluation.trained_on import split_of
from matdata.figures import require_matplotlib
from matdata.figures.formats import PictureSettings
from matdata.store.csv import write_csv
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.run import Run
from matdata.training.run_look import look_of
from matdata.training.run_lookup import find_beside

if TYPE_CHECKING:
    from matdata.training.embeddings import Embeddings

Ids: TypeAlias = "npt.NDArray[np.str_]"
PARTS = ("train", "val", "test")
#: Options that are nothing without a map.
OF_MAPS = ("colour", "part", "containing", "beside", "pictures", *LOOK)
NAMES = {"pca": "principal component", "tsne": "t-SNE", "umap": "UMAP"}
PACKAGES = {"tsne": "sklearn", "umap": "umap"}


@dataclass(frozen=True)
class MapRequest:
    """A map of embeddings, resolved.

    Attributes
    ----------
    method
        One of `METHODS`.
    colour
        Column of the dataset that colours the points; None for none.
    folder
        Where picture and table go.
    look
        Formats and style of the picture.
    part, containing
        What materials are drawn: of a part of the run's split, with an element; None for all.
    ids
        Those of them; None for all.
    beside
        A run whose principal components are drawn over those of this one.
    """

    method: str
    colour: str | None
    folder: Path
    look: PictureSettings
    part: str | None = None
    containing: str | None = None
    ids: Ids | None = None
    beside: Run | None = None

    @classmethod
    def of(cls, fields: Values, run: Run, materials: object) -> MapRequest | None:
        """Of the options of `matdata embed`; None if they ask for no map.

        Raises
        ------
        ConfigError
            If the method or the column is unknown, an option of maps stands without one, there are
            no materials of a part or with an element, or two runs have no components to compare.
        TrainError, StoreError
            If there is no other run of that name, or it is damaged.
        MissingPackageError
            If the method needs a package that is not installed.
        """
        method, colour, folder = (fields.get(name) for name in ("map", "colour", "pictures"))
        if method is None:
            given = [name for name in OF_MAPS if fields.get(name) is not None]
            if given:
                raise ConfigError(
                    f"{' and '.join(given)} of a map, and none is asked for",
                    next_step=f"add --map {', '.join(METHODS)}",
                )
            return None
        if method not in METHODS:
            raise ConfigError(
                f"unknown map {method!r}{did_you_mean(str(method), METHODS)}",
                next_step=f"choose from {', '.join(METHODS)}",
            )
        require_matplotlib()
        if method in PACKAGES:
            require_package(PACKAGES[method], f"a map by {NAMES[method]}", "--map pca")
        if colour is not None:
            if not isinstance(materials, DatasetFolder):
                raise ConfigError(
                    f"materials in memory have no column {colour!r} to colour a map by",
                    next_step="embed a dataset that has it, or leave out colour",
                )
            materials.require_column(str(colour), " to colour a map by", ConfigError)
            for cell in materials.columns[str(colour)]:
                _plain(cell, str(colour))
        look = PictureSettings.from_mapping({k: fields[k] for k in LOOK if k in fields})
        where = run.folder / "pictures"
        if folder is not None:
            where = folder_of(folder, "the folder of pictures")
        part, containing = fields.get("part"), fields.get("containing")
        ids = _drawn(run, materials, part, containing)
        beside = _other(fields.get("beside"), run, str(method))
        return cls(str(method), colour, where, look, part, containing, ids, beside)


def _drawn(run: Run, materials: object, part: str | None, containing: str | None) -> Ids | None:
    """Ids of the materials that are drawn; None for all."""
    if part is None and containing is None:
        return None
    if part not in (None, *PARTS):
        raise ConfigError(
            f"unknown part {part!r}{did_you_mean(str(part), PARTS)}",
            next_step=f"choose from {', '.join(PARTS)}",
        )
    if not isinstance(materials, DatasetFolder) or materials.ref != run.dataset_ref:
        raise ConfigError(
            "part and containing choose among the materials that the run was trained on",
            next_step=f"embed {run.dataset_ref}, or leave them out",
        )
    from matdata.evaluation.interpret import materials_of

    return materials_of(run, part or "all", containing)


def _other(named: Run | str | None, run: Run, method: str) -> Run | None:
    """The run beside this one."""
    if named is None:
        return None
    if method != "pca":
        raise ConfigError(
            f"{NAMES[method]} of two runs have no common axes to compare",
            next_step="--map pca draws principal components beside each other",
        )
    return find_beside(run, named)


def draw_map(
    request: MapRequest, run: Run, materials: object, embeddings: Embeddings
) -> list[Path]:
    """Write the picture ``map-<method>`` and the table of its places, ``map-<method>.csv``.

    Values of a column that the run learnt are left out for its test part: these are sealed.

    Raises
    ------
    ConfigError
        If there are too few materials, or cells are no numbers or texts.
    StoreError
        If a file cannot be written.
    """
    from matdata.figures.latent_map import latent_map

    embeddings = chosen_of(embeddings, request.ids)
    points = project(embeddings.vectors, request.method)
    cells, grey = _colours(request, run, materials, embeddings)
    label = request.colour or ""
    if isinstance(materials, DatasetFolder) and request.colour:
        label = with_unit(label, materials.units.get(label, "1"))
    name = NAMES[request.method]
    title = f"Embeddings of {run.name}"
    picture = latent_map(points, cells, label, name, title,
                         look_of(run, request.look.style, ""), grey)  # fmt: skip
    request.folder.mkdir(parents=True, exist_ok=True)
    stem = f"map-{request.method}"
    table = request.folder / f"{stem}.csv"
    columns = {"material_id": embeddings.ids.tolist(), "x": points[:, 0].tolist(),
               "y": points[:, 1].tolist()}  # fmt: skip
    write_csv(table, columns)
    written = [picture.write(request.folder / f"{stem}.{form}") for form in request.look.format]
    return [*written, table]


def chosen_of(embeddings: Embeddings, ids: Ids | None) -> Embeddings:
    """The embeddings of some materials, of all if None; those without one are passed over."""
    if ids is None:
        return embeddings
    keep = np.isin(embeddings.ids, ids)
    return replace(embeddings, ids=embeddings.ids[keep], vectors=embeddings.vectors[keep])


def _colours(
    request: MapRequest, run: Run, materials: object, embeddings: Embeddings
) -> tuple[list[object] | None, str]:
    """Cells of the column, None where they are not known or sealed, and what grey points are."""
    if request.colour is None or not isinstance(materials, DatasetFolder):
        return None, ""
    column = materials.columns[request.colour]
    cells = [_plain(column[row], request.colour) for row in materials.rows(embeddings.ids).tolist()]
    if request.colour not in learnt_columns(run.schema.targets, materials.columns):
        return cells, "without a value"
    sealed = _test_part(run, materials)
    shown = [
        None if name in sealed else cell
        for name, cell in zip(embeddings.ids.tolist(), cells, strict=True)
    ]
    return shown, "test part, sealed" if sealed else "without a value"


def _test_part(run: Run, dataset: DatasetFolder) -> set[str]:
    """Ids of the run's test part; none if it has no split."""
    if not run.manifest["split"]:
        return set()
    try:
        return set(split_of(run, dataset).ids("test").tolist())
    except SplitError:  # the split has no test part
        return set()


def _plain(cell: object, column: str) -> object:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return None
    if not isinstance(cell, (str, int, float)):
        raise ConfigError(f"column {column!r} holds no values to colour by, but lists or records")
    return cell
