"""Embeddings of a dataset's materials as its feature ``embedding:RUN``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.building.feature_stage import feature_job
from matdata.building.options import BuildOptions
from matdata.building.report import print_feature
from matdata.core.cache import places
from matdata.core.console import SILENT, Console
from matdata.core.ledger import Reject
from matdata.features.building.given import store_given
from matdata.features.building.runner import BuiltFeature
from matdata.features.embedding import Combine, Embedding, EmbeddingSettings
from matdata.features.feature import Feature
from matdata.store.catalogue import mark_used
from matdata.store.damage import damage_of
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import KIND, features_kept, of_feature
from matdata.store.manifest import read_manifest
from matdata.training.contents import BEST
from matdata.training.embeddings import Embeddings
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]


def spec_of(run: Run) -> str:
    """Name of the feature."""
    return f"{Embedding.name}:{run.name}"


def stored_embeddings(run: Run, dataset: DatasetFolder, combine: Combine) -> Feature | None:
    """The feature of a dataset with the embeddings by these weights; None if none is whole."""
    if not (run.folder / BEST).is_file():
        return None
    weights = run.weights_digest()
    for folder in _folders(run, dataset):
        manifest = read_manifest(folder, KIND)
        settings = manifest["settings"]
        same = settings["weights"] == weights and settings["combine"] == combine
        if same and manifest["version"] == Embedding.version and not damage_of(folder, KIND):
            return Feature(folder, dataset.ids, dataset.data_digest, None, dataset.rejects)
    return None


def _folders(run: Run, dataset: DatasetFolder) -> Iterator[Path]:
    for place in places(run.cache):
        for folder in features_kept(place, dataset.data_ref).folders:
            if of_feature(folder, spec_of(run)):
                yield folder


def embeddings_in(run: Run, feature: Feature, members: int, ids: Ids | None = None) -> Embeddings:
    """Embeddings that a feature holds: all, or those of some materials that have one."""
    rejects = feature.rejects()
    known = feature.ids
    if ids is not None:
        known = ids[np.isin(ids, feature.ids)]
        wanted = set(ids.tolist())
        rejects = [one for one in rejects if one.material_id in wanted]
    vectors = np.asarray(feature.dense(None if ids is None else known.tolist()), dtype=np.float32)
    combine = feature.manifest["settings"]["combine"]
    return Embeddings(known, vectors, combine, members, tuple(rejects), run.about)


def store_embeddings(
    run: Run, dataset: DatasetFolder, embeddings: Embeddings, console: Console = SILENT
) -> BuiltFeature:
    """Write the embeddings of all materials of a dataset as its feature; its name means it now.

    Raises
    ------
    ConfigError
        If the name of the run cannot be that of a feature.
    StoreError
        If the cache cannot be written.
    """
    settings = EmbeddingSettings(
        run.name, run.weights_digest(), embeddings.combine, embeddings.vectors.shape[1]
    )
    job = feature_job(dataset, Embedding(settings), run.cache, BuildOptions())
    rows = dataset.rows(embeddings.ids)
    order = np.argsort(rows)
    fields = {"values": embeddings.vectors[order]}
    rejects = _of_all_others(dataset, embeddings)
    feature = store_given(job, rows[order], fields, rejects, console)
    mark_used(feature.folder)
    print_feature(feature, dataset.manifest["rows"], console)
    return feature


def _of_all_others(dataset: DatasetFolder, embeddings: Embeddings) -> Sequence[Reject]:
    """A ledger row for each material without an embedding, in the order of the rows."""
    reasons = {reject.material_id: reject for reject in embeddings.rejects}
    lacking = dataset.ids[~np.isin(dataset.ids, embeddings.ids)].tolist()
    return [
        Reject(name, "featurize", reasons[name].reason, reasons[name].message) for name in lacking
    ]
