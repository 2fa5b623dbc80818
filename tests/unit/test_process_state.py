"""What a training sets for its process is put back, and is no part of a run's identity."""

from __future__ import annotations

import pytest
import torch

from matdata.core.cpu_kernels import VARIABLE, cpu_kernels_enabled
from matdata.training import process_state as module
from matdata.training.process_state import process_state
from matdata.training.settings import TrainSettings

CPU = torch.device("cpu")


@pytest.fixture
def keeps(monkeypatch):
    """How often freed memory was to be kept."""
    calls = []
    monkeypatch.setattr(module, "keep_freed_memory", lambda: calls.append(True))
    return calls


def test_threads_precision_and_kernels_are_put_back(keeps):
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    settings = TrainSettings(threads=before[0] + 2, precision="tf32", cpu_kernels=False)

    def fail():
        with process_state(settings, CPU):
            assert torch.get_num_threads() == before[0] + 2
            assert torch.get_float32_matmul_precision() == "high"
            assert not cpu_kernels_enabled()
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == before
    assert cpu_kernels_enabled()


def test_memory_is_kept_for_trainings_on_a_cpu_whose_switch_is_on(keeps, monkeypatch):
    with process_state(TrainSettings(), CPU):
        pass
    with process_state(TrainSettings(), torch.device("cuda"), keep_memory=True):
        pass
    with process_state(TrainSettings(cpu_kernels=False), CPU, keep_memory=True):
        pass
    assert not keeps
    with process_state(TrainSettings(), CPU, keep_memory=True):
        assert keeps == [True]
    monkeypatch.setenv(VARIABLE, "0")
    with process_state(TrainSettings(), CPU, keep_memory=True):
        assert keeps == [True]


def test_the_switch_does_not_tell_runs_apart():
    assert TrainSettings(cpu_kernels=False).identity() == TrainSettings().identity()
