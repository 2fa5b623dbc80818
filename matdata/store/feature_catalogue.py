"""Features of a cache: which there are of a dataset, and what their names mean."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from matdata.core.cache import places
from matdata.core.digest import SHORT
from matdata.core.documents import JsonObject
from matdata.core.errors import FeatureError, StoreError, did_you_mean
from matdata.core.given import require_name
from matdata.store import files
from matdata.store.catalogue import NAME_LENGTH, Kept, committed, kept
from matdata.store.latest import LATEST, last_of
from matdata.store.manifest import read_manifest
from matdata.store.walk import Fault

KIND = "feature"


def features_kept(cache: Path, ref: str) -> Kept:
    """The features of one dataset."""
    return kept(cache / "features" / ref)


def features_in_places(cache: Path, ref: str) -> Kept:
    """The same, and those of the second places that are not in one's own cache."""
    by_name: dict[str, Path] = {}
    faults: list[Fault] = []
    for place in places(cache):
        contents = features_kept(place, ref)
        faults += contents.faults
        by_name = {**{folder.name: folder for folder in contents.folders}, **by_name}
    return Kept(list(by_name.values()), faults)


def features(cache: Path, ref: str) -> list[Path]:
    """Folders of the readable features of one dataset."""
    return features_kept(cache, ref).folders


def feature_folder(spec: str, digest: str) -> str:
    """Name of the folder of a feature."""
    return f"{files.safe_name(spec)[:NAME_LENGTH]}-{digest[:SHORT]}"


def of_feature(folder: Path, spec: str) -> bool:
    """Whether a folder has the name of a feature's folder."""
    return folder.name[: -SHORT - 1] == feature_folder(spec, "")[:-1]


def feature_names(cache: Path, ref: str) -> list[str]:
    """Names of the features of a dataset; those whose manifest is damaged are left out."""
    names = set()
    for folder in features_in_places(cache, ref).folders:
        with contextlib.suppress(StoreError):
            names.add(str(read_manifest(folder)["feature"]))
    return sorted(names)


def _agrees(stored: JsonObject, asked: JsonObject) -> bool:
    return all(stored.get(key, value) == value for key, value in asked.items())


def find_feature(
    cache: Path,
    ref: str,
    spec: str,
    settings: JsonObject,
    dataset: str | None = None,
    later: JsonObject | None = None,
) -> Path:
    """The feature of a dataset, built last, with this name and these stored settings.

    Parameters
    ----------
    spec
        Feature name, or ``name@digest8`` for one folder.
    settings
        Settings that must agree with the stored ones.
    dataset
        The version that was asked, for the message; versions of the same rows share features.
    later
        What settings were that a manifest does not name.

    Raises
    ------
    FeatureError
        If there is none; names the command that computes it.
    """
    name, _, digest = require_name(spec, "the feature").partition("@")
    for place in places(cache):
        home = place / "features" / ref
        folders = [folder for folder in committed(home) if of_feature(folder, name)]
        manifests = {folder: read_manifest(folder) for folder in folders}
        fitting = {
            folder: manifest
            for folder, manifest in manifests.items()
            if manifest["feature"] == name
            and folder.name.endswith(digest)
            and _agrees({**(later or {}), **manifest["settings"]}, settings)
        }
        if fitting:
            return _last_feature(home, fitting)
    available = feature_names(cache, ref)
    condition = f" with {settings}" if settings else ""
    family = name.partition(":")[0]
    # of settings added later the default is what the command takes if it names none
    named = {key: value for key, value in settings.items() if (later or {}).get(key) != value}
    options = "".join(f" --set {family}.{key}={value}" for key, value in named.items())
    hint = "" if name in available else did_you_mean(name, available)
    dataset = dataset or ref
    raise FeatureError(
        f"{dataset} has no feature {spec!r}{condition}{hint}",
        next_step=f"`matdata featurize {dataset} {name}{options}` computes it; available: "
        f"{', '.join(available) or 'none'}",
    )


def _last_feature(home: Path, fitting: Mapping[Path, Mapping[str, object]]) -> Path:
    """The one used last, or any if all hold the same numbers in different formats."""
    last = last_of(home, list(fitting))
    if last is not None:
        return last
    if len({manifest["arrays_digest"] for manifest in fitting.values()}) == 1:
        return next(iter(fitting))
    listed = "; ".join(
        f"{manifest['feature']}@{folder.name[-SHORT:]} {manifest['settings']}"
        for folder, manifest in fitting.items()
    )
    raise FeatureError(
        f"{home.name} has {len(fitting)} features that match, and no record of which was built "
        f"last",
        cause=f"they were copied here without {LATEST}, or built before matdata wrote it",
        next_step=f"name one, by digest or by its settings: {listed}",
    )
