"""Opens shared folders by their addresses; the library of a store is imported when needed.

Retries are matdata's own (`matdata.sharing.retrying`): those of the libraries are disabled, since
attempts would multiply. Their instances are never shared, so that none holds the credentials of
another.
"""

from __future__ import annotations

import base64
import threading
from typing import Any

from matdata.core.errors import ConfigError
from matdata.core.packages import needed_for
from matdata.sharing import retrying
from matdata.sharing.address import LOCAL, S3, SFTP, WEB, Address
from matdata.sharing.folder import LocalFolder, SharedFolder
from matdata.sharing.object_folder import ObjectFolder, SftpFolder
from matdata.sharing.retrying import retried


def open_folder(address: Address) -> SharedFolder:
    """The shared folder at an address; nothing in it is looked at.

    Raises
    ------
    MissingPackageError
        If the library for its scheme is not installed.
    ConfigError
        If the port of an address is no number.
    StoreError
        If a server of SFTP cannot be reached or is not the one that is known.
    """
    if address.scheme in LOCAL:
        from pathlib import Path

        return LocalFolder(Path(address.path))
    with needed_for(f"folders at {address.scheme}://"):
        import fsspec

        if address.scheme in SFTP:
            return SftpFolder(address, _sftp(address))
        options = _options(address)
        filesystem = fsspec.filesystem(address.scheme, skip_instance_cache=True, **options)
        filesystem.retries = 1  # of S3
        return ObjectFolder(address, filesystem)


def _options(address: Address) -> dict[str, Any]:
    """What fsspec opens a store with. Listings are never remembered: others push, too."""
    if address.scheme in S3:
        return {**_s3(address), "use_listings_cache": False}
    if address.scheme in WEB:
        return {**_web(address), "use_listings_cache": False}
    return {} if address.scheme == "memory" else {"use_listings_cache": False}


def _s3(address: Address) -> dict[str, Any]:
    limits = {
        "connect_timeout": retrying.TIMEOUT,
        "read_timeout": retrying.TIMEOUT,
        "retries": {"max_attempts": 0},
    }
    keys = {"key": address.user, "secret": address.password} if address.user else {}
    return {"config_kwargs": limits, "default_cache_type": "none", **keys}


def _web(address: Address) -> dict[str, Any]:
    import aiohttp

    limits = aiohttp.ClientTimeout(
        total=None, sock_connect=retrying.TIMEOUT, sock_read=retrying.TIMEOUT
    )
    client: dict[str, Any] = {"timeout": limits}
    if address.user:  # as a header, which aiohttp leaves out where an answer leads to another host
        token = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
        client["headers"] = {"Authorization": f"Basic {token}"}
    return {"client_kwargs": client, "cache_type": "none"}


def _sftp(address: Address) -> Any:
    """A connection to a server whose key stands in ``known_hosts``; no other is trusted."""
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
        cachable = False

        def _connect(self) -> None:
            self.lock = threading.RLock()
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(retrying.TIMEOUT)

    host, _, port = address.path.partition("/")[0].partition(":")
    if port and not port.isdecimal():
        raise ConfigError(f"{address} has no number as its port", next_step="sftp://HOST:22/…")
    given = {"username": address.user, "password": address.password, "port": int(port or 22)}
    limits = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), retrying.TIMEOUT)
    kept = {name: value for name, value in given.items() if value}
    return retried(lambda: KnownHosts(host, **kept, **limits), f"{address} cannot be reached")
