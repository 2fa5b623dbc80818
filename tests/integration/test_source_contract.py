"""The built-in sources that need no service keep the contract."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import mixed, reactions
from support.crystals import few, many
from support.files import write_csv, write_extxyz, write_jsonl

from matdata.core.crystals import Crystals
from matdata.testing.sources import SourceContract


def records(count: int = 510) -> Crystals:
    """More records than a chunk holds, of few distinct cells."""
    cells = many(10).take(np.arange(count) % 10)
    return Crystals(np.array([f"m{row:04d}" for row in range(count)]), **cells.columns())


class TestSample(SourceContract):
    def argument(self, folder):
        return "sample:510"


class TestCsvOfFormulas(SourceContract):
    def argument(self, folder):
        return self.table(folder / "whole.csv")

    def damaged(self, folder):
        return self.table(folder / "damaged.csv", {7: "Xx2O3", 502: "2H2O"})

    def table(self, path, wrong=()):
        formulas = {row: f"Fe{row + 1}O3" for row in range(510)} | dict(wrong)
        lines = ["material_id,formula,gap", *(f"m{k},{text},{k}" for k, text in formulas.items())]
        path.write_text("\n".join(lines) + "\n")
        return str(path)


class TestReactions(SourceContract):
    def argument(self, folder):
        return f"reactions:{self.release(folder / 'whole.json')}"

    def damaged(self, folder):
        wrong = [{"operations": [reactions.step("Stirring")]}, {"target": None}]
        return f"reactions:{self.release(folder / 'damaged.json', wrong)}"

    def release(self, path, changes=()):
        records = [reactions.record() for _ in range(510)]
        for place, change in zip((7, 502), changes, strict=False):
            records[place] |= change
        return reactions.write_release(path, records)


class TestCsvOfStructures(SourceContract):
    def argument(self, folder):
        return str(write_csv(folder / "whole.csv", few()))

    def damaged(self, folder):
        path = write_csv(folder / "damaged.csv", few())
        path.write_text(path.read_text().replace("_cell_length_a", "_cell_length_q", 1))
        return str(path)


class TestCsvOfBoth(SourceContract):
    def argument(self, folder):
        return str(mixed.write_csv(folder / "whole.csv", mixed.rows(510)))

    def damaged(self, folder):
        records = mixed.rows(510)
        records[0]["formula"], records[1]["structure"] = "Xx2O3", "{}"
        return str(mixed.write_csv(folder / "damaged.csv", records))


class TestJsonLines(SourceContract):
    def argument(self, folder):
        return str(write_jsonl(folder / "whole.jsonl", records()))

    def damaged(self, folder):
        path = write_jsonl(folder / "damaged.jsonl", records())
        lines = path.read_text().splitlines()
        lines[505] = json.dumps({**json.loads(lines[505]), "structure": {"lattice": 1}})
        path.write_text("\n".join(lines) + "\n")
        return str(path)


class TestExtendedXyz(SourceContract):
    def argument(self, folder):
        return str(write_extxyz(folder / "whole.extxyz", few()))


def test_a_source_that_breaks_the_contract_is_found(tmp_path, monkeypatch):
    contract = TestSample()
    source = contract.make("sample:5", tmp_path)
    chunk = next(source.chunks())
    chunk.table["material_id"][1] = chunk.table["material_id"][0]
    monkeypatch.setattr(type(source), "chunks", lambda self, start=0: iter([chunk]))
    with pytest.raises(AssertionError):
        contract.test_ids_are_unique(source)
