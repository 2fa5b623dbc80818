"""Parts of an artefact: written by any worker, and checked once per process before they are read.

The worker writes and describes, the driver records: see `ArtefactWriter.record`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import StoreError
from matdata.store import files
from matdata.store.manifest import part_files
from matdata.store.wholeness import require_whole_file

#: A file that changed less than this many seconds ago may change again without a new time stamp.
SETTLED = 1.0
#: Files whose bytes this process has found to be right: path, inode, size, time, digest.
_checked: set[tuple[str, int, int, int, str]] = set()


def write_part(
    staging: Path, part: str, write: Callable[[Path], None], **meta: object
) -> JsonObject:
    """Write one part under a staging folder by calling `write` with a temporary path.

    Several workers may write the same part: the first one is kept, and the others are compared
    with it.

    Returns
    -------
    dict
        The part, its files with size and SHA-256, and `meta`: a line for the journal.

    Raises
    ------
    StoreError
        If the disk is full or not writable, or another worker wrote other bytes.
    """
    final = staging / part
    temporary = files.temporary_beside(final)
    try:
        final.parent.mkdir(exist_ok=True)  # the staging folder itself is there, or all is over
        write(temporary)
        files.fsync_tree(temporary)
        records = _records(staging, temporary, final)
        if not _installed(temporary, final) and _records(staging, final, final) != records:
            raise _differs(final)
    except OSError as error:
        raise storage_error(error, final) from error
    finally:
        with contextlib.suppress(OSError):
            files.remove(temporary)
    return {"part": part, "files": records, "meta": meta}


def _records(staging: Path, path: Path, final: Path) -> JsonObject:
    """Files of a part at `path`, by the names that they have or will have at `final`."""
    return {
        (final / name).relative_to(staging).as_posix(): record
        for name, record in files.file_records(path, path).items()
    }


def _installed(temporary: Path, final: Path) -> bool:
    """Give a part its final name; False if one of that name is there already."""
    if final.exists():
        return False
    try:
        os.rename(temporary, final)
    except OSError:
        if final.is_dir():  # another worker was faster: a folder replaces none that holds something
            return False
        raise
    files.fsync_path(final.parent)
    return True


def _differs(final: Path) -> StoreError:
    return StoreError(
        f"two workers computed {final.name} with different bytes",
        cause="they run on different processors or with different versions of a library",
        next_step="run the same command again with workers of one kind, or set "
        "NUMBA_CPU_NAME=generic and NPY_DISABLE_CPU_FEATURES alike for all of them",
    )


def check_once(folder: Path, manifest: JsonMapping, part: str) -> Path:
    """Check the digests of a part's files, once per process; the path of the part.

    A file is digested again when its inode, size or time of change is another one.

    Raises
    ------
    DamageError
        If a file is missing or its bytes were changed, naming the file.
    StoreError
        If a file may not be read.
    """
    for name, (size, digest) in part_files(manifest, part).items():
        key = _stamp(folder / name, digest)
        if key is None or key not in _checked:
            require_whole_file(folder / name, size, digest, folder)
            if key is not None:
                _checked.add(key)
    return folder / part


def _stamp(path: Path, digest: str) -> tuple[str, int, int, int, str] | None:
    """What tells one state of a file from another; None if it is too young for that."""
    try:
        status = path.stat()
    except OSError:
        return None  # `require_whole_file` says why
    if time.time() - status.st_ctime < SETTLED:
        return None
    return str(path), status.st_ino, status.st_size, status.st_ctime_ns, digest
