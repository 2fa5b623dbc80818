"""Archives of pushed folders, unpacked with suspicion.

Of an archive that somebody else packed, only names of the layout are unpacked, only regular files,
and a blob only if it has the bytes that its name says. Anything else refuses the whole archive.
"""

from __future__ import annotations

import contextlib
import hashlib
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn, cast

from matdata.core.cache import storage_error
from matdata.core.errors import ConfigError, SourceError, StoreError
from matdata.sharing.folder import PIECE
from matdata.sharing.layout import (
    BLOBS,
    FOLDERS,
    MARKER,
    Key,
    digest_of_blob,
    fault_of_name,
    folded,
    is_latest,
)
from matdata.sharing.record import LARGEST
from matdata.sources.limits import require_plausible
from matdata.sources.readers.opening import open_member, open_plain, open_zip, readable, watched
from matdata.store import files

#: Endings, and how tarfile calls what lies around the tar.
TARS = {".tar": "", ".tar.gz": "gz", ".tgz": "gz"}
ZIP = ".zip"
ENDINGS = (*TARS, ZIP)
#: Most members: a feature of a million files is refused, not unpacked for hours.
MOST_MEMBERS = 1_000_000
#: Most bytes of a header that extends another: tarfile holds it in memory.
LONGEST_HEADER = 1 << 16
_LONG = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
_TOP = (BLOBS, MARKER, *FOLDERS.values())


class Member(NamedTuple):
    """A regular file of an archive, read once, before the next one."""

    name: str
    stream: IO[bytes]


def ending_of_archive(path: Path) -> str:
    """The ending of an archive's name, which says what it is.

    Raises
    ------
    ConfigError
        If it is that of none.
    """
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            return ending
    raise ConfigError(
        f"{path.name[:100]!r} has not the name of an archive",
        next_step=f"one of {', '.join(ENDINGS)}; unpack others, and import the folder",
    )


@contextlib.contextmanager
def unpacked(path: Path, cache: Path) -> Iterator[Path]:
    """Unpack an archive for a while into a folder of the cache.

    Raises
    ------
    ConfigError
        If its name is that of no archive.
    StoreError
        If it is damaged, or holds what no pushed folder holds; or the disk is full.
    """
    ending = ending_of_archive(path)
    files.sweep(cache)
    target = files.temporary_beside(cache / "import")
    try:
        try:
            _unpack(path, ending, target)
        except SourceError as error:
            raise _damaged(error.what, error.cause) from None
        except tarfile.TarError as error:
            raise _damaged(f"{path} is damaged or of another kind: {error}") from None
        except OSError as error:
            raise storage_error(error, target) from error
        yield target
    finally:
        files.remove(target)


def _unpack(path: Path, ending: str, target: Path) -> None:
    members = _of_zip(path) if ending == ZIP else _of_tar(path, TARS[ending])
    top: str | None = None
    seen: set[str] = set()
    total, packed = 0, path.stat().st_size
    for member in members:
        name = member.name.removeprefix("./")
        if top is None:  # the folder itself may be in the archive
            first = name.partition("/")[0]
            top = "" if first in _TOP else f"{first}/"
        if not name.startswith(top):
            _refuse(path, name, "is not in the folder that was packed")
        inside = name.removeprefix(top)
        _require_expected(path, name, inside)
        if folded(inside) in seen:
            _refuse(path, name, "occurs twice, or differs in case alone from another")
        seen.add(folded(inside))
        if len(seen) > MOST_MEMBERS:
            _refuse(path, name, f"is one of more than {MOST_MEMBERS:,}")
        total += _write(path, name, member.stream, target / inside, digest_of_blob(inside))
        require_plausible(path, total, packed, "unpack it, and import the folder,")


def _require_expected(path: Path, name: str, inside: str) -> None:
    fault = fault_of_name(name)
    if fault is not None:
        _refuse(path, name, fault)
    known = inside == MARKER or is_latest(inside)
    if not (known or digest_of_blob(inside) or Key.of_path(inside)):
        _refuse(path, name, "is no file that a push writes")


def _write(path: Path, name: str, stream: IO[bytes], target: Path, digest: str | None) -> int:
    hasher, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "xb") as file:
        while piece := stream.read(PIECE):
            size += len(piece)
            if digest is None and size > LARGEST:
                _refuse(path, name, f"is longer than {LARGEST:,} bytes")
            hasher.update(piece)
            file.write(piece)
    if digest is not None and hasher.hexdigest() != digest:
        _refuse(path, name, "has other bytes than its name says")
    return size


def _damaged(what: str, cause: str | None = None) -> StoreError:
    return StoreError(what, cause=cause, next_step="compare it with the original, or copy it again")


def _refuse(path: Path, name: str, why: str) -> NoReturn:
    raise StoreError(
        f"{path} is refused: {name[:100]!r} {why}",
        cause="it was not packed by matdata, or was changed",
        next_step="ask for one that `matdata export --archive` wrote",
    )


def _of_zip(path: Path) -> Iterator[Member]:
    with contextlib.closing(open_zip(path)) as archive:
        infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            _refuse(path, path.name, f"holds more than {MOST_MEMBERS:,} files")
        for info in infos:
            mode = info.external_attr >> 16
            if info.is_dir():
                continue
            if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                _refuse(path, info.filename, "is no regular file")
            with open_member(archive, path, info) as stream:
                yield Member(info.filename, stream)


class _Header(tarfile.TarInfo):
    """A header that is refused where tarfile would read what follows it into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _LONG and self.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


@contextlib.contextmanager
def _of_headers(path: Path) -> Iterator[None]:
    """Convert what tarfile lets through of sparse maps, numbers and chains that are made up."""
    try:
        with readable(path):
            yield
    except (ArithmeticError, LookupError, ValueError, RecursionError) as error:
        raise tarfile.ReadError(f"a header that makes no sense ({error})") from None


def _of_tar(path: Path, packing: str) -> Iterator[Member]:
    import gzip

    with contextlib.ExitStack() as held:
        plain = held.enter_context(open_plain(path))
        inner = gzip.GzipFile(fileobj=plain, mode="rb") if packing else plain
        packed = path.stat().st_size if packing else None
        stream = held.enter_context(watched(inner, path, packed))
        with _of_headers(path):
            archive = held.enter_context(
                tarfile.open(fileobj=cast(Any, stream), mode="r|", tarinfo=_Header)
            )
        while True:
            with _of_headers(path):
                info = archive.next()
            if info is None:
                return
            archive.members = []  # type: ignore[attr-defined]  # which tarfile would collect
            if info.isdir():
                continue
            if not info.isreg() or info.issparse():
                _refuse(path, info.name, "is no regular file")
            file = archive.extractfile(info)
            assert file is not None
            yield Member(info.name, watched(file, path / info.name))
