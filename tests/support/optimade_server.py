"""The real OPTIMADE server in a process of its own, and a stand-in with bad weather."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

from support.serving import Handler, Server, running

STARTED = "2026-01-02T03:04:05Z"


def entry(identity: str, structure: dict[str, Any], **own: Any) -> dict[str, Any]:
    """A structure resource from a pymatgen dictionary; `own` are the provider's fields."""
    from optimade.adapters import Structure as Adapter
    from pymatgen.core import Structure

    made = Adapter.ingest_from(Structure.from_dict(structure), format="pymatgen")
    attributes = json.loads(made.attributes.model_dump_json(exclude_unset=True))
    attributes |= {"last_modified": STARTED, "immutable_id": identity, **own}
    return {"id": identity, "type": "structures", "attributes": attributes}


@contextmanager
def real_server(
    folder: Path, entries: list[dict[str, Any]], fields: dict[str, str]
) -> Iterator[str]:
    """Serve entries with optimade's own server; `fields` are provider fields with their units."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    lines = [{"x-optimade": {"meta": {"api_version": "1.1.0"}}}, *entries]
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = {
        "insert_from_jsonl": str(data),
        "insert_test_data": False,
        "base_url": url,
        "provider": {"prefix": "test", "name": "test", "description": "test"},
        "provider_fields": {
            "structures": [
                {"name": name, "type": "float", "unit": unit, "description": name}
                for name, unit in fields.items()
            ]
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    environment = {**os.environ, "OPTIMADE_CONFIG_FILE": str(folder / "config.json")}
    command = [sys.executable, "-m", "uvicorn", "optimade.server.main:app", "--port", str(port)]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/v1/info", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the OPTIMADE server did not start: {log.read_text()[-2000:]}")


class StandIn(Server):
    """Pages of entries by an opaque cursor.

    Attributes
    ----------
    faults
        For each page request to come ``(status, body, headers)`` to answer instead, or None.
    cursors
        The cursors that were asked for.
    link
        How the link to the next page is written: ``text``, ``object`` or ``relative``.
    login
        ``(user:password, api_key)`` that every request must carry, or None; links to the next page
        then repeat the key, as servers do that build them from the request.
    """

    def __init__(self, entries: list[dict[str, Any]], page: int, link: str = "text") -> None:
        super().__init__(_Handler)
        self.entries = entries
        self.page = page
        self.link = link
        self.faults: list[tuple[int, bytes, dict[str, str]] | None] = []
        self.cursors: list[str] = []
        self.returned: int | None = len(entries)
        self.most = 500
        self.last = ""
        self.elsewhere = ""
        self.login: tuple[str, str] | None = None


class _Handler(Handler):
    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if not self._known(query):
            self.send_value(401, {"errors": [{"detail": f"who is {self.path}?"}]})
        elif url.path == "/v1/info/structures":
            properties = {"_x_gap": {"unit": "eV"}, "nsites": {}}
            self.send_value(200, {"data": {"properties": properties}})
        elif url.path != "/v1/structures" or "sort" in query:
            self.send_value(400, {"errors": [{"detail": "no such thing"}]})
        elif int(query.get("page_limit", 1)) > self.server.most:
            self.send_value(403, {"errors": [{"detail": "page_limit too large"}]})
        else:
            self._page(query.get("cursor", "p0"))

    def _known(self, query: dict[str, str]) -> bool:
        if self.server.login is None:
            return True
        user, key = self.server.login
        token = base64.b64encode(user.encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}" and query["api_key"] == key

    def _page(self, cursor: str) -> None:
        server = self.server
        server.cursors.append(cursor)
        fault = server.faults.pop(0) if server.faults else None
        if fault is not None:
            self.send_bytes(*fault)
            self.close_connection = True
            return
        start = int(cursor[1:])
        stop = start + server.page
        following: Any = None
        if stop < len(server.entries):
            target = f"/v1/structures?cursor=p{stop}"
            if server.login is not None:
                target += "&" + urlencode({"api_key": server.login[1]})
            following = {
                "text": server.url + target,
                "object": {"href": server.url + target},
                "relative": target,
            }[server.link]
        elif server.last:
            following = f"{server.elsewhere or server.url}/v1/structures?cursor={server.last}"
        meta = {"data_returned": server.returned, "data_available": len(server.entries)}
        body = {"data": server.entries[start:stop], "meta": meta, "links": {"next": following}}
        self.send_value(200, body)


def standing_in(
    entries: list[dict[str, Any]], page: int = 10, link: str = "text"
) -> AbstractContextManager[StandIn]:
    """Serve entries on a free port of the loopback interface."""
    return running(StandIn(entries, page, link))
