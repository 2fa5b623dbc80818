"""The Materials Project through its official client: sorted pages of summary documents."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

from matdata.adapters.sites import Sites, from_pymatgen_dict, to_crystals
from matdata.errors import SourceError
from matdata.ledger import Reject, Unusable
from matdata.sources.base import Chunk, Origin, Request, Source
from matdata.sources.parse import to_columns
from matdata.sources.readers.base import flatten
from matdata.sources.roles import UNITS, require_column

PAGE = 500  # documents a page; the service allows 1,000, and a page is what a cut loses
TIMEOUT = 60  # seconds for one page
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
KEY_LENGTH = 32


def api_key() -> str:
    """The key of the Materials Project from ``MP_API_KEY`` (or pymatgen's ``PMG_MAPI_KEY``).

    Raises
    ------
    SourceError
        If there is none or it has the wrong length, saying how to get one.
    """
    key = os.environ.get("MP_API_KEY") or os.environ.get("PMG_MAPI_KEY") or ""
    if len(key) == KEY_LENGTH:
        return key
    what = f"has {len(key)} characters, expected {KEY_LENGTH}" if key else "is not set"
    raise SourceError(
        f"the Materials Project needs an API key: MP_API_KEY {what}",
        cause="old keys of the legacy service are shorter" if key else None,
        next_step="get one at https://materialsproject.org/dashboard (free, with a login) and "
        "`export MP_API_KEY=…`; or build from a file of summary documents "
        "(`matdata build summary.jsonl.gz`), or try `matdata build sample`",
    )


class MaterialsProject(Source):
    """Summary documents of the Materials Project, not deprecated, ordered by material id.

    Parameters
    ----------
    request
        ``limit``, and ``options.targets`` if not all properties are wanted. The endpoint is the
        client's own; ``MP_API_ENDPOINT`` names another.
    """

    name: ClassVar[str] = "mp"
    slow_parse: ClassVar[bool] = False  # a page takes far longer to arrive than to read

    def __init__(self, request: Request) -> None:
        self._request = request
        self._endpoint = os.environ.get("MP_API_ENDPOINT") or None
        self._key = api_key()
        for name in request.options.targets:
            require_column(name, list(TARGETS), "mp")

    @classmethod
    def make(cls, request: Request) -> MaterialsProject:
        """Make the source from a request."""
        return cls(request)

    def origin(self) -> Origin:
        """Ask for the database version and the number of documents."""
        from mp_api.client import MPRester

        with (
            _client_errors("asking for the database version"),
            MPRester(self._key, endpoint=self._endpoint, mute_progress_bars=True) as client,
        ):
            version = client.get_database_version()
        with _client_errors("counting the documents"), self._summary() as summary:
            total = int(summary.count({"deprecated": False}))
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
                "limit": limit,
                "documents": total,
            },
            licence="CC BY 4.0",
            url="https://materialsproject.org",
            citation="Jain et al., APL Mater. 1, 011002 (2013)",
            energy_column="energy_per_atom",
            targets={name: TARGETS.get(name, UNITS.get(name, "")) for name in wanted},
            count=min(total, limit) if limit is not None else total,
        )

    def _summary(self) -> Any:
        from mp_api.client.routes.materials.summary import SummaryRester

        return SummaryRester(
            api_key=self._key,
            endpoint=self._endpoint,
            timeout=TIMEOUT,
            use_document_model=False,
            mute_progress_bars=True,
        )

    def raw_chunks(self, start: int = 0) -> Iterator[Any]:
        """Pages of documents, sorted by material id, from page `start` on.

        Raises
        ------
        SourceError
            If fewer documents arrive than the service counts.
        """
        limit = self._request.limit
        seen = start * PAGE
        with _client_errors("reading a page"), self._summary() as summary:
            total = int(summary.count({"deprecated": False}))
            wanted = total if limit is None else min(limit, total)
            while seen < wanted:
                # `search` knows no page size, so this is the call that it makes itself.
                page = summary._search(
                    deprecated=False,
                    fields=list(FIELDS),
                    all_fields=False,
                    num_chunks=1,
                    chunk_size=PAGE,
                    _page=seen // PAGE + 1,
                    _per_page=PAGE,
                    _sort_fields="material_id",
                )
                documents = list(page)[: wanted - seen]
                if len(documents) < min(PAGE, wanted - seen):
                    raise SourceError(
                        f"the Materials Project counts {wanted} documents and page "
                        f"{seen // PAGE + 1} holds {len(documents)}",
                        cause="the database changed while it was read, or an answer was cut",
                        next_step="run the same command again",
                    )
                yield documents
                seen += len(documents)

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


@contextlib.contextmanager
def _client_errors(doing: str) -> Iterator[None]:
    """Turn whatever the client raises into one clear error."""
    import requests
    from mp_api.client.core.exceptions import MPRestError

    resume = "run the same command again: it goes on from the last finished page"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except requests.exceptions.RequestException as error:
            raise SourceError(
                f"the Materials Project cannot be reached while {doing}: {error}",
                cause="no network, a proxy, or the service is down",
                next_step=resume,
            ) from error
        except MPRestError as error:
            text = str(error)
            refused = "401" in text or "403" in text or "nvalid authentication" in text
            raise SourceError(
                f"the Materials Project refused while {doing}: {text[:300]}",
                cause="the API key is wrong or was revoked" if refused else "the service is busy",
                next_step="check MP_API_KEY at https://materialsproject.org/dashboard"
                if refused
                else resume,
            ) from error
        except (ValueError, KeyError) as error:  # bodies that are no JSON, or not the right JSON
            raise SourceError(
                f"the Materials Project sent something unreadable while {doing}: {error!r}",
                cause="an answer cut short, or an error page of a proxy",
                next_step=resume,
            ) from error
