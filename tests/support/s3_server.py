"""A stand-in for an open bucket of S3 that holds Delta tables, with bad weather."""

from __future__ import annotations

import hashlib
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse
from xml.sax.saxutils import escape

from support.serving import Handler, Server, running

CHANGED = "2026-04-13T00:00:00.000Z"


class Bucket(Server):
    """Serves the files of a folder, whose first level are buckets.

    Attributes
    ----------
    faults
        By the end of a key, what to answer to the requests for it: ``(status, body, cut)`` or None.
    keys
        The keys of Parquet files that were asked for, with the range.
    flip
        Whether a bit of each Parquet file changes on its way.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(_Handler)
        self.folder = folder
        self.faults: dict[str, list[tuple[int, bytes | None, int | None] | None]] = {}
        self.keys: list[tuple[str, str | None]] = []
        self.flip = False


class _Handler(Handler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = parse_qs(url.query)
        if "list-type" in query:
            self._list(url.path.strip("/"), query.get("prefix", [""])[0])
            return
        key = unquote(url.path.strip("/"))
        path = self.server.folder / key
        wanted = self.headers.get("Range")
        if key.endswith(".parquet"):
            self.server.keys.append((key, wanted))
        fault = self._fault(key)
        if fault is not None and fault[1] is not None:
            self.send_bytes(fault[0], fault[1], {"Connection": "close"})
            self.close_connection = True
        elif not path.is_file():
            self.send_bytes(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._file(path, wanted, fault[2] if fault else None)

    def _fault(self, key: str) -> Any:
        for end, faults in self.server.faults.items():
            if key.endswith(end) and faults:
                return faults.pop(0)
        return None

    def _file(self, path: Path, wanted: str | None, cut: int | None) -> None:
        body, status = path.read_bytes(), 200
        headers = {"Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(0))}
        headers["ETag"] = f'"{hashlib.md5(body).hexdigest()}"'
        if self.server.flip and path.suffix == ".parquet":
            body = body[:100] + bytes([body[100] ^ 1]) + body[101:]
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start = int(first) if first else len(body) - int(last)
            stop = int(last) + 1 if first and last else len(body)
            headers["Content-Range"] = f"bytes {start}-{min(stop, len(body)) - 1}/{len(body)}"
            body, status = body[start:stop], 206
        self.send_bytes(status, body, headers, cut)
        self.close_connection = self.close_connection or cut is not None

    def _list(self, bucket: str, prefix: str) -> None:
        root = self.server.folder / bucket
        rows = []
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            key = path.relative_to(root).as_posix()
            if key.startswith(prefix):
                tag = hashlib.md5(path.read_bytes()).hexdigest()
                rows.append(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{CHANGED}</LastModified>"
                    f"<ETag>&quot;{tag}&quot;</ETag><Size>{path.stat().st_size}</Size></Contents>"
                )
        body = (
            f"<ListBucketResult><Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(rows)}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{''.join(rows)}</ListBucketResult>"
        )
        self.send_bytes(200, body.encode(), {"Content-Type": "application/xml"})


def serving_bucket(folder: Path) -> AbstractContextManager[Bucket]:
    """Serve the files of a folder as S3 does."""
    return running(Bucket(folder))
