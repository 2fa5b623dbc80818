"""What a cache holds: datasets by name and version, features by dataset, and what a name means.

A name alone means what was built, or asked for, last (`matdata.store.latest`). Where nothing says
what that was, the only one is meant, and of several none: an error lists them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matdata.core.digest import SHORT
from matdata.core.errors import ConfigError, FeatureError, StoreError, did_you_mean
from matdata.store import files
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.latest import LATEST, last_of, mark_last
from matdata.store.manifest import NAME, read_manifest
from matdata.store.walk import Fault, children
from matdata.store.wholeness import ASK_OWNER, MISSING, UNREADABLE, fault_of

NAME_LENGTH = 80


def clean_name(text: str) -> str:
    """A dataset name from any text: what does not belong into a folder name becomes a dash."""
    return files.safe_name(text).strip("-.")[:NAME_LENGTH] or "dataset"


def check_name(name: str | None) -> None:
    """Refuse a dataset name that could not be opened again, or would leave the cache.

    Raises
    ------
    ConfigError
        With a name that fits.
    """
    if name is not None and name != clean_name(name):
        raise ConfigError(
            f"--name {name[:100]!r} does not fit: expected letters, digits and . _ + - "
            f"(no first . or -), at most {NAME_LENGTH}",
            next_step=f"for example {clean_name(name)!r}",
        )


class Kept(NamedTuple):
    """What a folder keeps.

    Attributes
    ----------
    folders
        Finished artefacts, in the order of their names.
    faults
        What is there and cannot be read.
    """

    folders: list[Path]
    faults: list[Fault]


def kept(home: Path) -> Kept:
    """Finished artefacts in a folder, and what this user may not, or nobody can, read."""
    folders: list[Path] = []
    paths, faults = children(home)
    for path in paths:
        if path.name.startswith("."):
            continue
        fault = fault_of(path / NAME)
        if fault is None:
            folders.append(path)
        elif fault != MISSING:
            faults.append(Fault(path / NAME, fault))
    return Kept(folders, faults)


def kept_below(home: Path) -> dict[str, Kept]:
    """What each folder of a folder keeps (datasets by name, snapshots by source).

    If the folder itself cannot be read, that is said under the empty name.
    """
    paths, faults = children(home)
    found = {"": Kept([], faults)}
    found |= {path.name: kept(path) for path in paths if not path.name.startswith(".")}
    return {name: one for name, one in found.items() if one.folders or one.faults}


def committed(home: Path) -> list[Path]:
    """Finished artefacts in a folder, in the order of their names."""
    return kept(home).folders


def mark_used(folder: Path) -> None:
    """Make an artefact the last of its folder: a build that finds it there has chosen it."""
    with contextlib.suppress(StoreError):  # a cache that others own is read all the same
        mark_last(folder)


def datasets(cache: Path) -> dict[str, list[Path]]:
    """Folders of all datasets by name."""
    found = kept_below(cache / "datasets").items()
    return {name: one.folders for name, one in found if one.folders}


def features_kept(cache: Path, ref: str) -> Kept:
    """The features of one dataset."""
    return kept(cache / "features" / ref)


def features(cache: Path, ref: str) -> list[Path]:
    """Folders of the features of one dataset that can be read."""
    return features_kept(cache, ref).folders


def feature_folder(spec: str, digest: str) -> str:
    """Name of the folder of a feature."""
    return f"{spec.replace(':', '-')}-{digest[:SHORT]}"


def of_feature(folder: Path, spec: str) -> bool:
    """Whether a folder is called as those of a feature are."""
    return folder.name[: -SHORT - 1] == feature_folder(spec, "")[:-1]


def feature_names(cache: Path, ref: str) -> list[str]:
    """Names of the features of a dataset; those whose manifest is damaged are left out."""
    names = set()
    for folder in features(cache, ref):
        with contextlib.suppress(StoreError):
            names.add(str(read_manifest(folder)["feature"]))
    return sorted(names)


def find_dataset(cache: Path, ref: str) -> DatasetFolder:
    """The dataset that ``name`` (the version built last) or ``name@version`` means.

    Raises
    ------
    StoreError
        If there is none, with the names and versions there are; if several versions are there and
        nothing says which was built last; if it cannot be read.
    """
    known = kept_below(cache / "datasets")
    name, _, version = ref.partition("@")
    if name not in known or not name:
        if "" in known:
            raise StoreError(str(known[""].faults[0]), cause=UNREADABLE, next_step=ASK_OWNER)
        listed = ", ".join(known) or "none yet"
        raise StoreError(
            f"no dataset {name!r} in {cache}{did_you_mean(name, known)}",
            next_step=f"datasets there: {listed}; `matdata build` makes one",
        )
    folders, faults = known[name]
    if not version and folders:
        return DatasetFolder(_last_version(cache / "datasets" / name, folders))
    matching = [path for path in folders if path.name == version]
    matching = matching or [path for path in folders if path.name.startswith(version)]
    if not matching and faults:
        raise StoreError(str(faults[0]), cause=UNREADABLE, next_step=ASK_OWNER)
    if len(matching) != 1:
        versions = ", ".join(path.name for path in folders)
        what = "several versions match" if matching else "no version"
        raise StoreError(f"{what} {version!r} of {name}", next_step=f"versions: {versions}")
    return DatasetFolder(matching[0])


def _last_version(home: Path, folders: Sequence[Path]) -> Path:
    last = last_of(home, folders)
    if last is None:
        raise StoreError(
            f"{home.name} has {len(folders)} versions, and nothing says which was built last",
            cause=f"they were copied here without {LATEST}, or built before matdata wrote it",
            next_step=f"name one ({', '.join(f'{home.name}@{one.name}' for one in folders)}), or "
            "build the one that the name shall mean once more: it is found, and marked",
        )
    return last


def find_feature(cache: Path, ref: str, spec: str, settings: dict[str, Any]) -> Path:
    """The feature built last of a dataset with this name and these stored settings.

    Parameters
    ----------
    spec
        Feature name, or ``name@digest8`` for one folder.
    settings
        Settings that must agree with the stored ones.

    Raises
    ------
    FeatureError
        If there is none, with the command that makes it.
    """
    home = cache / "features" / ref
    name, _, digest = spec.partition("@")
    folders = [folder for folder in committed(home) if of_feature(folder, name)]
    manifests = {folder: read_manifest(folder) for folder in folders}
    fitting = [
        folder
        for folder, manifest in manifests.items()
        if manifest["feature"] == name
        and folder.name.endswith(digest)
        and all(manifest["settings"].get(key, value) == value for key, value in settings.items())
    ]
    if fitting:
        return _last_feature(home, {folder: manifests[folder] for folder in fitting})
    there = feature_names(cache, ref)
    wanted = f" with {settings}" if settings else ""
    family = name.partition(":")[0]
    options = "".join(f" --set {family}.{key}={value}" for key, value in settings.items())
    near = "" if name in there else did_you_mean(name, there)
    raise FeatureError(
        f"{ref} has no feature {spec!r}{wanted}{near}",
        next_step=f"`matdata featurize {ref} {name}{options}` makes it; there are: "
        f"{', '.join(there) or 'none'}",
    )


def _last_feature(home: Path, fitting: Mapping[Path, Mapping[str, Any]]) -> Path:
    """The one used last, or any where all hold the same numbers in other formats."""
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
        f"{home.name} has {len(fitting)} features that fit, and nothing says which was built last",
        cause=f"they were copied here without {LATEST}, or built before matdata wrote it",
        next_step=f"name one, by digest or by its settings: {listed}",
    )
