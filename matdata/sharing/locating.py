"""Finds the shared folder that an address leads into, and what is named within it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from matdata.core.errors import ConfigError, StoreError, first_few
from matdata.core.redaction import excerpt
from matdata.sharing.address import Address, address_of, is_address
from matdata.sharing.connecting import open_folder
from matdata.sharing.folder import SharedFolder
from matdata.sharing.reading import dataset_names, read_marker

ENV = "MATDATA_REMOTE"
#: Names of a reference at most (``DATASET/features/FEATURE``): so far up the folder may lie.
DEPTH = 3

#: Characters of a path or an address: PATH_MAX of Linux.
LONGEST = 4096


class Located(NamedTuple):
    """A shared folder, and what is named in it: empty if the address is that of the folder."""

    folder: SharedFolder
    ref: str
    address: Address


def locate(what: str | Path) -> Located:
    """The shared folder of an address such as ``s3://bucket/lab/golden``, and ``golden`` in it.

    A path of this machine is an address, too (`matdata.sharing.address.is_address`).

    A reference alone is looked up in the folder that ``$MATDATA_REMOTE`` names.

    Raises
    ------
    ConfigError
        If it is the name of an artefact, and the variable is not set; or no path is so long.
    StoreError
        If there is no shared folder at the address or above it, or it cannot be reached.
    """
    if len(str(what)) > LONGEST:
        raise ConfigError(
            f"{excerpt(what, 100)!r} is longer than any path or address",
            next_step="name a dataset, or a shared folder by its path or address",
        )
    if not is_address(what):
        base = os.environ.get(ENV, "")
        if not base:
            raise ConfigError(
                f"{excerpt(what, 100)!r} is a name, and ${ENV} does not name the shared folder",
                next_step=f"give the address (s3://…/NAME, ./FOLDER/NAME), or set {ENV}; `matdata "
                "import` takes an archive",
            )
        address = address_of(base, f"${ENV}")
        folder = open_folder(address)
        if not read_marker(folder):
            raise _nothing_at(str(address))
        return Located(folder, str(what), address)
    address, names = address_of(what), list[str]()
    first = address
    folder = open_folder(address)
    for _ in range(DEPTH + 1):
        if read_marker(folder):
            return Located(folder, "/".join(names), address)
        parent = address.parent()
        if parent is None:
            break
        address, name = parent
        names.insert(0, name)
        folder = folder.at(address)
    raise _nothing_at(str(first))


def only_dataset(folder: SharedFolder) -> str:
    """Name of the dataset of a shared folder that holds one.

    Raises
    ------
    StoreError
        If it holds several or none, or cannot be listed.
    """
    names = dataset_names(folder)
    if len(names) != 1:
        raise StoreError(
            f"{folder.shown} holds {len(names) or 'no'} datasets",
            next_step=f"name one: {folder.shown}/NAME; there: {first_few(names) or 'none'}",
        )
    return names[0]


def _nothing_at(address: str) -> StoreError:
    return StoreError(
        f"nothing was pushed to {address}, or to a folder above it",
        cause="another address, or a store that hides what it does not let you read",
        next_step="`matdata push REF URL` pushes there",
    )
