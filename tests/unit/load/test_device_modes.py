"""Modes on a device: what falls back to memory, and says so. The device has no values."""

from __future__ import annotations

import pytest
import torch
from support.late_copies import LateCalls

from matdata.load.copies import SideStream
from matdata.load.loader import make_loader

META = torch.device("meta")


@pytest.fixture
def device(monkeypatch):
    """A device with room for all of it, as it says."""
    monkeypatch.setattr("matdata.load.setup.find_device", lambda name: (META, 1 << 40))


def _ids(loader):
    return [loader.ids[rows].tolist() for rows in loader.batch_rows()]


@pytest.mark.slow
def test_columns_live_on_a_device_that_has_room(toy, device):
    specs = ["graph", "lattice", "line-graph"]
    loader = make_loader(toy, None, specs, "gap", batch_size=7, device="meta")
    assert loader.mode == "resident"
    assert not loader.chosen_mode.instead_of
    assert [len(batch) for batch in loader] == [len(rows) for rows in _ids(loader)]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [None, "resident"])
def test_a_device_too_small_for_resident_falls_back_to_ram_and_says_so(
    toy, device, monkeypatch, asked
):
    def full(columns, device):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr("matdata.load.tensors.DeviceSource", full)
    loader = make_loader(toy, None, ["graph"], "gap", batch_size=7, device="meta", mode=asked)
    assert loader.mode == "ram"
    assert loader.chosen_mode.instead_of == "resident"
    assert "did not fit on meta" in loader.describe()
    assert "stay in memory" in loader.reason
    plain = make_loader(toy, None, ["graph"], "gap", batch_size=7)
    assert _ids(loader) == _ids(plain)
    for batch, expected in zip(loader, plain, strict=True):
        assert batch["graph"].device == META
        assert batch["graph"].edge_index.shape == expected["graph"].edge_index.shape


@pytest.mark.slow
def test_the_device_decides_before_the_columns_are_sent(toy, monkeypatch):
    monkeypatch.setattr("matdata.load.setup.find_device", lambda name: (META, 1000))
    loader = make_loader(toy, None, ["graph"], device="meta")
    assert loader.mode == "ram"
    assert "more than 40 % of the 1.0 kB free on meta" in loader.reason


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ram", "stream"])
def test_a_gpu_has_a_side_stream_and_pinned_arrays(toy, monkeypatch, mode):
    monkeypatch.setattr("matdata.load.setup.find_device", lambda name: (torch.device(name), 1000))
    loader = make_loader(toy, None, ["graph"], "gap", batch_size=7, device="cuda", mode=mode)
    assert isinstance(loader._views.side, SideStream)
    loader._views.side.calls = calls = LateCalls(seed=2)
    plain = make_loader(toy, None, ["graph"], "gap", batch_size=7)
    for batch, expected in zip(loader, plain, strict=True):
        assert batch.ids == expected.ids
        assert torch.equal(batch["graph"].edge_index, expected["graph"].edge_index)
    assert ("copy", "side") in calls.log
    assert loader._views.allocate((3,), plain.values[0].dtype).ctypes.data in calls._pinned
