"""Embeddings and nearest materials from Python; nothing heavy is imported before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from matdata.core.errors import MatdataWarning
from matdata.core.keywords import with_keywords
from matdata.core.packages import need_torch
from matdata.evaluation.similarity.keywords import EmbedKeywords, NearestKeywords

if TYPE_CHECKING:
    from matdata.core.ledger import Reject
    from matdata.evaluation.run_request import RunRequest
    from matdata.evaluation.similarity.neighbours import Neighbours
    from matdata.training.embeddings import Embeddings
    from matdata.training.run import Run


@with_keywords(EmbedKeywords)
def embed(
    run: Run | str | None = None, what: object = None, **options: Unpack[EmbedKeywords]
) -> Embeddings:
    """Embeddings of a dataset, structures or formulas by a run, as ``matdata embed`` gives them.

    An embedding is what the last layers of the network read of a material. Those of a dataset
    become its feature ``embedding:RUN``, unless `output` names a file for them.

    Parameters
    ----------
    run
        A run of a network from `train` or `open_run`, or the name of one.
    what
        Texts are read as the command reads them: the name of a dataset, files, formulas. All else
        is taken as `predict` takes it: an open dataset, structures, tables.
    options
        The options of the command (`matdata.evaluation.similarity.keywords.EmbedKeywords`).

    Returns
    -------
    Embeddings
        ``ids``, ``vectors`` (n, d) and ``rejects``, which are reported by a `MatdataWarning`.

    Raises
    ------
    ConfigError
        If run or materials are named nowhere, an option is unknown, or the run has no network.
    MatdataError
        If the run is damaged or has no weights, or no material can be read.

    Examples
    --------
    >>> md.embed("gap", "mine").vectors.shape
    (412, 64)
    """
    need_torch()
    from matdata.evaluation.arguments import fields_of
    from matdata.evaluation.similarity.arguments import EMBED_OPTIONS
    from matdata.evaluation.similarity.embed import EmbedRequest, embed_as_asked

    texts, materials = _texts_or_materials(what)
    fields = fields_of(EMBED_OPTIONS, {**options, "run": run, "what": texts})
    request = EmbedRequest.of(fields, materials)
    _warn_of_training(request)
    made = embed_as_asked(request)
    embeddings = replace(made.embeddings, correlations=made.correlations)
    _warn_of_rejects(embeddings.rejects)
    return embeddings


@with_keywords(NearestKeywords)
def nearest(
    run: Run | str | None = None, query: object = None, **options: Unpack[NearestKeywords]
) -> Neighbours:
    """The training materials of a run that are most similar to others by their embeddings.

    Parameters
    ----------
    run
        A run of a network from `train` or `open_run`, or the name of one.
    query
        What is asked about. Texts are read as the command reads them: ids of materials of the
        run's dataset, the name of another one, files, formulas. All else is taken as `predict`
        takes it.
    options
        The options of the command (`matdata.evaluation.similarity.keywords.NearestKeywords`).

    Returns
    -------
    Neighbours
        ``columns()`` and ``to_frame()`` have a row per neighbour, ``records()`` an entry per
        material that was asked about.

    Raises
    ------
    ConfigError
        If run or query are named nowhere, an option is unknown, or the run has no network.
    MatdataError
        If the run is damaged or has no weights, or no material can be read.

    Examples
    --------
    >>> md.nearest("gap", "NaNiO2", top=3).to_frame()
    """
    need_torch()
    from matdata.evaluation.arguments import fields_of
    from matdata.evaluation.similarity.arguments import NEAREST_OPTIONS
    from matdata.evaluation.similarity.neighbours import find_nearest
    from matdata.evaluation.similarity.request import NearestRequest

    texts, materials = _texts_or_materials(query)
    fields = fields_of(NEAREST_OPTIONS, {**options, "run": run, "query": texts})
    request = NearestRequest.of(fields, materials)
    _warn_of_training(request)
    neighbours = find_nearest(request)
    _warn_of_rejects(neighbours.rejects)
    return neighbours


def _texts_or_materials(given: object) -> tuple[list[str] | None, object]:
    """Texts, which name materials as on the command line; or materials themselves."""
    if isinstance(given, str):
        return [given], None
    if isinstance(given, (list, tuple)) and all(isinstance(one, str) for one in given):
        return list(given), None
    return None, given


def _warn_of_training(request: RunRequest) -> None:
    if remark := request.remark():
        warnings.warn(remark, MatdataWarning, stacklevel=3)


def _warn_of_rejects(rejects: Sequence[Reject]) -> None:
    if rejects:
        first = rejects[0]
        warnings.warn(
            f"{len(rejects):,} materials have no embedding; the first is {first.material_id[:60]}: "
            f"{first.reason}: {first.message}",
            MatdataWarning,
            stacklevel=3,
        )
