"""Any OPTIMADE database: a pager over ``links.next`` that resumes page by page."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matdata.core.cache import cache_dir, storage_error
from matdata.core.digest import digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.settings import Settings, setting
from matdata.sources._optimade_entries import Entries, chunk_of, day_of, values_of
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.credentials import split_base
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.json_text import Item, sampled
from matdata.sources.roles import find_roles
from matdata.sources.web import Refused, get_json
from matdata.store import files
from matdata.tables.optimade_providers import ENERGIES, PROVIDERS, UNITS, UNITS_BY_ENDING

PAGE = 100  # entries requested per page; a service that allows fewer uses its own number
FIELDS = (
    "lattice_vectors", "cartesian_site_positions", "species_at_sites", "species",
    "structure_features", "dimension_types", "nperiodic_dimensions", "nsites",
    "chemical_formula_reduced", "last_modified",
)  # fmt: skip

CITATION = "Evans et al., Digit. Discov. 3, 1509 (2024), doi:10.1039/D4DD00039K"
NOTE = "each provider has its own licence and level of theory; see its pages"


def unit_of(name: str, provider_units: Mapping[str, str] | None = None) -> str:
    """Unit of a provider's field: the known one, the provider's, or by its name's last word."""
    ending = UNITS_BY_ENDING.get(name.rpartition(".")[2], "")
    return UNITS.get(name) or (provider_units or {}).get(name) or ending


@dataclass(frozen=True)
class OptimadeQuery(Settings):
    """What an OPTIMADE service can be asked for."""

    where: str | None = setting(None, "filter in the language of OPTIMADE", verbatim=True)


class Optimade(Source[Entries]):
    """Structures of an OPTIMADE service with the provider's own fields.

    Parameters
    ----------
    request
        The argument is a provider's short name or a base address; ``query["where"]`` a filter in
        OPTIMADE's language.
    """

    name: ClassVar[str] = "optimade"
    slow_parse: ClassVar[bool] = False  # a page takes far longer to arrive than to read
    Query: ClassVar[type[Settings]] = OptimadeQuery
    raw_reader: ClassVar[str | None] = "matdata.sources.optimade_file:SavedEntries"

    def __init__(self, request: Request) -> None:
        self._request = request
        self._where = OptimadeQuery.from_mapping(request.query).where
        text = request.argument
        if text not in PROVIDERS and not text.startswith(("http://", "https://")):
            raise SourceError(
                f"no OPTIMADE provider {text!r}" if text else "no OPTIMADE provider is named",
                next_step=f"write optimade:NAME with one of {', '.join(PROVIDERS)}, or "
                "optimade:https://…",
            )
        address = PROVIDERS.get(text, text)
        base, self._credentials = split_base(address, "the address of the OPTIMADE service")
        self._base = base if re.search(r"/v\d+(\.\d+)*$", base) else f"{base}/v1"
        self._name = text if text in PROVIDERS else str(urllib.parse.urlsplit(base).hostname)
        self._first: JsonObject | None = None
        self._fields: dict[str, str] | None = None

    @classmethod
    def make(cls, request: Request) -> Optimade:
        """Create the source from a request."""
        return cls(request)

    def _provider_fields(self) -> dict[str, str]:
        """The provider-specific fields and their units, from its ``info/structures``."""
        if self._fields is None:
            info = self._get(f"{self._base}/info/structures").get("data", {})
            properties = info.get("properties", {}) if isinstance(info, dict) else {}
            self._fields = {
                name: str((about or {}).get("unit") or "")
                for name, about in properties.items()
                if name.startswith("_")
            }
        return self._fields

    def _get(self, url: str) -> JsonObject:
        return get_json(url, self._credentials)

    def _address(self, **options: object) -> str:
        where = self._where
        parameters = {**({"filter": where} if where else {}), **options}
        return f"{self._base}/structures?{urllib.parse.urlencode(parameters)}"

    def _first_page(self) -> JsonObject:
        if self._first is None:
            fields = ",".join((*FIELDS, *self._provider_fields()))
            try:
                url = self._address(response_fields=fields, page_limit=PAGE)
                self._first = self._get(url)
            except Refused as error:
                if error.status not in (400, 403):
                    raise
                url = self._address(response_fields=fields)
                self._first = self._get(url)
            self._first["__url__"] = url
        return self._first

    def _version(self) -> str:
        """Day of the last change if the service can sort, else today."""
        try:
            url = self._address(
                sort="-last_modified", page_limit=1, response_fields="last_modified"
            )
            last = day_of(_entries(self._get(url), url)[0])
        except (SourceError, LookupError, TypeError):
            last = ""
        return last or time.strftime("%Y.%m.%d", time.gmtime())

    def origin(self) -> Origin:
        """Request the provider's fields, the number of structures, and the first page.

        Raises
        ------
        SourceError
            If the service cannot be reached, or does not send structures.
        """
        page = self._first_page()
        total, limit = _count(page), self._request.limit
        version = self._version()
        first = sampled((Item(entry, 0) for entry in _entries(page, self._base)), values_of)
        columns = list(dict.fromkeys(name for values in first for name in values))
        options = self._request.options
        default_energy = next((name for name in ENERGIES if name in columns), None)
        energy = options.energy or default_energy
        read_options = ReadOptions(**{**options.to_dict(), "energy": energy})
        roles = find_roles(["structure", *columns], first, read_options, self._base)
        provider_columns = {name for name in columns if name.startswith("_")}
        return Origin(
            source=self.name,
            name=f"optimade-{self._name}",
            version=version,
            kind="structure",
            request=self._request_record(version, page),
            url=self._base,
            citation=CITATION,
            energy_column=energy,
            energy_per=roles.energy_per,
            targets={
                name: unit_of(name, self._provider_fields())
                for name in roles.targets
                if name in provider_columns
            },
            count=limit if total is None else min(total, limit or total),
            note=NOTE,
        )

    def _request_record(self, version: str, page: JsonObject) -> JsonObject:
        return {
            "source": self.name,
            "base": self._base,
            "filter": self._request.query.get("where"),
            "version": version,
            "available": page.get("meta", {}).get("data_available"),
            "returned": _count(page),
            "limit": self._request.limit,
            "options": self._request.options.identity(),
        }

    def raw_chunks(self, start: int = 0) -> Iterator[Entries]:
        """Pages of entries, from page `start` on.

        Addresses of pages may be opaque, so each is recorded in a trail when its page is read.

        Raises
        ------
        SourceError
            If the links between pages form a cycle, or fewer entries arrive than the service
            counts.
        """
        trail = Trail(self._request.cache or cache_dir(), self._key())
        first = self._first_page()
        total, limit = _count(first), self._request.limit
        n_pages, n_entries, url = trail.before(start) or (0, 0, str(first["__url__"]))
        visited: set[str] = set()
        while url and (limit is None or n_entries < limit):
            page = first if url == first["__url__"] else self._get(url)
            visited.add(url)
            entries = _entries(page, url)
            _check_count(total, _count(page), url)
            next_url = self._credentials.without(_next(page, url))
            if next_url in visited or (next_url and not entries):
                raise SourceError(f"{url}: the links to the next page form a cycle")
            selected = entries if limit is None else entries[: limit - n_entries]
            n_entries, n_pages = n_entries + len(selected), n_pages + 1
            trail.add(n_pages, n_entries, next_url)
            if n_pages > start and selected:
                yield selected
            url = next_url
        if total is not None and n_entries < min(total, limit or total):
            raise SourceError(
                f"{self._base} counts {total} structures and sent {n_entries}",
                cause="the database changed while it was read",
                next_step="run the same command again",
            )
        trail.remove()

    def _key(self) -> str:
        return digest_json([self._address(), self._request.limit])

    def parse(self, raw: Entries) -> Chunk:
        """Structures and fields of one page."""
        return chunk_of(raw)


class Trail:
    """The addresses of the pages read so far, stored while a service is read."""

    def __init__(self, cache: Path, key: str) -> None:
        self._path = cache / "downloads" / f".trail-optimade-{key[:16]}.jsonl"

    def before(self, page: int) -> tuple[int, int, str] | None:
        """Number of pages and entries before `page`, and its address, if recorded."""
        if page == 0 or not self._path.is_file():
            return None
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                number, n_entries, url = json.loads(line)
            except ValueError:  # a kill can truncate the last line
                continue
            if number == page:
                return number, n_entries, url
        return None

    def add(self, page: int, n_entries: int, url: str) -> None:
        """Record the address of the page after `page` pages and `n_entries` entries.

        Raises
        ------
        StoreError
            If the record cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a" if page > 1 else "w", encoding="utf-8") as file:
                file.write(json.dumps([page, n_entries, url]) + "\n")
        except OSError as error:
            raise storage_error(error, self._path) from error

    def remove(self) -> None:
        """Remove the record."""
        files.remove(self._path)


def _entries(page: JsonObject, url: str) -> list[JsonObject]:
    data = page.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise SourceError(
            f"{url} sent no list of structures",
            cause="an error instead of data, or a service with another protocol",
            next_step="open the address in a browser",
        )
    return data


def _count(page: JsonObject) -> int | None:
    count = (page.get("meta") or {}).get("data_returned")
    return count if isinstance(count, int) else None


def _check_count(before: int | None, now: int | None, url: str) -> None:
    if before is not None and now is not None and before != now:
        raise SourceError(
            f"{url} counts {now} structures, and {before} when reading began",
            cause="the database changed while it was read",
            next_step="run the same command again",
        )


def _next(page: JsonObject, url: str) -> str:
    """The address of the next page: a string, an object with ``href``, or none."""
    link = (page.get("links") or {}).get("next")
    if isinstance(link, dict):
        link = link.get("href")
    return urllib.parse.urljoin(url, str(link)) if link else ""
