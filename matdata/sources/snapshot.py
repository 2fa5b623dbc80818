"""Snapshots: the records of a source as read, immutable, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matdata.core.cache import places
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError, StoreError
from matdata.core.given import require_name
from matdata.sources.base import Chunk
from matdata.sources.chunk_files import read_chunk
from matdata.sources.snapshot_requests import KIND, manifest_for, manifests_of
from matdata.store.damage import State
from matdata.store.manifest import is_committed, read_manifest
from matdata.store.parts import check_once


@dataclass(frozen=True)
class Snapshot:
    """A committed snapshot.

    Attributes
    ----------
    folder
        Its folder.
    manifest
        Its manifest, already checked.
    state
        Whether it was taken, repaired, or there already.
    """

    folder: Path
    manifest: JsonObject
    state: State = "unchanged"

    @classmethod
    def open(cls, folder: Path) -> Snapshot:
        """Open a snapshot's folder.

        Raises
        ------
        StoreError
            If it is not a snapshot, or its manifest is damaged.
        """
        return cls(folder, read_manifest(folder, KIND))

    @classmethod
    def of_each_request(cls, folder: Path) -> Iterator[Snapshot]:
        """A snapshot as each of the requests describes it that gave its records, the first first.

        Raises
        ------
        StoreError
            As `open`.
        """
        return (cls(folder, manifest) for manifest in manifests_of(folder))

    @property
    def origin(self) -> JsonObject:
        """The source's description of itself."""
        origin: JsonObject = self.manifest["origin"]
        return origin

    @property
    def digest(self) -> str:
        """Digest of the records."""
        return str(self.manifest["records_digest"])

    def chunks(self) -> Iterator[Chunk]:
        """The records, chunk by chunk; each chunk's files are checked first."""
        for part in self.parts:
            yield read_chunk(self.checked(part))

    @property
    def parts(self) -> list[str]:
        """Names of the chunks, in order."""
        return [part["part"] for part in self.manifest["parts"]]

    def checked(self, part: str) -> Path:
        """Folder of a chunk, whose files were compared with their digests.

        Raises
        ------
        DamageError
            If one is missing or damaged.
        """
        return check_once(self.folder, self.manifest, part)


def find_snapshot(home: Path, request_digest: str) -> Snapshot | None:
    """The snapshot of a request, if one was taken before; its files can be damaged."""
    for folder in sorted(home.glob("[!.]*")) if home.is_dir() else []:
        try:
            manifest = manifest_for(folder, request_digest)
        except StoreError:  # damage of other snapshots is reported by `verify`
            continue
        if manifest is not None:
            return Snapshot(folder, manifest)
    return None


def kept_snapshot(cache: Path, source: str, version: str) -> Snapshot:
    """The snapshot of a source whose folder name is `version`, or begins with it.

    Raises
    ------
    SourceError
        If there is none or several; lists the snapshots.
    """
    require_name(version, "the snapshot")
    homes = [place / "snapshots" / source for place in places(cache)]
    folders = [path for home in homes for path in sorted(home.glob("[!.]*")) if is_committed(path)]
    names = list(dict.fromkeys(path.name for path in folders))
    matching = [name for name in names if name == version]
    matching = matching or [name for name in names if name.startswith(version)]
    if len(matching) != 1:
        raise SourceError(
            f"{'several snapshots' if matching else 'no snapshot'} {version!r} of {source}",
            next_step=f"available snapshots: {', '.join(names) or 'none'}",
        )
    return Snapshot.open(next(path for path in folders if path.name == matching[0]))
