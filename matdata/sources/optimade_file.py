"""Answers of an OPTIMADE service that somebody saved, in place of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources._optimade_entries import KIND, chunk_of, day_of, values_of
from matdata.sources.base import Chunk, Origin
from matdata.sources.chunks import chunked, first_of
from matdata.sources.optimade import CITATION, NOTE, unit_of
from matdata.sources.read_options import ReadOptions
from matdata.sources.readers.json_text import sampled
from matdata.sources.readers.opening import digest_input, plain_stem
from matdata.sources.roles import find_roles
from matdata.sources.saved_file import SavedFile
from matdata.tables.optimade_providers import ENERGIES

RAW = "read from a raw file of OPTIMADE structures ({name}), not from the service"
PEEK = 200  # entries looked at for the fields there are
OTHERS = ("info", "links", "references", "calculations", "files", "providers")


class SavedEntries(SavedFile):
    """A file of OPTIMADE structures: an answer, several answers, or JSON lines of entries.

    Parameters
    ----------
    request
        ``file``, ``limit``, ``options``; the argument, if any, names the provider.
    """

    name: ClassVar[str] = "optimade"

    def wanted(self, document: Any) -> bool:
        """Whether an object is an entry: files of OPTIMADE hold others beside structures."""
        other = isinstance(document, dict) and (
            "x-optimade" in document or document.get("type") in OTHERS
        )
        return not other

    def origin(self) -> Origin:
        """Look at the first entries.

        Raises
        ------
        SourceError
            If none of them is a structure of OPTIMADE.
        """
        first = first_of(self.documents(), PEEK)
        entries = [one for one in sampled(first, dict) if one.get("type") == KIND]
        if not entries:
            raise SourceError(
                f"{self._path} holds no OPTIMADE structures",
                cause='objects with "type": "structures" were expected, in an answer or one a line',
                next_step=f"build it as a file of your own (matdata build {self._path})",
            )
        values = sampled(first, values_of)
        columns = list(dict.fromkeys(name for one in values for name in one))
        options = self._request.options
        energy = options.energy or next((name for name in ENERGIES if name in columns), None)
        said = ReadOptions(**{**options.to_dict(), "energy": energy})
        roles = find_roles(["structure", *columns], values, said, str(self._path))
        named = self._request.argument or plain_stem(self._path)
        return Origin(
            source=self.name,
            name=f"optimade-{named}",
            version=max(filter(None, map(day_of, entries)), default="local"),
            kind="structure",
            request={
                "source": self.name,
                "raw_file": digest_input(self._path),
                "limit": self._request.limit,
                "options": options.identity(),
                "name": named,
            },
            url=self._path.name,
            citation=CITATION,
            energy_column=energy,
            energy_per=roles.energy_per,
            targets={name: unit_of(name) for name in roles.targets if name.startswith("_")},
            count=self._request.limit,
            note=f"{RAW.format(name=self._path.name)}; {NOTE}",
        )

    def raw_chunks(self, start: int = 0) -> Iterator[list[JsonObject]]:
        """Lists of entries in the order of the file."""
        for page in chunked(self.documents(), start):
            yield [item.value for item in page]

    def parse(self, raw: list[JsonObject]) -> Chunk:
        """Structures and fields of a list of entries."""
        return chunk_of(raw)
