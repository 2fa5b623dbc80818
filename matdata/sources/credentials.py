"""Credentials in the address of a service: removed from it, and sent to its own host only.

The address without them is what is shown, compared, stored and part of identities.
"""

from __future__ import annotations

import base64
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from matdata.core.errors import SourceError
from matdata.core.redaction import PARAMETER, keep_credentials

Host = tuple[str, str | None, int | None]


@dataclass(frozen=True)
class Credentials:
    """The credentials of an address.

    Attributes
    ----------
    host
        Scheme, name and port to which they belong.
    user
        ``user:password``, empty if there is none.
    parameters
        Query parameters that hold secrets.
    """

    host: Host = ("", None, None)
    user: str = field(default="", repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.parameters)

    def request(self, url: str, headers: Mapping[str, str]) -> urllib.request.Request:
        """A request for an address, with the credentials if it is on their host.

        Credentials in the address itself are sent as well.
        """
        parts = urllib.parse.urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
        user, query = urllib.parse.unquote(user), parts.query
        if _host(url) == self.host:
            user = user or self.user
            missing = set(self.parameters) - set(urllib.parse.parse_qsl(query))
            query = "&".join(filter(None, (query, urllib.parse.urlencode(sorted(missing)))))
        clean_url = parts._replace(netloc=host, query=query).geturl()
        http_request = urllib.request.Request(clean_url, headers=dict(headers))
        if user:
            token = base64.b64encode(user.encode()).decode()
            # A redirect may lead to another host.
            http_request.add_unredirected_header("Authorization", f"Basic {token}")
        return http_request

    def without(self, url: str) -> str:
        """An address that the service sent, without the credentials that it repeats."""
        parts = urllib.parse.urlsplit(url)
        pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        remaining = [pair for pair in pairs if pair not in self.parameters]
        if len(remaining) < len(pairs):
            parts = parts._replace(query=urllib.parse.urlencode(remaining))
        if self.user and "@" in parts.netloc:
            parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        return parts.geturl()


NONE = Credentials()


def split_address(address: str, name: str = "the address") -> tuple[str, Credentials]:
    """Split an address into the address without credentials, and the credentials.

    Parameters
    ----------
    address
        ``http`` or ``https``.
    name
        Its name, for messages.

    Raises
    ------
    SourceError
        If it is not a web address; a malformed one is not shown, since it may hold credentials.
    """
    keep_credentials(address)
    try:
        parts = urllib.parse.urlsplit(address)
        host = _host(address)
    except ValueError:
        host = ("", None, None)
    if host[0] not in ("http", "https") or not host[1] or not _plain(address):
        raise SourceError(
            f"{name} is not a web address" + ("" if "@" in address else f": {address!r}"),
            cause="a character of a user name or password that must be percent-encoded"
            if "@" in address
            else None,
            next_step="expected https://… in ASCII, other characters percent-encoded",
        )
    pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    secret = tuple((key, value) for key, value in pairs if PARAMETER.fullmatch(key))
    query = urllib.parse.urlencode([pair for pair in pairs if pair not in secret])
    user = urllib.parse.unquote(parts.netloc.rpartition("@")[0])
    clean = parts._replace(
        netloc=parts.netloc.rpartition("@")[2], query=query if secret else parts.query
    )
    return clean.geturl(), Credentials(host, user, secret)


def split_base(address: str, name: str) -> tuple[str, Credentials]:
    """As `split_address`, for a base address: nothing may follow its path.

    Raises
    ------
    SourceError
        If it is not a web address, or has parameters that are not credentials.
    """
    clean, credentials = split_address(address, name)
    base, separator, query = clean.partition("?")
    if separator or "#" in base:
        names = ", ".join(key for key, _ in urllib.parse.parse_qsl(query)) or "a fragment"
        raise SourceError(
            f"{name} has more than a path: {names}",
            next_step="leave out what follows the path, except a key (api_key=…)",
        )
    return base.rstrip("/"), credentials


def _host(url: str) -> Host:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _plain(address: str) -> bool:
    return address.isascii() and address.isprintable() and " " not in address
