"""Removal beside running builds: under the locks of whoever would write, and by a rename first.

What has its own name is whole, also while it is removed: a folder is renamed to a hidden name in
one step, the record of what a bare name means is mended, and then its files are deleted. A killed
removal leaves hidden folders, which `matdata gc` deletes.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.errors import StoreError
from matdata.features.building.shared_shards import leases_of
from matdata.housekeeping.artefacts import Artefact
from matdata.store import files
from matdata.store.latest import forget
from matdata.store.locks import Held, holder_of, holding

KEPT_OF_NAME = 200  # characters: a name in a folder takes 255 bytes


@contextlib.contextmanager
def at_rest(
    what: str, locks: Sequence[Path], going: Sequence[Path] = (), *, dry_run: bool = False
) -> Iterator[None]:
    """Hold the locks of an artefact while it is removed.

    Parameters
    ----------
    what
        Its reference, for the message.
    locks
        Locks of all who would write.
    going
        What is removed. A lock inside it would go as well: it is looked at, and not taken; so are
        the leases of processes that share a folder.
    dry_run
        Look at all of them, and take none.

    Raises
    ------
    StoreError
        If another process holds one, naming the process where it is known.
    """
    with contextlib.ExitStack() as held:
        for lock in dict.fromkeys(locks):
            if dry_run or any(lock.is_relative_to(path) for path in going):
                require_at_rest(what, [lock])
                continue
            try:
                held.enter_context(holding(lock, wait=False))
            except Held:
                raise _at_work(what, lock) from None
        # under the lock of the folder no process joins those that share it
        require_at_rest(what, (lease for path in going for lease in leases_of(path)))
        yield


def require_at_rest(what: str, locks: Iterable[Path]) -> None:
    """Look at locks without taking them.

    Raises
    ------
    StoreError
        As `at_rest`.
    """
    for lock in locks:
        if holder_of(lock) is not None:
            raise _at_work(what, lock)


def _at_work(what: str, lock: Path) -> StoreError:
    holder = holder_of(lock)
    return StoreError(
        f"{what} stays: {holder or 'another process'} works on it",
        next_step="wait until that is over, and run the same command again",
    )


def remove_artefact(artefact: Artefact) -> None:
    """Remove an artefact whose locks are held; nothing happens if it is gone already.

    Raises
    ------
    StoreError
        If it may not be removed.
    """
    try:
        hidden = [hide(path) for path in artefact.paths if path.exists()]
        if artefact.kind != "split":
            forget(artefact.paths[0])
        for path in hidden:
            delete(path)
    except OSError as error:
        raise _refused(error, artefact.paths[0]) from error


def remove_path(path: Path) -> None:
    """Remove a file or folder that is no artefact, in the same way.

    Raises
    ------
    StoreError
        If it may not be removed.
    """
    try:
        if path.exists() or path.is_symlink():
            delete(path if path.name.startswith(files.REMOVING) else hide(path))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refused(error, path) from error


def hide(path: Path) -> Path:
    """Rename to a hidden name in the same folder, which is returned."""
    name = f"{files.REMOVING}{secrets.token_hex(4)}-{path.name[-KEPT_OF_NAME:]}"
    return path.rename(path.with_name(name))


def delete(hidden: Path) -> None:
    """Delete what was hidden; another process may be doing so as well."""
    with contextlib.suppress(FileNotFoundError):
        files.remove(hidden)


def _refused(error: OSError, path: Path) -> StoreError:
    return StoreError(
        storage_error(error, path).what.replace("cannot write to", "cannot remove"),
        next_step="ask the owner of the cache, who may remove it; what was hidden already goes "
        "with the next `matdata gc`",
    )
