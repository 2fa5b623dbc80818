"""Pulls artefacts: their records and manifests are checked, then each is received and installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.sharing.consistency import manifest_of, require_own, require_run_files
from matdata.sharing.folder import SharedFolder
from matdata.sharing.install import Pulled, Transfer, install_record
from matdata.sharing.layout import FOLDERS, Key
from matdata.sharing.reading import read_blob, read_record
from matdata.sharing.record import Record, sealed
from matdata.training.contents import RESULT


@dataclass(frozen=True)
class Planned:
    """An artefact that is to be pulled: its record, and its manifest or the note of a split."""

    record: Record
    manifest: JsonObject


def plan(folder: SharedFolder, keys: Sequence[Key], *, alone: bool = False) -> list[Planned]:
    """Records and manifests of artefacts and of what they need, checked against each other.

    Parameters
    ----------
    folder
        Where they are.
    keys
        Which ones.
    alone
        Leave out what they need.

    Returns
    -------
    list of Planned
        Each after what it needs.

    Raises
    ------
    StoreError
        If one is not there, cannot be read, or they disagree.
    """
    planned: dict[Key, Planned] = {}
    todo = list(keys)
    while todo:
        key = todo.pop()
        if key in planned:
            continue
        record = read_record(folder, key)
        if record is None:
            raise StoreError(
                f"{folder.shown} holds no {key.kind} {key.ref}",
                cause="it was not pushed there, or alone, without what it needs",
                next_step="push it, or mend its name",
            )
        planned[key] = Planned(record, manifest_of(record, folder))
        todo += [] if alone else record.needs
    for one in planned.values():
        _check(one, planned, folder)
    order = list(FOLDERS)
    return sorted(planned.values(), key=lambda one: order.index(one.record.key.kind))


def _check(one: Planned, planned: dict[Key, Planned], folder: SharedFolder) -> None:
    """Compare an artefact with the dataset that it needs, and a run with what it ended with."""
    kind = one.record.key.kind
    if kind in ("split", "feature"):
        for need in one.record.needs:
            if need.kind == "dataset" and need in planned:
                require_own(one.record, one.manifest, planned[need].manifest, need.name)
    if kind == "run":
        place = f"{folder.shown}/{one.record.key.path}"
        result = sealed(read_blob(folder, one.record.files[RESULT]), place)
        require_run_files(one.record, result, place)


def pull_all(planned: Sequence[Planned], transfer: Transfer) -> list[Pulled]:
    """Receive and install what was planned, in its order.

    Raises
    ------
    DamageError
        If what comes is not what the records say.
    StoreError
        As `matdata.sharing.install.install_record`.
    """
    return [install_record(one.record, one.manifest, transfer) for one in planned]
