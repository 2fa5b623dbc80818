"""A server of files with bad weather: cuts, error pages, wrong digests."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from support.serving import Handler, Server, running


@dataclass
class Fault:
    """What to answer instead: a status, a body, or the whole body cut after `cut` bytes."""

    status: int = 200
    body: bytes | None = None
    cut: int | None = None


class FileServer(Server):
    """Serves ``{path: bytes}``; `ranges` and `paths` record what was requested."""

    def __init__(self, content: dict[str, bytes]) -> None:
        super().__init__(_Handler)
        self.content = content
        self.faults: list[Fault | None] = []
        self.ranges: list[str | None] = []
        self.paths: list[str] = []


class _Handler(Handler):
    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        self.server.paths.append(self.path)
        fault = (self.server.faults.pop(0) if self.server.faults else None) or Fault()
        body = self.server.content.get(self.path) if fault.body is None else fault.body
        if body is None:
            self.send_error(404)
            return
        status = fault.status
        if wanted and status == 200:
            body, status = body[int(wanted.removeprefix("bytes=").rstrip("-")) :], 206
        self.send_bytes(status, body, {"ETag": '"one"'}, fault.cut)
        self.close_connection = True


def serving_files(content: dict[str, bytes]) -> AbstractContextManager[FileServer]:
    """Serve ``{path: bytes}`` on a free port of the loopback interface."""
    return running(FileServer(content))
