"""What is done on a GPU alone, with recorders in the place of CUDA's calls: which, in which order.

The lines themselves run in `benchmarks/gpu`; docs/design/loading.md lists which check runs which.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
import torch
from support.training import make_loop

from matdata.load import copies
from matdata.training import checkpoint
from matdata.training.data import device_of
from matdata.training.determinism import deterministic
from matdata.training.distributed import join_group, own_gpu
from matdata.training.process_state import process_state
from matdata.training.settings import TrainSettings

GPU = torch.device("cuda:1")


@pytest.fixture
def log():
    return []


class _Tensor:
    """Records what is asked of it."""

    def __init__(self, log):
        self.log = log

    def pin_memory(self):
        self.log.append("pin")
        return self

    def to(self, device, non_blocking):
        self.log.append(("to", str(device), non_blocking))
        return self

    def record_stream(self, stream):
        self.log.append(("keep", stream))


def test_what_goes_to_a_gpu_is_pinned_first_and_not_waited_for(log):
    copies.send(_Tensor(log), GPU)
    assert log == ["pin", ("to", "cuda:1", True)]
    copies.send(_Tensor(log), torch.device("mps"))
    assert log[2:] == [("to", "mps", True)]


def test_streams_are_those_of_the_device(log, monkeypatch):
    calls = copies.CudaCalls()

    def recorded(name):
        def call(*arguments, **named):
            log.append((name, *map(str, arguments), *named.items()))
            return contextlib.nullcontext(name)

        return call

    monkeypatch.setattr(torch.cuda, "Stream", recorded("Stream"))
    monkeypatch.setattr(torch.cuda, "current_stream", recorded("current"))
    monkeypatch.setattr(torch.cuda, "stream", recorded("stream"))
    monkeypatch.setattr(torch, "empty", recorded("empty"))
    calls.side(GPU)
    calls.current(GPU)
    with calls.on("side"):
        calls.empty((2, 3), torch.int64)
    tensor = _Tensor(log)
    calls.keep(calls.copy(calls.pin(tensor), GPU), "compute")
    assert log == [
        ("Stream", "cuda:1"),
        ("current", "cuda:1"),
        ("stream", "side"),
        ("empty", "(2, 3)", ("dtype", torch.int64), ("pin_memory", True)),
        "pin",
        ("to", "cuda:1", True),
        ("keep", "compute"),
    ]


def test_the_random_state_of_a_gpu_is_in_checkpoints(tmp_path, monkeypatch, log):
    state = torch.arange(16, dtype=torch.uint8)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: state)
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda found, device: log.append((found, device))
    )
    states = checkpoint._random_state(GPU)
    assert torch.equal(states["cuda"], state)
    checkpoint._set_random_state(states, GPU)
    ((found, device),) = log
    assert torch.equal(found, state)
    assert found.device.type == "cpu", "torch takes the state of a GPU from the host"
    assert device == GPU
    checkpoint._set_random_state({"cpu": states["cpu"]}, GPU)  # of a training on a CPU
    assert len(log) == 1


def test_processes_choose_their_gpu_before_they_join(monkeypatch, log):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: log.append(("set", str(device))))
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.distributed, "init_process_group", log.append)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    group = join_group(GPU)
    assert (group.rank, group.size) == (1, 2)
    assert log == [("set", "cuda:1"), "nccl"]
    join_group(torch.device("cpu"))
    assert log[2:] == ["gloo"]


def test_every_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch, log):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert own_gpu("cuda") == "cuda"
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert [own_gpu(name) for name in ("cuda", "cuda:1", "cpu")] == ["cuda:3", "cuda:1", "cpu"]

    def found(name):
        log.append(name)
        return torch.device(name), None

    monkeypatch.setattr("matdata.training.data.find_device", found)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in ("auto", "cuda", "cuda:0"):
        device_of(TrainSettings(device=device))
    assert log == ["cuda:3", "cuda:3", "cuda:0"]


@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16", "fp16"])
def test_convolutions_are_in_tf32_only_if_asked_for(precision, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with process_state(TrainSettings(precision=precision), torch.device("cpu")):
        assert torch.backends.cudnn.allow_tf32 is (precision == "tf32")
    assert torch.backends.cudnn.allow_tf32


def test_losses_are_looked_at_every_64_steps_where_looking_waits(monkeypatch):
    loop, _ = make_loop(TrainSettings(epochs=1, batch_size=1, loss="mse"))
    loop._immediate = False
    looks = []
    monkeypatch.setattr(
        type(loop), "_look", lambda self: looks.append(self.progress.step) or self._unseen.clear()
    )
    loop._epoch()
    assert looks == [64, 64]  # the end of the epoch looks as well


def test_the_switch_of_deterministic_operations_is_put_back_after_an_error():
    with pytest.raises(RuntimeError, match="inside"), deterministic(GPU):
        raise RuntimeError("inside")
    assert not torch.are_deterministic_algorithms_enabled()


def test_every_module_that_speaks_of_gpus_is_listed_with_its_checks():
    root = Path(__file__).parents[2]
    listed = (root / "docs/design/loading.md").read_text("utf-8").partition("## What only a GPU")[2]
    speaks = re.compile(r'torch\.cuda\.|"cuda"|nccl|device\.type [!=]= "cpu"')
    folders = [root / "matdata" / name for name in ("load", "training", "nn")]
    found = [path for folder in folders for path in folder.rglob("*.py")]
    names = {
        path.relative_to(root / "matdata").as_posix()
        for path in found
        if speaks.search(path.read_text("utf-8"))
    }
    names -= {
        *("nn/cpu/autograd.py", "nn/cpu/onednn_linear.py"),  # of processors alone
        *(
            "nn/segments.py",
            "training/settings.py",
            "training/fit_networks.py",
        ),  # a check, a help, a name
        "load/batch.py",  # an example
    }
    assert "load/copies.py" in names
    assert not {name for name in names if name not in listed}
