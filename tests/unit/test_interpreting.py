"""Networks of runs that are looked into: what goes wrong on their device is a typed error."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from matdata.core.errors import DeviceError
from matdata.evaluation import edges, interpret
from matdata.evaluation.interpretable import interpreting
from matdata.training.settings import TrainSettings

RUN = SimpleNamespace(
    settings=TrainSettings(), schema=SimpleNamespace(featurizers={}), normalizer=None
)
IDS = np.array(["a"])


class Large:
    """A network without room."""

    def full(self, *given):
        assert not torch.is_grad_enabled()
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 b")

    feature_maps = contributions = edge_matrices = full


@pytest.mark.parametrize(
    "look",
    [
        lambda: interpret.feature_maps(RUN, IDS, "cpu"),
        lambda: interpret.by_element(RUN, IDS, "cpu"),
        lambda: interpret.along_binary(RUN, "Si", "O", device="cpu"),
        lambda: edges.edges_of(RUN, ["SiO2"], device="cpu"),
    ],
    ids=["feature_maps", "by_element", "along_binary", "edges_of"],
)
def test_a_machine_that_is_full_is_a_typed_error(monkeypatch, look):
    for module in (interpret, edges):
        monkeypatch.setattr(module, "network", lambda *given: Large())
        monkeypatch.setattr(module, "batch_of", lambda *given, **more: None)
    monkeypatch.setattr(interpret, "_batches", lambda *given: [None])
    monkeypatch.setattr(
        interpret, "normalizer_of", lambda run: SimpleNamespace(scale=[1.0], shift=[0.0])
    )
    with pytest.raises(DeviceError, match="memory of this machine does not suffice") as caught:
        look()
    assert caught.value.next_step.startswith("name fewer materials or formulas")
    assert torch.is_grad_enabled()


def test_the_device_is_that_of_the_request():
    with interpreting(RUN, "cpu") as found:
        assert found == torch.device("cpu")
