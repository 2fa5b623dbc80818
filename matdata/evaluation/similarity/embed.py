"""Embeddings of a dataset, or of materials in memory, as a request asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from matdata.core.console import SILENT, Console
from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.options import Values
from matdata.evaluation.materials import named_materials, run_reads_reactions
from matdata.evaluation.run_request import (
    MaterialsRequest,
    loop_settings,
    output_of,
    require_materials,
    run_of,
    scheduler_of,
)
from matdata.evaluation.similarity.components import compare_components
from matdata.evaluation.similarity.files import require_format, write_embeddings
from matdata.evaluation.similarity.maps import MapRequest, draw_map
from matdata.features.embedding import COMBINE, Combine
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.contract import TorchTrainer
from matdata.training.run import Run

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from matdata.features.building.runner import BuiltFeature
    from matdata.training.embeddings import Embeddings

    Ids = npt.NDArray[np.str_]


def combine_of(fields: Values) -> Combine:
    """How members are combined, as the fields of a request say; ``joined`` if they do not.

    Raises
    ------
    ConfigError
        If it is none of `COMBINE`.
    """
    combine = fields.get("combine") or "joined"
    for one in COMBINE:
        if combine == one:
            return one
    raise ConfigError(
        f"members are not combined as {combine!r}{did_you_mean(str(combine), COMBINE)}",
        next_step=f"choose from {', '.join(COMBINE)}",
    )


def require_network(run: Run) -> None:
    """Refuse a run without a network before anything is computed.

    Raises
    ------
    ConfigError
        If it is of a plugin with a fit of its own, such as a random forest.
    """
    if not isinstance(run.trainer, TorchTrainer):
        raise ConfigError(
            f"run {run.name!r} is of {run.trainer.name}, which has no network and no embeddings",
            next_step="take a run of a network",
        )


@dataclass(frozen=True)
class EmbedRequest(MaterialsRequest):
    """The request of embeddings, resolved.

    Attributes
    ----------
    output
        File for the vectors; without one those of a dataset become its feature.
    combine
        How the vectors of the members of an ensemble become one.
    map
        A map that is drawn of them; None for none.
    """

    combine: Combine
    map: MapRequest | None = None

    @classmethod
    def of(cls, fields: Values, materials: object = None) -> EmbedRequest:
        """Check the keywords of `matdata.embed`.

        Parameters
        ----------
        fields
            Values of `matdata.evaluation.similarity.arguments.EMBED_OPTIONS` by name.
        materials
            In place of what ``what`` names.

        Raises
        ------
        ConfigError
            If run or materials are not named, a name has two meanings, an option is unknown, the
            run has no network, or the output has no format.
        TrainError, StoreError
            If there is no such run, or it is damaged.
        StructureError
            If all that was named is one text that is no dataset, file or formula.
        """
        output, scheduler = output_of(fields, require_format), scheduler_of(fields)
        combine = combine_of(fields)
        require_materials(materials, fields.get("what"), "name a dataset, files, or formulas")
        run = run_of(fields)
        require_network(run)
        names: tuple[str, ...] = ()
        if materials is None:
            materials, names = named_materials(run.cache, fields["what"], run_reads_reactions(run))
        asked = MapRequest.of(fields, run, materials)
        if asked is not None and asked.beside is not None:
            require_network(asked.beside)
        settings = loop_settings(fields, run)
        return cls(run, (), settings, materials, names, output, scheduler, combine, asked)


@dataclass(frozen=True, eq=False)
class Embedded:
    """What a request came to: the embeddings, the feature that they are now, if any, the files of
    a map, and the correlations of the principal components of two runs."""

    embeddings: Embeddings
    feature: BuiltFeature | None
    pictures: tuple[Path, ...] = ()
    correlations: tuple[float | None, ...] = ()


def embed_as_asked(request: EmbedRequest, console: Console = SILENT) -> Embedded:
    """Compute embeddings; write them to the output, or as the feature of the dataset, and draw
    their map.

    A feature that holds them already is read instead.

    Raises
    ------
    MatdataError
        If the run has no weights or no embedding, a material cannot be read, or what is asked for
        cannot be written.
    """
    made = _embedded(request, console)
    if request.map is None:
        return made
    files = draw_map(request.map, request.run, request.materials, made.embeddings)
    made = replace(made, pictures=tuple(files))
    if request.map.beside is None:
        return made
    compared = compare_components(request.map, request.run, made.embeddings, _of_other(request))
    return replace(
        made,
        pictures=(*made.pictures, *compared.files),
        correlations=compared.correlations,
    )


def _of_other(request: EmbedRequest) -> Embeddings:
    """Embeddings of the same materials by the run of the map that is beside."""
    assert request.map is not None
    assert request.map.beside is not None
    other = replace(request, run=request.map.beside, map=None, output=None)
    if isinstance(request.materials, DatasetFolder):
        return embeddings_of_dataset(
            other.run, request.materials, request.combine, request.settings
        )
    return _of_memory(other)


def _embedded(request: EmbedRequest, console: Console) -> Embedded:
    from matdata.evaluation.similarity.feature import store_embeddings

    materials = request.materials
    if not isinstance(materials, DatasetFolder):
        return Embedded(_written(request, _of_memory(request)), None)
    embeddings = embeddings_of_dataset(request.run, materials, request.combine, request.settings)
    if request.output is not None:
        return Embedded(_written(request, embeddings), None)
    return Embedded(embeddings, store_embeddings(request.run, materials, embeddings, console))


def _written(request: EmbedRequest, embeddings: Embeddings) -> Embeddings:
    if request.output is not None:
        write_embeddings(request.output, embeddings)
    return embeddings


def embeddings_of_dataset(
    run: Run,
    dataset: DatasetFolder,
    combine: Combine,
    settings: Mapping[str, object],
    ids: Ids | None = None,
) -> Embeddings:
    """Embeddings of materials of a dataset, of all if none are named: read where they are its
    feature, else computed.

    Raises
    ------
    MatdataError
        As `matdata.training.embeddings.embed_view`; `FeatureError` if a feature was not built.
    """
    from matdata.evaluation.similarity.feature import embeddings_in, stored_embeddings
    from matdata.training.embeddings import Embeddings, embed_view, members_of
    from matdata.training.inputs import inputs_of

    stored = stored_embeddings(run, dataset, combine)
    if stored is not None:
        return embeddings_in(run, stored, members_of(run), ids)
    given = inputs_of(run, dataset, ids)
    vectors, members = embed_view(run, given.view, given.ids, settings, combine)
    return Embeddings(given.ids, vectors, combine, members, given.rejects, run.about)


def _of_memory(request: EmbedRequest) -> Embeddings:
    from matdata.training.embeddings import Embeddings, embed_view
    from matdata.training.memory_features import memory_inputs

    run = request.run
    with request.workers() as workers:
        given = memory_inputs(run, request.materials, workers)
    vectors, members = embed_view(run, given.view, given.ids, request.settings, request.combine)
    names = given.names_of(given.ids)
    return Embeddings(names, vectors, request.combine, members, given.rejects, run.about)
