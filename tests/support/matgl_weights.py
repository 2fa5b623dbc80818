"""Models of matgl 4 (``uv sync --group bench``) and folders of weights as it describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matdata_megnet.hypers import Hypers
from matdata_megnet.matgl import CENTRES, EMBEDDING, PREFIX, name_in_matgl
from matdata_megnet.model import MEGNetwork

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.core.crystals import Crystals
from matdata.core.elements import atomic_number, symbols
from matdata.store.safetensors import write_tensors
from matdata.training.outputs import Head
from matdata.training.run import Run
from support.crystals import few, many

MEAN, DEVIATION = -1.5, 0.75
DEFAULT_ELEMENTS = [s for s in symbols()[1:95] if s not in ("Po", "At", "Rn", "Fr", "Ra")]
#: Sizes of the published networks.
FULL: dict[str, Any] = {
    "dim_node_embedding": 16,
    "dim_edge_embedding": 100,
    "nblocks": 3,
    "hidden_layer_sizes_input": [64, 32],
    "hidden_layer_sizes_conv": [64, 64, 32],
    "hidden_layer_sizes_output": [32, 16],
    "niters_set2set": 3,
}


def arguments(**changed: Any) -> dict[str, Any]:
    """Arguments of matgl's MEGNet, small."""
    return {
        "dim_node_embedding": 8,
        "dim_edge_embedding": 12,
        "dim_state_embedding": 2,
        "ntypes_state": None,
        "nblocks": 2,
        "hidden_layer_sizes_input": [16, 8],
        "hidden_layer_sizes_conv": [16, 16, 8],
        "hidden_layer_sizes_output": [8, 4],
        "nlayers_set2set": 1,
        "niters_set2set": 2,
        "activation_type": "softplus2",
        "is_classification": False,
        "include_state": True,
        "dropout": None,
        "graph_transformations": None,
        "element_types": None,
        "bond_expansion": None,
        "cutoff": 4.0,
        "gauss_width": 0.5,
        **changed,
    }


def described(given: Mapping[str, Any]) -> dict[str, Any]:
    """What ``model.json`` says of a network with these arguments."""
    model = {"@class": "MEGNet", "@module": "matgl.models._megnet", "@model_version": 1}
    transformer = f"Normalizer: Mean={MEAN}, Std: {DEVIATION}"
    return {
        "@module": "matgl.models",
        "@class": "TransformedTargetModel",
        "@model_version": 1,
        "metadata": None,
        "kwargs": {
            "model": {**model, "init_args": dict(given)},
            "target_transformer": transformer,
        },
    }


def hypers_of(given: Mapping[str, Any]) -> Hypers:
    """Our hyperparameters for the same network."""
    return Hypers(
        preset="matgl",
        radius=given["cutoff"],
        centres=given["dim_edge_embedding"],
        last=given["cutoff"] + 1.0,
        gaussian_width=given["gauss_width"] ** -0.5,
        steps=given["niters_set2set"],
        embedding=given["dim_node_embedding"],
        dense=tuple(given["hidden_layer_sizes_input"]),
        convolution=tuple(given["hidden_layer_sizes_conv"]),
        output=tuple(given["hidden_layer_sizes_output"]),
        blocks=given["nblocks"],
    )


def tensors_of(network: MEGNetwork, hypers: Hypers, elements: list[str]) -> dict[str, np.ndarray]:
    """Weights of our network under matgl's names, with rows for these elements."""
    state = {
        PREFIX + name_in_matgl(name, len(hypers.output)): value.numpy()
        for name, value in network.state_dict().items()
    }
    rows = [atomic_number(symbol) for symbol in elements]
    state[PREFIX + EMBEDDING] = state[PREFIX + EMBEDDING][rows]
    sizes = hypers.sizes()
    centres = np.linspace(0.0, sizes.last, sizes.centres, dtype=np.float32)
    return {**state, PREFIX + CENTRES: centres}


def write_folder(
    folder: Path, network: MEGNetwork | None = None, **changed: Any
) -> dict[str, np.ndarray]:
    """A folder of weights for `arguments`, changed; returns the tensors."""
    given = arguments(**changed)
    hypers = hypers_of(given)
    if network is None:
        torch.manual_seed(0)
        network = MEGNetwork(hypers, [Head("target", (1,))])
    tensors = tensors_of(network, hypers, given["element_types"] or DEFAULT_ELEMENTS)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(json.dumps(described(given)))
    write_tensors(folder / "state.safetensors", tensors)
    return tensors


def imported(folder: Path, cache: Path, name: str = "given", **options: Any) -> Run:
    """The run of a folder of weights, whose target is named unless `options` do."""
    named = {"target": "gap", "unit": "eV", **options}
    return md.import_run(f"matgl:{folder}", name, cache=cache, **named)


def matgl_megnet(given: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Any:
    """The network of matgl with these arguments and tensors."""
    from matgl.models import MEGNet

    named = {name: value for name, value in given.items() if value is not None}
    theirs = MEGNet(**named).eval()
    state = {name.removeprefix(PREFIX): torch.from_numpy(value) for name, value in tensors.items()}
    theirs.load_state_dict(state)
    return theirs


def structures_of(crystals: Crystals) -> list[Any]:
    """Crystals as pymatgen has them."""
    return [to_structure(crystals, row) for row in range(len(crystals))]


def structures_known() -> list[Any]:
    """Structures of elements that matgl covers, each site with neighbours."""
    others = many(12)
    others = others.take([row for row in range(12) if row % 3 != 1])  # wide CsCl cells
    return structures_of(few().take([0, 1, 2])) + structures_of(others)


def graphs_of(structures: list[Any], theirs: Any) -> Any:
    """A batch of matgl's graphs of structures."""
    from matgl.ext.pymatgen import Structure2Graph
    from torch_geometric.data import Batch

    converter = Structure2Graph(element_types=theirs.element_types, cutoff=theirs.cutoff)
    graphs = []
    for structure in structures:
        graph, lattice, _ = converter.get_graph(structure)
        graph.pbc_offshift = torch.matmul(graph.pbc_offset, lattice[0])
        graph.pos = graph.frac_coords @ lattice[0]
        graphs.append(graph)
    return Batch.from_data_list(graphs)
