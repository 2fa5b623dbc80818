"""Construction of artefacts: crash-safe parts, resume, locks, and the commit.

An artefact is built in a hidden staging folder named by its request. Each part (a file or a
folder) is written under a temporary name, flushed, renamed, and only then recorded, with the
digest of each of its files, in a journal. A killed build resumes from the journal. The commit
writes the manifest and renames the whole folder to its final name: what has a final name is
complete.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from matdata.core.cache import storage_error
from matdata.core.console import Console
from matdata.core.documents import JsonObject
from matdata.core.errors import DamageError, StoreError
from matdata.store import files, journal
from matdata.store.damage import (
    State,
    damage_of,
    has_part,
    install,
    report_damage,
    require_same,
)
from matdata.store.locks import LOCK, Lock, holding
from matdata.store.manifest import (
    NAME,
    RECEIPT,
    is_committed,
    read_manifest,
    seal,
)
from matdata.store.parts import write_part
from matdata.store.records import write_record

JOURNAL = "journal.jsonl"
STAGING = ".building-"


class ArtefactWriter:
    """Writer of one artefact; use it inside `building`."""

    def __init__(self, home: Path, kind: str, key: str, lock: Lock) -> None:
        self.home = home
        self.kind = kind
        self.staging = home / f"{STAGING}{kind}-{key[:16]}"
        self.parts: dict[str, JsonObject] = {}
        self.resumed = 0
        self.state: State = "built"
        self._replaced: JsonObject | None = None
        self._lock = lock

    def _open(self) -> None:
        self.staging.mkdir(parents=True, exist_ok=True)
        for entry in self._journal_lines():
            if self._is_whole(entry):
                self.parts[entry["part"]] = entry
        self.resumed = len(self.parts)
        self._drop_unrecorded()
        files.write_text(self.staging / JOURNAL, "".join(map(journal.line, self.parts.values())))

    def _journal_lines(self) -> Iterator[JsonObject]:
        path = self.staging / JOURNAL
        if path.exists():
            yield from journal.read(path)
        else:  # killed between the manifest and the final rename: the manifest lists every part
            with contextlib.suppress(StoreError):
                yield from journal.entries_of(read_manifest(self.staging))

    def _is_whole(self, entry: JsonObject) -> bool:
        return has_part(self.staging, entry["part"], entry["files"])

    def take_over(self, folder: Path, console: Console) -> bool:
        """Report a damaged artefact of the same request, and take over its whole parts.

        They count as finished, so only the others are made again; `commit` requires the content
        to be the same. Where the manifest is damaged or missing, nothing is known and nothing is
        taken over.

        Returns
        -------
        bool
            False if nothing is damaged.

        Raises
        ------
        StoreError
            If the artefact is of a newer format, or the cache cannot be written.
        """
        faults = damage_of(folder, self.kind)
        if faults:
            report_damage(faults, console)
            self._adopt(folder)
        return bool(faults)

    def _adopt(self, folder: Path) -> None:
        if not is_committed(folder):
            return
        try:
            manifest = read_manifest(folder, self.kind)
        except DamageError:
            return
        self._replaced = manifest
        for entry in journal.entries_of(manifest):
            self.take_part(folder, entry)

    def take_part(self, folder: Path, entry: JsonObject) -> None:
        """Take over a part that lies in another folder, if it is whole and not there yet.

        Parameters
        ----------
        folder
            The other folder.
        entry
            The part, as `record` takes it.

        Raises
        ------
        StoreError
            If the disk is full or not writable.
        """
        part, records = entry["part"], entry["files"]
        if self.has(part) or not has_part(folder, part, records):
            return
        try:
            with files.replacing(self.staging / part) as temporary:
                files.link(folder / part, temporary)
        except OSError as error:
            raise storage_error(error, self.staging) from error
        self.record(entry)

    def _drop_unrecorded(self) -> None:
        keep = {self.staging / part for part in self.parts}
        roots = {path.parent for path in keep} | {self.staging}
        for folder in sorted(roots, reverse=True):
            for entry in folder.iterdir():
                is_root = any(root.is_relative_to(entry) for root in roots)
                if entry not in keep and not is_root and entry.name != JOURNAL:
                    with contextlib.suppress(FileNotFoundError):  # its writer was faster
                        files.remove(entry)

    def has(self, part: str) -> bool:
        """Whether a part is finished."""
        return part in self.parts

    def write(self, part: str, write: Callable[[Path], None], **meta: object) -> None:
        """Write one part (`parts.write_part`) and record it.

        Raises
        ------
        StoreError
            As `parts.write_part`; finished parts are kept.
        """
        try:
            entry = write_part(self.staging, part, write, **meta)
        except StoreError:
            self._lock.require()  # whoever took it over has removed what was not recorded
            raise
        self.record(entry)

    def record(self, entry: JsonObject) -> None:
        """Note in the journal that a part is finished: what `parts.write_part` returned.

        Raises
        ------
        StoreError
            If the lock is lost, or the disk is full or not writable.
        """
        self._lock.require()
        try:
            journal.append(self.staging / JOURNAL, entry)
        except OSError as error:
            raise storage_error(error, self.staging) from error
        self.parts[entry["part"]] = entry

    def commit(self, name: str, content: JsonObject, receipt: JsonObject) -> Path:
        """Write the manifest and rename the folder to its final name, which is returned.

        Parameters
        ----------
        name
            Final folder name inside the home folder.
        content
            The content of the manifest besides the parts and their files.
        receipt
            Time, versions and machine-dependent facts, which are no part of the identity.

        Raises
        ------
        StoreError
            If the disk is full or not writable.
        """
        parts = [self.parts[part] for part in sorted(self.parts)]
        manifest = seal(
            {
                **content,
                "parts": [{"part": entry["part"], **entry["meta"]} for entry in parts],
                "files": {path: rec for entry in parts for path, rec in entry["files"].items()},
            },
            self.kind,
        )
        final = self.home / name
        if self._replaced is not None:
            self._require_same(final, manifest)
        try:
            self._drop_unrecorded()  # what workers left that were killed while they wrote
            files.write_json(self.staging / NAME, manifest)
            facts = {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **receipt}
            write_record(self.staging / RECEIPT, facts)
            self._lock.require()
            files.remove(self.staging / JOURNAL)
            if final.is_dir():
                # one that is whole was made of another request with the same content
                mends = self._replaced is not None or damage_of(final, self.kind)
                self.state = "repaired" if mends else "built"
                install(self.staging, final, manifest["files"])
            else:
                self._flush_folders()
                files.rename(self.staging, final)
        except OSError as error:
            raise storage_error(error, final) from error
        return final

    def _flush_folders(self) -> None:
        """Flush what is not yet: each file was when it was written, by whichever process."""
        inside = {folder for part in self.parts for folder in Path(part).parents}
        for folder in sorted(inside | {Path()}, reverse=True):
            files.fsync_path(self.staging / folder)

    def _require_same(self, final: Path, manifest: JsonObject) -> None:
        assert self._replaced is not None
        try:
            require_same(final, self._replaced, manifest)
        except DamageError:
            files.remove(self.staging)
            raise


@contextlib.contextmanager
def building(
    home: Path, kind: str, key: str, waiting: Callable[[str], None] | None = None
) -> Iterator[ArtefactWriter]:
    """Hold the lock of an artefact and yield its writer, resumed where an earlier one stopped.

    Parameters
    ----------
    home
        Folder that will hold the artefact.
    kind
        ``snapshot``, ``dataset`` or ``feature``.
    key
        Digest of the request; equal requests share one staging folder.
    waiting
        Called once with a message if another process is building the same artefact.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """

    def announce() -> None:
        if waiting is not None:
            waiting(f"another process is building the same {kind}; waiting for it")

    with holding(home / f"{LOCK}{kind}-{key[:16]}", waiting=announce) as lock:
        writer = ArtefactWriter(home, kind, key, lock)
        try:
            writer._open()
        except OSError as error:
            raise storage_error(error, home) from error
        yield writer
        if not writer.parts:  # another process has finished it: leave nothing behind
            files.remove(writer.staging)
