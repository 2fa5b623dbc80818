"""The `url` source: a file at a web address, downloaded once, checked at every read, and kept."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import ClassVar

from matdata.core.cache import cache_dir
from matdata.core.digest import SHORT
from matdata.core.errors import ConfigError, SourceError
from matdata.core.settings import Settings, setting
from matdata.sources.base import Origin, Request
from matdata.sources.credentials import split_address
from matdata.sources.download import Remote, check_local, fetch
from matdata.sources.files import FORMATS, Files
from matdata.sources.readers.folder import form_of
from matdata.sources.readers.opening import plain_suffix
from matdata.sources.readers.records import READERS
from matdata.sources.receiving import Policy

GB = 10**9
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(frozen=True)
class UrlQuery(Settings):
    """What a download is asked for."""

    sha256: str | None = setting(None, "SHA-256 (hex) that the file must have")
    name: str | None = setting(
        None, "file name with its ending, where the address has none", verbatim=True
    )
    max_gb: float = setting(20.0, "refuse a larger file, GB", above=0.0)
    local: bool = setting(
        False, "allow plain http, and addresses of this machine or its network", view=True
    )


class Url(Files):
    """A file at an ``https`` address, read as one of the user's own.

    The file stays in ``downloads/`` of the cache with its SHA-256, so that the same command builds
    the same dataset again without the network; remove it there to download it anew.

    Parameters
    ----------
    request
        ``argument`` is the address; ``file`` is read in its place.

    Raises
    ------
    SourceError
        If it cannot be downloaded safely, or its name has no ending that is known.
    """

    name: ClassVar[str] = "url"
    Query: ClassVar[type[Settings]] = UrlQuery
    takes_file: ClassVar[bool] = True

    def __init__(self, request: Request) -> None:
        query = UrlQuery.from_mapping(request.query)
        if query.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", query.sha256):
            raise ConfigError(
                f"sha256 is {query.sha256[:80]!r}, expected 64 hexadecimal digits in small letters"
            )
        self._url, _ = split_address(request.argument)
        if request.file is not None:
            self._digest = check_local(request.file, query.sha256)
            path = request.file
        else:
            path, self._digest = _download(request, self._url, query)
        super().__init__(path, request.options, request.limit)

    @classmethod
    def make(cls, request: Request) -> Url:
        """Download the file of an address, unless the cache has it."""
        return cls(request)

    def origin(self) -> Origin:
        """As that of the file, with the address that it came from."""
        origin = super().origin()
        return replace(origin, url=self._url, name=origin.request["name"])


def _download(request: Request, url: str, query: UrlQuery) -> tuple[Path, str]:
    name = query.name or PurePosixPath(urllib.parse.urlsplit(url).path).name
    name = _UNFIT.sub("_", urllib.parse.unquote(name)).lstrip(".")
    path = Path(name)
    has_format = plain_suffix(path) in (*READERS, ".zip") or form_of(name) in ("cif", "poscar")
    if not has_format:
        raise SourceError(
            f"{url}: its name does not say which kind of file it is",
            next_step="name it: --query name=table.csv.gz; or download it and build it by its "
            f"path; supported: {FORMATS}",
        )
    policy = Policy(
        query.local,
        int(query.max_gb * GB),
        f"download it in a browser and build it by its path: matdata build {name}",
    )
    folder = f"url-{hashlib.sha256(url.encode()).hexdigest()[:SHORT]}"
    remote = Remote(request.argument, f"{folder}/{name}", query.sha256, policy=policy)
    return fetch(remote, request.cache or cache_dir())
