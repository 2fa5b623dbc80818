"""Downloads: to a temporary file, checked, then renamed; and checked again on every later read.

What has its final name in ``downloads/`` is whole. Beside each file lies a receipt with its URL,
size and SHA-256. A digest that is known beforehand is demanded, and so is the MD5 that a publisher
states; where there is none, the first download's digest is written down and demanded from then on.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from matdata.core.cache import storage_error
from matdata.core.digest import digest_file
from matdata.core.errors import SourceError, StoreError
from matdata.core.redaction import excerpt, shareable
from matdata.sources.credentials import NONE, Credentials, split_address
from matdata.store import files
from matdata.store.locks import LOCK, holding
from matdata.store.records import read_record, write_record
from matdata.store.wholeness import fault_of

DOWNLOADS = "downloads"
RECEIPT = ".receipt.json"
PART = ".part-"
KEY = "receipt_digest"
BLOCK = 1 << 20
TIMEOUT = 60  # seconds without a byte
RESUME = "run the same command again: it goes on from the bytes that have arrived"
#: First bytes of a file by its suffix: an error page sent with status 200 has others.
MAGIC = {".zip": b"PK", ".gz": b"\x1f\x8b"}


@dataclass(frozen=True)
class Remote:
    """A file on a server.

    Attributes
    ----------
    url
        Where it is; ``https`` or ``http``.
    name
        Its name in ``downloads/``.
    sha256
        Its digest, None where the publisher gives none.
    size
        Its bytes, None where not known beforehand.
    md5
        Tells the MD5 that the publisher states, or None; asked once a download.
    tag_is_md5
        The server's tag of the file (``ETag``) is its MD5, as S3 does for a public object that was
        stored in one piece; a tag of another form is not compared.
    credentials
        Those that `url` held; it holds none any more.
    """

    url: str
    name: str
    sha256: str | None = None
    size: int | None = None
    md5: Callable[[], str | None] | None = None
    tag_is_md5: bool = False
    credentials: Credentials = field(default=NONE, init=False, repr=False)

    def __post_init__(self) -> None:
        url, credentials = split_address(self.url)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "credentials", credentials)


def fetch(remote: Remote, cache: Path) -> tuple[Path, str]:
    """The file and its SHA-256, from ``downloads/`` of the cache, or from the server.

    A file of the cache is read through first; one whose bytes have changed is fetched again.

    Raises
    ------
    SourceError
        If the server cannot be reached, answers with an error, sends too few bytes, an error page,
        or a file of another digest.
    StoreError
        If it cannot be written (a full disk); the bytes that have arrived are kept.
    """
    path = cache / DOWNLOADS / remote.name
    digest = _whole(path, remote)  # without a lock: a cache of others may be for reading only
    if digest is None:
        with holding(path.with_name(f"{LOCK}{path.name}")):
            try:
                digest = _whole(path, remote) or _download(remote, path)
            except OSError as error:
                raise storage_error(error, path) from error
    return path, digest


def check_local(path: Path, sha256: str | None) -> str:
    """SHA-256 of a file that the user gives, compared with the published one if there is one.

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
            cause="a download that was cut short, or another version of the file",
            next_step="fetch the file again, or build it as a file of your own (matdata build "
            "PATH)",
        )
    return digest


def _whole(path: Path, remote: Remote) -> str | None:
    try:
        receipt = receipt_of(path)
    except StoreError:  # none, or a damaged one: the file is fetched again
        return None
    digest = str(remote.sha256 or receipt["sha256"])
    same = receipt["url"] == remote.url
    return digest if same and fault_of(path, receipt["bytes"], digest) is None else None


def receipt_of(path: Path) -> dict[str, Any]:
    """Address, size and digest of a file of ``downloads/``.

    Raises
    ------
    StoreError
        If it has no receipt, or a damaged one.
    """
    advice = f"remove {path.name} and its receipt; it is fetched again when a build needs it"
    return read_record(_beside(path), KEY, advice)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}{RECEIPT}")


def _download(remote: Remote, path: Path) -> str:
    temporary = path.with_name(f"{PART}{path.name}")
    tag = path.with_name(f"{PART}{path.name}.etag")
    if not _receive(remote, temporary, tag):  # what had arrived is not a part of the file
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
    # A receipt without its file means nothing; a file without its receipt would be fetched again.
    told = {"published_md5": md5} if md5 else {}
    receipt = {"url": remote.url, "bytes": size, "sha256": digest, **told}
    write_record(_beside(path), receipt, KEY)
    files.publish(temporary, path)
    files.remove(tag)
    return digest


def _md5_of_tag(tag: Path) -> str | None:
    text = tag.read_text(encoding="utf-8").strip('"').lower() if tag.is_file() else ""
    return text if re.fullmatch("[0-9a-f]{32}", text) else None


def _check(remote: Remote, path: Path, digest: str, md5: str | None) -> None:
    size = path.stat().st_size
    for what, found, expected in (
        ("SHA-256", digest, remote.sha256),
        ("MD5", digest_file(path, "md5") if md5 else "", md5),
        ("bytes", str(size), str(remote.size) if remote.size is not None else None),
    ):
        if expected is not None and found != expected:
            raise SourceError(
                f"{remote.url} sent a file with {what} {found[:12]}, expected {expected[:12]}",
                cause="the publisher replaced the file, or a proxy changed it",
                next_step="run the same command again; if it stays so, fetch the file by another "
                "way and give it with --from FILE",
            )
    with open(path, "rb") as file:
        start = file.read(64)
    magic = MAGIC.get(Path(remote.name).suffix)
    if magic is not None and not start.startswith(magic):
        raise SourceError(
            f"{remote.url} sent no {Path(remote.name).suffix} file; it begins with "
            f"{excerpt(start, 24)}",
            cause="an error page or a login page of a proxy, sent with status 200",
            next_step="open the address in a browser, save the file and give it with --from FILE",
        )


def _receive(remote: Remote, temporary: Path, tag: Path) -> bool:
    """Get all bytes into `temporary`, after those that an earlier attempt left.

    False if the server has no bytes after those.
    """
    have = temporary.stat().st_size if temporary.is_file() else 0
    known = tag.read_text(encoding="utf-8") if tag.is_file() else ""
    headers = {"User-Agent": "matdata"}
    if have and known:  # a strong tag: the rest belongs to the same file, or all of it is sent
        headers |= {"Range": f"bytes={have}-", "If-Range": known}
    with _weather(remote.url), _open(remote.credentials.request(remote.url, headers)) as answer:
        if answer is None:
            return False
        start = have if answer.status == 206 else 0
        expected = _expected(answer, start)
        with _disk(temporary):
            _remember(tag, answer.headers.get("ETag"))
            # Unbuffered: a full disk shows at the write, not when the file is closed.
            file = open(temporary, "r+b" if start else "wb", buffering=0)  # noqa: SIM115
        with file:
            got = _copy(answer, file, start, temporary)
    if expected is not None and got != expected:
        raise SourceError(
            f"{remote.url} sent {got:,} of {expected:,} bytes",
            cause="the connection was cut",
            next_step=RESUME,
        )
    return True


def _remember(tag: Path, etag: str | None) -> None:
    # Without a strong tag nobody can say that the rest belongs to the same file.
    if etag and not etag.startswith("W/"):
        files.write_text(tag, etag)
    else:
        files.remove(tag)


def _expected(answer: Any, start: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return start + int(length) if length and length.isdecimal() else None


def _copy(answer: Any, file: IO[bytes], start: int, path: Path) -> int:
    file.seek(start)
    with contextlib.suppress(http.client.IncompleteRead):  # counted by the caller
        while block := answer.read1(BLOCK):
            rest = memoryview(block)
            while rest:
                with _disk(path):
                    rest = rest[file.write(rest) :]
    with _disk(path):
        file.truncate()
    return file.tell()


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """A full disk is not to be taken for a fault of the network."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


@contextlib.contextmanager
def _open(request: urllib.request.Request) -> Iterator[Any]:
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not request.has_header(
            "Range"
        ):
            raise
        yield None
        return
    with answer:
        yield answer


@contextlib.contextmanager
def _weather(url: str) -> Iterator[None]:
    try:
        yield
    except urllib.error.HTTPError as error:
        raise SourceError(
            f"{url} answers {error.code} {error.reason}",
            cause="the file was moved or the service is busy",
            next_step="try again later, or fetch it in a browser and give it with --from FILE",
        ) from shareable(error)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        raise SourceError(
            f"{url} cannot be reached: {getattr(error, 'reason', error)}",
            cause="no network, a proxy, or the service is down",
            next_step=f"{RESUME}; or give a file with --from FILE",
        ) from shareable(error)
