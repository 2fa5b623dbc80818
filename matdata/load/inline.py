"""A batch of formulas or structures that are in no dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from matdata.crystals import Ragged
from matdata.errors import FeatureError
from matdata.features import featurizer
from matdata.features.base import Column, Featurizer
from matdata.inmemory import as_batch
from matdata.load.batch import Batch
from matdata.load.inputs import input_class
from matdata.load.inputs.base import Input


def batch_of(
    inputs: Sequence[str],
    materials: Any,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "cpu",
) -> Batch:
    """Compute features and hold them as a model reads them, without targets.

    Parameters
    ----------
    inputs
        Specs of features (`Trainer.inputs`).
    materials
        Formulas, pymatgen structures, ASE atoms, `Crystals` or `Compositions`.
    settings
        Settings of features by spec (`Trainer.input_settings`).
    device
        Where the tensors shall be.

    Raises
    ------
    FeatureError
        If a feature fails for a material, with the reason.
    """
    made = {spec: featurizer(spec, (settings or {}).get(spec, {})) for spec in inputs}
    found, ids = {}, np.empty(0, dtype=np.str_)
    for spec, one in made.items():
        columns = as_batch(materials, one)
        block = one.featurize(columns)  # type: ignore[arg-type]
        for reject in block.rejects:
            raise FeatureError(f"{spec} of {reject.material_id}: {reject.message}")
        found[spec] = input_of(one, block.fields, len(columns), device)
        ids = columns.ids
    targets = torch.zeros(len(ids), 0, device=device)
    rows = torch.arange(len(ids), device=device)
    return Batch(found, targets, targets.bool(), rows, ids)


def input_of(
    made: Featurizer, stored: Mapping[str, Column], size: int, device: str = "cpu"
) -> Input:
    """The input that stored fields of some materials are in a batch."""
    kind = input_class(made)
    levels = kind.levels(made)
    fields: dict[str, Tensor] = {}
    offsets: dict[str, Tensor] = {}
    for name, column in kind.prepare(made, stored).items():
        values = column.values if isinstance(column, Ragged) else column
        if values.dtype == np.uint16:
            values = values.view(np.int16)
        fields[name] = torch.from_numpy(np.array(values)).to(device)
        if isinstance(column, Ragged):
            offsets[levels[name]] = torch.from_numpy(np.array(column.offsets)).to(device)
    return kind(made, fields, offsets, size)
