"""Copies on a stream of their own: what is put into which stream, and in which order.

The device is `support.late_copies`: what is read before its copy is done has other values. The
mutations at the end show that these tests hold each of the four rules of `matdata.load.copies`.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch
from support.late_copies import LateCalls

from matdata.load.copies import Copies, SideStream
from matdata.load.loader import Loader, make_loader
from matdata.load.materials import gather_materials
from matdata.load.options import LoadOptions
from matdata.load.setup import set_up

INPUTS = ("graph", "lattice", "wyckoff")


def _streamed(toy, mode="ram", calls=None):
    options = LoadOptions(batch_size=7, shuffle=True, mode=mode, prefetch=2)
    materials = gather_materials(toy, None, INPUTS, "gap", options, "toy")
    setup, calls = set_up(materials, options), calls or LateCalls()
    setup.views.side = SideStream(torch.device("cpu"), calls)
    return Loader(materials, options, setup), calls


@pytest.fixture
def small_chunks(monkeypatch):
    """A chunk for each batch."""
    monkeypatch.setattr("matdata.load.setup.CHUNK_BYTES", 1)


def _require_arrived(loader, plain):
    """Every batch holds what it should when it is handed out."""
    for batch, wanted in zip(loader, plain, strict=True):
        assert torch.equal(batch.rows, wanted.rows)
        assert batch.ids == wanted.ids
        assert torch.equal(batch.targets, wanted.targets)
        assert torch.equal(batch["graph"].edge_index, wanted["graph"].edge_index)
        for spec in INPUTS:
            for name, values in wanted[spec].fields.items():
                assert torch.equal(batch[spec].fields[name], values), name
            for level, segments in wanted[spec].segments.items():
                assert torch.equal(batch[spec].segments[level].offsets, segments.offsets)


def _require_order(loader, calls, plain):
    _require_arrived(loader, plain)
    assert not calls.unkept


def _plain(toy, **options):
    return make_loader(toy, None, INPUTS, "gap", batch_size=7, shuffle=True, **options)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ram", "stream"])
def test_copies_are_in_a_stream_of_their_own_and_waited_for_there(toy, mode):
    loader, calls = _streamed(toy, mode)
    _require_arrived(loader, _plain(toy))
    kinds = [entry[0] for entry in calls.log]
    assert {entry for entry in calls.log if entry[0] == "copy"} == {("copy", "side")}
    assert kinds == sorted(kinds, key=["copy", "event", "wait", "keep"].index)  # one chunk
    assert kinds.count("event") == kinds.count("wait") == 1
    assert {entry[1] for entry in calls.log if entry[0] in ("wait", "keep")} == {"compute"}
    # every tensor that was copied is kept until the computation is done with it
    assert not calls.unkept
    assert calls.stalls == kinds.count("copy") == kinds.count("keep")


@pytest.mark.slow
@pytest.mark.parametrize("eager", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("mode", ["ram", "stream"])
def test_no_batch_is_handed_out_before_its_copy_is_done(toy, small_chunks, mode, eager):
    loader, calls = _streamed(toy, mode, LateCalls(seed=1, eager=eager))
    plain = _plain(toy)
    for _ in range(3):
        _require_arrived(loader, plain)
    waits = [entry[2] for entry in calls.log if entry[0] == "wait"]
    assert len(waits) == 3 * len(loader)
    assert not calls.unkept
    assert (calls.stalls > 0) is (eager < 1.0)


@pytest.mark.slow
def test_pinned_memory_is_let_go_when_its_copies_are_done(toy, small_chunks):
    loader, _ = _streamed(toy)
    for _ in range(3):
        list(loader)
    assert len(loader._views.side._retained) <= 4  # as many as were made ahead


def test_without_a_side_stream_nothing_is_waited_for():
    copies = Copies(torch.device("cpu"))
    with copies.sending():
        kept = copies.send(torch.ones(2).numpy())
    copies.arrive()
    assert kept.tolist() == [1.0, 1.0]


@contextmanager
def _event_before_copies(self):
    self._event = self._side.stream().record_event()
    with self._side.calls.on(self._side.stream()):
        yield
    self._side.retain(self._event, self._pinned)


def _no_wait(self):
    for tensor in self._moved:
        self._side.calls.keep(tensor, self._side.calls.current(self._device))


def _not_kept(self, tensor, stream):
    self.log.append(("keep", stream.name))


MUTATIONS = {
    "the event is recorded before the copies": ("Copies.sending", _event_before_copies),
    "nobody waits for the event": ("Copies.arrive", _no_wait),
    "pinned memory is let go at once": ("SideStream.retain", lambda self, event, pinned: None),
    "device memory is not kept": ("LateCalls.keep", _not_kept),
}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_order_is_seen(toy, small_chunks, monkeypatch, mutation):
    place, wrong = MUTATIONS[mutation]
    home = "support.late_copies" if place.startswith("Late") else "matdata.load.copies"
    plain = list(_plain(toy))
    monkeypatch.setattr(f"{home}.{place}", wrong)
    with pytest.raises(AssertionError):
        _require_order(*_streamed(toy), plain)
