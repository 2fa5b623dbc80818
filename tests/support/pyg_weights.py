"""The weights of our SchNet in that of torch_geometric (``uv sync --group bench``)."""

from __future__ import annotations

from typing import Any

import torch
from matdata_schnet.hypers import Hypers

#: Tensors of a block in ours, and what they are called in theirs.
OF_A_BLOCK = {
    "filters.first": "mlp.0",
    "filters.second": "mlp.2",
    "to_filters": "conv.lin1",
    "from_filters": "conv.lin2",
    "last": "lin",
}
#: Rows of their embedding.
ELEMENTS = 100


class Prepared(torch.nn.Module):
    """Edges and distances that were found beforehand, in place of those that PyG would find.

    PyG looks for neighbours among atoms of a molecule, without images.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: tuple[torch.Tensor, torch.Tensor] | None = None

    def forward(self, *_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Edges (2, E) from neighbours to sites, and distances (E,)."""
        assert self.held is not None
        return self.held


def pyg_schnet(ours: torch.nn.Module, hypers: Hypers) -> Any:
    """Theirs with the weights of ours, and edges to be put into `interaction_graph.held`."""
    from torch_geometric.nn.models import SchNet

    sizes = hypers.sizes()
    assert (sizes.cutoff, sizes.neighbours, sizes.last_softplus) == ("cosine", "sum", False)
    theirs = SchNet(
        hidden_channels=sizes.channels,
        num_filters=sizes.filters,
        num_interactions=sizes.interactions,
        num_gaussians=sizes.gaussians,
        cutoff=sizes.radius,
        interaction_graph=Prepared(),
        readout="mean" if hypers.readout == "mean" else "add",
    )
    state = {name_in_pyg(name): value for name, value in ours.state_dict().items()}
    state["embedding.weight"] = state["embedding.weight"][:ELEMENTS]
    theirs.load_state_dict(state, strict=False)
    learnt = {name for name, _ in theirs.named_parameters()}
    assert learnt == state.keys(), learnt ^ state.keys()
    return theirs


def name_in_pyg(name: str) -> str:
    """What PyG calls a tensor of `matdata_schnet.model.SchNetwork`."""
    if name.startswith("interactions."):
        _, number, rest = name.split(".", 2)
        layer, kind = rest.rsplit(".", 1)
        return f"interactions.{number}.{OF_A_BLOCK[layer]}.{kind}"
    return name.replace("trunk.", "lin1.").replace("heads.heads.0.", "lin2.")


def pyg_outputs(theirs: Any, graph: Any) -> torch.Tensor:
    """What theirs gives for a `GraphBatch`, (b,); a site reads what its edges lead to."""
    index = torch.stack([graph.receiver, graph.sender])
    theirs.interaction_graph.held = index, graph.distance
    nowhere = torch.zeros(len(graph.numbers), 3)
    outputs: torch.Tensor = theirs(graph.numbers, nowhere, graph.crystal)
    return outputs[:, 0]
