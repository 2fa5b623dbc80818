"""A stand-in for the Materials Project's service, for its real client to talk to."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlparse

from support.serving import Handler, Server, running

KEY = "k" * 32
VERSION = "2026.04.13"


class StandIn(Server):
    """Serves summary documents.

    Attributes
    ----------
    documents
        What there is, in no particular order.
    faults
        For each page request to come ``(status, body)`` or ``(status, body, headers)`` to answer
        instead, seconds to wait before the answer, or None.
    heartbeat
        ``(status, body)`` to answer heartbeats with, or None.
    thermo
        Thermo documents; if None each document's own energies, as ``GGA_GGA+U``.
    pages
        Numbers of the pages of documents that were asked for.
    key
        The key that is known.
    """

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        super().__init__(_Handler)
        self.documents = documents
        self.faults: list[Any] = []
        self.heartbeat: tuple[int, bytes] | None = None
        self.thermo: list[dict[str, Any]] | None = None
        self.pages: list[int] = []
        self.key = KEY


class _Handler(Handler):
    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path.rstrip("/") == "/heartbeat" and self.server.heartbeat:
            self.send_bytes(*self.server.heartbeat)
        elif url.path.rstrip("/") == "/heartbeat":
            self.send_value(
                200, {"version": "1", "db_version": VERSION, "access_controlled_batch_ids": []}
            )
        elif self.headers.get("x-api-key") != self.server.key:
            self.send_value(401, {"message": "Invalid authentication credentials"})
        elif url.path.rstrip("/") == "/materials/summary":
            self._summary(query)
        elif url.path.rstrip("/") == "/materials/thermo":
            self._thermo(query)
        else:
            self.send_value(404, {"detail": "Not Found"})

    def _summary(self, query: dict[str, str]) -> None:
        if int(query.get("_limit", 100)) > 1000:
            self.send_value(400, {"detail": "limit too large"})
            return
        found = sorted(self.server.documents, key=lambda d: str(d["material_id"]))
        deprecated = query.get("deprecated", "False") != "False"
        found = [d for d in found if bool(d.get("deprecated")) == deprecated]
        total = len(found)
        if "_page" in query:
            page, size = int(query["_page"]), int(query.get("_per_page", 100))
            if not deprecated:
                self.server.pages.append(page)
            fault = self.server.faults.pop(0) if self.server.faults else None
            if isinstance(fault, float):
                time.sleep(fault)
            elif fault is not None:
                self.send_bytes(*fault)
                return
            found = found[(page - 1) * size : page * size]
        else:
            skip, limit = int(query.get("_skip", 0)), int(query.get("_limit", 100))
            found = found[skip : skip + limit]
        if "_fields" in query:
            wanted = set(query["_fields"].split(","))
            found = [{k: v for k, v in d.items() if k in wanted} for d in found]
        meta = {"api_version": "1", "total_doc": total, "max_limit": 1000}
        self.send_value(200, {"data": found, "meta": meta})

    def _thermo(self, query: dict[str, str]) -> None:
        own = [
            {"thermo_type": "GGA_GGA+U", "energy_type": "GGA", **d} for d in self.server.documents
        ]
        documents = own if self.server.thermo is None else self.server.thermo
        ids, kinds = set(query["material_ids"].split(",")), query["thermo_types"].split(",")
        found = [d for d in documents if d["material_id"] in ids and d["thermo_type"] in kinds]
        wanted = set(query["_fields"].split(","))
        data = [{k: v for k, v in d.items() if k in wanted} for d in found]
        self.send_value(
            200, {"data": data[: int(query["_limit"])], "meta": {"total_doc": len(found)}}
        )


def serving(documents: list[dict[str, Any]]) -> AbstractContextManager[StandIn]:
    """Serve documents on a free port of the loopback interface."""
    return running(StandIn(documents))
