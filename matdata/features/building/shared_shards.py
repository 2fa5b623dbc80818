"""Shards of a feature that several processes compute, before one of them commits the feature.

They lie in a folder beside the staging folder of the process that commits, which takes them over
by hard links: whoever computes needs no journal, and whoever commits does not care by whom they
were computed. A shard counts once its record is there, which is written last and as a whole.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.worker_identity import require_same_worker, worker_identity
from matdata.features.building.shards import ShardRecord, ShardTask
from matdata.store.artefact import STAGING, ArtefactWriter
from matdata.store.journal import is_entry
from matdata.store.leases import Leases
from matdata.store.locks import LOCK, TERM, Held, holder_of, holding, take
from matdata.store.records import read_record, write_record
from matdata.store.walk import children

SHARED = "-shared"
RECORDS = "records"
RECORD = ".json"
IDENTITY = "identity.json"
AT_WORK = "at-work-"  # lease of a process, beside those on its shards


def leases_of(folder: Path) -> list[Path]:
    """Leases of the processes that write into a folder of `SharedShards`; none of another folder.

    They are taken under the folder's lock, or by processes that hold one already.
    """
    if not folder.name.endswith(SHARED):
        return []
    name = folder.name.removeprefix(STAGING)
    return sorted(folder.parent.glob(f"{LOCK}{name}-*"))


class SharedShards:
    """The shards of one feature.

    Attributes
    ----------
    name
        Of the feature under construction: equal requests share it, and its leases.
    folder
        Where their parts lie.
    """

    def __init__(self, home: Path, kind: str, key: str) -> None:
        self.name = f"{kind}-{key[:16]}{SHARED}"
        self.home = home
        self.folder = home / f"{STAGING}{self.name}"

    @contextlib.contextmanager
    def joined(self, identity: Mapping[str, str], term: float = TERM) -> Iterator[None]:
        """Be one of the processes that compute them while the block runs.

        They are alike in all that bits depend on; what processes that were not alike have left is
        removed, unless one is still at work. A lease says that this one is at work, also between
        two shards and while it waits: `matdata gc` leaves the folder alone as long.

        Parameters
        ----------
        identity
            `worker_identity` of this process.
        term
            Seconds without a sign of life after which it is at work no more.

        Raises
        ------
        ConfigError
            If those at work are not like this one, naming what differs.
        StoreError
            If it cannot be written.
        """
        with contextlib.ExitStack() as held:
            with holding(self.home / f"{LOCK}{self.name}"):
                if self._identity() != identity:
                    if self.folder.exists() and self._at_work():
                        require_same_worker(self._identity())
                    self.remove()
                    write_record(self.folder / IDENTITY, identity)
                key = f"{AT_WORK}{secrets.token_hex(4)}"
                lease = Leases(self.home, self.name, term).path(key)
                held.enter_context(holding(lease, term=term))
            yield

    def _identity(self) -> JsonObject:
        """Of those who wrote them; empty if it is not known."""
        try:
            return read_record(self.folder / IDENTITY)
        except StoreError:
            return {}

    def _at_work(self) -> bool:
        """Whether a process has joined, or a shard is leased."""
        return any(holder_of(lease) is not None for lease in leases_of(self.folder))

    def finished(self) -> set[int]:
        """Numbers of the shards that have a record."""
        # Listed, not looked up one by one: NFS clients remember that a file was not there.
        names = (path.name for path in children(self.folder / RECORDS)[0])
        stems = (name.removesuffix(RECORD) for name in names if name.endswith(RECORD))
        return {int(stem) for stem in stems if stem.isdecimal()}

    def record(self, record: ShardRecord) -> None:
        """Write down that a shard is finished.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        content = {
            "shard": record.shard,
            "key": record.key,
            "worker": digest_json(worker_identity()),
            "parts": list(record.parts),
        }
        write_record(self._path(record.shard), content)

    def hand_over(self, tasks: Iterable[ShardTask], writer: ArtefactWriter) -> None:
        """Have the process that commits take over what is finished and whole.

        Parameters
        ----------
        tasks
            All shards.
        writer
            Of the feature.

        Raises
        ------
        StoreError
            If the staging folder cannot be written.
        """
        finished = self.finished()
        for task in tasks:
            if task.shard in finished:
                for entry in self._parts_of(task):
                    writer.take_part(self.folder, entry)

    def _parts_of(self, task: ShardTask) -> list[JsonObject]:
        """Lines of the journal; none where the record is damaged, or one of another task.

        Nor where it is of a process unlike this one: bytes of two processors are never mixed.
        """
        try:
            content = read_record(self._path(task.shard))
        except StoreError:
            return []
        parts = content.get("parts")
        alike = content.get("worker") == digest_json(worker_identity())
        if not alike or content.get("key") != task.key or not isinstance(parts, list):
            return []
        whole = all(map(is_entry, parts)) and [one["part"] for one in parts] == [*task.parts]
        return parts if whole else []

    def _path(self, shard: int) -> Path:
        return self.folder / RECORDS / f"{shard:05d}{RECORD}"

    def remove(self) -> None:
        """Remove them when the feature is there, whoever else does the same.

        Leases of processes that were killed at work go as well: their names are never taken again.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        for lease in leases_of(self.folder):
            is_free = AT_WORK in lease.name and holder_of(lease) is None
            with contextlib.suppress(StoreError, Held):
                if is_free:
                    take(lease, wait=False).release()
