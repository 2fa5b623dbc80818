"""The Materials Project: sorted pages through its API, or all of it from its open data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from matdata.adapters.sites import Sites, from_pymatgen_dict, to_crystals
from matdata.core.cache import cache_dir
from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.core.ledger import Reject, Unusable
from matdata.core.settings import Settings, setting
from matdata.sources._mp_bulk import OpenData
from matdata.sources._mp_fields import (
    FIELDS,
    NESTED,
    TARGETS,
    THERMO_FIELDS,
    THERMO_TYPES,
    PageSizes,
)
from matdata.sources._mp_rest import Pages
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.column_choice import require_column
from matdata.sources.guard import Row, gather
from matdata.sources.parse import to_columns
from matdata.sources.readers.base import flatten
from matdata.sources.readers.json_text import Damaged

MIXED = (
    "energies are the database's preferred ones, r2SCAN for some materials and GGA or GGA+U for "
    "others; --thermo GGA_GGA+U takes one level of theory"
)
LICENCE, URL = "CC BY 4.0", "https://materialsproject.org"
CITATION = "Jain et al., APL Mater. 1, 011002 (2013)"
BULK = "read from the open data; documents under BY-NC (GNoME) are left out"


@dataclass(frozen=True)
class MpQuery(Settings):
    """What the Materials Project can be asked for."""

    thermo: str = setting(
        THERMO_TYPES[0],
        "level of theory of the energies; summary: the database's mixture",
        choices=THERMO_TYPES,
    )
    bulk: bool = setting(
        False, "read the whole database from the open data: fewer, larger files, and no key"
    )


#: Documents, or the ids that are deprecated under the key of that name.
Page: TypeAlias = list[JsonObject] | dict[str, list[str]]


class _Reader(Protocol):
    def version(self) -> str: ...
    def request(self) -> JsonObject: ...
    def pages(self, start: int) -> Iterator[Page]: ...


class MaterialsProject(Source[Page]):
    """Summary documents of the Materials Project, not deprecated, ordered by material id.

    Ids that the database deprecated become rejects, so that a diff can report them.

    Parameters
    ----------
    request
        ``limit``, and ``options.targets`` to select properties; ``query["thermo"]`` is
        the level of theory of the energies, ``GGA_GGA+U`` by default; ``query["bulk"]`` reads the
        whole database from the open data, without a key. The endpoint is the client's own;
        ``MP_API_ENDPOINT`` sets another, ``MP_OPEN_DATA_ENDPOINT`` a mirror of the open data.
    """

    name: ClassVar[str] = "mp"
    slow_parse: ClassVar[bool] = False  # a page takes far longer to arrive than to read
    Query: ClassVar[type[Settings]] = MpQuery
    raw_reader: ClassVar[str | None] = "matdata.sources.mp_file:SavedDocuments"
    page_sizes: ClassVar[PageSizes] = PageSizes()

    def __init__(self, request: Request) -> None:
        self._request = request
        query = MpQuery.from_mapping(request.query)
        self._thermo = query.thermo
        self._targets = wanted_targets(request)
        self._bulk = query.bulk
        self._reader = self._make_reader()

    def _make_reader(self) -> _Reader:
        if not self._bulk:
            return Pages(self._thermo, self._request.limit, self.page_sizes)
        if self._request.limit is not None:
            raise SourceError(
                "--bulk reads the whole database, but a limit was given",
                next_step="leave out one of --bulk and --limit",
            )
        return OpenData(self._thermo, self._request.cache or cache_dir(), self.page_sizes)

    @classmethod
    def make(cls, request: Request) -> MaterialsProject:
        """Create the source from a request."""
        return cls(request)

    def origin(self) -> Origin:
        """Request the database version and the number of documents."""
        version, counts = self._reader.version(), self._reader.request()
        limit, total = self._request.limit, counts["documents"]
        notes = [BULK] * self._bulk + [MIXED] * (self._thermo == "summary")
        return Origin(
            source=self.name,
            name="mp",
            version=version,
            kind="structure",
            request={
                "source": self.name,
                "database_version": version,
                "fields": list(FIELDS),
                "thermo": self._thermo,
                **counts,
            },
            licence=LICENCE,
            url=URL,
            citation=CITATION,
            energy_column="energy_per_atom",
            targets=self._targets,
            count=min(total, limit) if limit is not None else total,
            note="; ".join(notes),
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Page]:
        """Pages of documents, sorted by material id, then of deprecated ids, from `start` on.

        Raises
        ------
        SourceError
            If fewer documents arrive than the service counts.
        """
        yield from self._reader.pages(start)

    def parse(self, raw: Page) -> Chunk:
        """Structures and properties of one page."""
        if isinstance(raw, dict):
            return parse_documents([], self._fields(), raw["deprecated"])
        return parse_documents(raw, self._fields())

    def _fields(self) -> tuple[str, ...]:
        return FIELDS if self._thermo == "summary" else (*FIELDS, *THERMO_FIELDS)


def wanted_targets(request: Request) -> dict[str, str]:
    """Targets with their units: those named by the user, or all.

    Raises
    ------
    SourceError
        If a name is not a target.
    """
    for name in request.options.targets:
        require_column(name, list(TARGETS), "mp")
    return {name: TARGETS[name] for name in request.options.targets or TARGETS}


def parse_documents(
    documents: list[JsonObject], fields: tuple[str, ...], deprecated: list[str] | None = None
) -> Chunk:
    """Summary documents as columns; a missing value and a null are equivalent.

    Parameters
    ----------
    documents
        Summary documents; their structures are dictionaries or pymatgen's objects.
    fields
        Fields that become columns even if no document has them.
    deprecated
        Ids that become rejects, or None.
    """
    deprecated_rejects = [
        Reject(identity, "source", "deprecated", "the Materials Project deprecated it")
        for identity in deprecated or []
    ]
    gathered = gather(documents, lambda document: str(document["material_id"]), _row)
    column_names = [name for name in fields if name not in (*NESTED, "structure", "material_id")]
    empty: dict[str, list[Any]] = {name: [None] * len(gathered.ids) for name in column_names}
    columns = dict(sorted(to_columns(gathered.rows).items()))  # independent of the reader's order
    crystals = to_crystals(gathered.ids, gathered.sites)
    return Chunk(
        crystals,
        {"material_id": gathered.ids, **empty, **columns},
        deprecated_rejects + gathered.rejects,
    )


def _row(document: JsonObject) -> Iterator[Row]:
    crystal = _sites(document.get("structure"))
    rest = {k: v for k, v in document.items() if k not in ("structure", "material_id")}
    values = {name: value for name, value in flatten(rest).items() if value is not None}
    yield Row(str(document["material_id"]), values, crystal)


def _sites(structure: object) -> Sites:
    if structure is None:
        raise Unusable("no_structure", "the document holds no structure")
    # The client decodes documents: a structure may already be an object.
    if isinstance(structure, Damaged):
        raise Unusable("unreadable", structure.message)
    if not isinstance(structure, dict) and not hasattr(structure, "as_dict"):
        raise Unusable("unreadable", f"a structure is expected, not {type(structure).__name__}")
    document = structure if isinstance(structure, dict) else structure.as_dict()
    return from_pymatgen_dict(document)
