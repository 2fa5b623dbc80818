"""The folder of a run: what it is made of, where it stands, and what it may be used for."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from matdata.cache import storage_error
from matdata.catalogue import committed
from matdata.digest import digest_file, digest_json
from matdata.errors import StoreError, TrainError, did_you_mean
from matdata.store import files
from matdata.store.manifest import NAME, read_manifest
from matdata.training import trainer as make_trainer
from matdata.training.contract import Schema, Target, Trainer
from matdata.training.settings import TrainSettings

KIND = "run"
RESULT = "result.json"
NORMALIZER = "normalizer.json"
WEIGHTS = ("last.safetensors", "best.safetensors")


class Run:
    """A run in a cache, finished or under way.

    Parameters
    ----------
    folder
        ``runs/<name>`` in the cache.

    Raises
    ------
    StoreError
        If its manifest is missing or damaged, naming run and file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest = read_manifest(folder, KIND)
        except StoreError as error:
            raise StoreError(
                f"run {folder.name!r} cannot be read: {error.what}",
                cause=error.cause,
                next_step=error.next_step,
            ) from error

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {'finished' if self.finished else 'under way'})"

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.name

    @property
    def cache(self) -> Path:
        """The cache that holds it."""
        return self.folder.parent.parent

    @property
    def digest(self) -> str:
        """Digest of what the run was asked for."""
        return str(self.manifest["identity_digest"])

    @functools.cached_property
    def settings(self) -> TrainSettings:
        """Settings of the loop."""
        return TrainSettings.from_mapping(self.manifest["settings"])

    @functools.cached_property
    def trainer(self) -> Trainer:
        """The plugin with the run's hypers.

        Raises
        ------
        TrainError
            If another version of the plugin is installed.
        """
        wanted = self.manifest["plugin"]
        made = make_trainer(wanted["name"], self.manifest["hypers"], wanted["version"])
        if made.version != wanted["version"]:
            raise TrainError(
                f"run {self.name!r} was trained by {wanted['name']} version {wanted['version']}; "
                f"version {made.version} is installed",
                cause="the plugin was changed since",
                next_step=f"install version {wanted['version']}, or train again",
            )
        return made

    @functools.cached_property
    def schema(self) -> Schema:
        """What the model was built for."""
        from matdata.features import featurizer

        inputs = {}
        for entry in self.manifest["inputs"]:
            settings = {k: v for k, v in entry["settings"].items() if k != "variant"}
            made = featurizer(entry["spec"], settings)
            if made.version != entry["version"]:
                raise TrainError(
                    f"run {self.name!r} read {entry['spec']} version {entry['version']}; this "
                    f"matdata has version {made.version}",
                    next_step="train again on the feature of today",
                )
            inputs[entry["spec"]] = made
        targets = tuple(Target(**target) for target in self.manifest["targets"])
        return Schema(targets, self.manifest["outputs"], inputs)

    @property
    def finished(self) -> bool:
        """Whether the training came to its end."""
        return (self.folder / RESULT).is_file()

    def result(self) -> dict[str, Any]:
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
        path = self.folder / "best.safetensors"
        if not path.is_file():
            raise StoreError(f"{path} is missing", next_step="train the run again")
        return digest_file(path)

    def require_whole(self) -> None:
        """Check that weights and normalizer are those that the training ended with.

        Raises
        ------
        StoreError
            If one is missing or was changed.
        """
        result = self.result()
        if result.get("weights") != self.weights_digest():
            raise StoreError(
                f"the weights of run {self.name!r} are not those that its training ended with",
                cause="its folder was edited",
                next_step="train again under another --name",
            )
        self.normalizer()

    def normalizer(self) -> dict[str, Any]:
        """The record of the normalizer; empty for a run that has none.

        Raises
        ------
        StoreError
            If it is missing or was changed.
        """
        path = self.folder / NORMALIZER
        result = self.result() if self.finished else {}
        if result.get("engine") == "fit":
            return {}
        if self.finished and "normalizer" not in result:
            return read_plain(path)  # it was trained before normalizers were sealed
        content = read_sealed(path)
        if self.finished and digest_json(content) != result["normalizer"]:
            raise StoreError(
                f"{path} is not the one that the training of run {self.name!r} ended with",
                cause="its folder was edited",
                next_step="train again under another --name",
            )
        return content


def write_sealed(path: Path, content: dict[str, Any]) -> None:
    """Write a record with its own digest."""
    try:
        files.write_json(path, {**content, "digest": digest_json(content)})
    except OSError as error:
        raise storage_error(error, path) from error


def read_sealed(path: Path) -> dict[str, Any]:
    """Read a record of `write_sealed`.

    Raises
    ------
    StoreError
        If it is missing or was changed.
    """
    content = read_plain(path)
    if digest_json({k: v for k, v in content.items() if k != "digest"}) != content.pop("digest", 0):
        raise StoreError(
            f"{path} does not match its own digest",
            cause="it was edited after it was written",
            next_step="train again under another --name",
        )
    return content


def read_plain(path: Path) -> dict[str, Any]:
    """Read a JSON record.

    Raises
    ------
    StoreError
        If it is missing or no such record.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"{path} is missing",
            cause="the folder of the run was edited, or copied in part",
            next_step="train again under another --name",
        ) from None
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} is damaged: {error}", next_step="train again under another --name"
        ) from error
    if not isinstance(content, dict):
        raise StoreError(
            f"{path} is damaged: it holds {type(content).__name__}, not a record",
            next_step="train again under another --name",
        )
    return content


def find_run(cache: Path, name: str) -> Run:
    """A run by its name.

    Raises
    ------
    StoreError
        If there is none, with the closest known name.
    """
    folder = cache / "runs" / name
    if not (folder / NAME).is_file() or folder.parent != cache / "runs":
        known = [path.name for path in committed(cache / "runs")]
        raise StoreError(
            f"no run {name!r} in {cache}{did_you_mean(name, known)}",
            next_step=f"runs there: {', '.join(known) or 'none yet'}; `matdata train` makes one",
        )
    return Run(folder)
