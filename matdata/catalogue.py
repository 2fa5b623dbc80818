"""What a cache holds: datasets by name and version, features by dataset, and what a name means."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Any

from matdata.dataset import DatasetFolder
from matdata.errors import ConfigError, FeatureError, StoreError, did_you_mean
from matdata.store.manifest import NAME, read_manifest

_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")
NAME_LENGTH = 80


def clean_name(text: str) -> str:
    """A dataset name from any text: what does not belong into a folder name becomes a dash."""
    return _UNFIT.sub("-", text).strip("-.")[:NAME_LENGTH] or "dataset"


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


def committed(folder: Path) -> list[Path]:
    """Finished artefacts in a folder, the one made or asked for last at the end."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if (path / NAME).is_file() and path.name[0] != "."]
    return sorted(found, key=lambda path: ((path / NAME).stat().st_mtime_ns, path.name))


def mark_used(folder: Path) -> None:
    """Make an artefact the last of its folder: a build that finds it there has chosen it.

    The time of its manifest says so; no byte changes.
    """
    with contextlib.suppress(OSError):  # a cache that others own is read all the same
        os.utime(folder / NAME)


def datasets(cache: Path) -> dict[str, list[Path]]:
    """Folders of all datasets by name, oldest first."""
    home = cache / "datasets"
    names = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
    return {name: found for name in names if (found := committed(home / name))}


def snapshots(cache: Path) -> list[Path]:
    """Folders of all snapshots."""
    home = cache / "snapshots"
    sources = sorted(home.iterdir()) if home.is_dir() else []
    return [folder for source in sources for folder in committed(source)]


def features(cache: Path, ref: str) -> list[Path]:
    """Folders of the features of one dataset, oldest first."""
    return committed(cache / "features" / ref)


def find_dataset(cache: Path, ref: str) -> DatasetFolder:
    """The dataset that ``name`` (the version built last) or ``name@version`` means.

    Raises
    ------
    StoreError
        If there is none, with the names and versions there are.
    """
    known = datasets(cache)
    name, _, version = ref.partition("@")
    if name not in known:
        listed = ", ".join(known) or "none yet"
        raise StoreError(
            f"no dataset {name!r} in {cache}{did_you_mean(name, known)}",
            next_step=f"datasets there: {listed}; `matdata build` makes one",
        )
    if not version:
        return DatasetFolder(known[name][-1])
    matching = [path for path in known[name] if path.name == version]
    matching = matching or [path for path in known[name] if path.name.startswith(version)]
    if len(matching) != 1:
        versions = ", ".join(path.name for path in known[name])
        what = "several versions match" if matching else "no version"
        raise StoreError(f"{what} {version!r} of {name}", next_step=f"versions: {versions}")
    return DatasetFolder(matching[0])


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
    found = features(cache, ref)
    name, _, digest = spec.partition("@")
    manifests = [(folder, read_manifest(folder)) for folder in found]
    fitting = [
        folder
        for folder, manifest in manifests
        if manifest["feature"] == name
        and (not digest or folder.name.endswith(digest))
        and all(manifest["settings"].get(key, value) == value for key, value in settings.items())
    ]
    if fitting:
        return fitting[-1]
    there = sorted({manifest["feature"] for _, manifest in manifests})
    wanted = f" with {settings}" if settings else ""
    family = name.partition(":")[0]
    options = "".join(f" --set {family}.{key}={value}" for key, value in settings.items())
    near = "" if name in there else did_you_mean(name, there)
    raise FeatureError(
        f"{ref} has no feature {spec!r}{wanted}{near}",
        next_step=f"`matdata featurize {ref} {name}{options}` makes it; there are: "
        f"{', '.join(there) or 'none'}",
    )
