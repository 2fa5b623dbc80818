"""The folder of a run: what it is made of, where it stands, and what it may be used for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError, TrainError
from matdata.store.manifest import read_manifest
from matdata.store.safetensors import read_tensors
from matdata.training import TRAINERS
from matdata.training.contents import (
    BEST,
    DECISIVE,
    NORMALIZER,
    RESULT,
    read_sealed,
    recorded_digests,
    require_unchanged,
    require_written_by,
)
from matdata.training.contract import SavedModel, Schema, Trainer
from matdata.training.objectives.choice import described_objectives, heads_of
from matdata.training.run_display import run_html
from matdata.training.run_origin import RunOrigin
from matdata.training.settings import TrainSettings
from matdata.training.target import Target

if TYPE_CHECKING:
    from matdata.training.run_plots import RunPlots

KIND = "run"
#: Files of the test part: that it was opened, its score, and the predictions.
OPENED, RECORD, TABLE = "test-opened.json", "test.json", "test.parquet"


class Run(RunOrigin):
    """A run in a cache, finished or under way; opening it checks what its predictions rest on.

    Weights, normalizer and manifest are those that the training ended with, or has so far.

    Parameters
    ----------
    folder
        ``runs/<name>`` in the cache.
    cache
        One's own cache, if the run lies in another one.

    Raises
    ------
    StoreError
        If its manifest is missing or damaged, naming run and file; if a file is missing or is
        another one than the training wrote.
    """

    #: Whether a training found the run finished, and did nothing.
    unchanged = False

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        #: Where its dataset is looked for.
        self.cache = cache or folder.parent.parent
        try:
            self.manifest = read_manifest(folder, KIND)
        except StoreError as error:
            raise type(error)(
                f"run {folder.name!r} cannot be read: {error.what}",
                cause=error.cause,
                next_step=error.next_step,
            ) from error
        self.require_whole()

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {'finished' if self.finished else 'under way'})"

    def _repr_html_(self) -> str:
        return run_html(self.name, self.finished, self.manifest)

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.name

    @property
    def digest(self) -> str:
        """Digest of what the run was asked for."""
        return str(self.manifest["identity_digest"])

    @property
    def plot(self) -> RunPlots:
        """Pictures as figures: ``plot.parity()``, ``plot.history()``, …."""
        from matdata.training.run_plots import RunPlots

        return RunPlots(self)

    @property
    def digests(self) -> tuple[str, ...]:
        """`digest`, and those of before the run was extended: its files may be of either."""
        before = [str(one["identity_digest"]) for one in self.extensions]
        return (self.digest, *before)

    @property
    def extensions(self) -> list[JsonObject]:
        """By extension ``epochs`` before it, ``identity_digest``, and ``test_opened``: whether the
        test part had been opened (`matdata.training.extension`)."""
        extensions: list[JsonObject] = self.manifest.get("extensions", [])
        return extensions

    @functools.cached_property
    def settings(self) -> TrainSettings:
        """Settings of the loop."""
        return TrainSettings.from_mapping(self.manifest["settings"])

    @functools.cached_property
    def trainer(self) -> Trainer:
        """The plugin with the run's hyperparameters, those of another version upgraded.

        Raises
        ------
        TrainError
            If another version of the plugin is installed, which does not upgrade this one.
        """
        hypers = self.manifest["hypers"] if self._upgraded is None else self._upgraded.hypers
        return self._plugin(self._plugin.Hypers.from_mapping(dict(hypers)))

    @property
    def _plugin(self) -> type[Trainer]:
        wanted = self.manifest["plugin"]
        return TRAINERS.get(wanted["name"], wanted["version"])

    @functools.cached_property
    def _upgraded(self) -> SavedModel | None:
        """What the installed version of the plugin makes of the run; None if it trained it."""
        wanted, installed = self.manifest["plugin"]["version"], self._plugin.version
        if installed == wanted:
            return None
        saved = SavedModel(self.manifest["hypers"], self._stored_weights())
        upgraded = self._plugin.upgrade(saved, wanted)
        if upgraded is None:
            raise TrainError(
                f"run {self.name!r} was trained by {self._plugin.name} version {wanted}; "
                f"version {installed} is installed",
                cause="the plugin was changed since, and does not upgrade that version",
                next_step=f"install version {wanted}, or train again",
            )
        return upgraded

    def _stored_weights(self) -> Mapping[str, npt.NDArray[np.generic]]:
        path = self.folder / BEST
        return read_tensors(path)[0] if path.is_file() else {}

    def weights(self) -> Mapping[str, npt.NDArray[np.generic]]:
        """Arrays that predictions are made with, as the installed version of the plugin has them.

        Those of networks are (members, …); empty before the first epoch.

        Raises
        ------
        StoreError
            If the file is damaged.
        TrainError
            As `trainer`.
        """
        return self._stored_weights() if self._upgraded is None else self._upgraded.state

    @functools.cached_property
    def schema(self) -> Schema:
        """What the model was built for.

        Raises
        ------
        TrainError
            If a feature or an objective is installed in another version than it was trained with.
        """
        from matdata.features import featurizer

        inputs = {}
        for entry in self.manifest["inputs"]:
            settings = {k: v for k, v in entry["settings"].items() if k != "variant"}
            read = featurizer(entry["spec"], settings)
            if read.version != entry["version"]:
                raise TrainError(
                    f"run {self.name!r} read {entry['spec']} version {entry['version']}; this "
                    f"matdata has version {read.version}",
                    next_step="train again on the feature of today",
                )
            inputs[entry["spec"]] = read
        targets = tuple(Target(**target) for target in self.manifest["targets"])
        schema = Schema(targets, heads_of(targets, self.settings), inputs)
        installed = described_objectives(targets, self.settings)
        trained = self.manifest.get("objectives", installed)
        if schema.outputs != self.manifest["outputs"] or trained != installed:
            raise TrainError(
                f"run {self.name!r} was trained with the objectives {trained}; installed are "
                f"{installed}",
                cause="the plugin of an objective was changed since",
                next_step="install the version that it was trained with, or train again",
            )
        return schema

    @property
    def finished(self) -> bool:
        """Whether the training came to its end."""
        return (self.folder / RESULT).is_file()

    def result(self) -> JsonObject:
        """Epochs, times and validation of a finished run.

        Raises
        ------
        TrainError
            If it is not finished.
        StoreError
            If the record is damaged.
        """
        if not self.finished:
            raise TrainError(
                f"run {self.name!r} is not finished",
                next_step="give the command that started it again; it goes on from its checkpoint",
            )
        return read_sealed(self.folder / RESULT)

    def weights_digest(self) -> str:
        """SHA-256 of the weights that predictions are made with.

        Raises
        ------
        StoreError
            If the file is missing.
        """
        path = self.folder / BEST
        if not path.is_file():
            raise StoreError(f"{path} is missing", next_step="train the run again")
        return digest_file(path)

    def require_whole(self) -> None:
        """Check that weights, normalizer and manifest are those of the training.

        Raises
        ------
        StoreError
            If one is missing, was changed, or is of another run.
        """
        if self.finished:
            recorded = recorded_digests(self.folder, self.result())
            require_unchanged(self.folder, recorded, DECISIVE)
        elif (self.folder / BEST).is_file():
            require_written_by(
                self.folder / BEST, read_tensors(self.folder / BEST)[1], self.digests
            )

    def normalizer(self) -> JsonObject:
        """The record of the normalizer.

        Raises
        ------
        StoreError
            If it is missing or was changed.
        """
        content = read_sealed(self.folder / NORMALIZER)
        require_written_by(self.folder / NORMALIZER, content, self.digests)
        return {name: value for name, value in content.items() if name != "run"}
