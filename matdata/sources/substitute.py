"""Candidates by element substitution in the materials of a dataset (Goodall 2022, thesis 6.7)."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from matdata.candidates.counts import BinWeight
from matdata.candidates.draw import Rule
from matdata.candidates.exclusions import excluded_elements
from matdata.candidates.matrix import SubstitutionMatrix
from matdata.candidates.select import Parents, Selection, select, substituted
from matdata.core import elements
from matdata.core.cache import cache_dir
from matdata.core.crystals import Crystals, Float, Int
from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, SourceError
from matdata.core.settings import Settings, setting
from matdata.sources.base import CHUNK_ROWS, Chunk, Origin, Request, Source
from matdata.sources.substitution_counts import (
    LABEL,
    counted,
    labels_of,
    prior,
    require_protostructures,
)
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_rows import DatasetRows
from matdata.symmetry.labels import parse_label

VERSION = 1  # to be raised when equal requests give other candidates
CITATION = "R. E. A. Goodall et al., Sci. Adv. 8, eabn4117 (2022)"
NOTE = "candidates by element substitution: none of them was calculated"


@dataclass(frozen=True)
class SubstituteQuery(Settings):
    """How candidates are made."""

    per_parent: int = setting(10, "at most N substitutions of each parent", minimum=1, maximum=1000)
    draw: str = setting(
        "sampled",
        "sampled: drawn without replacement with the probabilities; best: the most probable ones",
        choices=("sampled", "best"),
    )
    # One, as WBM was made: of all elements drawn independently few combinations keep charges.
    one_element: bool = setting(
        True,
        "replace one element of a parent, as for WBM; else each is replaced or stays by its own "
        "probabilities",
    )
    exclude: tuple[str, ...] = setting(
        (), "elements that no candidate holds, or lanthanides, actinides, noble-gases"
    )
    count_from: str | None = setting(
        None, "dataset whose substitutions are counted (default: the parents)", verbatim=True
    )
    prior: str | None = setting(
        None,
        "published probabilities instead of counts: pymatgen (Hautier 2011), or none",
        choices=(None, "pymatgen"),
    )
    bin_weight: str = setting(
        "pairs",
        "a prototype counts by its number of pairs, or equal to all others",
        choices=("pairs", "equal"),
    )
    structures: bool = setting(
        False,
        "give candidates the parent's cell, stretched to the volume that pymatgen's DLS predicts; "
        "else they are protostructures without coordinates",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        excluded_elements(self.exclude)
        if self.prior is not None and self.count_from is not None:
            raise ConfigError(
                "count_from and prior both say where the probabilities come from",
                next_step="leave out one of the two",
            )


class Picks(NamedTuple):
    """Candidates to write down: a raw chunk.

    Attributes
    ----------
    parents, labels
        Id and protostructure of each one's parent.
    numbers
        New elements, in the order of that label.
    log_weight, draws : (n,)
        As of `Selection`.
    crystals
        Structures of the parents; None where candidates get none.
    rows : (n,) int64
        Each one's parent among these.
    """

    parents: list[str]
    labels: list[str]
    numbers: list[list[int]]
    log_weight: Float
    draws: Int
    crystals: Crystals | None
    rows: Int


class Substitutions(Source[Picks]):
    """Materials of a dataset with other elements, each protostructure once.

    A candidate has the columns ``parent`` (an id), ``substitution`` (``Ti->Zr``),
    ``log_probability`` (natural logarithm: of the replaced element, or of all together) and
    ``n_draws``, the number of draws that led to it. Protostructures that the parents have are
    left out.

    Parameters
    ----------
    request
        The argument is the reference of a dataset, the query one of `SubstituteQuery`.

    Raises
    ------
    SourceError
        If the dataset has no protostructures.
    """

    name: ClassVar[str] = "substitute"
    Query: ClassVar[type[Settings]] = SubstituteQuery
    slow_parse: ClassVar[bool] = False  # a chunk takes some milliseconds

    def __init__(self, request: Request) -> None:
        if not request.argument:
            raise SourceError(
                "substitute needs the dataset of the parents",
                next_step="matdata substitute NAME, or build substitute:NAME",
            )
        self.query = SubstituteQuery.from_mapping(request.query)
        self.seed, self.limit = request.seed, request.limit
        cache = request.cache or cache_dir()
        self._parents = DatasetRows(find_dataset(cache, request.argument))
        other = self.query.count_from
        self._counted = DatasetRows(find_dataset(cache, other)) if other else self._parents
        for rows in (self._parents, self._counted):
            require_protostructures(rows)
        if self.query.structures and self._parents.dataset.kind == "composition":
            raise SourceError(
                f"{self._parents.dataset.ref} has no structures, of which candidates take cells",
                next_step="leave out structures",
            )

    @classmethod
    def make(cls, request: Request) -> Substitutions:
        """Make the source from a request; raises as the class."""
        return cls(request)

    def origin(self) -> Origin:
        """Describe the candidates, without drawing them."""
        parents = self._parents.dataset
        query: JsonObject = self.query.to_dict()
        query["count_from"] = None if self.query.prior else self._counted.dataset.data_digest
        return Origin(
            source=self.name,
            name=f"{parents.manifest['name']}-substituted",
            version=str(VERSION),
            kind="structure" if self.query.structures else "composition",
            request={
                "source": self.name,
                "version": VERSION,
                "parents": parents.data_digest,
                "query": query,
                "prior": self.matrix.digest if self.query.prior else None,
                "seed": self.seed,
                "limit": self.limit,
            },
            licence=str(parents.manifest.get("licence", "")),
            citation=CITATION,
            description=f"made of {parents.ref}",
            dedupe="none",
            units={"log_probability": "1"},
            note=NOTE,
            protostructure_column=None if self.query.structures else LABEL,
        )

    @functools.cached_property
    def matrix(self) -> SubstitutionMatrix:
        """The probabilities, counted at first use."""
        if self.query.prior:
            return prior()
        return counted(self._counted, cast(BinWeight, self.query.bin_weight))

    @functools.cached_property
    def selection(self) -> Selection:
        """The candidates, drawn at first use."""
        query = self.query
        rule = Rule.of(
            self.matrix,
            excluded_elements(query.exclude),
            query.per_parent,
            sampled=query.draw == "sampled",
            one_element=query.one_element,
        )
        return select(self._pieces(), rule, self.seed, self.limit)

    @property
    def was_drawn(self) -> bool:
        """Whether `selection` is there already."""
        return "selection" in vars(self)

    def _pieces(self) -> Iterator[Parents]:
        rows = self._parents
        only_structures = self.query.structures and rows.dataset.kind == "mixed"
        having = {*rows.rows_with_structure.tolist()} if only_structures else set()
        for start, ids, labels in labels_of(rows):
            if only_structures:
                labels = [one if start + k in having else None for k, one in enumerate(labels)]
            yield Parents(start, ids, labels)

    def raw_chunks(self, start: int = 0) -> Iterator[Picks]:
        """Candidates from chunk `start` on, with what is needed of their parents."""
        chosen = self.selection
        if not len(chosen):
            raise SourceError(
                f"no substitution is possible in {self._parents.dataset.ref}",
                cause="all are excluded, or lead to protostructures that are there already",
                next_step="exclude less, or count from a larger dataset (count_from)",
            )
        for first in range(start * CHUNK_ROWS, len(chosen), CHUNK_ROWS):
            yield self._picks(chosen, first, min(first + CHUNK_ROWS, len(chosen)))

    def _picks(self, chosen: Selection, first: int, last: int) -> Picks:
        parent = chosen.parent[first:last]
        begin, end = int(parent[0]), int(parent[-1]) + 1
        cells = self._parents.cells(["material_id", LABEL], begin, end)
        places = (parent - begin).tolist()
        crystals, rows = None, np.empty(0, np.int64)
        if self.query.structures:
            needed, inverse = np.unique(parent - begin, return_inverse=True)
            crystals, rows = self._crystals(begin, end, needed), inverse
        bounds = chosen.offsets[first : last + 1].tolist()
        return Picks(
            [cells["material_id"][place] for place in places],
            [cells[LABEL][place] for place in places],
            [chosen.numbers[a:b].tolist() for a, b in itertools.pairwise(bounds)],
            chosen.log_weight[first:last],
            chosen.draws[first:last],
            crystals,
            rows,
        )

    def _crystals(self, begin: int, end: int, needed: npt.NDArray[np.int64]) -> Crystals:
        """Structures of the rows `needed`, counted from `begin`."""
        structures = self._parents.structures(begin, end)
        return structures.crystals.take(np.searchsorted(structures.rows, needed))

    def parse(self, raw: Picks) -> Chunk:
        """Labels, formulas and structures."""
        read = [parse_label(label) for label in raw.labels]
        changes = [
            dict(zip(label.species, new, strict=True))
            for label, new in zip(read, raw.numbers, strict=True)
        ]
        made = [substituted(label, new) for label, new in zip(read, raw.numbers, strict=True)]
        texts = [_described(change) for change in changes]
        ids = [
            f"{parent}_{text.replace('->', '-').replace(', ', '_')}"
            for parent, text in zip(raw.parents, texts, strict=True)
        ]
        table = {
            "material_id": ids,
            "parent": raw.parents,
            "substitution": texts,
            "log_probability": raw.log_weight.tolist(),
            "n_draws": raw.draws.tolist(),
        }
        if raw.crystals is not None:
            from matdata.candidates.cells import substituted_cells

            crystals, kept, rejects = substituted_cells(ids, raw.crystals, raw.rows, changes)
            return Chunk(
                crystals, {k: [v[row] for row in kept.tolist()] for k, v in table.items()}, rejects
            )
        table |= {LABEL: [label for label, _ in made], "formula": [one for _, one in made]}
        return Chunk(None, table)


def _described(change: dict[int, int]) -> str:
    """``Ti->Zr, O->S``."""
    symbols = elements.symbols()
    return ", ".join(f"{symbols[old]}->{symbols[new]}" for old, new in change.items() if old != new)
