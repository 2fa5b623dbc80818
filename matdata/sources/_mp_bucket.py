"""The Materials Project's open data: collections as Delta tables in a public bucket, no key."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matdata.core.console import Console
from matdata.core.digest import digest_json
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import SourceError
from matdata.core.executors import Workers, ordered_map
from matdata.core.packages import needed_for
from matdata.core.redaction import excerpt, shareable
from matdata.sources.credentials import split_base
from matdata.sources.download import Remote, fetch

BUCKET = "materialsproject-build"
HOST = f"https://{BUCKET}.s3.amazonaws.com"
ENV = "MP_OPEN_DATA_ENDPOINT"  # a mirror that speaks S3
COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # deltalake's messages are coloured
AT_ONCE = 4  # concurrent downloads
PATIENCE = {"timeout": "60s", "connect_timeout": "20s", "max_retries": "3", "retry_timeout": "60s"}
WITHOUT = "read it through the API, without --bulk (needs MP_API_KEY), or try again later"


@dataclass(frozen=True)
class Part:
    """One Parquet file of a collection: its key, its bytes and rows, its partition's values."""

    key: str
    size: int
    rows: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Collection:
    """The files of one version of a collection.

    Attributes
    ----------
    name
        ``summary`` or ``thermo``.
    version
        Version of the database, as ``2026.04.13``.
    parts
        The files, ordered by key.
    """

    name: str
    version: str
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Number of documents by the table's own log."""
        return sum(part.rows for part in self.parts)

    @property
    def digest(self) -> str:
        """Digest of the list of files; a table's file never changes under its key."""
        return digest_json([[part.key, part.size, part.rows] for part in self.parts])


def find_collection(name: str, version: str | None = None, **values: str) -> Collection:
    """The files of a collection in its newest version, or in `version`.

    Parameters
    ----------
    name
        ``summary`` or ``thermo``.
    version
        Version of the database; the newest if not given.
    values
        Values of partitions; files of other partitions are left out.

    Raises
    ------
    SourceError
        If the bucket cannot be reached, or its layout is unknown.
    """
    prefix = f"collections/{name}"
    parts_of_all = [_part(prefix, action) for action in _actions(prefix)]
    versions = {_version(part.values.get("version", "")) for part in parts_of_all} - {""}
    selected_version = version or max(versions, key=_ordered, default="")
    if selected_version not in versions:
        raise SourceError(
            f"the open data of the Materials Project hold no {name} of version "
            f"{selected_version or '?'}",
            cause=f"available versions: {', '.join(sorted(versions)) or 'none'}; the bucket "
            "changed its layout, or is being written",
            next_step=WITHOUT,
        )
    parts = [
        part
        for part in sorted(parts_of_all, key=lambda part: part.key)
        if _version(part.values["version"]) == selected_version
        and all(part.values.get(key, value) == value for key, value in values.items())
    ]
    return Collection(name, selected_version, tuple(parts))


def fetch_parts(collection: Collection, cache: Path) -> list[Path]:
    """All files of a collection, from ``downloads/`` of the cache or from the bucket.

    Each is downloaded to a temporary file, compared with the size in the table's log and the MD5
    that the bucket states, and renamed; existing files are not downloaded again.

    Raises
    ------
    SourceError
        If a file cannot be downloaded, or is not the stated one.
    StoreError
        If it cannot be written.
    """

    def one(part: Part) -> Path:
        name = f"mp-{collection.name}-{digest_json(part.key)[:16]}.parquet"
        remote = Remote(_address(part.key), name, size=part.size, tag_is_md5=True)
        return fetch(remote, cache)[0]

    paths = ordered_map(one, iter(collection.parts), Workers(AT_ONCE), "thread")
    what, total = f"downloading {collection.name}", len(collection.parts)
    return list(Console().bar(paths, what, total, size=lambda _: 1, unit=" files"))


def _mirror() -> str | None:
    """Address of a mirror, None for the bucket itself.

    Raises
    ------
    SourceError
        If it holds credentials: deltalake does not send them.
    """
    address = os.environ.get(ENV)
    if not address:
        return None
    base, credentials = split_base(address, ENV)
    if credentials:
        raise SourceError(
            f"{ENV} holds credentials, but the tables' log can only be read from an open mirror",
            next_step=f"set {ENV} to the address of a mirror that requires none",
        )
    return base


def _address(key: str) -> str:
    mirror = _mirror()
    host = f"{mirror}/{BUCKET}" if mirror else HOST
    return f"{host}/{urllib.parse.quote(key, safe='/=')}"


def _actions(prefix: str) -> Sequence[JsonMapping]:
    """The entries of a Delta table's log for its current files."""
    import pyarrow as pa

    with needed_for("the Materials Project's open data (--bulk)"):
        from deltalake import DeltaTable

    options = {"AWS_SKIP_SIGNATURE": "true", "AWS_REGION": "us-east-1", **PATIENCE}
    mirror = _mirror()
    if mirror:
        options |= {"AWS_ENDPOINT_URL": mirror, "AWS_ALLOW_HTTP": "true"}
    try:
        table = DeltaTable(f"s3://{BUCKET}/{prefix}/", storage_options=options)
        if "deletionVectors" in (table.protocol().reader_features or ()):
            raise ValueError("rows are marked as deleted outside the files (deletion vectors)")
        rows: list[JsonObject] = pa.table(table.get_add_actions()).to_pylist()
    except Exception as error:  # deltalake's errors share no importable base
        raise SourceError(
            f"the table {prefix} of the Materials Project's open data cannot be read: "
            f"{excerpt(COLOURS.sub('', str(error)), 300)}",
            cause="no network, a proxy, or the bucket changed its layout",
            next_step=WITHOUT,
        ) from shareable(error)
    return rows


def _part(prefix: str, action: JsonMapping) -> Part:
    if action.get("num_records") is None:
        raise SourceError(
            f"the log of {prefix} does not count the rows of {action['path']}",
            cause="a file written without statistics: whether it is complete cannot be checked",
            next_step=WITHOUT,
        )
    values = {key: str(value) for key, value in (action.get("partition") or {}).items()}
    return Part(
        f"{prefix}/{action['path']}", int(action["size_bytes"]), int(action["num_records"]), values
    )


def _version(text: str) -> str:
    return ".".join(re.findall(r"\d+", text))


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
