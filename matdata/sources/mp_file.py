"""Summary documents of the Materials Project that somebody saved, in place of the service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources._mp_fields import FIELDS, PageSizes
from matdata.sources.base import Chunk, Origin, Request
from matdata.sources.chunks import chunked, first_of
from matdata.sources.mp import CITATION, LICENCE, MIXED, URL, parse_documents, wanted_targets
from matdata.sources.readers.json_text import Damaged, sampled
from matdata.sources.readers.opening import digest_input
from matdata.sources.saved_file import SavedFile

PEEK = 50  # documents looked at for one that can be read
NOTE = "read from a raw file of summary documents ({name}), not from the service"


class SavedDocuments(SavedFile):
    """A file of summary documents, as mp-api's client returns them.

    Documents of the document model (``model_dump``) and plain ones, a list, JSON lines or an answer
    of the API. The energies are those of the documents.

    Parameters
    ----------
    request
        ``file``, ``limit``, and ``options.targets``.
    """

    name: ClassVar[str] = "mp"
    page_sizes: ClassVar[PageSizes] = PageSizes()

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._targets = wanted_targets(request)

    def origin(self) -> Origin:
        """Look at the first document that holds a material.

        Raises
        ------
        SourceError
            If none of the first documents does.
        """
        seen = list(sampled(first_of(self.documents(), PEEK), dict))
        first = next((one for one in seen if {"material_id", "structure"} <= one.keys()), None)
        if first is None:
            raise SourceError(
                f"{self._path} holds no summary documents of the Materials Project"
                + (f"; the first object has {', '.join(list(seen[0])[:8])}" if seen else ""),
                cause="a file of another kind, or documents that were asked for without structures",
                next_step="save documents with material_id and structure, or build it as a file of "
                f"your own (matdata build {self._path})",
            )
        meta = first.get("builder_meta")
        told = (meta.get("database_version") if isinstance(meta, dict) else None) or "local"
        return Origin(
            source=self.name,
            name="mp",
            version=re.sub(r"[^0-9A-Za-z]+", ".", str(told)),
            kind="structure",
            request={
                "source": self.name,
                "raw_file": digest_input(self._path),
                "fields": list(FIELDS),
                "limit": self._request.limit,
                "targets": list(self._targets),
            },
            licence=LICENCE,
            url=URL,
            citation=CITATION,
            energy_column="energy_per_atom",
            targets=self._targets,
            count=self._request.limit,
            note=f"{NOTE.format(name=self._path.name)}; {MIXED}",
        )

    def raw_chunks(self, start: int = 0) -> Iterator[list[JsonObject]]:
        """Lists of documents in the order of the file."""
        number = 0
        for skipped, page in enumerate(chunked(self.documents(), 0, self.page_sizes.documents)):
            if skipped >= start:
                yield [_kept(item.value, place) for place, item in enumerate(page, start=number)]
            number += len(page)

    def parse(self, raw: list[JsonObject]) -> Chunk:
        """Structures and properties of a list of documents."""
        return parse_documents(raw, FIELDS)


def _kept(document: Any, number: int) -> JsonObject:
    if isinstance(document, Damaged):
        return {"material_id": f"record {number + 1}", "structure": document}
    if document.get("material_id") is None:
        nameless = Damaged("the document has no material_id")
        return {"material_id": f"record {number + 1}", "structure": nameless}
    return {name: document[name] for name in FIELDS if name in document}
