"""The Materials Project through its official client: sorted pages of summary documents."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, ClassVar

from matdata.adapters.sites import Sites, from_pymatgen_dict, to_crystals
from matdata.errors import SourceError, did_you_mean
from matdata.ledger import Reject, Unusable
from matdata.sources._mp_client import api_key, ask, client_errors, database_version, rester
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.parse import to_columns
from matdata.sources.readers.base import flatten
from matdata.sources.roles import UNITS, require_column

PAGE = 500  # documents a page; the service allows 1,000, and a page is what a cut loses
FIELDS = (
    "material_id", "formula_pretty", "structure", "deprecated", "energy_per_atom",
    "uncorrected_energy_per_atom", "formation_energy_per_atom", "energy_above_hull", "is_stable",
    "band_gap", "bulk_modulus", "shear_modulus", "universal_anisotropy", "n", "e_total", "symmetry",
    "theoretical",
)  # fmt: skip
TARGETS = {
    "formation_energy_per_atom": "eV/atom",
    "energy_per_atom": "eV/atom",
    "energy_above_hull": "eV/atom",
    "band_gap": "eV",
    "bulk_modulus.vrh": "GPa",
    "shear_modulus.vrh": "GPa",
    "n": "1",
    "e_total": "1",
}
#: Levels of theory of the thermo endpoint; ``summary`` takes what the summary documents hold.
THERMO_TYPES = ("GGA_GGA+U", "R2SCAN", "GGA_GGA+U_R2SCAN", "summary")
THERMO_FIELDS = (
    "energy_per_atom", "uncorrected_energy_per_atom", "formation_energy_per_atom",
    "energy_above_hull", "is_stable", "thermo_type", "energy_type",
)  # fmt: skip
THERMO_BATCH = 250  # ids in one question: an address has a limit
MIXED = (
    "energies are the database's preferred ones, r2SCAN for some materials and GGA or GGA+U for "
    "others; --thermo GGA_GGA+U takes one level of theory"
)


class MaterialsProject(Source):
    """Summary documents of the Materials Project, not deprecated, ordered by material id.

    Parameters
    ----------
    request
        ``limit``, and ``options.targets`` if not all properties are wanted; ``query["thermo"]`` is
        the level of theory of the energies, ``GGA_GGA+U`` if not said. The endpoint is the
        client's own; ``MP_API_ENDPOINT`` names another.
    """

    name: ClassVar[str] = "mp"
    slow_parse: ClassVar[bool] = False  # a page takes far longer to arrive than to read
    queries: ClassVar[tuple[str, ...]] = ("thermo",)

    def __init__(self, request: Request) -> None:
        self._request = request
        self._endpoint = os.environ.get("MP_API_ENDPOINT") or None
        self._thermo = request.query.get("thermo", THERMO_TYPES[0])
        if self._thermo not in THERMO_TYPES:
            raise SourceError(
                f"--thermo {self._thermo}: no such level{did_you_mean(self._thermo, THERMO_TYPES)}",
                next_step=f"choose one of: {', '.join(THERMO_TYPES)}",
            )
        self._key = api_key()
        for name in request.options.targets:
            require_column(name, list(TARGETS), "mp")

    @classmethod
    def make(cls, request: Request) -> MaterialsProject:
        """Make the source from a request."""
        return cls(request)

    def origin(self) -> Origin:
        """Ask for the database version and the number of documents."""
        version = database_version(self._endpoint)
        with client_errors("counting the documents"), self._client("summary") as summary:
            _, total = ask(summary, 1, deprecated=False, _fields="material_id")
        limit = self._request.limit
        wanted = self._request.options.targets or tuple(TARGETS)
        return Origin(
            source=self.name,
            name="mp",
            version=str(version),
            kind="structure",
            request={
                "source": self.name,
                "database_version": str(version),
                "fields": list(FIELDS),
                "thermo": self._thermo,
                "limit": limit,
                "documents": total,
            },
            licence="CC BY 4.0",
            url="https://materialsproject.org",
            citation="Jain et al., APL Mater. 1, 011002 (2013)",
            energy_column="energy_per_atom",
            targets={name: TARGETS.get(name, UNITS.get(name, "")) for name in wanted},
            count=min(total, limit) if limit is not None else total,
            note=MIXED if self._thermo == "summary" else "",
        )

    def _client(self, kind: str) -> Any:
        return rester(kind, self._key, self._endpoint)

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Pages of documents, sorted by material id, from page `start` on.

        Raises
        ------
        SourceError
            If fewer documents arrive than the service counts.
        """
        limit = self._request.limit
        seen = start * PAGE
        with client_errors("reading a page"), self._client("summary") as summary:
            _, total = ask(summary, 1, deprecated=False, _fields="material_id")
            wanted = total if limit is None else min(limit, total)
            while seen < wanted:
                number = seen // PAGE + 1
                page, now = ask(
                    summary,
                    PAGE,
                    deprecated=False,
                    _fields=",".join(FIELDS),
                    _page=number,
                    _per_page=PAGE,
                    _sort_fields="material_id",
                )
                documents = page[: wanted - seen]
                if len(documents) < min(PAGE, wanted - seen) or now != total:
                    raise SourceError(
                        f"the Materials Project counts {total} documents, then {now}, and page "
                        f"{number} holds {len(documents)}",
                        cause="the database changed while it was read, or an answer was cut",
                        next_step="run the same command again",
                    )
                yield self._with_thermo(documents)
                seen += len(documents)

    def _with_thermo(self, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The documents with the energies of one level of theory, None where it has none."""
        if self._thermo == "summary":
            return documents
        found: dict[str, dict[str, Any]] = {}
        ids = [str(document["material_id"]) for document in documents]
        with client_errors("reading energies"), self._client("thermo") as thermo:
            for start in range(0, len(ids), THERMO_BATCH):
                batch = ids[start : start + THERMO_BATCH]
                page, total = ask(
                    thermo,
                    THERMO_BATCH,
                    material_ids=",".join(batch),
                    thermo_types=self._thermo,
                    _fields=",".join(("material_id", *THERMO_FIELDS)),
                )
                if len(page) != total:
                    raise ValueError(f"{len(page)} of {total} energies")
                found |= {str(one["material_id"]): one for one in page}
        nothing = dict.fromkeys(THERMO_FIELDS)
        return [
            {**one, **nothing, **found.get(identity, {}), "material_id": identity}
            for identity, one in zip(ids, documents, strict=True)
        ]

    def parse(self, raw: Any) -> Chunk:
        """Structures and properties of one page."""
        ids: list[str] = []
        sites: list[Sites] = []
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        for document in raw:
            identity = str(document["material_id"])
            try:
                sites.append(_sites(document.get("structure")))
            except Unusable as error:
                rejects.append(Reject(identity, "source", error.reason, str(error)))
                continue
            ids.append(identity)
            rest = {k: v for k, v in document.items() if k not in ("structure", "material_id")}
            rows.append(flatten(rest))
        return Chunk(to_crystals(ids, sites), {"material_id": ids, **to_columns(rows)}, rejects)


def _sites(structure: Any) -> Sites:
    if structure is None:
        raise Unusable("no_structure", "the document holds no structure")
    # The client decodes documents: a structure may already be an object.
    document = structure if isinstance(structure, dict) else structure.as_dict()
    return from_pymatgen_dict(document)
