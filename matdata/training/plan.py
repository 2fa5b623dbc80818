"""What a run is asked: plugin, data, split, targets, settings; checked before anything is read."""

from __future__ import annotations

import functools
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, FeatureError, SplitError, did_you_mean
from matdata.core.packages import version_of
from matdata.features.base import Featurizer
from matdata.features.feature import Feature, open_feature
from matdata.splits.base import Split
from matdata.splits.folds import fold_of, single_split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.user_metadata import words_in
from matdata.training import trainer as make_trainer
from matdata.training.contract import Schema, Trainer
from matdata.training.idle_settings import reject_idle_settings
from matdata.training.known_elements import learnt_elements
from matdata.training.leakage import leakage_notes, refuse_leakage
from matdata.training.objectives.choice import (
    described_objectives,
    heads_of,
    objectives_of,
    settle_objectives,
)
from matdata.training.request import Request
from matdata.training.settings import TrainSettings, train_settings
from matdata.training.target import Target
from matdata.training.target_notes import class_hints, class_notes, domain_notes
from matdata.training.targets import infer_targets, require_classes, with_value
from matdata.training.tracking import require_tracker

Ids = npt.NDArray[np.str_]
PACKAGES = ("matdata", "torch", "numpy", "scikit-learn", "safetensors")


@dataclass(frozen=True, eq=False)
class Question:
    """A request that was checked.

    Attributes
    ----------
    trainer, dataset, split, features, targets, settings
        What will be trained, on what.
    train, valid
        Material ids that have all inputs and a known target; `valid` may be empty.
    notes
        What a user must know about them.
    """

    request: Request
    trainer: Trainer
    dataset: DatasetFolder
    split: Split
    features: Mapping[str, Feature]
    targets: tuple[Target, ...]
    settings: TrainSettings
    train: Ids
    valid: Ids
    notes: tuple[str, ...]

    @functools.cached_property
    def schema(self) -> Schema:
        """What the model is built for."""
        inputs = {spec: feature.featurizer for spec, feature in self.features.items()}
        return Schema(self.targets, heads_of(self.targets, self.settings), inputs)

    def manifest(self, parent: Mapping[str, object] | None) -> JsonObject:
        """The manifest of the run, with the identity that distinguishes runs."""
        split: JsonObject = {"name": self.split.name, "digest": self.split.digest()}
        fold = fold_of(self.split.name, self.split.settings)
        if fold is not None:
            split |= {"family": fold[0], "fold": fold[1]}
        inputs = [_describe(spec, feature) for spec, feature in self.features.items()]
        content: JsonObject = {
            **described_model(self.trainer, self.settings, self.schema),
            "dataset": described_dataset(self.dataset),
            "split": split,
            "inputs": inputs,
            "from_run": dict(parent) if parent else None,
            "freeze": list(self.request.freeze),
            "sizes": {"train": len(self.train), "val": len(self.valid)},
            "notes": list(self.notes),
        }
        learnt = learnt_elements(self.targets, self.features, self.train)
        if learnt is not None:
            content["elements"] = learnt
        same = ("plugin", "inputs", "from_run", "freeze")
        identity = {name: content[name] for name in same}
        identity |= identity_of_model(self.trainer, self.settings, self.targets)
        identity["dataset"] = self.dataset.digest
        identity["split"] = split["digest"]
        identity["reinit"] = list(self.request.reinit)
        raised = {k: v for k, v in content["objectives"].items() if v["version"] != "1"}
        if raised:
            identity["objectives"] = raised
        return {**content, "identity": identity, "receipt": receipt()}


def ask(request: Request, cache: Path) -> Question:
    """Check a request.

    Raises
    ------
    PluginError, ConfigError
        If the plugin, a hyperparameter or a setting is unknown.
    StoreError, SplitError, FeatureError
        If data, split or an input is missing, with the command that makes it.
    """
    trainer = make_trainer(request.plugin, request.hypers)
    train_settings(trainer, request.settings)  # wrong ones are reported before data is read
    reject_idle_settings(trainer, request)
    dataset = find_dataset(cache, request.dataset)
    split = single_split(dataset, request.split)
    features = _features(trainer, dataset, cache)
    ready, notes = _ready(split, features)
    targets = infer_targets(
        dataset,
        request.targets,
        request.task,
        ready["train"],
        trainer,
        request.target_requests,
        ready["val"],
    )
    inputs = {spec: feature.featurizer for spec, feature in features.items()}
    refuse_leakage(dataset.columns, targets, inputs, trainer.encodes)
    targets, settings = settle_objectives(trainer, request.settings, targets)
    _require_context(targets, settings, features)
    require_tracker(trainer, settings)
    if settings.validation:
        split.require_validation()
        require_classes(dataset, targets, ready["val"])
    train, valid = (with_value(dataset, targets, ready[part]) for part in ("train", "val"))
    notes += class_notes(targets)
    if request.task is None:
        notes += class_hints(dataset, targets, train)
    notes += _lost_targets(dataset, targets, np.concatenate(list(ready.values())), [*train, *valid])
    rows = dataset.rows(np.concatenate([train, valid])).tolist()
    notes += leakage_notes(dataset.columns, targets, inputs, rows, trainer.encodes)
    if settings.fraction < 1.0:
        train = _share(train, settings.fraction, settings.seed)
        notes += [f"{len(train):,} materials are {settings.fraction:.0%} of the training part"]
    if not len(train) or (settings.validation and not len(valid)):
        raise SplitError(
            f"split {split.name!r} leaves {len(train)} materials to train and {len(valid)} to "
            "validate that have all inputs and a target",
            next_step="`matdata info` shows the ledgers of the features",
        )
    if not settings.validation:
        valid = valid[:0]
    return Question(
        request, trainer, dataset, split, features, targets, settings, train, valid, tuple(notes)
    )


def _lost_targets(
    dataset: DatasetFolder, targets: tuple[Target, ...], ready: Ids, kept: Sequence[str]
) -> list[str]:
    """How many materials with all inputs have no target."""
    lost = len(ready) - len(kept)
    notes = [f"{lost:,} materials of train and validation have no target"] if lost else []
    return notes + domain_notes(dataset, targets, ready)


def _require_context(
    targets: Sequence[Target], settings: TrainSettings, features: Mapping[str, Feature]
) -> None:
    """Check that the batch holds what the objectives read of it."""
    for one in objectives_of(targets, settings):
        for spec in one.context:
            if spec not in features:
                raise ConfigError(
                    f"objective {one.name!r} of {one.target.name} reads the input {spec!r}, which "
                    f"the trainer does not{did_you_mean(spec, features)}",
                    next_step=f"inputs there are: {', '.join(features) or 'none'}",
                )
            wide = len(features[spec].featurizer.labels())
            if wide != one.target.size:
                raise ConfigError(
                    f"the input {spec!r} has {wide} columns, {one.target.name} {one.target.size}"
                )


def described_model(trainer: Trainer, settings: TrainSettings, schema: Schema) -> JsonObject:
    """What the manifest of a run records of its model."""
    return {
        "plugin": {"name": trainer.name, "version": trainer.version},
        "citation": trainer.citation,
        "hypers": trainer.hypers.to_dict(),
        "settings": settings.to_dict(),
        "targets": [target.to_dict() for target in schema.targets],
        "objectives": described_objectives(schema.targets, settings),
        "outputs": schema.outputs,
    }


def identity_of_model(
    trainer: Trainer, settings: TrainSettings, targets: Sequence[Target]
) -> JsonObject:
    """What distinguishes runs of one plugin, beside data and inputs."""
    return {
        "hypers": trainer.hypers.identity(),
        "targets": [target.identity() for target in targets],
        "settings": settings.identity(),
    }


def described_dataset(dataset: DatasetFolder) -> JsonObject:
    """What the manifest of a run records of its dataset."""
    return {"ref": dataset.ref, "digest": dataset.digest, **words_in(dataset.manifest)}


def described_input(spec: str, featurizer: Featurizer) -> JsonObject:
    """What the manifest of a run records of an input of its model."""
    return {
        "spec": spec,
        "settings": featurizer.settings.to_dict(),
        "version": featurizer.version,
    }


def receipt() -> dict[str, object]:
    """When and where: facts that are no part of a run's identity."""
    versions = {"python": platform.python_version()}
    versions |= {package: text for package in PACKAGES if (text := version_of(package))}
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"created": created, "versions": versions, "machine": platform.machine()}


def _describe(spec: str, feature: Feature) -> JsonObject:
    return {
        **described_input(spec, feature.featurizer),
        "feature": feature.folder.name,
        "digest": feature.manifest["manifest_digest"],
    }


def _features(trainer: Trainer, dataset: DatasetFolder, cache: Path) -> dict[str, Feature]:
    wanted = trainer.input_settings()
    features: dict[str, Feature] = {}
    missing: list[FeatureError] = []
    for spec in trainer.inputs():
        try:
            features[spec] = open_feature(dataset, cache, spec, wanted.get(spec, {}))
        except FeatureError as error:
            missing.append(error)
    if missing:
        raise FeatureError(
            f"{trainer.name} reads what {dataset.ref} lacks: "
            + "; ".join(error.what for error in missing),
            next_step="; ".join(str(error.next_step) for error in missing),
        )
    return features


def _ready(split: Split, features: Mapping[str, Feature]) -> tuple[dict[str, Ids], list[str]]:
    """Ids of train and validation that have all features, and what is lost."""
    ready, notes = {}, []
    for part in ("train", "val"):
        ids = split.parts.get(part, np.empty(0, dtype=np.str_))
        have = np.ones(len(ids), dtype=bool)
        for spec, feature in features.items():
            here = np.isin(ids, feature.ids)
            if not here.all():
                notes.append(f"{int((~here).sum()):,} materials of {part} have no {spec}")
            have &= here
        ready[part] = ids[have]
    return ready, notes


def _share(ids: Ids, share: float, seed: int) -> Ids:
    """A share of ids that the seed decides; smaller shares are parts of larger ones."""
    from matdata.splits.ranking import ranked

    order = ranked(ids, seed, "share of the training part")
    return np.sort(ids[order[: max(1, round(share * len(ids)))]])
