"""Records of a shared folder: the files of one artefact by digest, and what it needs.

A record is sealed with a digest of its own content. Large files state the digest of each block as
well, so that a reader can check what it read of a part of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import DamageError, StoreError
from matdata.sharing.layout import Key, fault_of_names
from matdata.store.files import json_text
from matdata.store.formats import require_readable, stamp
from matdata.store.manifest import RECEIPT
from matdata.store.records import DIGEST, seal_record

FORMAT = "shared"
#: Bytes of a block whose digest is stated.
BLOCK = 1 << 20
#: Most bytes of a record or a manifest, which names each file once: of a feature of a terabyte.
LARGEST = 256 << 20
#: Most values of one: as Python objects they take up to a hundred times their bytes.
MOST_VALUES = 8_000_000
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class FileRecord:
    """A file of an artefact.

    Attributes
    ----------
    size
        Bytes.
    sha256
        Digest of all of them, by which its blob is named.
    blocks
        Digests of its blocks of `BLOCK` bytes, where it has more than one and they are read by
        parts.
    """

    size: int
    sha256: str
    blocks: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """As it stands in a record."""
        more = {"blocks": list(self.blocks)} if self.blocks else {}
        return {"bytes": self.size, "sha256": self.sha256, **more}


@dataclass(frozen=True)
class Record:
    """What a shared folder says of an artefact.

    Attributes
    ----------
    key
        Which one.
    files
        Its files by relative name.
    needs
        What must be there before it: the dataset of a feature.
    """

    key: Key
    files: Mapping[str, FileRecord]
    needs: tuple[Key, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files.values())

    def holds_same(self, other: Record) -> bool:
        """Whether the other is the same artefact, perhaps made at another time."""
        return self.key == other.key and self._content() == other._content()

    def _content(self) -> dict[str, str]:
        return {name: one.sha256 for name, one in self.files.items() if name != RECEIPT}

    def to_bytes(self) -> bytes:
        """The content of its file."""
        content = {
            "format": stamp(FORMAT),
            "kind": self.key.kind,
            "home": self.key.home,
            "name": self.key.name,
            "needs": [key.path for key in self.needs],
            "files": {name: one.to_json() for name, one in self.files.items()},
        }
        return json_text(seal_record(content)).encode()

    @classmethod
    def from_bytes(cls, data: bytes, key: Key, place: str) -> Record:
        """Read a record that was received, which may hold anything.

        Parameters
        ----------
        data
            The content of its file.
        key
            The requested artefact.
        place
            Its address, for messages.

        Raises
        ------
        StoreError
            If it is of a newer format.
        DamageError
            If it is no record, not the one that was written, of another artefact, or names what
            cannot be a file of an artefact.
        """
        content = sealed(data, place)
        require_readable(FORMAT, _version(content), place)
        stated = tuple(content.get(name) for name in ("kind", "home", "name"))
        if stated != (key.kind, key.home, key.name):
            raise damaged(place, f"it is the record of {'/'.join(map(str, stated))[:200]}")
        entries, needs = content.get("files"), content.get("needs")
        if not isinstance(entries, dict) or not isinstance(needs, list) or not entries:
            raise damaged(place, "it names no files")
        fault = fault_of_names(entries)
        if fault is not None:
            raise damaged(place, f"file {fault}")
        files = {name: _file_of(entry, name, place) for name, entry in entries.items()}
        return cls(key, files, tuple(_needed(path, place) for path in needs))


def sealed(data: bytes, place: str) -> JsonObject:
    """The content of a sealed JSON document that was received.

    Raises
    ------
    DamageError
        If it is none, or was changed.
    """
    require_few_values(data, place)
    try:
        content = json.loads(data)
        stated = content.pop(DIGEST)
        whole = digest_json(content) == stated
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise damaged(place, "it is no sealed record") from None
    if not whole:
        raise damaged(place, "it does not match its own digest")
    return dict(content)


def require_few_values(data: bytes, place: str) -> None:
    """Check that a JSON document does not become far more objects than a record or manifest has.

    Raises
    ------
    DamageError
        If it does.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise damaged(place, f"it holds more than {MOST_VALUES:,} values")


def damaged(place: str, why: str) -> DamageError:
    """The error of what was received and is not what matdata writes."""
    return DamageError(
        f"{place} is damaged: {why}",
        cause="a fault of the store, or another program or person changed it",
        next_step="push it again with --check all, or ask whoever pushed it",
    )


def _version(content: JsonMapping) -> object:
    stated = content.get("format")
    own = isinstance(stated, dict) and stated.get("name") == stamp(FORMAT)["name"]
    return stated.get("version") if own and isinstance(stated, dict) else None


def _file_of(entry: object, name: str, place: str) -> FileRecord:
    fields: JsonMapping = entry if isinstance(entry, dict) else {}
    size, sha256, blocks = fields.get("bytes"), fields.get("sha256"), fields.get("blocks", [])
    if isinstance(size, int) and isinstance(sha256, str) and isinstance(blocks, list):
        count = -(-size // BLOCK) if type(size) is int and size >= 0 else -1
        if all(map(_is_digest, [sha256, *blocks])) and count >= 0 and len(blocks) in (0, count):
            return FileRecord(size, sha256, tuple(blocks))
    raise damaged(place, f"it states no size and digest of {name[:100]!r}")


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def _needed(path: object, place: str) -> Key:
    key = Key.of_path(path) if isinstance(path, str) else None
    if key is None:
        raise damaged(place, f"it needs {str(path)[:100]!r}, which names no artefact")
    return key


def is_marker(data: bytes, place: str) -> bool:
    """Whether this is the marker of a shared folder, which it is if nothing is raised.

    Raises
    ------
    StoreError
        If it is damaged, of a newer version, or says what an export holds.
    """
    if b'"content_digest"' in data:  # of `matdata.datasets.exports.writing`
        raise StoreError(
            f"{place} is that of an export",
            cause="`matdata export --format` writes folders for other programs",
            next_step="`matdata build FOLDER` reads them; `matdata push` writes what is imported",
        )
    return require_readable(FORMAT, _version(sealed(data, place)), place) > 0


def latest_version(version: str) -> bytes:
    """The content of ``latest.json``: the version that the bare name of a dataset means."""
    return json_text(seal_record({"order": [version]})).encode()


def marker() -> bytes:
    """The content of the marker."""
    return json_text(seal_record({"format": stamp(FORMAT)})).encode()
