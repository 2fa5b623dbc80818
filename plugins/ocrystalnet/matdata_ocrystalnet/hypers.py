"""What a user can set of OCrystalNet and OGCNN; importable without torch."""

from __future__ import annotations

from dataclasses import dataclass

from matdata.plugin import Settings, setting
from matdata_ocrystalnet.presets import OCRYSTALNET, OGCNN, Sizes

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
RULES = ("outermost", "noble_gas", "matminer")
_VALENCE = (
    "valence rule that the OFM must be built with: the published one (outermost; noble_gas, which "
    "differs for Pd, is that of the published code), or that of matminer"
)
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
class OCrystalNetHypers(Settings):
    """A preset, what differs from it (`None` keeps the preset's), inputs and variants.

    The defaults are the paper's model.
    """

    preset: str = setting(
        "ocrystalnet",
        "reading of the paper: the author's published code (ocrystalnet), or the text",
        choices=tuple(OCRYSTALNET),
    )
    nodes: str = setting("ofm+jarvis", _NODES, choices=tuple(NODES))
    valence: str = setting("outermost", _VALENCE, choices=RULES)
    scale: str = setting("standard", _SCALE, choices=("standard", "none"))
    unknown: str = setting("mean", _UNKNOWN, choices=("mean", "reject"))
    basis: str = setting(
        "range51",
        "Gaussians of a distance: 51 from 0 to 5 Å, width 0.5 Å (published code); one at 2.5 Å "
        "(the text of eq. 4); or those of CGCNN or MEGNet",
        choices=BASES,
    )
    cutoff: float = setting(5.0, "radius of the graph in Å; 0 for none", minimum=0.0)
    neighbours: int = setting(8, "nearest neighbours of a site; 0 for all", minimum=0)
    reverse: str = setting(
        "add",
        "neighbours cut on one side: add the reverse edge, drop the edge, or (both) make an edge "
        "and its reverse of every entry, so that mutual neighbours count twice (published code)",
        choices=("add", "drop", "both"),
    )
    hidden: int = setting(512, "width of node and edge states", minimum=1)
    layers: int | None = setting(None, "message passing layers L", minimum=0)
    aggregate: str = setting(
        "booster",
        "eq. 5: the message booster of CMPNN (sum times maximum), or one of sum, mean, max",
        choices=("booster", "sum", "mean", "max"),
    )
    communicate: str = setting(
        "add",
        "eq. 6: the linear kernel of eq. 7, or one of CMPNN's: product, mlp, gru",
        choices=("add", "product", "mlp", "gru"),
    )
    message: str = setting(
        "difference",
        "eq. 8: source minus reverse edge, or the source alone",
        choices=("difference", "source"),
    )
    final: str | None = setting(
        None,
        "last update of the nodes: a linear layer on message, state and first state (published "
        "code: joint), or eq. 5 to 7 once more (the text: communicate)",
        choices=(None, "joint", "communicate"),
    )
    bias: bool = setting(False, "biases in the layers of the message passing")
    activation: str = setting("mish", "activation function", choices=ACTIVATIONS)
    dropout: float = setting(0.0, "share of states dropped", minimum=0.0, maximum=1.0)

    def sizes(self) -> Sizes:
        """The preset with the sizes that differ."""
        return self.applied_to(OCRYSTALNET[self.preset])


@dataclass(frozen=True)
class OGCNNHypers(Settings):
    """Sizes and inputs of OGCNN; where Karamad et al. were not at hand, those of CGCNN."""

    preset: str = setting("ogcnn", "schedule of the training", choices=tuple(OGCNN))
    nodes: str = setting("ofm", _NODES, choices=tuple(NODES))
    valence: str = setting("outermost", _VALENCE, choices=RULES)
    scale: str = setting("standard", _SCALE, choices=("standard", "none"))
    unknown: str = setting("mean", _UNKNOWN, choices=("mean", "reject"))
    basis: str = setting("cgcnn", "Gaussians of a distance", choices=BASES)
    cutoff: float = setting(8.0, "radius of the graph in Å; 0 for none", minimum=0.0)
    neighbours: int = setting(12, "nearest neighbours of a site; 0 for all", minimum=0)
    encoder: int = setting(
        128, "hidden width of the network that encodes a site; 0: one linear layer", minimum=0
    )
    hidden: int = setting(64, "width of site vectors", minimum=1)
    layers: int = setting(3, "convolutions", minimum=0)
    output_hidden: int = setting(128, "width of the hidden layers after pooling", minimum=1)
    output_layers: int = setting(1, "hidden layers after pooling", minimum=1)
