"""Any database that speaks OPTIMADE: own pager over ``links.next``, resumed page by page."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from matdata.core.cache import cache_dir, storage_error
from matdata.core.digest import digest_json
from matdata.core.errors import SourceError
from matdata.core.settings import Settings, setting
from matdata.sources._optimade_entries import chunk_of, day_of, values_of
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.credentials import split_base
from matdata.sources.readers.json_text import Item, sampled
from matdata.sources.roles import ReadOptions, find_roles
from matdata.sources.web import Refused, get_json
from matdata.store import files
from matdata.tables.optimade_providers import ENERGIES, PROVIDERS, UNITS, UNITS_BY_ENDING

PAGE = 100  # entries asked for; a service that allows fewer is asked for its own number
FIELDS = (
    "lattice_vectors", "cartesian_site_positions", "species_at_sites", "species",
    "structure_features", "dimension_types", "nperiodic_dimensions", "nsites",
    "chemical_formula_reduced", "last_modified",
)  # fmt: skip


CITATION = "Evans et al., Digit. Discov. 3, 1509 (2024), doi:10.1039/D4DD00039K"
NOTE = "each provider has its own licence and level of theory; see its pages"


def unit_of(name: str, told: Mapping[str, str] | None = None) -> str:
    """Unit of a provider's field: as known, as the provider tells, or by its last word."""
    ending = UNITS_BY_ENDING.get(name.rpartition(".")[2], "")
    return UNITS.get(name) or (told or {}).get(name) or ending


@dataclass(frozen=True)
class OptimadeQuery(Settings):
    """What an OPTIMADE service can be asked for."""

    where: str | None = setting(None, "filter in the language of OPTIMADE", verbatim=True)


class Optimade(Source):
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
                f"no OPTIMADE provider {text!r}" if text else "which OPTIMADE provider?",
                next_step=f"write optimade:NAME with one of {', '.join(PROVIDERS)}, or "
                "optimade:https://…",
            )
        address = PROVIDERS.get(text, text)
        base, self._credentials = split_base(address, "the address of the OPTIMADE service")
        self._base = base if re.search(r"/v\d+(\.\d+)*$", base) else f"{base}/v1"
        self._name = text if text in PROVIDERS else str(urllib.parse.urlsplit(base).hostname)
        self._first: dict[str, Any] | None = None
        self._fields: dict[str, str] | None = None

    @classmethod
    def make(cls, request: Request) -> Optimade:
        """Make the source from a request."""
        return cls(request)

    def _provider_fields(self) -> dict[str, str]:
        """The provider's own fields and their units, from its ``info/structures``."""
        if self._fields is None:
            info = self._get(f"{self._base}/info/structures").get("data", {})
            known = info.get("properties", {}) if isinstance(info, dict) else {}
            self._fields = {
                name: str((about or {}).get("unit") or "")
                for name, about in known.items()
                if name.startswith("_")
            }
        return self._fields

    def _get(self, url: str) -> dict[str, Any]:
        return get_json(url, self._credentials)

    def _address(self, **options: Any) -> str:
        where = self._where
        parameters = {**({"filter": where} if where else {}), **options}
        return f"{self._base}/structures?{urllib.parse.urlencode(parameters)}"

    def _first_page(self) -> dict[str, Any]:
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
        """Day of the last change where the service can sort, else today."""
        try:
            url = self._address(
                sort="-last_modified", page_limit=1, response_fields="last_modified"
            )
            last = day_of(_entries(self._get(url), url)[0])
        except (SourceError, LookupError, TypeError):
            last = ""
        return last or time.strftime("%Y.%m.%d", time.gmtime())

    def origin(self) -> Origin:
        """Ask for the provider's fields, the number of structures, and the first page."""
        page = self._first_page()
        meta = page.get("meta", {})
        total, limit = _count(page), self._request.limit
        version = self._version()
        first = sampled((Item(one, 0) for one in _entries(page, self._base)), values_of)
        columns = list(dict.fromkeys(name for values in first for name in values))
        options = self._request.options
        known = next((name for name in ENERGIES if name in columns), None)
        energy = options.energy or known
        said = ReadOptions(**{**options.to_dict(), "energy": energy})
        roles = find_roles(["structure", *columns], first, said, self._base)
        own = {name for name in columns if name.startswith("_")}
        return Origin(
            source=self.name,
            name=f"optimade-{self._name}",
            version=version,
            kind="structure",
            request={
                "source": self.name,
                "base": self._base,
                "filter": self._where,
                "version": version,
                "available": meta.get("data_available"),
                "returned": total,
                "limit": limit,
                "options": options.to_dict(),
            },
            url=self._base,
            citation=CITATION,
            energy_column=energy,
            energy_per=roles.energy_per,
            targets={
                name: unit_of(name, self._provider_fields())
                for name in roles.targets
                if name in own
            },
            count=limit if total is None else min(total, limit or total),
            note=NOTE,
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Pages of entries, from page `start` on.

        Addresses of pages can be opaque, so each is written to a trail when its page is known.

        Raises
        ------
        SourceError
            If pages go round in a circle, or fewer entries arrive than the service counts.
        """
        trail = Trail(self._request.cache or cache_dir(), self._key())
        first = self._first_page()
        total, limit = _count(first), self._request.limit
        number, seen, url = trail.before(start) or (0, 0, str(first["__url__"]))
        visited: set[str] = set()
        while url and (limit is None or seen < limit):
            page = first if url == first["__url__"] else self._get(url)
            visited.add(url)
            entries = _entries(page, url)
            _check_count(total, _count(page), url)
            following = self._credentials.without(_next(page, url))
            if following in visited or (following and not entries):
                raise SourceError(f"{url}: the links to the next page go round in a circle")
            wanted = entries if limit is None else entries[: limit - seen]
            seen, number = seen + len(wanted), number + 1
            trail.add(number, seen, following)
            if number > start and wanted:
                yield wanted
            url = following
        if total is not None and seen < min(total, limit or total):
            raise SourceError(
                f"{self._base} counts {total} structures and sent {seen}",
                cause="the database changed while it was read",
                next_step="run the same command again",
            )
        trail.remove()

    def _key(self) -> str:
        return digest_json([self._address(), self._request.limit])

    def parse(self, raw: Any) -> Chunk:
        """Structures and fields of one page."""
        return chunk_of(raw)


class Trail:
    """The addresses of the pages that are known, kept while a service is read."""

    def __init__(self, cache: Path, key: str) -> None:
        self._path = cache / "downloads" / f".trail-optimade-{key[:16]}.jsonl"

    def before(self, page: int) -> tuple[int, int, str] | None:
        """Pages and entries before `page`, and its address, if they were written down."""
        if page == 0 or not self._path.is_file():
            return None
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                number, seen, url = json.loads(line)
            except ValueError:  # a kill can cut the last line short
                continue
            if number == page:
                return number, seen, url
        return None

    def add(self, page: int, seen: int, url: str) -> None:
        """Write down where the page after `page` pages is."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a" if page > 1 else "w", encoding="utf-8") as file:
                file.write(json.dumps([page, seen, url]) + "\n")
        except OSError as error:
            raise storage_error(error, self._path) from error

    def remove(self) -> None:
        """Forget them."""
        files.remove(self._path)


def _entries(page: dict[str, Any], url: str) -> list[dict[str, Any]]:
    data = page.get("data")
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise SourceError(
            f"{url} sent no list of structures",
            cause="an error in place of data, or a service that speaks another protocol",
            next_step="open the address in a browser",
        )
    return data


def _count(page: dict[str, Any]) -> int | None:
    count = (page.get("meta") or {}).get("data_returned")
    return count if isinstance(count, int) else None


def _check_count(before: int | None, now: int | None, url: str) -> None:
    if before is not None and now is not None and before != now:
        raise SourceError(
            f"{url} counts {now} structures, and {before} when reading began",
            cause="the database changed while it was read",
            next_step="run the same command again",
        )


def _next(page: dict[str, Any], url: str) -> str:
    """The address of the next page: a string, an object with ``href``, or none."""
    link = (page.get("links") or {}).get("next")
    if isinstance(link, dict):
        link = link.get("href")
    return urllib.parse.urljoin(url, str(link)) if link else ""
