"""Crystal graphs whose sites carry orbital field matrices: OCrystalNet, and OGCNN beside it.

X. Yang, "Leveraging orbital information and atomic feature in deep learning model",
arXiv:2211.11543 (2022), called the paper below. It gives the equations, the learning rates and
the number of parameters, 2,365,441, but no sizes, no cutoff, no epochs and no batch size. Those
are the defaults of the author's published code (github.com/yxr620/oCrystalNet), under which the
count comes out exactly; ``tools/count_parameters.py`` lists the other readings that also give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import matdata as md

if TYPE_CHECKING:
    from torch import nn

JARVIS = "element:jarvis438"
#: What a site can be described by, and the features that hold it.
NODES: dict[str, tuple[str, ...]] = {
    "ofm+jarvis": ("ofm", JARVIS),
    "ofm": ("ofm",),
    "jarvis": (JARVIS,),
    "onehot": ("element:onehot",),
    "cgcnn92": ("element:cgcnn92",),
    "ofm+cgcnn92": ("ofm", "element:cgcnn92"),
}
BASES = ("range51", "ocrystalnet", "cgcnn", "megnet")
ACTIVATIONS = ("mish", "relu", "silu", "softplus")
_NODES = "what a site is described by (figure 4 of the OCrystalNet paper compares the first four)"
_SCALE = (
    "attributes of elements: standardised over the elements of their table, or raw (up to 2e7); "
    "the OFM is read as stored, in 1/bohr, either way"
)
_UNKNOWN = (
    "an attribute that the table does not know of an element (21 elements of jarvis438 have "
    "gaps): the mean over elements, or no such materials"
)


@dataclass(frozen=True)
class OCrystalNetHypers(md.Settings):
    """Sizes, inputs and variants of OCrystalNet; the defaults are the paper's model."""

    nodes: str = md.setting("ofm+jarvis", _NODES, choices=tuple(NODES))
    scale: str = md.setting("standard", _SCALE, choices=("standard", "none"))
    unknown: str = md.setting("mean", _UNKNOWN, choices=("mean", "reject"))
    basis: str = md.setting(
        "range51",
        "Gaussians of a distance: 51 from 0 to 5 Å, width 0.5 Å (published code); one at 2.5 Å "
        "(the text of eq. 4); or those of CGCNN or MEGNet",
        choices=BASES,
    )
    cutoff: float = md.setting(5.0, "radius of the graph in Å; 0 for none", minimum=0.0)
    neighbours: int = md.setting(8, "nearest neighbours of a site; 0 for all", minimum=0)
    reverse: str = md.setting(
        "add",
        "neighbours cut on one side: add the reverse edge, drop the edge, or (both) make an edge "
        "and its reverse of every entry, so that mutual neighbours count twice (published code)",
        choices=("add", "drop", "both"),
    )
    hidden: int = md.setting(512, "width of node and edge states", minimum=1)
    layers: int = md.setting(1, "message passing layers L", minimum=0)
    aggregate: str = md.setting(
        "booster",
        "eq. 5: the message booster of CMPNN (sum times maximum), or one of sum, mean, max",
        choices=("booster", "sum", "mean", "max"),
    )
    communicate: str = md.setting(
        "add",
        "eq. 6: the linear kernel of eq. 7, or one of CMPNN's: product, mlp, gru",
        choices=("add", "product", "mlp", "gru"),
    )
    message: str = md.setting(
        "difference",
        "eq. 8: source minus reverse edge, or the source alone",
        choices=("difference", "source"),
    )
    final: str = md.setting(
        "joint",
        "last update of the nodes: a linear layer on message, state and first state (published "
        "code), or eq. 5 to 7 once more (the text)",
        choices=("joint", "communicate"),
    )
    bias: bool = md.setting(False, "biases in the layers of the message passing")
    activation: str = md.setting("mish", "activation function", choices=ACTIVATIONS)
    dropout: float = md.setting(0.0, "share of states dropped", minimum=0.0, maximum=1.0)


@dataclass(frozen=True)
class OGCNNHypers(md.Settings):
    """Sizes and inputs of OGCNN; where Karamad et al. were not at hand, those of CGCNN."""

    nodes: str = md.setting("ofm", _NODES, choices=tuple(NODES))
    scale: str = md.setting("standard", _SCALE, choices=("standard", "none"))
    unknown: str = md.setting("mean", _UNKNOWN, choices=("mean", "reject"))
    basis: str = md.setting("cgcnn", "Gaussians of a distance", choices=BASES)
    cutoff: float = md.setting(8.0, "radius of the graph in Å; 0 for none", minimum=0.0)
    neighbours: int = md.setting(12, "nearest neighbours of a site; 0 for all", minimum=0)
    encoder: int = md.setting(
        128, "hidden width of the network that encodes a site; 0: one linear layer", minimum=0
    )
    hidden: int = md.setting(64, "width of site vectors", minimum=1)
    layers: int = md.setting(3, "convolutions", minimum=0)
    output_hidden: int = md.setting(128, "width of the hidden layers after pooling", minimum=1)
    output_layers: int = md.setting(1, "hidden layers after pooling", minimum=1)


class _GraphTrainer(md.TorchTrainer):
    """What both have in common: a graph, and features of its sites."""

    tasks: ClassVar[tuple[Any, ...]] = ("regression", "classification")

    def inputs(self) -> tuple[str, ...]:
        """The graph, then what the sites are described by."""
        return ("graph", *NODES[self.hypers.nodes])

    def input_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Neighbours of the graph, and what happens to elements with gaps."""
        chosen = self.hypers
        graph = {"radius": chosen.cutoff, "max_neighbours": chosen.neighbours}
        tables = [spec for spec in NODES[chosen.nodes] if spec.startswith("element:")]
        return {"graph": graph, **{spec: {"unknown": chosen.unknown} for spec in tables}}


class OCrystalNet(_GraphTrainer):
    """OFM and 438 attributes of each site; communicative messages over edges and their reverse."""

    name: ClassVar[str] = "ocrystalnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Yang, arXiv:2211.11543 (2022)"
    summary: ClassVar[str] = "orbital field matrices and JARVIS attributes, communicative messages"
    Hypers: ClassVar[type[md.Settings]] = OCrystalNetHypers
    #: Adam, rates 1e-4, 3e-4, 1e-5 (paper); absolute error, batches of 64, rates that rise over
    #: 2 epochs (published code); 200 epochs (CrystalNet, the code that it grew from).
    defaults: ClassVar[Mapping[str, Any]] = {
        "optimizer": "adam",
        "lr": 3e-4,
        "weight_decay": 0.0,
        "loss": "l1",
        "batch_size": 64,
        "epochs": 200,
        "schedule": "exponential",
        "warmup": 0.01,
        "warmup_from": 1 / 3,
        "gamma": 1 / 30,
    }

    def model(self, schema: md.Schema) -> nn.Module:
        """The network; see `matdata_ocrystalnet.model`."""
        from matdata_ocrystalnet.model import OCrystalNetModel

        return OCrystalNetModel(self.hypers, schema, self.inputs()[1:])


class OGCNN(_GraphTrainer):
    """The crystal graph convolutions of CGCNN on orbital field matrices."""

    name: ClassVar[str] = "ogcnn"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Karamad et al., Phys. Rev. Mater. 4, 093801 (2020)"
    summary: ClassVar[str] = "CGCNN on orbital field matrices"
    Hypers: ClassVar[type[md.Settings]] = OGCNNHypers
    vmap: ClassVar[bool] = False  # batch normalisation
    #: CGCNN's batches; Adam on the absolute error, as public code that grew from OGCNN has it.
    defaults: ClassVar[Mapping[str, Any]] = {
        "optimizer": "adam",
        "lr": 5e-4,
        "weight_decay": 0.0,
        "loss": "l1",
        "batch_size": 256,
        "epochs": 100,
    }

    def model(self, schema: md.Schema) -> nn.Module:
        """The network; see `matdata_ocrystalnet.ogcnn`."""
        from matdata_ocrystalnet.ogcnn import OGCNNModel

        return OGCNNModel(self.hypers, schema, self.inputs()[1:])
