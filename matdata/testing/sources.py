"""The contract that the tests of every source subclass.

::

    from matdata.testing.sources import SourceContract

    class TestMine(SourceContract):
        def argument(self, folder):
            return f"mine:{write_records(folder / 'records.mine')}"

        def damaged(self, folder):
            return f"mine:{write_records(folder / 'damaged.mine', broken=1)}"
"""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest

from matdata import api
from matdata.core.digest import digest_json
from matdata.core.ledger import UNEXPECTED, Reject
from matdata.sources import find_source
from matdata.sources.base import Chunk, Request, Source
from matdata.sources.identity import problem_of


class SourceContract:
    """What holds for every source. A subclass says what is read; its tests are inherited.

    There should be more records than in one chunk (500), or reading from a chunk shows little.
    """

    def argument(self, folder: Path) -> str:
        """What a user types to read whole records: ``mine:argument``, or a path in `folder`.

        Raises
        ------
        NotImplementedError
            If the subclass does not say it.
        """
        raise NotImplementedError

    def damaged(self, folder: Path) -> str | None:
        """The same with at least one record that cannot be read; None if there can be none."""
        return None

    def make(self, argument: str, folder: Path, limit: int | None = None) -> Source:
        """The source that reads it; override to ask for options of its own."""
        return find_source(argument, Request(limit=limit, cache=folder / "cache"))

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        """The source with whole records."""
        return self.make(self.argument(tmp_path), tmp_path)

    def test_it_says_what_it_reads(self, source: Source) -> None:
        """Name, version, kind and request; targets and energies are columns of the records."""
        origin = source.origin()
        assert origin.source == source.name
        assert origin.name
        assert origin.version
        assert len(digest_json(origin.request)) == 64
        first = next(source.chunks())
        assert origin.kind == ("composition" if first.crystals is None else "structure")
        assert first.crystals is not None or "formula" in first.table
        assert {*origin.targets} <= {*first.table}
        assert origin.energy_column is None or origin.energy_column in first.table

    def test_records_are_the_same_from_any_chunk_on(self, source: Source) -> None:
        """A build that was killed continues with the chunks that are left."""
        whole = list(source.chunks())
        assert sum(len(chunk) for chunk in whole)
        for start in range(len(whole) + 1):
            same_chunks(list(source.chunks(start)), whole[start:])

    def test_parsing_is_pure(self, source: Source) -> None:
        """Source and raw chunks can be sent to workers, where they give the same records."""
        sent: Source = ForkingPickler.loads(ForkingPickler.dumps(source))
        for raw in source.raw_chunks():
            copied = ForkingPickler.loads(ForkingPickler.dumps(raw))
            expected = source.read(raw)
            same_chunks([source.read(raw), sent.read(copied)], [expected, expected])

    def test_ids_are_unique(self, source: Source) -> None:
        """Ids are usable and no two records have one, in the ledger neither."""
        chunks = list(source.chunks())
        ids = [str(name) for chunk in chunks for name in chunk.table["material_id"]]
        assert not [name for name in ids if problem_of(name)]
        assert len({*ids}) == len(ids)
        assert all(r.reason and r.message for chunk in chunks for r in chunk.rejects)

    def test_a_limit_ends_reading(self, tmp_path: Path) -> None:
        """No more records than asked for, the first ones; rejects count as read."""
        argument = self.argument(tmp_path)
        whole = list(self.make(argument, tmp_path).chunks())
        few = list(self.make(argument, tmp_path, limit=3).chunks())
        assert sum(len(chunk) + len(chunk.rejects) for chunk in few) == 3
        names = [str(name) for chunk in few for name in chunk.table["material_id"]]
        assert names == [str(name) for name in whole[0].table["material_id"][: len(names)]]

    def test_equal_requests_give_equal_datasets(self, tmp_path: Path) -> None:
        """The identity of what is built depends neither on the time nor on the cache."""
        argument = self.argument(tmp_path)
        one, other = (self.make(argument, tmp_path).origin() for _ in range(2))
        assert one == other
        built = [
            api.build(argument, cache=tmp_path / name, limit=20, workers=1, name="contract")
            for name in ("one", "other")
        ]
        assert built[0].digest == built[1].digest
        assert built[0].ids.tolist() == built[1].ids.tolist()

    def test_a_damaged_record_is_a_row_of_the_ledger(self, tmp_path: Path) -> None:
        """It is counted with a reason of its own, and costs no other record."""
        argument = self.damaged(tmp_path)
        if argument is None:
            pytest.skip("no record of it can be damaged")
        chunks = list(self.make(argument, tmp_path).chunks())
        rejects: list[Reject] = [reject for chunk in chunks for reject in chunk.rejects]
        assert rejects
        assert all(r.stage == "source" and r.material_id and r.message for r in rejects)
        assert not [r for r in rejects if r.reason == UNEXPECTED]
        readable = {str(name) for chunk in chunks for name in chunk.table["material_id"]}
        whole = list(self.make(self.argument(tmp_path), tmp_path).chunks())
        names = {str(name) for chunk in whole for name in chunk.table["material_id"]}
        assert len(names) - len(readable) == len(rejects)
        assert readable < names


def same_chunks(found: list[Chunk], expected: list[Chunk]) -> None:
    """Assert that two lists of chunks hold the same records and rejects, bit by bit."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.rejects == other.rejects
        assert {*one.table} == {*other.table}
        for name in one.table:
            np.testing.assert_array_equal(
                np.array(one.table[name], dtype=object), np.array(other.table[name], dtype=object)
            )
        assert (one.crystals is None) is (other.crystals is None)
        if one.crystals is None or other.crystals is None:
            continue
        np.testing.assert_array_equal(one.structures.rows, other.structures.rows)
        columns = other.crystals.columns()
        for name, values in one.crystals.columns().items():
            np.testing.assert_array_equal(values, columns[name], err_msg=name)
