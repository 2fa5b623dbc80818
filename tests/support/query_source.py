"""A source with options of its own, as a plugin has it."""

from __future__ import annotations

from dataclasses import dataclass

import matdata.plugin as md
from matdata.sources.base import Chunk, Origin, Source


@dataclass(frozen=True)
class Query(md.Settings):
    """What it can be asked for."""

    metal: str = md.setting("Na", "the metal of its salts")
    count: int = md.setting(3, "how many salts", minimum=1)


class Salts(Source):
    """Salts of a metal."""

    name = "salts"
    Query = Query

    def __init__(self, request):
        self.query = Query.from_mapping(request.query)

    @classmethod
    def make(cls, request):
        return cls(request)

    def origin(self):
        request = {"source": self.name, **self.query.to_dict()}
        return Origin("salts", "salts", "1", "composition", request)

    def raw_chunks(self, start=0):
        yield from [list(range(self.query.count))][start:]

    def parse(self, raw):
        formulas = [f"{self.query.metal}Cl{k + 1}" for k in raw]
        return Chunk(None, {"material_id": [f"salt-{k}" for k in raw], "formula": formulas})
