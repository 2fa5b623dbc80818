"""A batch of formulas or structures that are in no dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matdata.core.errors import FeatureError, StructureError
from matdata.features import featurizer
from matdata.features.base import Featurizer
from matdata.load.batch import Batch
from matdata.materials.compute import for_featurizer, read_for
from matdata.training.data import View, loader_for
from matdata.training.memory_features import MemoryFeature
from matdata.training.settings import TrainSettings


def batch_of(
    inputs: Sequence[str] | Mapping[str, Featurizer],
    materials: object,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    device: str = "cpu",
) -> Batch:
    """Compute features and hold them as a model reads them, without targets.

    Parameters
    ----------
    inputs
        Specs of features (`Trainer.inputs`), or featurizers by spec (`Schema.featurizers`).
    materials
        Formulas, pymatgen structures, ASE atoms, `Crystals` or `Compositions`, or reactions for
        features of reactions, in whose order the batch is.
    settings
        Settings of features by spec (`Trainer.input_settings`).
    device
        Where the tensors shall be.

    Raises
    ------
    FeatureError
        If a feature fails for a material, with the reason.
    StructureError
        If a material cannot be read.
    """
    if isinstance(inputs, Mapping):
        featurizers = dict(inputs)
    else:
        featurizers = {spec: featurizer(spec, (settings or {}).get(spec, {})) for spec in inputs}
    read = read_for(featurizers.values(), materials)
    structures = any("structure" in one.requires for one in featurizers.values())
    batch, rejects = read.for_inputs(structures, ", ".join(featurizers))
    for reject in read.named(rejects):
        raise StructureError(f"{reject.material_id}: {reject.message}")
    features = {
        spec: MemoryFeature(one, for_featurizer(batch, one)) for spec, one in featurizers.items()
    }
    for spec, feature in features.items():
        for reject in feature.rejects():
            raise FeatureError(f"{spec} of {reject.material_id}: {reject.message}")
    ids = np.asarray(batch.ids, dtype=np.str_)
    view = View("materials in memory", ids, {}, {}, features)
    loader = loader_for(view, ids, (), TrainSettings(batch_size=len(ids)), device=device)
    batch_read: Batch = next(iter(loader))
    return batch_read
