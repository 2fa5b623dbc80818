"""What a source is: a deterministic stream of records in chunks.

A source is read in two steps, so that reading can be resumed and shared among workers:
`Source.raw_chunks` walks through the input and is cheap (text, documents, numbers to draw), and
`Source.parse` turns one raw chunk into columns and is where the time goes. `parse` is a pure
function of its argument; the chunk's number and its records never depend on the workers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self

import numpy as np

from matdata.core.crystals import MAX_ID, Crystals, Int
from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import SourceError, StructureError
from matdata.core.ledger import Reject
from matdata.core.redaction import redacted
from matdata.core.settings import Settings, setting
from matdata.core.structures import Structures
from matdata.sources.identity import printable, problem_of
from matdata.sources.limits import CHUNK_ROWS
from matdata.sources.read_options import ReadOptions

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    #: `Source` alone means `Source[object]`: one with raw chunks of any type.
    Raw_co = TypeVar("Raw_co", default=object, covariant=True)
else:
    from typing import TypeVar

    Raw_co = TypeVar("Raw_co", covariant=True)

#: Fields of an `Origin` in the source's own words, which can hold an address.
WORDS = ("request", "licence", "url", "citation", "description", "note")
__all__ = ["CHUNK_ROWS", "WORDS", "Chunk", "Origin", "Request", "Source"]


@dataclass(frozen=True)
class Chunk:
    """Records as columns.

    Attributes
    ----------
    crystals
        The structures, or None when the source holds compositions only.
    table
        One list per column, one entry per record, None where a value is missing. ``material_id``
        is always there; ``formula`` is a text for each record without a structure.
    rejects
        Records that could not be read, each with its reason.
    structure_rows : (k,) int64 or None
        Records that `crystals` belong to, ascending; None if every record has a structure.

    Raises
    ------
    SourceError
        If columns differ in length, or a record has neither structure nor formula.
    """

    crystals: Crystals | None
    table: dict[str, list[Any]]
    rejects: list[Reject] = field(default_factory=list)
    structure_rows: Int | None = None

    def __post_init__(self) -> None:
        n = len(self.table["material_id"])
        wrong = [name for name, column in self.table.items() if len(column) != n]
        partial = self.structure_rows is not None
        if wrong or (self.crystals is not None and not partial and len(self.crystals) != n):
            raise SourceError(f"columns of a chunk differ in length: {wrong or 'crystals'}")
        if partial:
            self._check_rows()

    def _check_rows(self) -> None:
        try:
            missing = self.structures.missing.tolist()
        except StructureError as error:
            raise SourceError(f"structures of a chunk: {error.what}") from error
        formulas = self.table.get("formula", [None] * len(self))
        bare = [row for row in missing if not isinstance(formulas[row], str)]
        if bare:
            name = self.table["material_id"][bare[0]]
            raise SourceError(
                f"{len(bare)} records of a chunk have neither structure nor formula, the first is "
                f"{name!r}",
                next_step="make a `Reject` of such a record",
            )

    def __len__(self) -> int:
        return len(self.table["material_id"])

    @property
    def structures(self) -> Structures:
        """The structures, with the records that they belong to."""
        if self.crystals is not None and self.structure_rows is None:
            return Structures.of(self.crystals)
        # Ids that no array can hold are in the table, whose check rejects their records.
        ids = np.array([str(one)[:MAX_ID] for one in self.table["material_id"]], dtype=np.str_)
        if self.crystals is None or self.structure_rows is None:
            return Structures.none(ids)
        return Structures(ids, self.crystals, self.structure_rows)

    def take(self, rows: Sequence[int]) -> Chunk:
        """The chunk with some of its records, in that order; the rejects stay."""
        table = {name: [column[row] for row in rows] for name, column in self.table.items()}
        if self.crystals is None or self.structure_rows is None:
            crystals = None if self.crystals is None else self.crystals.take(rows)
            return Chunk(crystals, table, self.rejects)
        taken = self.structures.take(rows)
        return Chunk(taken.crystals, table, self.rejects, taken.rows)

    def with_usable_ids(self) -> Chunk:
        """The chunk with records of unusable ids among its rejects, and all ids there printable."""
        ids = [str(identity) for identity in self.table["material_id"]]
        problems = [problem_of(identity) for identity in ids]
        kept = [row for row, problem in enumerate(problems) if problem is None]
        rejects = [replace(r, material_id=printable(r.material_id)) for r in self.rejects]
        if len(kept) == len(ids):
            return replace(self, rejects=rejects)
        for identity, problem in zip(ids, problems, strict=True):
            if problem is not None:
                rejects.append(Reject(printable(identity), "source", "bad_id", problem))
        return replace(self.take(kept), rejects=rejects)


@dataclass(frozen=True)
class Origin:
    """Where records come from; goes into the snapshot's manifest, without secrets: a snapshot's
    identity does not depend on who fetched it.

    Attributes
    ----------
    source
        Name of the source (``files``, ``sample``, ``mp``).
    name
        Name of the dataset when the user gives none.
    version
        Version of the database or of the generator; ``local`` for files.
    kind
        ``structure`` if records hold structures, though some may be known by their formula alone;
        ``composition`` if none does.
    request
        What was asked for, digests of the input included: equal requests give equal records.
    licence, url, citation, description
        Provenance, empty where unknown.
    energy_column
        Column by which polymorphs are ranked, None if there is none.
    energy_per
        ``atom`` or ``cell``: what the energies of that column are counted for.
    dedupe
        What ``--dedupe auto`` means for these records: ``polymorph`` for a database, of whose
        structures with one formula the one of lowest energy is kept; ``none`` for a user's own
        records, which are all kept.
    targets
        Columns that can be learned, with their units (``""`` where unknown).
    units
        Units of other columns, where the source states them.
    axes
        By column of arrays the column with the points where their numbers stand, such as energies
        of a spectrum.
    count
        Number of records to come, for the progress bar; None if not known.
    note
        One line that a user must read (what the labels are, what they are not).
    part_column
        Column that names the part of each record in a split that came with the data.
    role_column
        Column that names which structure of a pair a row has: rows of two roles are no duplicates.
    protostructure_column
        Column of protostructure labels of records without a structure, which become the symmetry
        of the dataset.
    """

    source: str
    name: str
    version: str
    kind: Literal["structure", "composition"]
    request: JsonObject
    licence: str = ""
    url: str = ""
    citation: str = ""
    description: str = ""
    energy_column: str | None = None
    energy_per: Literal["atom", "cell"] = "atom"
    dedupe: Literal["polymorph", "none"] = "polymorph"
    targets: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    axes: dict[str, str] = field(default_factory=dict)
    count: int | None = None
    note: str = ""
    part_column: str | None = None
    role_column: str | None = None
    protostructure_column: str | None = None

    def __post_init__(self) -> None:
        for name in WORDS:
            object.__setattr__(self, name, redacted(getattr(self, name)))


@dataclass(frozen=True)
class Request(Settings):
    """What a user asks of a source.

    Attributes
    ----------
    argument
        What follows the colon of ``source:argument``, or the path.
    limit
        At most so many records; None for all.
    seed
        For sources that draw.
    options
        What the user says about columns.
    file
        A local file to read in place of the service (``--from``).
    cache
        The cache, for downloads; the default one if None.
    query
        What the source is asked for: values of its `Source.Query` (``where``, ``thermo``, …).
    snapshot
        Version of a snapshot of the cache to build from; nothing is read again.
    """

    argument: str = ""
    limit: int | None = setting(None, "read at most N records", minimum=1)
    seed: int = 0
    options: ReadOptions = field(default_factory=ReadOptions)
    file: Path | None = None
    cache: Path | None = None
    query: JsonMapping = field(default_factory=dict)
    snapshot: str | None = setting(None, "version of a kept snapshot", verbatim=True)


class Source(ABC, Generic[Raw_co]):
    """Base of all sources, typed by their raw chunks; `sources/sample.py` is one to copy from."""

    name: ClassVar[str]
    #: Whether `parse` is slow enough to be shared among processes.
    slow_parse: ClassVar[bool] = True
    #: What it can be asked for (`Request.query`; ``--query KEY=VALUE``), with meanings.
    Query: ClassVar[type[Settings]] = Settings
    #: Whether `Request.file` can stand in for the service.
    takes_file: ClassVar[bool] = False
    #: ``module:class`` of the source that reads a raw file in its place.
    raw_reader: ClassVar[str | None] = None
    #: Digest that the records must have, where it is known beforehand.
    expected_digest: str | None = None

    @classmethod
    @abstractmethod
    def make(cls, request: Request) -> Self:
        """Make the source from what a user asks for."""

    @abstractmethod
    def origin(self) -> Origin:
        """Describe what will be read; may look at the input, reads no more than it must."""

    @abstractmethod
    def raw_chunks(self, start: int = 0) -> Iterator[Raw_co]:
        """Yield picklable raw chunks from chunk number `start` on, in a fixed order."""

    @abstractmethod
    def parse(self, raw: Raw_co) -> Chunk:  # type: ignore[misc]
        """Turn one raw chunk into columns; a record that cannot be read becomes a `Reject`."""

    def read(self, raw: Raw_co) -> Chunk:  # type: ignore[misc]
        """`parse`, without records whose ids cannot be told from others or written down."""
        return self.parse(raw).with_usable_ids()

    def chunks(self, start: int = 0) -> Iterator[Chunk]:
        """Read in this process, chunk by chunk."""
        return (self.read(raw) for raw in self.raw_chunks(start))
