"""The Materials Project through its official client: sorted pages of summary documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources._mp_client import (
    api_endpoint,
    api_key,
    ask,
    client_errors,
    database_version,
    rester,
)
from matdata.sources._mp_fields import (
    FIELDS,
    THERMO_FIELDS,
    PageSizes,
    deprecated_page,
    with_thermo,
)

THERMO_BATCH = 250  # ids per request: the length of an address is limited


class Pages:
    """Documents page by page.

    Parameters
    ----------
    thermo
        Level of theory of the energies.
    limit
        Maximum number of documents.
    sizes
        Documents and ids per page.
    """

    def __init__(self, thermo: str, limit: int | None, sizes: PageSizes) -> None:
        self._thermo, self._limit, self._sizes = thermo, limit, sizes
        self._endpoint = api_endpoint()
        self._key = api_key()
        self._version = ""

    def version(self) -> str:
        """Version of the database."""
        self._version = self._version or database_version(self._endpoint)
        return self._version

    def request(self) -> JsonObject:
        """What determines the records, besides fields and level of theory."""
        with client_errors("counting the documents"), self._client("summary") as summary:
            total = self._count(summary)
            n_deprecated = self._count(summary, deprecated=True) if self._limit is None else 0
        return {"limit": self._limit, "documents": total, "deprecated": n_deprecated}

    def _client(self, kind: str) -> Any:
        return rester(kind, self._key, self._endpoint)

    def _count(self, summary: object, deprecated: bool = False) -> int:
        return ask(summary, 1, deprecated=deprecated, _fields="material_id")[1]

    def pages(self, start: int) -> Iterator[list[JsonObject] | dict[str, list[str]]]:
        """Pages of documents, then of deprecated ids, from page `start` on."""
        with client_errors("reading a page"), self._client("summary") as summary:
            total = self._count(summary)
            n_documents = total if self._limit is None else min(self._limit, total)
            per_page = self._sizes.documents
            for first in range(start * per_page, n_documents, per_page):
                size = min(per_page, n_documents - first)
                documents = self._page(summary, first // per_page + 1, size, total)
                yield self._with_thermo(documents)
            if self._limit is None:
                yield from self._deprecated(summary, max(start - -(-n_documents // per_page), 0))

    def _page(self, summary: object, number: int, size: int, total: int) -> list[JsonObject]:
        page, now = ask(
            summary,
            self._sizes.documents,
            deprecated=False,
            _fields=",".join(FIELDS),
            _page=number,
            _per_page=self._sizes.documents,
            _sort_fields="material_id",
        )
        _check(page[:size], size, total, now, number)
        return page[:size]

    def _deprecated(self, summary: object, start: int) -> Iterator[Any]:
        total, per_page = self._count(summary, deprecated=True), self._sizes.deprecated
        for first in range(start * per_page, total, per_page):
            number = first // per_page + 1
            page, now = ask(
                summary,
                per_page,
                deprecated=True,
                _fields="material_id",
                _page=number,
                _per_page=per_page,
                _sort_fields="material_id",
            )
            _check(page, min(per_page, total - first), total, now, number)
            yield deprecated_page([str(document["material_id"]) for document in page])

    def _with_thermo(self, documents: Sequence[JsonObject]) -> list[JsonObject]:
        """The documents with the energies of one level of theory, None where there are none."""
        if self._thermo == "summary":
            return list(documents)
        energies: dict[str, JsonObject] = {}
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
                energies |= {str(document["material_id"]): document for document in page}
        return with_thermo(documents, energies)


def _check(page: Sequence[object], size: int, total: int, now: int, number: int) -> None:
    if len(page) < size or now != total:
        raise SourceError(
            f"the Materials Project counts {total} documents, then {now}, and page {number} holds "
            f"{len(page)}",
            cause="the database changed while it was read, or an answer was truncated",
            next_step="run the same command again",
        )
