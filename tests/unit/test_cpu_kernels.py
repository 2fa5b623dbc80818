"""One switch turns all kernels for processors off; plain torch and NumPy are their reference.

Every network that is installed computes the same with them and without: outputs to 2e-5, gradients
to 2e-4 and weights after a step to 2e-6, of their norms (see `assert_near`), in float32.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import sys

import numba
import numpy as np
import pytest
import torch
from support.crystals import few
from support.small import NETWORKS, small

from matdata.core.cpu_kernels import VARIABLE, cpu_kernels, cpu_kernels_enabled
from matdata.core.errors import ConfigError
from matdata.load import gather
from matdata.nn.cpu import autograd, in_use, onednn_linear, openmp
from matdata.nn.cpu.autograd import loops_available
from matdata.training.batch_of import batch_of
from matdata.training.contract import Schema
from matdata.training.outputs import Head
from matdata.training.target import Target

OUTPUTS, GRADIENTS, WEIGHTS = 2e-5, 2e-4, 2e-6
OFF = {"products": "torch", "attention": "torch", "threads": "none", "memory": "returned"}


@pytest.fixture
def products():
    """Makes all products by oneDNN, however small and on whatever processor; counts them."""
    onednn = onednn_linear.onednn_product()
    if onednn is None:
        pytest.skip("this build of torch has no oneDNN")
    count = itertools.count()

    def counted(*inputs):
        next(count)
        return onednn(*inputs)

    with onednn_linear.products_by(counted, worth_it=1):
        yield lambda: next(copy.copy(count))


@pytest.fixture(scope="module")
def batches():
    """A batch for each network, and the schema it belongs to."""
    made = {}

    def of(name):
        if name not in made:
            plugin = small(name)
            batch = batch_of(plugin.inputs(), few().take([0, 1, 2]), plugin.input_settings())
            inputs = {spec: values.featurizer for spec, values in batch.inputs.items()}
            made[name] = batch, Schema((Target("y"),), (Head("y", (1, 1)),), inputs)
        return made[name]

    return of


def one_step(name, batch, schema):
    """Outputs, gradients by name, and weights after a step down them."""
    torch.manual_seed(0)
    model = small(name).model(schema).train()
    torch.manual_seed(1)  # of dropout
    outputs = model(batch)
    outputs.square().mean().backward()
    gradients = {k: v.grad for k, v in model.named_parameters() if v.grad is not None}
    torch.optim.SGD(model.parameters(), 1e-3).step()
    return outputs.detach(), gradients, dict(model.named_parameters())


def assert_near(found, reference, by, what):
    """Each tensor differs by a share of its norm, or of 1e-3 of the norm of all."""
    norms = {name: float(value.norm()) for name, value in reference.items()}
    least = 1e-3 * sum(norm**2 for norm in norms.values()) ** 0.5
    for name, expected in reference.items():
        distance = float((found[name] - expected).norm())
        assert distance <= by * max(norms[name], least), (what, name, distance)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_compute_the_same_with_the_kernels_and_without(name, batches, products):
    batch, schema = batches(name)
    with cpu_kernels(False):
        outputs, gradients, weights = one_step(name, batch, schema)
    assert products() == 0
    ours = one_step(name, batch, schema)
    assert_near({"": ours[0]}, {"": outputs}, OUTPUTS, "outputs")
    assert_near(ours[1], gradients, GRADIENTS, "gradients")
    assert_near(ours[2], weights, WEIGHTS, "weights")


def test_all_installed_networks_are_compared():
    assert {"cgcnn", "crabnet", "lgdcnn", "ocrystalnet", "roost", "wren"} <= set(NETWORKS)


def test_the_switch_holds_for_everything(products):
    assert cpu_kernels_enabled()
    assert in_use()["attention"] == "compiled"
    assert gather.compiled() is not None
    with cpu_kernels(False):
        assert in_use() == OFF
        assert gather.compiled() is None
        with cpu_kernels(True):  # does not overrule who holds it off outside
            assert not cpu_kernels_enabled()
        onednn_linear.linear(torch.ones(4, 4), torch.ones(4, 4))
    assert products() == 0
    onednn_linear.linear(torch.ones(4, 4), torch.ones(4, 4))
    assert products() == 1
    assert cpu_kernels_enabled()


@pytest.mark.parametrize(("value", "on"), [("0", False), ("1", True)])
def test_the_environment_has_the_switch_too(monkeypatch, value, on):
    monkeypatch.setenv(VARIABLE, value)
    assert cpu_kernels_enabled() is on
    assert (in_use() == OFF) is not on
    with cpu_kernels(True):
        assert cpu_kernels_enabled() is on


def test_any_other_value_is_refused(monkeypatch):
    monkeypatch.setenv(VARIABLE, "off")
    with pytest.raises(ConfigError, match="MATDATA_CPU_KERNELS is 'off'"):
        cpu_kernels_enabled()


def test_the_switch_is_put_back_after_an_error():
    with pytest.raises(ValueError, match="inside"), cpu_kernels(False):
        raise ValueError("inside")
    assert cpu_kernels_enabled()


@pytest.mark.parametrize("name", ["roost", "wren"])
def test_networks_work_without_numba(monkeypatch, batches, name):
    batch, schema = batches(name)
    expected = one_step(name, batch, schema)[0]
    autograd.numba_found.cache_clear()
    monkeypatch.setitem(sys.modules, "matdata.core.jit", None)  # as without numba
    try:
        assert not loops_available()
        outputs = one_step(name, batch, schema)[0]
    finally:
        monkeypatch.undo()
        autograd.numba_found.cache_clear()
    assert_near({"": outputs}, {"": expected}, OUTPUTS, "outputs")
    assert loops_available()


def test_loops_run_without_openmp():
    library_without_it = object()
    assert openmp.openmp_team(library_without_it) is None
    done = []
    openmp.in_threads(lambda *part: done.append(part), np.arange(9), 8, openmp.own_team)
    assert sorted(done) == [(part, part, part + 1) for part in range(8)]


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("name", ["attention_kernels", "pooling_kernels", "query_kernels"])
def test_attention_in_single_precision_computes_nothing_in_double(name, direction):
    """A share in double precision would have the loops over channels convert each number twice."""
    function = getattr(importlib.import_module(f"matdata.nn.cpu.{name}"), direction).py_func
    kinds = {
        **dict.fromkeys(("offsets", "pair_offsets"), numba.int64[::1]),
        **dict.fromkeys(("first", "last"), numba.int64),
        **{"slope": numba.float32, "distinct": numba.boolean},
    }
    one_axis = {
        "pooling_kernels": {"shift", "to_shift"},
        "query_kernels": {"log_weights", "shares", "steps"},
    }.get(name, set())
    signature = [
        kinds.get(given, numba.float32[::1] if given in one_axis else numba.float32[:, ::1])
        for given in inspect.signature(function).parameters
    ]
    compiled = numba.njit(error_model="numpy")(function)
    compiled.compile(tuple(signature))
    types = compiled.overloads[tuple(signature)].type_annotation.typemap
    assert len(types) > 50
    assert [one for one, kind in types.items() if "float64" in str(kind)] == []
