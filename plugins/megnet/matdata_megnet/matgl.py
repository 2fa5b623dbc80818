"""Weights of MEGNet as matgl 4 stores them: a folder with ``model.json`` and ``state.safetensors``.

matgl publishes ``state.pt``, which is a pickle; the tensors of it, under their names, belong into
``state.safetensors``.

A site averages the edges that leave it, as in the paper; in earlier versions of matgl it averaged
those that enter it. matgl 4.1.2 predicts other values with weights of that time
(`Published.entering`). As every edge has its reverse, they are converted by exchanging what an edge
reads of its two ends.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
    atomic_number,
    element_symbols,
    read_published_json,
    read_published_tensors,
    require_published_arguments,
    require_published_centres,
    require_published_tensors,
)
from matdata_megnet.hypers import Hypers

Arrays = Mapping[str, npt.NDArray[Any]]
MODEL, STATE = "model.json", "state.safetensors"
WRAPPER, NETWORK = "TransformedTargetModel", "MEGNet"
PREFIX = "model."
EMBEDDING = "embedding.layer_node_embedding.weight"
CENTRES = "bond_expansion.rbf.centers"
#: Arguments of matgl's MEGNet with the one value that there is a network for here.
FIXED = {
    "dim_state_embedding": 2,
    "ntypes_state": None,
    "nlayers_set2set": 1,
    "activation_type": "softplus2",
    "is_classification": False,
    "include_state": True,
    "graph_transformations": None,
    "bond_expansion": None,
}
SIZES = (
    *("dim_node_embedding", "dim_edge_embedding", "nblocks", "niters_set2set", "cutoff"),
    *("hidden_layer_sizes_input", "hidden_layer_sizes_conv", "hidden_layer_sizes_output"),
    "gauss_width",
)
#: Without effect on predictions.
IDLE = ("dropout",)
NORMALIZER = re.compile(r"Normalizer: Mean=(\S+), Std: (\S+)")
#: What `DEFAULT_ELEMENTS` of matgl leaves out below the 95th.
LEFT_OUT = ("Po", "At", "Rn", "Fr", "Ra")


@dataclass(frozen=True)
class Published:
    """What is known of weights that were published.

    Attributes
    ----------
    target, unit, description, licence, citation
        As of `ImportedModel`.
    entering
        Whether they were trained on means of the edges that enter a site.
    """

    target: str
    unit: str
    description: str
    entering: bool
    licence: str = "BSD-3-Clause"
    citation: str = "Chen, Ye, Zuo, Zheng and Ong, Chem. Mater. 31, 3564 (2019)"

    def words(self) -> dict[str, str]:
        """What a manifest records of them."""
        names = ("target", "unit", "description", "licence", "citation")
        return {name: getattr(self, name) for name in names}


#: By `digest_of` their tensors.
PUBLISHED = {
    "89abd92f6aa9f7c33c65ed987af389b2ad62d36313ae8cdcb2782b683a840b59": Published(
        "formation_energy_per_atom",
        "eV/atom",
        "MEGNet-MP-2018.6.1-Eform of matgl, trained on 62,315 formation energies of the Materials "
        "Project of June 2018, under the corrections of that time",
        entering=True,
    ),
}


class MatGL(Importer):
    """MEGNet as matgl 4 stores it."""

    name: ClassVar[str] = "matgl"
    summary: ClassVar[str] = "MEGNet of matgl 4: a folder with model.json and state.safetensors"

    def read(self, place: Path) -> ImportedModel:
        """Read a folder.

        Raises
        ------
        StoreError
            If a file is missing or damaged.
        TrainError
            If it holds another model than MEGNet, or tensors of other shapes.
        """
        described = read_published_json(place / MODEL)
        arguments, (mean, deviation) = _arguments(described, place / MODEL)
        tensors = read_published_tensors(place / STATE)
        elements = _elements(arguments)
        hypers = _hypers(arguments)
        state = _state(tensors, hypers, elements)
        published = PUBLISHED.get(digest_of(tensors))
        if published is not None and published.entering:
            state = of_leaving_edges(state)
        return ImportedModel(
            trainer="megnet",
            hypers=hypers.to_dict(),
            state=state,
            objective="mse",
            mean=mean,
            standard_deviation=deviation,
            elements=tuple(sorted(elements)),
            files={name: place / name for name in (MODEL, STATE)},
            **({} if published is None else published.words()),
        )


def digest_of(tensors: Arrays) -> str:
    """Digest of names, types, shapes and values, whatever file they are in."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype.str} {list(value.shape)}\n".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _arguments(described: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], list[float]]:
    """Arguments of the network, and mean and standard deviation of its target."""
    wrapper = described.get("@class")
    inner = _mapping(_mapping(described.get("kwargs")).get("model"))
    if wrapper != WRAPPER or inner.get("@class") != NETWORK:
        raise TrainError(
            f"{path} describes {wrapper} of {inner.get('@class')}; expected {WRAPPER} of {NETWORK}",
            cause="weights of another architecture",
            next_step="name a folder of MEGNet weights with the normalisation of their target",
        )
    transformer = str(_mapping(described["kwargs"]).get("target_transformer"))
    match = NORMALIZER.fullmatch(transformer)
    try:
        scale = [] if match is None else [float(number) for number in match.groups()]
    except ValueError:
        scale = []
    if not scale:
        raise TrainError(
            f"{path} normalises its target by {transformer[:100]!r}",
            cause="expected 'Normalizer: Mean=NUMBER, Std: NUMBER'",
        )
    arguments = _mapping(inner.get("init_args"))
    require_published_arguments(arguments, FIXED, (*SIZES, *IDLE, "element_types"), path, NETWORK)
    return arguments, scale


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _elements(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    """Atomic numbers, in the order of the rows of the embedding."""
    listed = arguments["element_types"]
    if listed is None:
        listed = [symbol for symbol in element_symbols()[1:95] if symbol not in LEFT_OUT]
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise TrainError("element_types of the weights is no list of element symbols")
    numbers = tuple(map(atomic_number, listed))
    if len(set(numbers)) != len(numbers):
        raise TrainError("element_types of the weights names an element twice")
    return numbers


def _hypers(arguments: Mapping[str, Any]) -> Hypers:
    """Hyperparameters of the network; matgl's Gaussians are ``exp(-width d^2)``."""
    try:
        return Hypers(
            preset="matgl",
            radius=float(arguments["cutoff"]),
            centres=int(arguments["dim_edge_embedding"]),
            last=float(arguments["cutoff"]) + 1.0,
            gaussian_width=1.0 / math.sqrt(arguments["gauss_width"]),
            steps=int(arguments["niters_set2set"]),
            embedding=int(arguments["dim_node_embedding"]),
            dense=tuple(map(int, arguments["hidden_layer_sizes_input"])),
            convolution=tuple(map(int, arguments["hidden_layer_sizes_conv"])),
            output=tuple(map(int, arguments["hidden_layer_sizes_output"])),
            blocks=int(arguments["nblocks"]),
        )
    except (TypeError, ValueError, ZeroDivisionError, ConfigError) as error:
        raise TrainError(f"the sizes of the weights cannot be used: {error}") from error


def name_in_matgl(name: str, layers: int) -> str:
    """What matgl calls a tensor of `matdata_megnet.model.MEGNetwork`.

    Parameters
    ----------
    name
        In our network.
    layers
        Hidden layers of the head.
    """
    name = re.sub(r"^heads\.heads\.0\.", f"trunk.layers.{layers}.", name)
    name = re.sub(r"layers\.(\d+)\.", lambda place: f"layers.{2 * int(place[1])}.", name)
    name = re.sub(r"(\.lstm\.\w+)$", r"\1_l0", name)
    name = name.replace("trunk.", "output_proj.")
    return EMBEDDING if name == "embedding.weight" else name


def _state(
    tensors: Arrays, hypers: Hypers, elements: tuple[int, ...]
) -> dict[str, npt.NDArray[np.generic]]:
    """The tensors under the names of our network; the embedding by atomic number.

    Rows of elements that the weights were not trained on are 0, and never read: crystals with such
    an element are rejected.
    """
    from matdata_megnet.model import MEGNetwork

    network = MEGNetwork(hypers, [Head("target", (1,))]).state_dict()
    names = {own: PREFIX + name_in_matgl(own, len(hypers.output)) for own in network}
    sizes = hypers.sizes()
    shapes = {names[own]: list(value.shape) for own, value in network.items()}
    shapes[PREFIX + EMBEDDING] = [len(elements), hypers.embedding]
    shapes[PREFIX + CENTRES] = [sizes.centres]
    causes = {PREFIX + EMBEDDING: "weights for another list of elements"}
    require_published_tensors(tensors, shapes, MODEL, STATE, causes)
    require_published_centres(tensors, PREFIX + CENTRES, 0.0, sizes.last, "Å")
    state = {own: tensors[name].astype(np.float32) for own, name in names.items()}
    table = np.zeros(tuple(network["embedding.weight"].shape), dtype=np.float32)
    table[list(elements)] = state["embedding.weight"]
    return cast("dict[str, npt.NDArray[np.generic]]", {**state, "embedding.weight": table})


def of_leaving_edges(state: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Weights for means of the edges that enter a site, as such of those that leave it.

    The first layer of an edge reads its sender, then its receiver: the two are exchanged.
    """
    turned = dict(state)
    for name in state:
        if re.fullmatch(r"blocks\.\d+\.conv\.edge_func\.layers\.0\.weight", name):
            own, other, rest, whole = np.split(state[name], 4, axis=1)
            turned[name] = np.concatenate([other, own, rest, whole], axis=1)
    return turned
