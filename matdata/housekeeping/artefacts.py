"""Artefacts of a cache, and what each was made from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from matdata.core.digest import SHORT
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.sharing.layout import FOLDERS, Kind
from matdata.store import notes
from matdata.store.catalogue import kept, kept_below
from matdata.store.locks import LOCK
from matdata.store.manifest import read_manifest
from matdata.store.user_metadata import COMPUTED, digest_of_base, folder_of_rows

#: Those made from others come first, so that a removal that is stopped leaves nothing without
#: what it was made from.
ORDER = tuple(reversed(FOLDERS))
REFERENCES = FOLDERS["reference"]
SPLITS = "splits"  # folder in that of a dataset


@dataclass(frozen=True)
class Artefact:
    """One artefact.

    Attributes
    ----------
    kind, ref
        What it is, and how `matdata rm` names it.
    paths
        Its folder; of a split the note and the table, in the order in which they go.
    locks
        Locks that whoever writes it holds; those that are there come and go, and an artefact is
        the same one with others.
    provides, needs
        Keys of what others can be made from it, and of what it was made from. Two versions of a
        dataset that differ in words alone provide the same rows.
    """

    kind: Kind
    ref: str
    paths: tuple[Path, ...]
    locks: tuple[Path, ...] = field(compare=False)
    provides: frozenset[str]
    needs: frozenset[str] = frozenset()

    @property
    def home(self) -> Path:
        """The folder that holds it."""
        return self.paths[0].parent

    def is_there(self) -> bool:
        """Whether it was not removed meanwhile."""
        return self.paths[0].exists()


def inventory(cache: Path) -> list[Artefact]:
    """All artefacts of a cache, those with a damaged manifest included."""
    return [
        *_in_homes(cache / "snapshots", _snapshot),
        *map(_reference, kept(cache / REFERENCES).folders),
        *_datasets(cache),
        *_in_homes(cache / "features", _feature),
        *(_run(folder) for folder in kept(cache / "runs").folders),
    ]


def _in_homes(place: Path, describe: Callable[[str, Path], Artefact]) -> Iterator[Artefact]:
    for name, contents in kept_below(place).items():
        yield from map(partial(describe, name), contents.folders)


def _manifest(folder: Path) -> JsonObject:
    """The manifest; empty if it is damaged: then folder names alone say what it is."""
    with contextlib.suppress(StoreError):
        return read_manifest(folder)
    return {}


def _locks(folder: Path, kind: str, key: object) -> tuple[Path, ...]:
    """The lock of an artefact; where its key is not known all locks of its kind in the folder."""
    if key:
        return (folder.parent / f"{LOCK}{kind}-{str(key)[:16]}",)
    return tuple(sorted(folder.parent.glob(f"{LOCK}{kind}-*")))


def _snapshot(source: str, folder: Path) -> Artefact:
    ref = f"{source}/{folder.name}"
    key = _manifest(folder).get("request_digest")
    locks = _locks(folder, "snapshot", key)
    return Artefact("snapshot", f"snapshots/{ref}", (folder,), locks, _keys("snapshot", ref))


def _reference(folder: Path) -> Artefact:
    locks = _locks(folder, "reference", _manifest(folder).get("identity_digest"))
    ref = f"{REFERENCES}/{folder.name}"
    return Artefact("reference", ref, (folder,), locks, _keys("reference", folder.name))


def _datasets(cache: Path) -> Iterator[Artefact]:
    for name, contents in kept_below(cache / "datasets").items():
        for folder in contents.folders:
            dataset = _dataset(cache, name, folder)
            yield dataset
            yield from _splits(dataset)


def _dataset(cache: Path, name: str, folder: Path) -> Artefact:
    manifest = _manifest(folder)
    version = folder.name
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        version = folder_of_rows(manifest, folder.name)
    rows, digest = f"{name}@{version}", folder.name[-SHORT:]
    needs = set(_keys("snapshot", _at(manifest, "made_from", "snapshot")))
    if computed := _at(manifest, COMPUTED):
        needs |= _keys("reference", _at(computed, "reference"))
        needs |= _keys("dataset", digest_of_base(manifest)[:SHORT])
    dropped = _at(manifest, "identity", "drop_in")
    if isinstance(dropped, list):
        needs |= {f"dataset:{str(one)[:SHORT]}" for one in dropped}
    # whoever computes features of it, or splits it, works on it
    at_work = [*(cache / "features" / rows).glob(f"{LOCK}feature-*")]
    at_work += (folder / SPLITS).glob(f"{LOCK}*")
    return Artefact(
        "dataset",
        f"{name}@{folder.name}",
        (folder,),
        (*_locks(folder, "dataset", manifest.get("identity_digest")), *sorted(at_work)),
        _keys("dataset", digest) | _keys("rows", rows),
        frozenset(needs),
    )


def _splits(dataset: Artefact) -> Iterator[Artefact]:
    (folder,) = dataset.paths
    home = folder / SPLITS
    for name in notes.names(home)[0]:
        yield Artefact(
            "split",
            f"{dataset.ref}/{SPLITS}/{name}",
            (home / f"{name}{notes.NOTE}", home / f"{name}{notes.TABLE}"),
            (home / f"{LOCK}{name}",),
            _keys("split", f"{folder.name[-SHORT:]}/{name}"),
            _keys("dataset", folder.name[-SHORT:]),
        )


def _feature(rows: str, folder: Path) -> Artefact:
    return Artefact(
        "feature",
        f"{rows}/features/{folder.name}",
        (folder,),
        _locks(folder, "feature", _manifest(folder).get("identity_digest")),
        _keys("feature", folder.name),  # it ends with a digest that the dataset goes into
        _keys("rows", rows),
    )


def _run(folder: Path) -> Artefact:
    manifest = _manifest(folder)
    digest = str(_at(manifest, "dataset", "digest") or "")[:SHORT]
    split, parent = _at(manifest, "split", "name"), _at(manifest, "from_run", "name")
    needs = set(_keys("dataset", digest) | _keys("run", parent))
    needs |= _keys("split", f"{digest}/{split}" if split else None)
    inputs = manifest.get("inputs", ())
    needs |= {key for one in inputs for key in _keys("feature", _at(one, "feature"))}
    return Artefact(
        "run",
        f"runs/{folder.name}",
        (folder,),
        (folder.with_name(f"{LOCK}{folder.name}"),),
        _keys("run", folder.name),
        frozenset(needs),
    )


def _keys(kind: str, value: object) -> frozenset[str]:
    return frozenset((f"{kind}:{value}",)) if value else frozenset()


def _at(content: object, *keys: str) -> object:
    """A value inside records; None where there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content
