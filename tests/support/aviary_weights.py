"""The weights of our models, copied into those of aviary 1.2.1 (``uv sync --group bench``)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def fill(network: nn.Module) -> nn.Module:
    """Scattered weights that need no generator: u in [-1.5, 1.5) over the root of the fan-in.

    Of entry k of parameter p, ``u = 3 (x - floor(x)) - 1.5`` with ``x = 43758.5453 sin(k + p/7)``.
    """
    for number, parameter in enumerate(network.parameters()):
        places = torch.arange(parameter.numel(), dtype=torch.float64)
        x = 43758.5453 * torch.sin(places + number / 7)
        fan_in = parameter.shape[-1] if parameter.dim() > 1 else 4
        values = (3 * (x - x.floor()) - 1.5) / fan_in**0.5
        parameter.data.copy_(values.reshape(parameter.shape))
    return network


@torch.no_grad()
def _linear(to: Any, weight: Any, bias: Any = None) -> None:
    to.weight.copy_(weight)
    if to.bias is not None:
        to.bias.copy_(0 if bias is None else bias)


def _network(to: Any, ours: Any) -> None:
    *inner, last = ours.layers
    for theirs, own in zip(to.fcs, inner, strict=True):
        _linear(theirs, own.weight, own.bias)
    _linear(to.fc_out, last.weight, last.bias)


def _residual(to: Any, ours: Any) -> None:
    for theirs, skip, own in zip(to.fcs, to.res_fcs, ours.layers, strict=True):
        _linear(theirs, own.weight[: len(own.bias)], own.bias)
        if own.projected:
            _linear(skip, own.weight[len(own.bias) :])
    _linear(to.fc_out, ours.last.weight, ours.last.bias)


@torch.no_grad()
def _heads(to: Any, ours: Any, weight: Any, bias: Any) -> None:
    """`weight` and `bias` are of the first layer of all gates, then of all messages."""
    heads, gates, hidden = ours.heads, ours.gates, ours.hidden
    for m, theirs in enumerate(to):
        gate = slice(m * gates, (m + 1) * gates)
        message = slice(heads * gates + m * hidden, heads * gates + (m + 1) * hidden)
        _linear(theirs.gate_nn.fcs[0], weight[gate], bias[gate])
        _linear(theirs.gate_nn.fc_out, ours.gate[m : m + 1])
        _linear(theirs.message_nn.fcs[0], weight[message], bias[message])
        part = ours.out[:, m * hidden : (m + 1) * hidden]
        _linear(theirs.message_nn.fc_out, part, ours.bias[m])
        theirs.pow.copy_(ours.power[m])


def _sets(to: Any, ours: Any) -> None:
    """Message passing, pooling and output networks of Roost and Wren."""
    for theirs, own in zip(to.material_nn.graphs, ours.layers, strict=True):
        pair = own.pair
        weight = torch.cat([pair.weight[: pair.width], pair.weight[pair.width :]], 1)
        _heads(theirs.pooling, own, weight, pair.bias)
    _heads(to.material_nn.cry_pool, ours.pool, ours.pool.first.weight, ours.pool.first.bias)
    _residual(to.trunk_nn, ours.trunk)
    for theirs, own in zip(to.output_nns, ours.heads.heads, strict=True):
        _residual(theirs, own)


def aviary_roost(ours: Any, robust: bool = True) -> Any:
    """aviary's Roost with the weights of ours (default sizes, one target)."""
    from aviary.roost.model import Roost

    theirs = Roost(task_dict={"y": "regression"}, robust=robust, n_targets=[1], device="cpu")
    _linear(theirs.material_nn.embedding, *_parameters(ours.embedding.linear))
    _sets(theirs, ours)
    return theirs


def aviary_wren(ours: Any, trunk: tuple[int, ...], robust: bool = True) -> Any:
    """aviary's Wren with the weights of ours, on our table of Wyckoff positions."""
    from aviary.wren.model import Wren

    theirs = Wren(
        task_dict={"y": "regression"}, robust=robust, n_targets=[1], device="cpu",
        trunk_hidden=trunk, cry_heads=1, elem_heads=1,
    )  # fmt: skip
    table = ours.positions.table
    theirs.sym_embedding = nn.Embedding.from_pretrained(table.clone())
    theirs.material_nn.sym_embed = nn.Linear(table.shape[1] + 1, ours.positions.linear.out_features)
    _linear(theirs.material_nn.elem_embed, *_parameters(ours.elements.linear))
    _linear(theirs.material_nn.sym_embed, *_parameters(ours.positions.linear))
    _sets(theirs, ours)
    return theirs


def aviary_cgcnn(ours: Any, robust: bool = True) -> Any:
    """aviary's CGCNN with the weights of ours."""
    from aviary.cgcnn.model import CrystalGraphConvNet

    theirs = CrystalGraphConvNet(
        task_dict={"y": "regression"}, robust=robust, n_targets=[1], device="cpu"
    )
    _linear(theirs.node_nn.embedding, *_parameters(ours.embedding.linear))
    for to, own in zip(theirs.node_nn.convs, ours.layers, strict=True):
        pair = own.pair
        parts = [pair.weight[: pair.width], pair.weight[pair.width :], own.edge]
        _linear(to.fc_full, torch.cat(parts, 1), pair.bias)
        for norm, ours_norm in ((to.bn1, own.norm_edges), (to.bn2, own.norm_sites)):
            _linear(norm, ours_norm.weight, ours_norm.bias)
    _network(theirs.trunk_nn, ours.trunk)
    for to, own in zip(theirs.output_nns, ours.heads.heads, strict=True):
        _network(to, own)
    return theirs


def _parameters(linear: nn.Linear) -> tuple[Any, Any]:
    return linear.weight, linear.bias
