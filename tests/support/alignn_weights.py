"""The network and the graphs of alignn 2026.8 (``uv sync --group bench``), from ours."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from matdata_alignn.hypers import Hypers
from matdata_alignn.model import ALIGNNetwork
from matdata_alignn.published import CENTRES, FIXED, SIZES, names_in_alignn
from torch import Tensor

from matdata.core.crystals import Crystals, Ragged
from matdata.core.elements import symbols
from matdata.features import featurizer
from matdata.load.inputs.line_graph import LineGraphBatch
from matdata.store.safetensors import write_tensors
from matdata.tables import element_vectors

os.environ.setdefault("DGLBACKEND", "pytorch")  # or DGL writes a file to the home folder


def tensors_of(network: ALIGNNetwork, hypers: Hypers) -> dict[str, Tensor]:
    """Weights, running statistics and centres of our network under alignn's names."""
    counts = hypers.distances, hypers.angles
    state = {
        name: torch.linspace(*ends, count)
        for (name, ends), count in zip(CENTRES.items(), counts, strict=True)
    }
    for name, value in network.state_dict().items():
        theirs = names_in_alignn(name)
        parts = value.chunk(2) if len(theirs) > 1 else (value,)
        state |= dict(zip(theirs, parts, strict=True))
    return state


def config_of(hypers: Hypers) -> dict[str, Any]:
    """The part of alignn's configuration of a training that says what the network is."""
    sizes = {**hypers.to_dict(), **asdict(hypers.sizes())}
    model = {theirs: sizes[ours] for theirs, ours in SIZES.items()}
    return {
        "target": "formation_energy_peratom",
        "atom_features": "cgcnn",
        "neighbor_strategy": "k-nearest",
        "cutoff": 8.0,
        "max_neighbors": hypers.max_neighbours,
        "model": {**FIXED, **model},
    }


def write_folder(folder: Path, network: ALIGNNetwork, hypers: Hypers, longest: float = 8.0) -> Path:
    """A folder of the weights of our network, as alignn would have trained them."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_of(hypers)))
    tensors = {name: value.numpy() for name, value in tensors_of(network, hypers).items()}
    tensors["edge_embedding.0.centers"] = tensors["edge_embedding.0.centers"] * longest / 8.0
    write_tensors(folder / "state.safetensors", tensors)
    return folder


def alignn_network(network: ALIGNNetwork, hypers: Hypers) -> Any:
    """The network of alignn with the sizes and weights of ours."""
    from alignn.models.alignn import ALIGNN, ALIGNNConfig

    theirs = ALIGNN(ALIGNNConfig(**config_of(hypers)["model"]))
    theirs.load_state_dict(tensors_of(network, hypers))
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


def without_ties(crystals: Crystals, neighbours: int = 12) -> Crystals:
    """Those of which no site has neighbours that tie with the last one.

    alignn keeps of equal distances those that rounding makes no longer.
    """
    made = featurizer("graph", {"radius": 0.0, "max_neighbours": neighbours})
    sender = cast(Ragged, made.featurize(crystals).fields["sender"])
    return crystals.take(np.flatnonzero(sender.lengths == neighbours * crystals.n_sites))


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


def alignn_graphs(atoms: Any, neighbours: int = 12) -> tuple[Any, Any]:
    """The graph and the line graph of a crystal as alignn makes them."""
    from alignn.graphs import Graph

    made: tuple[Any, Any] = Graph.atom_dgl_multigraph(
        atoms,
        neighbor_strategy="k-nearest",
        cutoff=8.0,
        max_neighbors=neighbours,
        atom_features="cgcnn",
        use_canonize=True,
    )
    return made
