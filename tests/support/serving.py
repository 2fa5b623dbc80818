"""What the stand-in servers share: a free port of the loopback interface, a silent handler."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

S = TypeVar("S", bound="Server")


class Server(ThreadingHTTPServer):
    """A server on a free port; `url` has no slash at its end.

    Attributes
    ----------
    delay
        Seconds before each answer.
    down
        ``(status, body)`` to answer everything with, or None.
    """

    daemon_threads = True
    delay = 0.0
    down: tuple[int, bytes] | None = None
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers with JSON or with bytes, and writes no log."""

    server: Any

    def log_message(self, *arguments: Any) -> None:
        pass

    def send_value(self, status: int, value: Any) -> None:
        self.send_bytes(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send_bytes(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        """Answer with `body`, of which no more than `cut` bytes are sent."""
        time.sleep(self.server.delay)
        if self.server.down is not None:
            (status, body), headers = self.server.down, None
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client gave up
            if self.command != "HEAD":
                self.wfile.write(body[:cut])


@contextmanager
def running(server: S) -> Iterator[S]:
    """Serve in a thread until the block ends."""
    # a server that looks twice a second whether it should stop delays every test by so much
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
