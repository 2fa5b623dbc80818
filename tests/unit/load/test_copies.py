"""Copies on a stream of their own: what is put into which stream, and in which order."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch

from matdata.load.copies import Copies, SideStream
from matdata.load.loader import Loader, make_loader
from matdata.load.materials import gather_materials
from matdata.load.options import LoadOptions
from matdata.load.setup import set_up


class _Stream:
    def __init__(self, name, log):
        self.name, self.log = name, log

    def record_event(self):
        self.log.append(("event", self.name))
        return f"event {len(self.log)}"

    def wait_event(self, event):
        self.log.append(("wait", self.name, event))


class _Calls:
    """What would be called of CUDA."""

    def __init__(self):
        self.log, self.within = [], []

    def side(self, device):
        return _Stream("side", self.log)

    def current(self, device):
        return _Stream("compute", self.log)

    @contextmanager
    def on(self, stream):
        self.within.append(stream.name)
        yield
        self.within.pop()

    def move(self, tensor, device):
        self.log.append(("move", *self.within))
        return tensor.clone()

    def keep(self, tensor, stream):
        self.log.append(("keep", stream.name, tensor.data_ptr()))


def _streamed(toy, mode):
    options = LoadOptions(batch_size=7, mode=mode)
    materials = gather_materials(toy, None, ["graph", "lattice"], "gap", options, "toy")
    setup, calls = set_up(materials, options), _Calls()
    setup.views.side = SideStream(torch.device("cpu"), calls)
    return Loader(materials, options, setup), calls.log


@pytest.mark.parametrize("mode", ["ram", "stream"])
def test_copies_are_in_a_stream_of_their_own_and_waited_for_there(toy, mode):
    loader, log = _streamed(toy, mode)
    plain = make_loader(toy, None, ["graph", "lattice"], "gap", batch_size=7)
    batches = list(loader)
    for batch, wanted in zip(batches, plain, strict=True):
        assert batch.ids == wanted.ids
        assert torch.equal(batch["graph"].edge_index, wanted["graph"].edge_index)
        assert torch.equal(batch.targets, wanted.targets)
    kinds = [entry[0] for entry in log]
    assert {entry for entry in log if entry[0] == "move"} == {("move", "side")}
    assert kinds == sorted(kinds, key=["move", "event", "wait", "keep"].index)  # one chunk
    assert kinds.count("event") == kinds.count("wait") == 1
    assert {entry[1] for entry in log if entry[0] in ("wait", "keep")} == {"compute"}
    # every tensor that was copied is kept until the computation is done with it
    assert len({entry[2] for entry in log if entry[0] == "keep"}) == kinds.count("move")


def test_every_chunk_waits_for_its_own_event(toy, monkeypatch):
    monkeypatch.setattr("matdata.load.setup.CHUNK_BYTES", 1)
    loader, log = _streamed(toy, "ram")
    assert len(list(loader)) == 8
    waits = [entry[2] for entry in log if entry[0] == "wait"]
    assert len(set(waits)) == 8


def test_without_a_side_stream_nothing_is_waited_for():
    copies = Copies(torch.device("cpu"))
    with copies.sending():
        kept = copies.send(torch.ones(2).numpy())
    copies.arrive()
    assert kept.tolist() == [1.0, 1.0]
