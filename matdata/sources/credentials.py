"""Credentials in the address of a service: taken out of it, and sent to its own host alone.

What is shown, compared, stored and part of an identity is the address without them.
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
    """What an address held beside the address.

    Attributes
    ----------
    host
        Scheme, name and port that they are for.
    user
        ``user:password``, empty if there is none.
    parameters
        Parameters of the query that hold secrets.
    """

    host: Host = ("", None, None)
    user: str = field(default="", repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.parameters)

    def request(self, url: str, headers: Mapping[str, str]) -> urllib.request.Request:
        """A request for an address, with the credentials if it is of their host.

        Those that the address itself holds are sent as well.
        """
        parts = urllib.parse.urlsplit(url)
        user, _, place = parts.netloc.rpartition("@")
        user, query = urllib.parse.unquote(user), parts.query
        if _host(url) == self.host:
            user = user or self.user
            missing = set(self.parameters) - set(urllib.parse.parse_qsl(query))
            query = "&".join(filter(None, (query, urllib.parse.urlencode(sorted(missing)))))
        plain = parts._replace(netloc=place, query=query).geturl()
        made = urllib.request.Request(plain, headers=dict(headers))
        if user:
            token = base64.b64encode(user.encode()).decode()
            # A redirect can lead to another host.
            made.add_unredirected_header("Authorization", f"Basic {token}")
        return made

    def without(self, url: str) -> str:
        """An address that the service sent, without what it repeats of the credentials."""
        parts = urllib.parse.urlsplit(url)
        pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        kept = [pair for pair in pairs if pair not in self.parameters]
        if len(kept) < len(pairs):
            parts = parts._replace(query=urllib.parse.urlencode(kept))
        if self.user and "@" in parts.netloc:
            parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        return parts.geturl()


NONE = Credentials()


def split_address(address: str, name: str = "the address") -> tuple[str, Credentials]:
    """An address without its credentials, and these.

    Parameters
    ----------
    address
        ``http`` or ``https``.
    name
        Where it comes from, for the message.

    Raises
    ------
    SourceError
        If it is no web address; a malformed one is not shown, since its parts cannot be told.
    """
    keep_credentials(address)
    try:
        parts = urllib.parse.urlsplit(address)
        host = _host(address)
    except ValueError:
        host = ("", None, None)
    if host[0] not in ("http", "https") or not host[1] or not _plain(address):
        raise SourceError(
            f"{name} is no web address" + ("" if "@" in address else f": {address!r}"),
            cause="a character of a user name or password that must be percent-encoded"
            if "@" in address
            else None,
            next_step="expected https://… in ASCII, all else percent-encoded",
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
    """As `split_address`, for an address that others are made of: nothing may follow its path.

    Raises
    ------
    SourceError
        If it is no web address, or has parameters that are no credentials.
    """
    clean, credentials = split_address(address, name)
    base, mark, query = clean.partition("?")
    if mark or "#" in base:
        names = ", ".join(key for key, _ in urllib.parse.parse_qsl(query)) or "a fragment"
        raise SourceError(
            f"{name} has more than a path: {names}",
            next_step="leave out what follows the path, but for a key (api_key=…)",
        )
    return base.rstrip("/"), credentials


def _host(url: str) -> Host:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _plain(address: str) -> bool:
    return address.isascii() and address.isprintable() and " " not in address
