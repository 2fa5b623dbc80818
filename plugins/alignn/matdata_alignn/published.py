"""Weights of ALIGNN as the package alignn trains them: ``config.json`` and ``state.safetensors``.

alignn publishes ``checkpoint_300.pt``, which is a pickle; the tensors of its ``model``, under their
names, belong into ``state.safetensors``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from matdata.plugin import (
    ConfigError,
    Head,
    ImportedModel,
    Importer,
    TrainError,
    element_vectors,
    read_published_json,
    read_published_tensors,
    require_published_arguments,
    require_published_centres,
    require_published_tensors,
)
from matdata_alignn.hypers import Hypers

Arrays = Mapping[str, npt.NDArray[Any]]
CONFIG, STATE = "config.json", "state.safetensors"
#: Settings of the data with the one value that there are graphs for here, which is that of old
#: files without them too.
DATA = {
    "neighbor_strategy": "k-nearest",
    "atom_features": "cgcnn",
    "use_canonize": True,
    "standard_scalar_and_pca": False,
    "target_multiplication_factor": None,
}
#: Arguments of the network, likewise.
FIXED = {
    "name": "alignn",
    "atom_input_features": 92,
    "output_features": 1,
    "link": "identity",
    "zero_inflated": False,
    "classification": False,
    "extra_features": 0,
}
#: Ours by theirs.
SIZES = {
    "alignn_layers": "alignn_layers",
    "gcn_layers": "gcn_layers",
    "edge_input_features": "distances",
    "triplet_input_features": "angles",
    "embedding_features": "embedding",
    "hidden_features": "width",
}
#: Without effect on such networks.
IDLE = ("num_classes",)
CENTRES = {"edge_embedding.0.centers": (0.0, 8.0), "angle_embedding.0.centers": (-1.0, 1.0)}
#: Matrices of a convolution; two of theirs, one above the other, are one of ours.
_CONVOLUTION = {
    "target": ("dst_gate", "src_update"),
    "source": ("src_gate", "dst_update"),
    "edge": ("edge_gate",),
    "norm_edges": ("bn_edges",),
    "norm_sites": ("bn_nodes",),
}
_ALONE = {
    "atom.linear": "atom_embedding.layer.0",
    "atom_norm": "atom_embedding.layer.1",
    "heads.heads.0": "fc",
}


class PublishedALIGNN(Importer):
    """ALIGNN as the package alignn stores it."""

    name: ClassVar[str] = "alignn"
    summary: ClassVar[str] = "ALIGNN of alignn: a folder with config.json and state.safetensors"

    def read(self, place: Path) -> ImportedModel:
        """Read a folder.

        Raises
        ------
        StoreError
            If a file is missing or damaged.
        TrainError
            If it holds another model than ALIGNN, or tensors of other shapes.
        """
        config = read_published_json(place / CONFIG)
        hypers = _hypers(config, place / CONFIG)
        state = _state(read_published_tensors(place / STATE), hypers)
        known = ~np.isnan(element_vectors(hypers.table)).any(axis=1)
        target = config.get("target")
        return ImportedModel(
            trainer="alignn",
            hypers=hypers.to_dict(),
            state=state,
            objective="mse",
            mean=0.0,
            standard_deviation=1.0,
            # the files do not name the elements of the training: all that have a vector
            elements=tuple(np.flatnonzero(known).tolist()),
            files={name: place / name for name in (CONFIG, STATE)},
            target=target if isinstance(target, str) else "",
            citation="Choudhary and DeCost, npj Comput. Mater. 7, 185 (2021)",
        )


def names_in_alignn(name: str) -> tuple[str, ...]:
    """What alignn calls a tensor of `matdata_alignn.model.ALIGNNetwork`: one name, or those of two.

    Of two, ours is the first above the second.
    """
    layer, _, kind = name.rpartition(".")
    if layer in _ALONE:
        return (f"{_ALONE[layer]}.{kind}",)
    match = re.fullmatch(r"(distance|angle)\.layers\.(\d+)\.(linear|norm)", layer)
    if match:
        embedding = "edge" if match[1] == "distance" else "angle"
        inner = f"{int(match[2]) + 1}.layer.{('linear', 'norm').index(match[3])}"
        return (f"{embedding}_embedding.{inner}.{kind}",)
    block, _, part = layer.rpartition(".")
    block = re.sub(r"^layers\.", "alignn_layers.", block)
    block = block.replace("of_sites", "node_update").replace("of_edges", "edge_update")
    return tuple(f"{block}.{theirs}.{kind}" for theirs in _CONVOLUTION[part])


def _hypers(config: Mapping[str, Any], path: Path) -> Hypers:
    """Hyperparameters of the network that a configuration describes."""
    model = config.get("model")
    if not isinstance(model, dict) or model.get("name") != FIXED["name"]:
        named = model.get("name") if isinstance(model, dict) else model
        raise TrainError(
            f"{path} describes the model {named!r}; expected 'alignn'",
            cause="weights of another architecture",
            next_step="name a folder of weights of ALIGNN, not of alignn_atomwise",
        )
    data = {name: config.get(name, value) for name, value in DATA.items()}
    require_published_arguments(data, DATA, (), path, "alignn")
    given = {**FIXED, **dict.fromkeys(IDLE), **model}  # which old files lack
    require_published_arguments(given, FIXED, (*SIZES, *IDLE), path, "ALIGNN")
    try:
        sizes = {ours: int(model[theirs]) for theirs, ours in SIZES.items()}
        neighbours = int(config["max_neighbors"])
        return Hypers.from_mapping({**sizes, "max_neighbours": neighbours, "own_images": "twice"})
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise TrainError(f"the sizes in {path} cannot be used: {error}") from error


def _state(tensors: Arrays, hypers: Hypers) -> dict[str, npt.NDArray[np.generic]]:
    """The tensors under the names of our network."""
    from matdata_alignn.model import ALIGNNetwork

    network = ALIGNNetwork(hypers, [Head("target", (1,))]).state_dict()
    names = {own: names_in_alignn(own) for own in network}
    shapes = {}
    for own, value in network.items():
        for theirs in names[own]:
            rows = [value.shape[0] // len(names[own])] if value.shape else []
            shapes[theirs] = [*rows, *value.shape[1:]]
    counts = zip(CENTRES, (hypers.distances, hypers.angles), strict=True)
    shapes |= {name: [count] for name, count in counts}
    require_published_tensors(tensors, shapes, CONFIG, STATE)
    for name, (first, last) in CENTRES.items():
        require_published_centres(tensors, name, first, last)
    state = {}
    for own, named in names.items():
        parts = [tensors[name] for name in named]
        state[own] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return cast("dict[str, npt.NDArray[np.generic]]", state)
