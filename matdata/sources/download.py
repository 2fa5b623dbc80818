"""Downloads: to a temporary file, checked, then renamed; and checked again on every later read.

A file with its final name in ``downloads/`` is complete. Each file has a receipt with its URL,
size and SHA-256. A digest known beforehand is required, and so is the MD5 that a publisher
states; without one, the first download's digest is recorded and required from then on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from matdata.core.cache import storage_error
from matdata.core.digest import digest_file
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError, StoreError
from matdata.core.redaction import excerpt
from matdata.sources.credentials import NONE, Credentials, split_address
from matdata.sources.receiving import Policy, on_disk, receive
from matdata.store import files
from matdata.store.locks import LOCK, Lock, holding
from matdata.store.records import read_record, write_record
from matdata.store.wholeness import fault_of

DOWNLOADS = "downloads"
RECEIPT = ".receipt.json"
PART = ".part-"
KEY = "receipt_digest"
#: First bytes of a file by its suffix, which an error page sent with status 200 lacks.
MAGIC = {".zip": b"PK", ".gz": b"\x1f\x8b"}


@dataclass(frozen=True)
class Remote:
    """A file on a server.

    Attributes
    ----------
    url
        Its address; ``https`` or ``http``.
    name
        Its name in ``downloads/``.
    sha256
        Its digest, None if the publisher states none.
    size
        Its size in bytes, None if unknown.
    md5
        Returns the MD5 that the publisher states, or None; called once per download.
    tag_is_md5
        Whether the server's ``ETag`` is the MD5, as S3 does for a public object that was
        stored in one piece; a tag of another form is not compared.
    policy
        Where the download may lead, for an address that a user names; None for one of matdata's.
    credentials
        The credentials of `url`, which are removed from it.
    """

    url: str
    name: str
    sha256: str | None = None
    size: int | None = None
    md5: Callable[[], str | None] | None = None
    tag_is_md5: bool = False
    policy: Policy | None = None
    credentials: Credentials = field(default=NONE, init=False, repr=False)

    def __post_init__(self) -> None:
        url, credentials = split_address(self.url)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "credentials", credentials)


def fetch(remote: Remote, cache: Path) -> tuple[Path, str]:
    """The file and its SHA-256, from ``downloads/`` of the cache, or from the server.

    A file of the cache is verified first; one whose bytes have changed is downloaded again.

    Raises
    ------
    SourceError
        If the server cannot be reached, answers with an error, sends too few bytes, an error page,
        or a file of another digest.
    StoreError
        If it cannot be written (a full disk); the bytes received so far are kept.
    """
    path = cache / DOWNLOADS / remote.name
    digest = _valid_digest(path, remote)  # without a lock: another user's cache may be read-only
    if digest is None:
        with holding(path.with_name(f"{LOCK}{path.name}")) as lock:
            try:
                digest = _valid_digest(path, remote) or _download(remote, path, lock)
            except OSError as error:
                raise storage_error(error, path) from error
    return path, digest


def check_local(path: Path, sha256: str | None) -> str:
    """SHA-256 of a user's file, compared with the published one if there is one.

    Raises
    ------
    SourceError
        If there is no such file, or it is not the published one.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}", next_step="check the path")
    digest = digest_file(path)
    if sha256 is not None and digest != sha256:
        raise SourceError(
            f"{path} has SHA-256 {digest[:12]}…, the published file {sha256[:12]}…",
            cause="a truncated download, or another version of the file",
            next_step="download the file again, or build it as your own file (matdata build PATH)",
        )
    return digest


def _valid_digest(path: Path, remote: Remote) -> str | None:
    try:
        receipt = receipt_of(path)
    except StoreError:  # none, or a damaged one: the file is downloaded again
        return None
    digest = str(remote.sha256 or receipt["sha256"])
    same = receipt["url"] == remote.url
    return digest if same and fault_of(path, receipt["bytes"], digest) is None else None


def receipt_of(path: Path) -> JsonObject:
    """Address, size and digest of a file of ``downloads/``.

    Raises
    ------
    StoreError
        If it has no receipt, or a damaged one.
    """
    advice = f"remove {path.name} and its receipt; it is downloaded again when a build needs it"
    return read_record(_receipt_path(path), KEY, advice)


def _receipt_path(path: Path) -> Path:
    return path.with_name(f"{path.name}{RECEIPT}")


def _download(remote: Remote, path: Path, lock: Lock) -> str:
    temporary = path.with_name(f"{PART}{path.name}")
    tag = path.with_name(f"{PART}{path.name}.etag")
    if not _receive(remote, temporary, tag):  # the bytes received before are not a part of the file
        files.remove(temporary)
        _receive(remote, temporary, tag)
    digest = digest_file(temporary)
    md5 = _md5_of_tag(tag) if remote.tag_is_md5 else remote.md5() if remote.md5 else None
    try:
        _check(remote, temporary, digest, md5)
    except SourceError:
        files.remove(temporary)
        files.remove(tag)
        raise
    size = temporary.stat().st_size
    lock.require()
    # A receipt without a file is harmless; a file without a receipt would be downloaded again.
    md5_record = {"published_md5": md5} if md5 else {}
    receipt = {"url": remote.url, "bytes": size, "sha256": digest, **md5_record}
    write_record(_receipt_path(path), receipt, KEY)
    files.publish(temporary, path)
    files.remove(tag)
    return digest


def _md5_of_tag(tag: Path) -> str | None:
    text = tag.read_text(encoding="utf-8").strip('"').lower() if tag.is_file() else ""
    return text if re.fullmatch("[0-9a-f]{32}", text) else None


def _check(remote: Remote, path: Path, digest: str, md5: str | None) -> None:
    size = path.stat().st_size
    for quantity, actual, expected in (
        ("SHA-256", digest, remote.sha256),
        ("MD5", digest_file(path, "md5") if md5 else "", md5),
        ("bytes", str(size), str(remote.size) if remote.size is not None else None),
    ):
        if expected is not None and actual != expected:
            raise SourceError(
                f"{remote.url} sent a file with {quantity} {actual[:12]}, expected {expected[:12]}",
                cause="the publisher replaced the file, or a proxy changed it",
                next_step="run the same command again; if that fails, too, download the file by "
                "other means and pass it with --from FILE",
            )
    with open(path, "rb") as file:
        first_bytes = file.read(64)
    magic = MAGIC.get(Path(remote.name).suffix)
    if magic is not None and not first_bytes.startswith(magic):
        raise SourceError(
            f"{remote.url} did not send a {Path(remote.name).suffix} file; it begins with "
            f"{excerpt(first_bytes, 24)}",
            cause="an error page or a login page of a proxy, sent with status 200",
            next_step="open the address in a browser, save the file and pass it with --from FILE",
        )


def _receive(remote: Remote, temporary: Path, tag: Path) -> bool:
    """Receive the bytes after those of an earlier attempt; False if the server has no more."""
    n_received = temporary.stat().st_size if temporary.is_file() else 0
    known_tag = tag.read_text(encoding="utf-8") if tag.is_file() else ""
    headers = {"User-Agent": "matdata"}
    # With a strong tag the server sends the rest of the same file, or all of it.
    if n_received and known_tag:
        headers |= {"Range": f"bytes={n_received}-", "If-Range": known_tag}
    request = remote.credentials.request(remote.url, headers)

    def file_of(answer: Any, start: int) -> IO[bytes]:
        with on_disk(temporary):
            _remember(tag, answer.headers.get("ETag"))
            # Unbuffered: a full disk shows at the write, not when the file is closed.
            return open(temporary, "r+b" if start else "wb", buffering=0)

    return receive(request, remote.url, file_of, temporary, n_received, remote.policy)


def _remember(tag: Path, etag: str | None) -> None:
    # Without a strong tag the rest may belong to another file.
    if etag and not etag.startswith("W/"):
        files.write_text(tag, etag)
    else:
        files.remove(tag)
