"""References of artefacts, and what is meant by them in a cache and in a shared folder.

``NAME``, ``NAME@VERSION``: a dataset. ``DATASET/features/FEATURE``: a feature, by its name, by
``NAME@DIGEST8`` or by its folder. ``DATASET/splits/SPLIT``: a split. ``runs/RUN``: a run.
``snapshots/SOURCE/VERSION``: a snapshot. ``references/NAME-DIGEST8``: a hull reference. After the
address of a shared folder and a slash, the same names what lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.cache import places
from matdata.core.errors import ConfigError, StoreError, did_you_mean
from matdata.core.given import require_name
from matdata.core.redaction import excerpt
from matdata.sharing.address import is_address
from matdata.sharing.artefacts import (
    Artefact,
    committed_artefact,
    dataset_artefact,
    feature_artefact,
    run_artefact,
    snapshot_artefact,
    split_artefact,
)
from matdata.sharing.folder import SharedFolder
from matdata.sharing.layout import FOLDERS, Key, Kind, Reference
from matdata.sharing.reading import listed
from matdata.sharing.shared_names import (
    dataset_ref,
    features_home,
    find_shared_dataset,
    find_shared_feature,
)
from matdata.store.catalogue import committed, find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import features_in_places, find_feature
from matdata.training.run_lookup import find_run

ALL, NONE = "all", "none"


@dataclass(frozen=True)
class Choice:
    """What goes with a dataset or is needed by what was named.

    Attributes
    ----------
    features, splits
        Their names, or ``all`` or ``none`` alone.
    snapshot
        The records that the dataset was made from, as well.
    alone
        Leave out what is needed: the dataset of a feature.
    """

    features: tuple[str, ...] = (NONE,)
    splits: tuple[str, ...] = (ALL,)
    snapshot: bool = False
    alone: bool = False


def parse(text: str) -> Reference:
    """Take a reference apart.

    Raises
    ------
    ConfigError
        If it has another form.
    """
    if is_address(text):
        raise ConfigError(
            f"{excerpt(text, 100)!r} is an address, and an artefact of the cache is needed",
            next_step="name the artefact first and the address second: matdata push REF URL",
        )
    reference = Reference.of(require_name(text, "the reference").strip("/"))
    if reference is not None:
        return reference
    raise ConfigError(
        f"{excerpt(text, 100)!r} names no artefact",
        next_step="DATASET, DATASET/features/FEATURE, DATASET/splits/SPLIT, runs/RUN, "
        "references/NAME-DIGEST or snapshots/SOURCE/VERSION",
    )


def in_cache(cache: Path, text: str, choice: Choice) -> list[Artefact]:
    """The artefacts of a cache that a reference and a choice mean, each once, after what it needs.

    Raises
    ------
    StoreError, FeatureError, ConfigError
        If one is not there.
    """
    return list({one.key: one for one in _in_cache(cache, text, choice)}.values())


def _in_cache(cache: Path, text: str, choice: Choice) -> list[Artefact]:
    reference = parse(text)
    if reference.kind == "snapshot":
        return [_snapshot(cache, reference)]
    if reference.kind == "reference":
        return [_hull_reference(cache, reference.name)]
    if reference.kind == "run":
        return _run(cache, reference.name, choice)
    dataset = find_dataset(cache, reference.home or reference.name)
    first = [] if choice.alone and reference.kind != "dataset" else [dataset_artefact(dataset)]
    if choice.snapshot:
        first.insert(0, snapshot_artefact(cache, dataset))
    if reference.kind == "split":
        return [*first, split_artefact(dataset, reference.name)]
    if reference.kind == "feature":
        return [*first, feature_artefact(dataset, _feature(cache, dataset, reference.name))]
    splits = _chosen(choice.splits, dataset.split_names(), "split", dataset.ref)
    folders = features_in_places(cache, dataset.data_ref).folders
    if choice.features != (ALL,):
        names = [] if choice.features == (NONE,) else choice.features
        folders = [_feature(cache, dataset, name) for name in names]
    return [
        *first,
        *(split_artefact(dataset, name) for name in splits),
        *(feature_artefact(dataset, folder) for folder in folders),
    ]


def _snapshot(cache: Path, reference: Reference) -> Artefact:
    homes = [place / FOLDERS["snapshot"] / reference.home for place in reversed(places(cache))]
    folders = {one.name: one for home in homes for one in committed(home)}  # one's own are last
    matching = [name for name in folders if name.startswith(reference.name)]
    if len(matching) != 1:
        raise StoreError(
            f"{len(matching) or 'no'} snapshots {reference.home}/{reference.name} in {cache}",
            next_step=f"there are: {', '.join(sorted(folders)) or 'none'}",
        )
    return committed_artefact(Key("snapshot", reference.home, matching[0]), folders[matching[0]])


def _hull_reference(cache: Path, name: str) -> Artefact:
    home = FOLDERS["reference"]
    folders = {
        one.name: one for place in reversed(places(cache)) for one in committed(place / home)
    }
    if name not in folders:
        raise StoreError(
            f"no reference {name!r} in {cache}{did_you_mean(name, folders)}",
            next_step=f"there are: {', '.join(sorted(folders)) or 'none'}",
        )
    return committed_artefact(Key("reference", "", name), folders[name])


def _run(cache: Path, name: str, choice: Choice) -> list[Artefact]:
    run, dataset = run_artefact(cache, find_run(cache, name).folder)
    if choice.alone:
        return [run]
    inputs = [key.name for key in run.needs if key.kind == "feature"]
    split = next(key.name for key in run.needs if key.kind == "split")
    folders = [
        one for one in features_in_places(cache, dataset.data_ref).folders if one.name in inputs
    ]
    first = [snapshot_artefact(cache, dataset)] if choice.snapshot else []
    return [
        *first,
        dataset_artefact(dataset),
        split_artefact(dataset, split),
        *(feature_artefact(dataset, one) for one in folders),
        run,
    ]


def _feature(cache: Path, dataset: DatasetFolder, name: str) -> Path:
    """Folder of a feature, by its name, ``name@digest8``, or the name of the folder."""
    for folder in features_in_places(cache, dataset.data_ref).folders:
        if folder.name == name:
            return folder
    return find_feature(cache, dataset.data_ref, name, {})


def _chosen(chosen: Sequence[str], there: Sequence[str], kind: Kind, ref: str) -> list[str]:
    """Names that were chosen of those that are there."""
    if tuple(chosen) == (NONE,):
        return []
    if tuple(chosen) == (ALL,):
        return list(there)
    for name in chosen:
        if name not in there:
            raise StoreError(
                f"{ref} has no {kind} {name!r}{did_you_mean(name, there)}",
                next_step=f"{FOLDERS[kind]}: {', '.join(there) or 'none'}",
            )
    return list(chosen)


def in_folder(folder: SharedFolder, text: str, choice: Choice) -> list[Key]:
    """The artefacts of a shared folder that a reference and a choice mean, without their needs.

    Raises
    ------
    StoreError, FeatureError, ConfigError
        If one is not there, or the folder cannot be listed where it must be.
    """
    reference = parse(text)
    if reference.kind in ("run", "reference", "snapshot"):
        return [Key(reference.kind, reference.home, reference.name)]
    dataset, manifest = find_shared_dataset(folder, reference.home or reference.name)
    if reference.kind == "split":
        return [Key("split", dataset_ref(dataset), reference.name)]
    home = features_home(dataset, manifest)
    if reference.kind == "feature":
        return [find_shared_feature(folder, home, reference.name).key]
    splits = _listed_names(folder, choice.splits, "split", dataset_ref(dataset))
    snapshot = str(manifest["made_from"]["snapshot"]).partition("/")
    more = [Key("snapshot", snapshot[0], snapshot[2])] if choice.snapshot else []
    if choice.features in ((ALL,), (NONE,)):
        names = _listed_names(folder, choice.features, "feature", home)
        features = [Key("feature", home, name) for name in names]
    else:
        features = [find_shared_feature(folder, home, name).key for name in choice.features]
    own = [Key("split", dataset_ref(dataset), name) for name in splits]
    return [*more, dataset, *own, *features]


def _listed_names(
    folder: SharedFolder, chosen: Sequence[str], kind: Kind, home: str
) -> Iterable[str]:
    if tuple(chosen) == (NONE,):
        return ()
    if tuple(chosen) == (ALL,):
        return listed(folder, f"{FOLDERS[kind]}/{home}")
    return chosen
