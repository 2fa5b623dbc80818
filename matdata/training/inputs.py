"""What a run reads of materials of a dataset, and which of them it cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matdata.core.errors import FeatureError
from matdata.core.ledger import Reject
from matdata.features.feature import Feature, open_feature
from matdata.store.dataset_folder import DatasetFolder
from matdata.training.data import View
from matdata.training.known_elements import unknown_elements
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class RunInputs:
    """Materials with all features that a run reads.

    Attributes
    ----------
    view
        What loaders read.
    ids
        The materials that the run can read, in the order in which they were asked for.
    rejects
        All others, each with its reason.
    """

    view: View
    ids: Ids
    rejects: tuple[Reject, ...]


def features_of(run: Run, dataset: DatasetFolder) -> dict[str, Feature]:
    """The features that a run reads, of any dataset, in the settings that it was trained with.

    Raises
    ------
    FeatureError
        If one was not built, with the command that makes it.
    """
    features = {}
    for spec, featurizer in run.schema.featurizers.items():
        stored = {k: v for k, v in featurizer.settings.to_dict().items() if k != "variant"}
        features[spec] = open_feature(dataset, run.cache, spec, stored)
    return features


def inputs_of(run: Run, dataset: DatasetFolder, ids: Ids | None = None) -> RunInputs:
    """What a run reads of materials of a dataset; of all if none are named.

    Raises
    ------
    FeatureError
        If a feature was not built, or no material can be predicted.
    """
    features = features_of(run, dataset)
    wanted = dataset.ids if ids is None else ids
    rejects = _without_prediction(run, dataset, wanted, features)
    chosen = wanted[~np.isin(wanted, [reject.material_id for reject in rejects])]
    if not len(chosen):
        why = f": {rejects[0].message}" if rejects else ""
        raise FeatureError(f"no requested material can be predicted{why}")
    return RunInputs(View.of(dataset, features), chosen, rejects)


def _without_feature(ids: Ids, features: Mapping[str, Feature]) -> tuple[Reject, ...]:
    """Materials that lack a feature, in their order, each with the reason of the feature."""
    lost: dict[str, Reject] = {}
    for spec, feature in features.items():
        missing = ids[~np.isin(ids, feature.ids)].tolist()
        reasons = {reject.material_id: reject for reject in feature.rejects()} if missing else {}
        for name in missing:
            unknown = Reject(name, "featurize", "no_feature", f"it has no {spec}")
            lost.setdefault(name, reasons.get(name, unknown))
    return tuple(lost[name] for name in ids.tolist() if name in lost)


def _without_prediction(
    run: Run, dataset: DatasetFolder, ids: Ids, features: Mapping[str, Feature]
) -> tuple[Reject, ...]:
    """Materials that lack a feature or hold an element that the weights were not trained on."""
    lost = _without_feature(ids, features)
    if run.elements is None:
        return lost
    rows = dataset.rows(ids)
    compositions = dataset.compositions.take(rows)
    unknown = unknown_elements(run, replace(compositions, ids=ids), features)
    reasons = {reject.material_id: reject for reject in (*unknown, *lost)}
    return tuple(reasons[name] for name in ids.tolist() if name in reasons)
