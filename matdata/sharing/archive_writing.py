"""Writes artefacts as an archive of a folder that they were pushed to."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, cast

from matdata.core.cache import storage_error
from matdata.sharing.archive import TARS, ZIP, ending_of_archive
from matdata.sharing.artefacts import Artefact
from matdata.sharing.folder import PIECE
from matdata.sharing.layout import MARKER, blob, latest
from matdata.sharing.push import record_of
from matdata.sharing.record import latest_version, marker
from matdata.store import files

#: Adds a file to an archive: its name, its size, and a stream of its bytes.
Add = Callable[[str, int, IO[bytes]], None]


def write_archive(artefacts: Sequence[Artefact], output: Path, workers: int) -> int:
    """Write artefacts as an archive, equal ones in equal bytes; returns the number of their files.

    Parameters
    ----------
    artefacts
        What it holds, with all that they need.
    output
        ``.zip``, ``.tar`` or ``.tar.gz``; files are packed as they are, most are compressed inside.
    workers
        Files whose digests are computed at once.

    Raises
    ------
    ConfigError
        If its name is that of no archive.
    StoreError
        If a file is damaged, or the archive cannot be written.
    """
    ending = ending_of_archive(output)
    records = [record_of(artefact, workers) for artefact in artefacts]
    try:
        with files.replacing(output) as temporary, _adding(temporary, ending) as add:
            _add_bytes(add, MARKER, marker())
            for record in records:
                _add_bytes(add, record.key.path, record.to_bytes())
                if record.key.kind == "dataset":
                    _add_bytes(add, latest(record.key.home), latest_version(record.key.name))
            added: set[str] = set()
            for artefact, record in zip(artefacts, records, strict=True):
                for name, one in record.files.items():
                    if one.sha256 not in added:
                        added.add(one.sha256)
                        with open(artefact.files[name], "rb") as file:
                            add(blob(one.sha256), one.size, file)
    except OSError as error:
        raise storage_error(error, output) from error
    return sum(len(record.files) for record in records)


def _add_bytes(add: Add, name: str, data: bytes) -> None:
    add(name, len(data), io.BytesIO(data))


@contextlib.contextmanager
def _adding(path: Path, ending: str) -> Iterator[Add]:
    if ending == ZIP:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            yield partial(_add_to_zip, archive)
        return
    with contextlib.ExitStack() as held:
        file: IO[bytes] = held.enter_context(open(path, "wb"))
        if TARS[ending]:  # without the time and the name that gzip would write
            packed = gzip.GzipFile("", "wb", 1, file, mtime=0)
            file = cast(IO[bytes], held.enter_context(packed))
        tar = held.enter_context(tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT))
        yield partial(_add_to_tar, tar)


def _add_to_zip(archive: zipfile.ZipFile, name: str, size: int, file: IO[bytes]) -> None:
    info = zipfile.ZipInfo(name)  # of 1980, so that equal contents give equal bytes
    info.external_attr = 0o644 << 16
    info.file_size = size
    with archive.open(info, "w") as target:
        while piece := file.read(PIECE):
            target.write(piece)


def _add_to_tar(archive: tarfile.TarFile, name: str, size: int, file: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    archive.addfile(info, file)
