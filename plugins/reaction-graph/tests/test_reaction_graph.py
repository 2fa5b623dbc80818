from __future__ import annotations

import itertools

import pytest
import torch
from matdata_reaction_graph import ReactionGraph
from matdata_reaction_graph.model import MASKED
from support.aviary_weights import fill
from support.meta_device import runs_without_waiting
from support.reaction_graph_reading import Reading
from support.reactions import batch_of_reactions, rows

from matdata.plugin import Head, Schema, Target, atomic_number, element_symbols, featurizer

ELEMENTS = Target("formula", 118, "1", "multi_label", element_symbols()[1:])
COMPOSITION = Target("shares", 118, "1", "distribution")
#: Vectors of order one, so that weights that were not trained give clear numbers.
VECTORS = {"table": "matscholar"}
RECORDS = [
    *rows(12),
    {
        "material_id": "alone",
        "formula": "MgO",
        "precursors": [{"formula": "MgCO3", "amount": 2.0}],
        "operations": ["heat", "mix", "heat", "heat", "quench"],
    },
]


#: Logits of O, C and Li of three reactions, with the weights of `fill`.
GOLDEN = [
    [-0.06002048, 0.23660147, 0.67329562],
    [-0.05655465, 0.23282340, 0.67884958],
    [-0.00805059, 0.22596668, -30.0],
]
GOLDEN_COUNT = 3_921_981


def network(*targets, **hypers):
    plugin = ReactionGraph(ReactionGraph.Hypers(**{**VECTORS, **hypers}))
    targets = targets or (ELEMENTS,)
    heads = tuple(Head(target.name, (target.size,)) for target in targets)
    schema = Schema(targets, heads, {"reaction": featurizer("reaction", VECTORS)})
    return fill(plugin.model(schema)).eval()


def predict(model, records, name="formula"):
    with torch.no_grad():
        return model(batch_of_reactions(records, **VECTORS))[name]


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.mark.parametrize("actions", [True, False])
def test_outputs_and_gradients_are_those_of_the_equations(actions):
    ours = network(actions=actions)
    reaction = batch_of_reactions(RECORDS, **VECTORS)["reaction"]
    theirs = Reading(ours)
    expected = theirs(reaction)
    batch = batch_of_reactions(RECORDS, **VECTORS)
    own = ours(batch)["formula"]
    torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-5)
    theirs.represent(reaction).square().sum().backward()
    ours.represent(batch["reaction"]).square().sum().backward()
    torch.testing.assert_close(
        ours.embedding.weight.grad, theirs.embedding.weight.grad, rtol=1e-4, atol=1e-5
    )
    if actions:
        torch.testing.assert_close(
            ours.actions.recurrent.grad, theirs.lstm.weight_hh_l0.grad, rtol=1e-4, atol=1e-6
        )


def test_parameter_count():
    """As published for 118 elements, less the biases that cancel in softmaxes and the second
    biases of the LSTM."""
    plugin = ReactionGraph()
    schema = Schema((ELEMENTS,), (Head("formula", (118,)),), {"reaction": featurizer("reaction")})
    count = sum(value.numel() for value in plugin.model(schema).parameters())
    layer = 3 * (2 * (288 * 256 + 256) + 256 + 256 * 128 + 128)
    pool = 3 * (2 * (128 * 256 + 256) + 256 + 256 * 128 + 128)
    lstm = 10 * 8 + 8 + 4 * 32 * (8 + 32 + 1)
    sizes = (128, 256, 512, 512, 256)
    head = sum(a * b * (1 + (a != b)) + b for a, b in itertools.pairwise(sizes))
    assert count == 145 * 127 + 5 * layer + pool + lstm + head + 256 * 118 + 118
    assert count == GOLDEN_COUNT


def test_golden_outputs(model):
    columns = [atomic_number(symbol) - 1 for symbol in ("O", "C", "Li")]
    found = predict(model, RECORDS)[[0, 4, 12]][:, columns]
    torch.testing.assert_close(found, torch.tensor(GOLDEN), rtol=0, atol=1e-4)


def test_neither_order_nor_company_nor_scale_matters(model):
    whole = predict(model, RECORDS)
    torch.testing.assert_close(predict(model, RECORDS[::-1]).flip(0), whole)
    for row, record in enumerate(RECORDS):
        torch.testing.assert_close(predict(model, [record])[0], whole[row])
        turned = [
            {**one, "amount": 4.0 * (one["amount"] or 1.0)} for one in record["precursors"][::-1]
        ]
        torch.testing.assert_close(
            predict(model, [{**record, "precursors": turned}])[0], whole[row]
        )


def test_operations_and_their_order_matter(model):
    record = {**RECORDS[0], "operations": ["mix", "heat", "quench"]}
    other = {**record, "material_id": "other", "operations": ["quench", "heat", "mix"]}
    none = {**record, "material_id": "none", "operations": []}
    outputs = predict(model, [record, other, none])
    open_ = outputs[0] > MASKED
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert (outputs[one] - outputs[two])[open_].abs().max() > 1e-4
    without = predict(network(actions=False), [record, other, none])
    torch.testing.assert_close(without[0], without[1])
    torch.testing.assert_close(without[0], without[2])


def test_the_mask_leaves_elements_of_precursors_and_oxygen(model):
    outputs = predict(model, RECORDS)
    allowed = batch_of_reactions(RECORDS, **VECTORS)["reaction"].allowed
    assert (outputs[~allowed] == MASKED).all()
    assert (outputs[allowed] > MASKED).all()
    open_ = predict(network(mask=False), RECORDS)
    assert (open_ > MASKED).all()
    torch.testing.assert_close(open_[allowed], outputs[allowed])


def test_a_precursor_alone_keeps_its_embedding(model):
    reaction = batch_of_reactions(RECORDS[-1:], **VECTORS)["reaction"]
    nodes = torch.randn(1, 128)
    layer = model.layers[0]
    context = torch.randn(1, 32)
    sets = reaction.segments["precursor"]
    assert torch.equal(layer(nodes, reaction.shares, sets, context), nodes)


def test_a_composition_is_a_softmax_over_elements_that_are_allowed():
    model = network(COMPOSITION)
    reaction = batch_of_reactions(RECORDS, **VECTORS)["reaction"]
    with torch.no_grad():
        outputs = predict(model, RECORDS, "shares")
        shares = outputs.softmax(1)
        # eq. 5.3 and 5.4, an element of one reaction at a time
        head, rows_ = model.heads[0], model.represent(reaction)
        for row, allowed in enumerate(reaction.allowed):
            numbers = allowed.nonzero()[:, 0] + 1
            queries = torch.cat([head.table[numbers], rows_[row].expand(len(numbers), -1)], 1)
            expected = head.network(queries)[:, 0].softmax(0)
            torch.testing.assert_close(shares[row][allowed], expected, rtol=1e-4, atol=1e-6)
    assert shares[~reaction.allowed].max() < 1e-12


def test_amounts_are_shared_among_the_predicted_elements():
    model = network(ELEMENTS, COMPOSITION)
    batch = batch_of_reactions(RECORDS, **VECTORS)
    with torch.no_grad():
        outputs = model(batch)
        present = outputs["formula"] > 0
        some = present.any(1)
        assert 0 < present[some].sum() < batch["reaction"].allowed[some].sum()
        shares = outputs["shares"].softmax(1)
        trained = model.train()(batch)["shares"].softmax(1)
    assert (shares[some][~present[some]] < 1e-12).all()
    assert (shares[some][present[some]] > 1e-12).all()
    # while it is trained, all that are allowed have a share; the objective chooses
    assert ((trained > 1e-12) == batch["reaction"].allowed).all()


def test_amounts_do_not_depend_on_how_many_precursors_hold_an_element():
    """The gradient of an element that three precursors hold is that of one that one holds."""
    model = network(COMPOSITION)
    batch = batch_of_reactions(RECORDS[:3], **VECTORS)
    reaction = batch["reaction"]
    head = model.heads[0]
    rows_ = model.represent(reaction).detach().requires_grad_()
    scores = head(reaction, rows_)
    oxygen = scores[0, 7]
    query = torch.cat([head.table[8], rows_[0]])[None]
    alone = head.network(query)[0, 0]
    (got,) = torch.autograd.grad(oxygen, rows_, retain_graph=True)
    (wanted,) = torch.autograd.grad(alone, rows_)
    torch.testing.assert_close(got, wanted)


def test_large_gates_stay_finite():
    model = network()
    with torch.no_grad():
        for layer in [*model.layers, model.pool]:
            layer.gate.mul_(1e4)
    outputs = model(batch_of_reactions(RECORDS, **VECTORS))["formula"]
    outputs.sum().backward()
    assert torch.isfinite(outputs).all()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters())


class Joined(torch.nn.Module):
    """The outputs of all targets in one tensor."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        return torch.cat([*self.model(batch).values()], 1)


@pytest.mark.parametrize("training", [True, False])
def test_the_network_waits_for_nothing(training):
    model = Joined(network(ELEMENTS, COMPOSITION)).train(training)
    runs_without_waiting(model, batch_of_reactions(RECORDS, **VECTORS))


def test_a_step_in_bf16_is_near_that_in_float32():
    model = network().train()
    batch = batch_of_reactions(RECORDS, **VECTORS)
    open_ = batch["reaction"].allowed
    with torch.no_grad():
        plain = model(batch)["formula"][open_]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model(batch)["formula"].float()[open_]
    mixed.square().sum().backward()
    assert not torch.equal(plain, mixed)
    assert (plain - mixed).norm() < 0.1 * plain.norm()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters())


def test_members_map_over_stacked_weights():
    plugin = ReactionGraph(ReactionGraph.Hypers(**VECTORS))
    heads = (Head("formula", (118,)), Head("shares", (118,)))
    schema = Schema((ELEMENTS, COMPOSITION), heads, {"reaction": featurizer("reaction", VECTORS)})
    members = [plugin.model(schema) for _ in range(2)]
    batch = batch_of_reactions(RECORDS, **VECTORS)
    stacked, buffers = torch.func.stack_module_state(members)

    def one(parameters, tables):
        return torch.func.functional_call(members[0], (parameters, tables), (batch,))

    mapped = torch.func.vmap(one)(stacked, buffers)
    for row, member in enumerate(members):
        for name, output in member(batch).items():
            torch.testing.assert_close(mapped[name][row], output, rtol=1e-4, atol=1e-5)


def test_embeddings_do_not_depend_on_the_other_reactions():
    plugin = ReactionGraph()
    schema = Schema(
        (ELEMENTS,), (Head("formula", (118,)),), {"reaction": featurizer("reaction", VECTORS)}
    )
    torch.manual_seed(0)
    model = plugin.model(schema).eval()
    vectors = plugin.embeddings(model, batch_of_reactions(RECORDS, **VECTORS))
    assert vectors.shape[0] == len(RECORDS)
    turned = plugin.embeddings(model, batch_of_reactions(RECORDS[::-1], **VECTORS))
    torch.testing.assert_close(turned.flip(0), vectors, rtol=1e-4, atol=1e-5)
    alone = plugin.embeddings(model, batch_of_reactions(RECORDS[-1:], **VECTORS))
    torch.testing.assert_close(alone[0], vectors[-1], rtol=1e-4, atol=1e-5)
    assert (vectors[0] - vectors[-1]).abs().max() > 1e-3
