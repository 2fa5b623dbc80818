"""A proxy between a client and a server of HTTP, with bad weather on the way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

from support.serving import Handler, Server, running

#: What happens to a request, decided by method and path: a name of `_Handler`, or None.
Weather = Callable[[str, str], str | None]
LEFT_OUT = ("connection", "transfer-encoding", "content-length", "date", "server")


class Proxy(Server):
    """Hands requests on to a server of this machine, unless the weather is bad.

    Attributes
    ----------
    weather
        What befalls a request: ``error`` answers 500, ``cut`` closes in the middle of the answer,
        ``drop`` closes without one, ``flip`` changes a byte of the answer, ``flip_sent`` one of
        what is sent, ``stall`` answers nothing until the client has gone.
    requests
        Method, path and range of each request.
    """

    def __init__(self, target: str) -> None:
        super().__init__(_Handler)
        self.target = target
        self.weather: Weather = lambda method, path: None
        self.requests: list[tuple[str, str, str | None]] = []
        self.gone = threading.Event()


class _Handler(Handler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        self._hand_on()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def _hand_on(self) -> None:
        body = self._body()
        self.server.requests.append((self.command, self.path, self.headers.get("Range")))
        weather = self.server.weather(self.command, self.path)
        if weather == "stall":
            self.server.gone.wait(60)
        if weather in ("stall", "drop"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if weather == "error":
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>", None)
            return
        if weather == "flip_sent":
            body = _flipped(body)
        status, headers, content = self._of_target(body)
        if weather == "flip" and content:
            content = _flipped(content)
        self._answer(status, headers, content, len(content) // 2 if weather == "cut" else None)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _of_target(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with contextlib.closing(HTTPConnection(self.server.target, timeout=60)) as connection:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in LEFT_OUT}
            headers["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            got: dict[str, str] = dict(answer.getheaders())
            return answer.status, got, answer.read()

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, cut: int | None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in LEFT_OUT:
                self.send_header(name, value)
        length = headers.get("Content-Length") or headers.get("content-length")
        stated = length if self.command == "HEAD" and length else str(len(content))
        self.send_header("Content-Length", stated)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content if cut is None else content[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] if data else data


@contextlib.contextmanager
def proxied(target: str) -> Iterator[Any]:
    """A proxy before ``host:port``."""
    with running(Proxy(target)) as proxy:
        try:
            yield proxy
        finally:
            proxy.gone.set()
