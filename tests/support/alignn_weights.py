"""The network and the graphs of alignn 2026.8 (``uv sync --group bench``), from ours."""

from __future__ import annotations

import os
from typing import Any

import torch
from matdata_alignn.hypers import Hypers
from matdata_alignn.model import ALIGNNetwork
from torch import Tensor

from matdata.core.crystals import Crystals
from matdata.core.elements import symbols
from matdata.load.inputs.line_graph import LineGraphBatch
from matdata.tables import element_vectors

os.environ.setdefault("DGLBACKEND", "pytorch")  # or DGL writes a file to the home folder
#: Layers of ours that are called otherwise there.
_NAMES = {
    "atom.linear": "atom_embedding.layer.0",
    "atom_norm": "atom_embedding.layer.1",
    "distance.layers": "edge_embedding",
    "angle.layers": "angle_embedding",
    "layers": "alignn_layers",
    "of_sites": "node_update",
    "of_edges": "edge_update",
    "norm_sites": "bn_nodes",
    "norm_edges": "bn_edges",
    "edge.": "edge_gate.",
    "heads.heads.0": "fc",
}
#: Matrices that are two of theirs, one above the other.
_HALVES = {"target": ("dst_gate", "src_update"), "source": ("src_gate", "dst_update")}


def tensors_of(network: ALIGNNetwork) -> dict[str, Tensor]:
    """Weights and running statistics of our network under alignn's names."""
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        layer, _, kind = name.rpartition(".")
        block, _, part = layer.rpartition(".")
        if part in _HALVES:
            for theirs, half in zip(_HALVES[part], value.chunk(2), strict=True):
                state[_renamed(f"{block}.{theirs}.{kind}")] = half
        else:
            state[_renamed(name)] = value
    return state


def _renamed(name: str) -> str:
    for embedding in ("distance", "angle"):  # their layer 0 is the Gaussians
        for number in (1, 0):
            own = f"{embedding}.layers.{number}."
            inner = f"{embedding}.layers.{number + 1}.layer."
            name = name.replace(own + "linear", inner + "0").replace(own + "norm", inner + "1")
    if name.startswith("gcn_layers"):
        rest = name.removeprefix("gcn_layers")
        return "gcn_layers" + _replaced(rest)
    return _replaced(name)


def _replaced(name: str) -> str:
    for own, theirs in _NAMES.items():
        name = name.replace(own, theirs)
    return name


def alignn_network(network: ALIGNNetwork, hypers: Hypers) -> Any:
    """The network of alignn with the sizes and weights of ours."""
    from alignn.models.alignn import ALIGNN, ALIGNNConfig

    sizes = hypers.sizes()
    config = ALIGNNConfig(
        name="alignn",
        alignn_layers=sizes.alignn_layers,
        gcn_layers=sizes.gcn_layers,
        edge_input_features=hypers.distances,
        triplet_input_features=hypers.angles,
        embedding_features=sizes.embedding,
        hidden_features=sizes.width,
    )
    theirs = ALIGNN(config)
    centres = {name: value for name, value in theirs.state_dict().items() if "centers" in name}
    theirs.load_state_dict({**tensors_of(network), **centres})
    return theirs


def dgl_graphs(graph: LineGraphBatch, turned: bool = False) -> tuple[Any, Any, Tensor]:
    """Our graphs and line graphs as alignn's network takes them: edges as they are, or turned."""
    import dgl

    ends = (graph.receiver, graph.sender) if turned else (graph.sender, graph.receiver)
    line = graph.line_graph
    pairs = (line.second, line.first) if turned else (line.first, line.second)
    crystals, edges = dgl.graph(ends, num_nodes=len(graph.numbers)), graph.segments["edge"]
    crystals.set_batch_num_nodes(graph.segments["site"].lengths)
    crystals.set_batch_num_edges(edges.lengths)
    vectors = torch.from_numpy(element_vectors.vectors("cgcnn92").copy())
    crystals.ndata["atom_features"] = vectors.index_select(0, graph.numbers)
    # of a vector, the network takes the length alone
    crystals.edata["r"] = torch.nn.functional.pad(graph.distance[:, None], (0, 2))
    lines = dgl.graph(pairs, num_nodes=edges.total)
    lines.edata["h"] = line.cosine
    return crystals, lines, torch.empty(graph.size, 3, 3)


def jarvis_atoms(crystals: Crystals, row: int) -> Any:
    """A crystal as alignn's graphs are made from."""
    from jarvis.core.atoms import Atoms

    part = crystals.sites(row)
    return Atoms(
        lattice_mat=crystals.lattice[row],
        coords=crystals.frac_coords[part],
        elements=[symbols()[number] for number in crystals.numbers[part]],
        cartesian=False,
    )


def alignn_graphs(atoms: Any) -> tuple[Any, Any]:
    """The graph and the line graph of a crystal as alignn makes them: 12 neighbours within 8 Å."""
    from alignn.graphs import Graph

    made: tuple[Any, Any] = Graph.atom_dgl_multigraph(
        atoms,
        neighbor_strategy="k-nearest",
        cutoff=8.0,
        max_neighbors=12,
        atom_features="cgcnn",
        use_canonize=True,
    )
    return made
