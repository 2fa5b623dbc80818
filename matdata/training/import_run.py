"""Weights of another package become a finished run, which predicts as those that were trained here.

The manifest of such a run holds ``imported``: importer, digests of the files, elements, and what
is known of the weights. It has no dataset and no split, unless the request names some: then its
test part can be scored. What needs them is refused with a `TrainError` (`Run.dataset_ref`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matdata.core.cache import ensure_writable
from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, TrainError
from matdata.core.given import require_name
from matdata.core.licences import spdx_of
from matdata.core.units import canonical_unit
from matdata.features import featurizer
from matdata.load.normalizer import Normalizer
from matdata.splits.base import Split
from matdata.splits.folds import single_split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.records import write_record
from matdata.store.safetensors import write_tensors
from matdata.store.user_metadata import WORDS
from matdata.training import IMPORTERS
from matdata.training import trainer as make_trainer
from matdata.training.contents import BEST, NORMALIZER, RESULT, digests
from matdata.training.contract import Schema, TorchTrainer
from matdata.training.importer import ImportedModel
from matdata.training.objectives.choice import heads_of, settle_objectives
from matdata.training.plan import (
    described_dataset,
    described_input,
    described_model,
    identity_of_model,
    receipt,
)
from matdata.training.run import Run
from matdata.training.run_folder import run_folder, run_lock, start_run
from matdata.training.settings import TrainSettings
from matdata.training.target import Target
from matdata.training.targets import infer_targets

#: Why such a run has no validation error.
NOT_TRAINED_HERE = "its weights were imported, not trained here"


@dataclass(frozen=True)
class ImportRequest:
    """The request of a user, unchecked.

    Attributes
    ----------
    source
        ``importer:PLACE``.
    name
        Of the run.
    target, unit
        What the weights predict, where they do not say it themselves; with a dataset, the target
        is its column or expression.
    dataset, split
        What the run can be scored on.
    licence, citation, description
        Of the weights, in place of what the importer knows.
    """

    source: str
    name: str
    target: str | None = None
    unit: str | None = None
    dataset: str | None = None
    split: str | None = None
    licence: str | None = None
    citation: str | None = None
    description: str | None = None


@dataclass(frozen=True, eq=False)
class _Plan:
    """A request that was checked."""

    request: ImportRequest
    importer: str
    model: ImportedModel
    trainer: TorchTrainer
    target: Target
    settings: TrainSettings
    schema: Schema
    dataset: DatasetFolder | None
    split: Split | None


def import_run(request: ImportRequest, cache: Path) -> Run:
    """Make a run of published weights; the same request finds the run that it made.

    Parameters
    ----------
    request
        The request.
    cache
        Cache folder; the run will be ``runs/<name>`` in it.

    Raises
    ------
    ConfigError
        If the importer is unknown, or nothing says what the weights predict, in which unit.
    TrainError
        If the weights are of another architecture (naming the tensor and both shapes), hold
        numbers that are not finite, or the name belongs to another run.
    StoreError, SplitError
        If a file of the weights, the dataset or the split is missing or damaged.
    """
    plan = _checked(request, cache)
    ensure_writable(cache)
    content = _manifest(plan)
    folder = run_folder(cache, request.name, content)
    with run_lock(folder):
        run = start_run(folder, content)
        if run.finished:
            run.unchanged = True
            return run
        _write(plan, run)
    return Run(folder)


def _checked(request: ImportRequest, cache: Path) -> _Plan:
    """Read the weights, and hold them against the network that they are for."""
    require_name(request.name, "the run")
    name, colon, place = request.source.partition(":")
    if not colon or not place:
        raise ConfigError(
            f"{request.source!r} names no importer; expected IMPORTER:PLACE",
            next_step=f"importers: {', '.join(IMPORTERS.names()) or 'none installed'}",
        )
    model = IMPORTERS.get(name)().read(Path(place))
    made = make_trainer(model.trainer, model.hypers)
    if not isinstance(made, TorchTrainer):
        raise TrainError(f"{model.trainer} has a fit of its own, which takes no imported weights")
    dataset = None if request.dataset is None else find_dataset(cache, request.dataset)
    if dataset is None and request.split is not None:
        raise ConfigError(f"split {request.split!r} is one of a dataset", next_step="--dataset")
    split = None if dataset is None else single_split(dataset, request.split)
    target = _target(request, model, made, dataset, split)
    (target,), settings = settle_objectives(made, {"loss": model.objective}, [target])
    wanted = made.input_settings()
    inputs = {spec: featurizer(spec, wanted.get(spec, {})) for spec in made.inputs()}
    schema = Schema((target,), heads_of([target], settings), inputs)
    _require_fit(made, schema, model)
    return _Plan(request, name, model, made, target, settings, schema, dataset, split)


def _target(
    request: ImportRequest,
    model: ImportedModel,
    trainer: TorchTrainer,
    dataset: DatasetFolder | None,
    split: Split | None,
) -> Target:
    """What the weights predict: by the dataset's column, in the unit of the weights."""
    name, given = request.target or model.target, request.unit or model.unit
    unit = canonical_unit(given) if given else None
    if given and unit is None:
        raise ConfigError(f"{given!r} is no unit", next_step="such as eV/atom; 1 for none")
    if not name or unit is None:
        missing = "what the weights predict" if not name else f"the unit of {name}"
        raise ConfigError(
            f"nothing says {missing}",
            cause="the files of the weights hold numbers alone, and are not known by their digest",
            next_step="name it: --target COLUMN --unit UNIT",
        )
    if model.unit and unit != canonical_unit(model.unit):
        raise ConfigError(f"these weights predict in {model.unit}, not in {given}")
    if dataset is None or split is None:
        return Target(name, unit=unit)
    (target,) = infer_targets(dataset, (name,), "regression", split.ids("test"), trainer)
    if target.unit != unit or target.size != 1:
        raise ConfigError(
            f"{name} of {dataset.ref} has the unit {target.unit} and {target.size} numbers; the "
            f"weights predict one in {unit}",
            next_step="give --target a column or expression in that unit, or leave out --dataset",
        )
    return target


def _require_fit(trainer: TorchTrainer, schema: Schema, model: ImportedModel) -> None:
    """Check weights against the network of the trainer, and that they are finite."""
    network = trainer.model(schema).state_dict()
    for name in sorted({*network, *model.state}):
        shapes = [
            list(state[name].shape) if name in state else "absent"
            for state in (model.state, network)
        ]
        if shapes[0] != shapes[1]:
            raise TrainError(
                f"weight {name} is {shapes[0]} in what was imported, {shapes[1]} in {trainer.name}",
                cause="the weights are of another architecture",
            )
    for name, value in model.state.items():
        if not np.isfinite(value).all():
            raise TrainError(f"weight {name} is not a finite number")
    scale = model.mean, model.standard_deviation
    if not all(map(math.isfinite, scale)) or model.standard_deviation <= 0:
        raise TrainError(f"mean and standard deviation of the target are {scale}")


def _manifest(plan: _Plan) -> JsonObject:
    """The manifest of the run; its identity follows from the files, not from where they lie."""
    model, dataset, split = plan.model, plan.dataset, plan.split
    words = {name: getattr(plan.request, name) or getattr(model, name) for name in WORDS}
    if words["licence"]:
        words["licence"] = spdx_of(words["licence"])
    imported: JsonObject = {
        "importer": plan.importer,
        "files": {name: digest_file(path) for name, path in sorted(model.files.items())},
        "elements": list(model.elements),
        "mean": model.mean,
        "standard_deviation": model.standard_deviation,
        **{name: text for name, text in words.items() if text},
    }
    inputs = [described_input(spec, read) for spec, read in plan.schema.featurizers.items()]
    content: JsonObject = {
        **described_model(plan.trainer, plan.settings, plan.schema),
        "dataset": None if dataset is None else described_dataset(dataset),
        "split": None if split is None else {"name": split.name, "digest": split.digest()},
        "inputs": inputs,
        "imported": imported,
        "from_run": None,
        "freeze": [],
        "sizes": {"train": 0, "val": 0},
        "notes": [],
    }
    identity = {
        "imported": imported,
        "plugin": content["plugin"],
        "inputs": inputs,
        **identity_of_model(plan.trainer, plan.settings, (plan.target,)),
        "dataset": None if dataset is None else dataset.digest,
        "split": None if split is None else split.digest(),
    }
    return {**content, "identity": identity, "receipt": receipt()}


def _write(plan: _Plan, run: Run) -> None:
    """Write weights and normalizer, and the result, which makes the run finished."""
    model, written_by = plan.model, {"run": run.digest}
    state: Mapping[str, np.ndarray] = {
        name: np.asarray(value)[None] for name, value in model.state.items()
    }
    write_tensors(run.folder / BEST, state, written_by)
    scale = np.array([model.mean]), np.array([model.standard_deviation])
    normalizer = Normalizer("standard", *scale)
    write_record(run.folder / NORMALIZER, {**normalizer.to_json(), **written_by})
    validation = {"materials": 0, "targets": {}, "reason": NOT_TRAINED_HERE}
    result = {"seconds": 0.0, "engine": "imported", "validation": validation}
    write_record(run.folder / RESULT, {**result, "files": digests(run.folder)})
