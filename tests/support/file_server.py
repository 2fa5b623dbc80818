"""A server of files with bad weather: cuts, error pages, wrong digests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What to answer instead: a status, a body, or the whole body cut after `cut` bytes."""

    status: int = 200
    body: bytes | None = None
    cut: int | None = None


class FileServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, content: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.faults: list[Fault | None] = []
        self.ranges: list[str | None] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def log_message(self, *arguments: Any) -> None:
        pass

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
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"one"')
        self.end_headers()
        self.wfile.write(body[: fault.cut])
        self.close_connection = True


@contextmanager
def serving_files(content: dict[str, bytes]) -> Iterator[FileServer]:
    """Serve ``{path: bytes}`` on a free port of the loopback interface."""
    server = FileServer(content)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
