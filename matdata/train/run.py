"""The folder of a run: what it is made of, where it stands, and what it may be used for."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matdata.cache import storage_error
from matdata.catalogue import check_name, committed
from matdata.digest import SHORT, canonical_json, digest_file, digest_json
from matdata.errors import StoreError, TrainError, did_you_mean
from matdata.store import files
from matdata.store.manifest import NAME, read_manifest, seal
from matdata.train import trainer as make_trainer
from matdata.train.contract import Schema, Target, Trainer
from matdata.train.settings import TrainSettings

KIND = "run"
RESULT = "result.json"
NORMALIZER = "normalizer.json"
WEIGHTS = ("last.safetensors", "best.safetensors")
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


class Run:
    """A run in a cache, finished or under way.

    Parameters
    ----------
    folder
        ``runs/<name>`` in the cache.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder, KIND)

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
        made = make_trainer(wanted["name"], self.manifest["hypers"])
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
        If it was changed.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        digest = content.pop("digest")
    except (ValueError, KeyError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error
    if digest_json(content) != digest:
        raise StoreError(
            f"{path} does not match its own digest", cause="it was edited after it was written"
        )
    return content


def runs(cache: Path) -> list[Run]:
    """All runs of a cache, oldest first."""
    return [Run(folder) for folder in committed(cache / "runs")]


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


def start_run(cache: Path, name: str | None, content: dict[str, Any]) -> Run:
    """Open the run that was asked for: a new one, or the one of that name if it is the same.

    Parameters
    ----------
    cache
        Cache folder.
    name
        Name, or None for one from plugin, dataset, targets and digest.
    content
        The manifest; its ``identity`` decides whether two runs are the same.

    Raises
    ------
    TrainError
        If the name belongs to a run of something else.
    """
    check_name(name)
    digest = digest_json(content["identity"])
    folder = cache / "runs" / (name or _name(content, digest))
    if (folder / NAME).is_file():
        known = Run(folder)
        if known.digest == digest:
            return known
        if any((folder / name).is_file() for name in WEIGHTS):
            raise TrainError(
                f"there is a run {folder.name!r} of something else",
                cause=_difference(known.manifest["identity"], content["identity"]),
                next_step="choose another --name, or remove that folder",
            )
        files.remove(folder)  # it failed before its first checkpoint
    body = {key: value for key, value in content.items() if key != "receipt"}
    manifest = seal({**body, "identity_digest": digest, "files": {}}, KIND)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_json(folder / "receipt.json", content["receipt"])
        files.write_json(folder / NAME, manifest)
    except OSError as error:
        raise storage_error(error, folder) from error
    return Run(folder)


def _name(content: dict[str, Any], digest: str) -> str:
    parts = [content["plugin"]["name"], content["dataset"]["ref"].partition("@")[0]]
    parts += [target["name"] for target in content["targets"][:2]]
    return _UNFIT.sub("-", "-".join([*parts, digest[:SHORT]]))


def _difference(known: dict[str, Any], asked: dict[str, Any]) -> str:
    def flat(value: Any, prefix: str = "") -> dict[str, Any]:
        if not isinstance(value, dict):
            return {prefix.rstrip("."): value}
        return {k: v for key in value for k, v in flat(value[key], f"{prefix}{key}.").items()}

    # as JSON: lists were perhaps tuples before they were written
    one, other = flat(known), flat(json.loads(canonical_json(asked)))
    keys = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    shown = [f"{key} is {one.get(key)!r} there, {other.get(key)!r} now" for key in keys[:3]]
    return "; ".join(shown)


@contextlib.contextmanager
def run_lock(run: Run) -> Iterator[None]:
    """Hold a run, so that no second process trains it.

    Raises
    ------
    TrainError
        If another process does.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(run.folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainError(f"another process is training run {run.name!r}") from None
    try:
        yield
    finally:
        lock.release()
