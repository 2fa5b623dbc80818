"""How the bytes of a file are received: over which connections, how many, and resumed.

A `Policy` says where a connection may lead. An address that a user names may redirect; neither it
nor what it redirects to may be of this machine or its network unless the user says so.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import ipaddress
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from matdata.core.cache import storage_error
from matdata.core.errors import SourceError
from matdata.core.printable import human_bytes
from matdata.core.redaction import shareable

BLOCK = 1 << 20
TIMEOUT = 60  # seconds without a byte
REDIRECTS = 5
RESUME = "run the same command again: it continues from the bytes received so far"


@dataclass(frozen=True)
class Policy:
    """Where a download may lead.

    Attributes
    ----------
    local
        Whether plain ``http`` and addresses of this machine or its network may be read.
    max_bytes
        Most bytes of a file; None for any.
    otherwise
        The next step when it cannot be downloaded.
    """

    local: bool = False
    max_bytes: int | None = None
    otherwise: str = "download it in a browser and pass it with --from FILE"

    def open(self, request: urllib.request.Request) -> Any:
        """The answer to a request.

        Raises
        ------
        SourceError
            If the address or a redirect leads where none may.
        """
        require_public(request.full_url, self.local)
        handlers: list[urllib.request.BaseHandler] = [_Redirects(self.local)]
        if not self.local:
            handlers.append(_PublicHandler())
        return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT)


def require_public(url: str, local: bool = False) -> None:
    """Check an address before a connection is made.

    Raises
    ------
    SourceError
        If it is not ``https``, or names an address of this machine or its network.
    """
    parts = urllib.parse.urlsplit(url)
    if local and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https":
        raise SourceError(
            f"{url} is no https address: what it sends could be read and changed on the way",
            next_step="use https, or --query local=true if you trust the network to the server",
        )
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        _require_global(ipaddress.ip_address(host), url)
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise _is_local(url)


def _require_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address, url: str) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    if not (mapped or address).is_global:
        raise _is_local(url)


def _is_local(url: str) -> SourceError:
    return SourceError(
        f"{url} is an address of this machine or its network",
        cause="such services often answer any program of this machine, and are not meant to be "
        "read by following an address",
        next_step="if it is meant, say so: --query local=true",
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS

    def __init__(self, local: bool) -> None:
        self._local = local

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        require_public(arguments[-1], self._local)
        return super().redirect_request(*arguments)


class _PublicConnection(http.client.HTTPSConnection):
    """Checks to which address a name led, before anything is asked."""

    def connect(self) -> None:
        super().connect()
        if self._tunnel_host is None:  # type: ignore[attr-defined]  # a proxy may be local
            peer = self.sock.getpeername()[0].partition("%")[0]
            try:
                _require_global(ipaddress.ip_address(peer), f"https://{self.host}")
            except SourceError:
                self.close()
                raise


class _PublicHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(_PublicConnection, request)


def receive(
    request: urllib.request.Request,
    url: str,
    file_of: Callable[[Any, int], IO[bytes]],
    path: Path,
    received: int,
    policy: Policy | None,
) -> bool:
    """Receive a file, or the rest of it; False if the server has no more.

    Parameters
    ----------
    request
        With a ``Range`` for the rest.
    url
        Its address without credentials, for messages.
    file_of
        Opens the file for an answer, from a byte on.
    path
        The file, for messages.
    received
        Bytes of earlier attempts.
    policy
        Where the download may lead; anywhere if None.

    Raises
    ------
    SourceError
        If the server cannot be reached, answers with an error, or sends too few or too many bytes.
    StoreError
        If the file cannot be written.
    """
    with network_errors(url, policy), _open(request, policy) as answer:
        if answer is None:
            return False
        start = received if answer.status == 206 else 0
        expected = _expected(answer, start)
        most = None if policy is None else policy.max_bytes
        if most is not None and expected is not None and expected > most:
            raise _too_large(url, most, expected)
        check = functools.partial(_require_few, url, most)
        with file_of(answer, start) as file:
            count = _copy(answer, file, start, path, check)
    if expected is not None and count != expected:
        raise SourceError(
            f"{url} sent {count:,} of {expected:,} bytes",
            cause="the connection was interrupted",
            next_step=RESUME,
        )
    return True


def _require_few(url: str, most: int | None, count: int) -> None:
    if most is not None and count > most:
        raise _too_large(url, most, None)


def _too_large(url: str, most: int, size: int | None) -> SourceError:
    sends = f"has {human_bytes(size)}" if size is not None else "sends more"
    return SourceError(
        f"{url} {sends}, and at most {human_bytes(most)} are downloaded",
        next_step="raise the limit if the file is that large: --query max_gb=NUMBER",
    )


def _expected(answer: Any, start: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return start + int(length) if length and length.isdecimal() else None


def _copy(
    answer: Any, file: IO[bytes], start: int, path: Path, check: Callable[[int], None]
) -> int:
    file.seek(start)
    with contextlib.suppress(http.client.IncompleteRead):  # counted by the caller
        while block := answer.read1(BLOCK):
            check(file.tell() + len(block))
            rest = memoryview(block)
            while rest:
                with on_disk(path):
                    rest = rest[file.write(rest) :]
    with on_disk(path):
        file.truncate()
    return file.tell()


@contextlib.contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Keep errors of the disk apart from those of the network.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


@contextlib.contextmanager
def _open(request: urllib.request.Request, policy: Policy | None) -> Iterator[Any]:
    try:
        if policy is None:
            answer = urllib.request.urlopen(request, timeout=TIMEOUT)
        else:
            answer = policy.open(request)
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
def network_errors(url: str, policy: Policy | None = None) -> Iterator[None]:
    """Convert errors of the network; an error of matdata passes.

    Raises
    ------
    SourceError
        With the status, or why there is no connection, and the next step.
    """
    otherwise = (policy or Policy()).otherwise
    try:
        yield
    except urllib.error.HTTPError as error:
        raise SourceError(
            f"{url} answers {error.code} {error.reason}",
            cause="the file was moved or the service is busy",
            next_step=f"try again later, or {otherwise}",
        ) from shareable(error)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
        raise SourceError(
            f"{url} cannot be reached: {getattr(error, 'reason', error)}",
            cause="no network, a proxy, or the service is down",
            next_step=f"{RESUME}; or {otherwise}",
        ) from shareable(error)
