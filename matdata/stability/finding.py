"""What the names of references mean, and the one reference of several of them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from matdata.core.cache import places
from matdata.core.console import SILENT, Console
from matdata.core.errors import StoreError, did_you_mean
from matdata.core.executors import SEQUENTIAL, Workers
from matdata.stability.energies import energies_of
from matdata.stability.entries import Entries
from matdata.stability.place import HOME
from matdata.stability.reference import StoredReference, store_reference
from matdata.store.catalogue import committed, find_dataset
from matdata.store.dataset_folder import DatasetFolder


def find_reference(
    cache: Path, ref: str, scheme: str | None = None, workers: Workers = SEQUENTIAL,
    console: Console = SILENT,
) -> StoredReference:  # fmt: skip
    """The reference that a name means.

    It is a stored one (``name-digest8``), else that of the energies of a dataset, which is made
    where it is not there, else the only stored one of that name.

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
        If nothing has the name, or several stored references do.
    ConfigError, CurationError
        If a dataset has no energies that a hull can be made of.
    """
    known = _stored(cache)
    exact = [one for one in known if one.name == ref]
    if exact:
        return StoredReference(exact[0])
    dataset = None
    with contextlib.suppress(StoreError):
        dataset = find_dataset(cache, ref)
    if dataset is not None:
        return reference_of(cache, dataset, None, scheme, workers, console)
    named = [one for one in known if one.name.rpartition("-")[0] == ref]
    if len(named) == 1:
        return StoredReference(named[0])
    names = [one.name for one in known]
    if named:
        raise StoreError(
            f"{len(named)} references are called {ref!r}",
            next_step=f"name one: {', '.join(one.name for one in named)}",
        )
    raise StoreError(
        f"there is no reference and no dataset {ref[:100]!r}{did_you_mean(ref, names)}",
        next_step=f"references: {', '.join(names) or 'none yet'}; `matdata list` prints datasets, "
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
    return store_reference(cache, name, entries, workers, console)


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
    return store_reference(cache, names, entries, workers, console)


def _stored(cache: Path) -> list[Path]:
    """Folders of the references of all places, one's own first."""
    return [folder for place in places(cache) for folder in committed(place / HOME)]
