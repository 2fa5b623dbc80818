"""What a service answered, saved by somebody without matdata, and read in its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from matdata.core.documents import JsonObject
from matdata.core.errors import SourceError
from matdata.sources.base import Request, Source
from matdata.sources.readers.documents import read_documents
from matdata.sources.readers.json_text import Item


class SavedFile(Source[list[JsonObject]]):
    """A file of documents that stands in for a service; its `name` is that of the service.

    Parameters
    ----------
    request
        ``file`` and ``limit``; ``options`` as the subclass says.

    Raises
    ------
    SourceError
        If the service is asked for something as well.
    """

    slow_parse: ClassVar[bool] = True

    def __init__(self, request: Request) -> None:
        self._request = request
        self._path = cast(Path, request.file).expanduser()
        for key in request.query:
            raise SourceError(
                f"--{key} asks the service for something, and {self._path} is read in its place",
                next_step=f"leave --{key} out",
            )

    @classmethod
    def make(cls, request: Request) -> Self:
        """Make the source from a request with a file."""
        return cls(request)

    def wanted(self, document: Any) -> bool:
        """Whether a document is one of the records; all are, unless a subclass knows better."""
        return True

    def documents(self) -> Iterator[Item]:
        """The records in the order of the file, no more than asked for."""
        found = (item for item in read_documents(self._path) if self.wanted(item.value))
        return itertools.islice(found, self._request.limit)
