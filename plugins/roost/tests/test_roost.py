from __future__ import annotations

import pytest
import torch
from matdata_roost import Roost
from support.aviary_weights import aviary_roost, fill
from support.batches import batch_of, schema_of

FORMULAS = ["Fe2O3", "YBa2Cu3O7", "NaCl", "Cu"]
#: aviary 1.2.1 with the weights of `fill` on these formulas (`test_outputs_equal_aviary`).
GOLDEN = [
    [0.16265696, -0.50060314],
    [0.16008404, -0.48736781],
    [0.16353562, -0.49845690],
    [0.15596280, -0.51667380],
]


@pytest.fixture(scope="module")
def network():
    return fill(Roost().model(schema_of("composition-set")))


def predict(network, formulas):
    with torch.no_grad():
        return network(batch_of(formulas, "composition-set"))


def test_golden_outputs(network):
    torch.testing.assert_close(predict(network, FORMULAS), torch.tensor(GOLDEN), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_outputs_equal_aviary(network):
    pytest.importorskip("aviary", reason="uv sync --group bench")
    elements = batch_of(FORMULAS, "composition-set")["composition-set"]
    theirs = aviary_roost(network)
    inputs = elements.fractions[:, None], elements.numbers, *elements.pairs, elements.crystal
    with torch.no_grad():
        expected = theirs(*inputs)[0]
    torch.testing.assert_close(predict(network, FORMULAS), expected, rtol=0, atol=1e-5)
    frozen = theirs.elem_embedding.weight.numel() + 12
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count == sum(parameter.numel() for parameter in theirs.parameters()) - frozen


def test_parameter_count(network):
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_302_149


def test_neither_order_nor_company_matters(network):
    whole = predict(network, FORMULAS)
    torch.testing.assert_close(predict(network, FORMULAS[::-1]).flip(0), whole)
    for row, formula in enumerate(FORMULAS):
        torch.testing.assert_close(predict(network, [formula])[0], whole[row])
    same = predict(network, ["O3Fe2", "Fe4O6", "O7Cu3Ba2Y"])
    torch.testing.assert_close(same, whole[[0, 0, 1]])


def test_different_formulas_differ(network):
    outputs = predict(network, ["Fe2O3", "Fe3O4", "Fe2S3"])
    assert (outputs[0] - outputs[1:]).abs().min() > 1e-5


def test_large_gates_stay_finite():
    network = Roost().model(schema_of("composition-set"))
    with torch.no_grad():
        for layer in [*network.layers, network.pool]:
            layer.gate.mul_(1e4)
    outputs = network(batch_of(FORMULAS, "composition-set"))
    outputs.sum().backward()
    assert torch.isfinite(outputs).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_columns_are_means_then_standard_deviations():
    network = fill(Roost().model(schema_of("composition-set", sizes=(1, 3))))
    batch = batch_of(FORMULAS, "composition-set")
    outputs = network(batch)
    assert outputs.shape == (4, 8)
    first, second = network.heads.heads
    rows = torch.relu(network.trunk(network.represent(batch["composition-set"])))
    torch.testing.assert_close(outputs[:, [0, 4]], first(rows))
    torch.testing.assert_close(outputs[:, [1, 2, 3, 5, 6, 7]], second(rows))


def test_members_map_over_stacked_weights():
    members = [Roost().model(schema_of("composition-set")) for _ in range(2)]
    batch = batch_of(FORMULAS, "composition-set")
    stacked, buffers = torch.func.stack_module_state(members)

    def one(parameters, tables):
        return torch.func.functional_call(members[0], (parameters, tables), (batch,))

    mapped = torch.func.vmap(one)(stacked, buffers)
    for row, member in enumerate(members):
        torch.testing.assert_close(mapped[row], member(batch), rtol=1e-4, atol=1e-5)
