"""What the names of references mean, and the one reference of several of them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matdata.core.cache import places
from matdata.core.console import SILENT, Console
from matdata.core.errors import StoreError, did_you_mean
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.stability.energies import energies_of
from matdata.stability.entries import Entries
from matdata.stability.place import HOME, KIND
from matdata.stability.reference import StoredReference, store_reference
from matdata.store.catalogue import clean_name, committed, find_dataset
from matdata.store.damage import damage_of
from matdata.store.dataset_folder import DatasetFolder


def find_reference(
    cache: Path, ref: str, scheme: str | None = None, workers: Workers = SEQUENTIAL,
    console: Console = SILENT,
) -> StoredReference:  # fmt: skip
    """The reference that a name means.

    It is a stored one (``name-digest8``); else that of a dataset: the only stored one of its
    energies, whatever column they are in, or where there is none that of its column of energies
    of a known name, which is made; else the only stored one of that name.

    Parameters
    ----------
    cache
        Where it is looked for, and where that of a dataset is stored.
    ref
        The name.
    scheme
        Correction scheme of energies that state none.
    workers, console
        As of `store_reference`.

    Raises
    ------
    StoreError
        If nothing has the name, or several stored references do, such as those of two columns
        of a dataset.
    ConfigError, CurationError
        If a dataset has no energies that a hull can be made of.
    """
    stored = _stored(cache)
    if ref in stored:
        return StoredReference(stored[ref])
    dataset = None
    with contextlib.suppress(StoreError):
        dataset = find_dataset(cache, ref)
    named = _named(stored, ref) if dataset is None else _of_dataset(stored, dataset, scheme)
    if len(named) == 1:
        return named[0]
    if named:
        each = (f"{one.ref} ({', '.join(one.columns)}; {one.scheme})" for one in named)
        raise StoreError(
            f"{len(named)} references are called {ref!r}", next_step=f"name one: {', '.join(each)}"
        )
    if dataset is not None:
        return reference_of(cache, dataset, None, scheme, workers, console)
    raise StoreError(
        f"there is no reference and no dataset {ref[:100]!r}{did_you_mean(ref, list(stored))}",
        next_step=f"references: {', '.join(stored) or 'none yet'}; `matdata list` prints datasets, "
        "and one with energies can be named in their place",
    )


def reference_of(
    cache: Path, dataset: DatasetFolder, energy: str | None = None, scheme: str | None = None,
    workers: Workers = SEQUENTIAL, console: Console = SILENT, *, formation: bool = False,
) -> StoredReference:  # fmt: skip
    """The reference of the energies of a dataset, made where it is not there.

    Parameters
    ----------
    cache
        Where it is stored.
    dataset
        The dataset.
    energy, scheme, formation
        As of `energies_of`.
    workers, console
        As of `store_reference`.
    """
    energies = energies_of(dataset, energy, scheme, formation=formation)
    entries = Entries.of(energies, dataset.data_ref, dataset.data_digest)
    name = str(dataset.manifest["name"])
    return store_reference(cache, name, entries, workers, console, _older(cache, name))


def joined_reference(
    cache: Path, references: Sequence[StoredReference], workers: Workers = SEQUENTIAL,
    console: Console = SILENT,
) -> StoredReference:  # fmt: skip
    """Several references as one: the entries of all of them; of a single one itself.

    Raises
    ------
    CurationError
        If their energies are of several kinds or correction schemes.
    """
    distinct = list({one.digest: one for one in references}.values())
    if len(distinct) == 1:
        return distinct[0]
    names = "+".join(dict.fromkeys(str(one.manifest["name"]) for one in distinct))
    entries = Entries.joined([one.entries for one in distinct])
    parts = itertools.chain(distinct, _older(cache, names))
    return store_reference(cache, names, entries, workers, console, parts)


def _stored(cache: Path) -> dict[str, Path]:
    """Folders of the references of all places by their exact names, one's own before others."""
    folders = [folder for place in places(cache) for folder in committed(place / HOME)]
    return {folder.name: folder for folder in reversed(folders)}


def _whole(stored: Mapping[str, Path]) -> dict[str, Path]:
    """Those that are not damaged."""
    return {name: folder for name, folder in stored.items() if not damage_of(folder, KIND)}


def _older(cache: Path, name: str) -> Iterator[StoredReference]:
    """Stored references of a name, looked for when the first is asked for."""
    clean = clean_name(name)
    stored = {one: at for one, at in _stored(cache).items() if one.rpartition("-")[0] == clean}
    yield from _named(_whole(stored), clean)


def _named(stored: Mapping[str, Path], name: str) -> list[StoredReference]:
    """Those of a name without digest, by their exact names."""
    exact = sorted(one for one in stored if one.rpartition("-")[0] == name)
    return [StoredReference(stored[one]) for one in exact]


def _of_dataset(
    stored: Mapping[str, Path], dataset: DatasetFolder, scheme: str | None
) -> list[StoredReference]:
    """Those that `reference_of` made of energies of a dataset; damaged ones are made again."""
    return [
        one for one in _named(_whole(stored), clean_name(str(dataset.manifest["name"])))
        if one.is_of(dataset.data_digest) and scheme in (None, one.scheme)
    ]  # fmt: skip
