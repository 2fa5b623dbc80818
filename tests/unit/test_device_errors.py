"""What goes wrong with a GPU: absent, too small, its driver too old, or lost in mid-epoch."""

from __future__ import annotations

import errno
import os
import warnings

import pytest
import torch
from support.training import make_loop

from matdata.core.errors import ConfigError, DeviceError
from matdata.load.device_errors import device_error, device_errors
from matdata.load.devices import find_device
from matdata.training.checkpoint import load_checkpoint, save_checkpoint
from matdata.training.data import device_of
from matdata.training.determinism import WORKSPACE, deterministic
from matdata.training.settings import TrainSettings

OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). "
    "Please update your GPU driver by downloading and installing a new version"
)
TEXTS = {
    OLD: r"too old, which is for CUDA 11\.4 and older; torch was built for(.|\n)*newer driver",
    "CUDA driver version is insufficient for CUDA runtime version": "too old; torch was built",
    "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported":
        r"cuda:0 failed: CUDA error: unspecified launch failure\n(.|\n)*new process",
    "CUDA error: uncorrectable ECC error encountered": "uncorrectable ECC",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED": "cuDNN error",
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has": r"full(.|\n)*smaller batches",
    "put_ does not have a deterministic implementation, but you set": r"put_ has no(.|\n)*=false",
    "this operation is not deterministic because it uses CuBLAS and you have CUDA >= 10.2. To "
    "enable it, you must set CUBLAS_WORKSPACE_CONFIG=:4096:8": "before the program starts",
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), TEXTS.items(), ids=range(len(TEXTS)))
def test_errors_of_a_device_are_reported_with_cause_and_next_step(text, told):
    with (
        pytest.raises(DeviceError, match=told) as caught,
        device_errors(torch.device("cuda:0"), kept="the checkpoint is whole"),
    ):
        raise RuntimeError(text)
    assert caught.value.next_step
    assert isinstance(caught.value.__cause__, RuntimeError)


FULL = {
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 40000000 bytes. Error code 12 (Cannot allocate memory)"
    ): "suffice for 40.0 MB more",
    RuntimeError("[enforce fail at x] . DefaultCPUAllocator: not enough memory: you tried to"):
        "suffice: ",
    RuntimeError("std::bad_alloc"): "suffice: ",
    MemoryError(): "suffice: ",
    MemoryError("Unable to allocate 76.3 MiB for an array with shape (10000000,)"):
        "suffice for 76.3 MiB more",
    OSError(errno.ENOMEM, "Cannot allocate memory"): "suffice: ",
}  # fmt: skip


@pytest.mark.parametrize(("error", "told"), FULL.items(), ids=range(len(FULL)))
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_a_machine_whose_memory_is_full_is_not_taken_for_a_full_device(error, told, device):
    with (
        pytest.raises(DeviceError, match=told) as caught,
        device_errors(torch.device(device), kept="all is kept", smaller="take fewer"),
    ):
        raise error
    assert caught.value.next_step == "take fewer, or end other programs; all is kept"
    assert caught.value.__cause__ is error


def test_what_makes_a_computation_without_batches_smaller():
    full = RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
    for smaller, told in (("", "batch_size"), ("name fewer", "name fewer, or end other programs")):
        error = device_error(full, "cuda:0", smaller=smaller)
        assert told in error.next_step
        assert smaller or "resident" in error.next_step


def test_other_errors_pass_as_they_are():
    missing = FileNotFoundError(errno.ENOENT, "CUDA error: out of memory")
    with pytest.raises(FileNotFoundError), device_errors("cpu"):
        raise missing
    for text in (
        "The size of tensor a (3) must match",
        "mat1 and mat2 shapes cannot be multiplied",
    ):
        assert device_error(RuntimeError(text), "cuda:0") is None
        with pytest.raises(RuntimeError, match=text.split("(")[0]), device_errors("cuda:0"):
            raise RuntimeError(text)


def test_no_device():
    for name in ("cuda:97", "mps:3"):
        with pytest.raises(ConfigError, match="is not there") as caught:
            find_device(name)
        assert "devices here: cpu" in caught.value.next_step
        with pytest.raises(ConfigError, match="is not there"):
            device_of(TrainSettings(device=name))


def test_a_driver_older_than_the_cuda_of_torch(monkeypatch):
    def unavailable():
        warnings.warn(OLD, UserWarning, stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", unavailable)
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    with pytest.raises(ConfigError, match=r"CUDA 11\.4 and older; torch was built for CUDA 13\.2"):
        find_device("cuda")


def test_a_driver_that_fails_when_it_is_asked_for_memory(monkeypatch):
    def broken(device):
        raise RuntimeError("CUDA error: unknown error")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", broken)
    with pytest.raises(DeviceError, match="cuda failed: CUDA error: unknown error"):
        find_device("cuda")


def test_a_device_that_is_lost_leaves_a_whole_checkpoint(tmp_path):
    settings = TrainSettings(epochs=4, batch_size=8, lr=0.02, checkpoint_seconds=0.0, loss="mse")

    def save(loop):
        save_checkpoint(loop, tmp_path)

    whole, _ = make_loop(settings)
    whole.run()
    lost, _ = make_loop(settings, save=save)
    step, calls = lost.engine.step, []

    def until_lost(batch, rates):
        calls.append(len(batch))
        if len(calls) > 13:  # in the second of four epochs
            raise RuntimeError("CUDA error: unspecified launch failure")
        return step(batch, rates)

    lost.engine.step = until_lost
    with pytest.raises(DeviceError, match="failed"), device_errors("cuda:0"):
        lost.run()
    again, _ = make_loop(settings)
    assert load_checkpoint(again, tmp_path)
    assert (again.progress.epoch, again.progress.batch) == (1, 5)
    again.run()
    for name, value in whole.engine.weights().items():
        assert torch.equal(value, again.engine.weights()[name])


def test_deterministic_operations_alone_and_the_rest_put_back(monkeypatch):
    monkeypatch.delenv(WORKSPACE, raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    with deterministic(torch.device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
        assert os.environ[WORKSPACE] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark
    assert WORKSPACE not in os.environ
    monkeypatch.setenv(WORKSPACE, ":16:8")
    with deterministic(torch.device("cuda")):
        assert os.environ[WORKSPACE] == ":16:8"
    assert os.environ[WORKSPACE] == ":16:8"
    with deterministic(torch.device("cpu")):
        assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("name", "meant"), [("cud", "cuda"), ("gpu:1", "cuda"), ("CUDA", "cuda"), ("cppu", "cpu")]
)
def test_a_misspelt_device_is_refused_before_torch_is_imported(name, meant):
    with pytest.raises(ConfigError, match=f"{name}.*did you mean '{meant}'"):
        TrainSettings(device=name)


@pytest.mark.parametrize("name", ["auto", "cuda:3", "mps", "hpu", "ipu", "npu", "privateuseone:0"])
def test_devices_that_only_torch_may_know_pass_until_then(name):
    assert TrainSettings(device=name).device == name
