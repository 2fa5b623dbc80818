"""What commands learnt from a dataset, kept so that the same is not learnt twice.

One file of arrays in ``learnt/`` each, named after the command and the digest of its identity:
what it was learnt from, how, and by which version of the code. The file carries its own digest and
that identity, so a damaged or edited one is noticed, and is learnt again. Nothing is lost with it:
`matdata gc` removes those whose dataset is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.cache import LEARNT
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.store.safetensors import read_tensors, write_tensors

ENDING = ".safetensors"
DIGITS = 16
#: Key of the digest of the dataset in an identity; `gc` looks at it.
DATASET = "dataset"

Arrays = dict[str, npt.NDArray[Any]]


def learnt_path(cache: Path, name: str, identity: Mapping[str, object]) -> Path:
    """Where it is kept."""
    return cache / LEARNT / f"{name}-{digest_json(dict(identity))[:DIGITS]}{ENDING}"


def read_learnt(cache: Path, name: str, identity: Mapping[str, object]) -> Arrays | None:
    """The arrays that a command learnt; None if it did not yet.

    Parameters
    ----------
    cache, name
        The cache, and the name of the command.
    identity
        Plain values: digests of what it is learnt from (``dataset``, …), settings, version.

    Raises
    ------
    StoreError
        If the file is damaged.
    """
    path = learnt_path(cache, name, identity)
    return checked(path)[0] if path.exists() else None


def write_learnt(
    cache: Path,
    name: str,
    identity: Mapping[str, object],
    arrays: Mapping[str, npt.NDArray[np.generic]],
) -> None:
    """Keep what was learnt, by one rename.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    path = learnt_path(cache, name, identity)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made: {error.strerror}") from error
    write_tensors(path, arrays, dict(identity))


def checked(path: Path) -> tuple[Arrays, JsonObject]:
    """The arrays and the identity of a file.

    Raises
    ------
    StoreError
        If it is damaged, or its name is not that of its identity.
    """
    arrays, identity = read_tensors(path)
    if not path.stem.endswith(f"-{digest_json(identity)[:DIGITS]}"):
        raise StoreError(
            f"{path} is damaged: its name is not that of what it holds",
            next_step="remove the file; it is learnt again",
        )
    return arrays, identity
