"""Crystal graphs whose sites carry orbital field matrices: OCrystalNet, and OGCNN beside it.

X. Yang, "Leveraging orbital information and atomic feature in deep learning model",
arXiv:2211.11543 (2022), called the paper below. It gives the equations, the learning rates and
the number of parameters, 2,365,441, but no sizes, no cutoff, no epochs and no batch size. Those
are the defaults of the author's published code (github.com/yxr620/oCrystalNet), under which the
count comes out exactly; ``tools/count_parameters.py`` lists the other readings that also give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from matdata.plugin import Schema, Settings, Task, TorchTrainer
from matdata_ocrystalnet.hypers import NODES, OCrystalNetHypers, OGCNNHypers
from matdata_ocrystalnet.presets import OGCNN as SCHEDULES

if TYPE_CHECKING:
    from torch import nn

Shared = TypeVar("Shared", OCrystalNetHypers, OGCNNHypers)


class _GraphTrainer(TorchTrainer[Shared]):
    """What both have in common: a graph, and features of its sites."""

    tasks: ClassVar[tuple[Task, ...]] = ("regression", "classification")

    def inputs(self) -> tuple[str, ...]:
        """The graph, then what the sites are described by."""
        return ("graph", *NODES[self.hypers.nodes])

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Neighbours of the graph, the valence rule, and what happens to elements with gaps."""
        chosen = self.hypers
        graph: Mapping[str, object] = {
            "radius": chosen.cutoff,
            "max_neighbours": chosen.neighbours,
        }
        matrix, table = {"valence": chosen.valence}, {"unknown": chosen.unknown}
        sites = {spec: matrix if spec == "ofm" else table for spec in NODES[chosen.nodes]}
        return {"graph": graph, **sites}


class OCrystalNet(_GraphTrainer[OCrystalNetHypers]):
    """OFM and 438 attributes of each site; communicative messages over edges and their reverse."""

    name: ClassVar[str] = "ocrystalnet"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "Yang, arXiv:2211.11543 (2022)"
    summary: ClassVar[str] = "orbital field matrices and JARVIS attributes, communicative messages"
    Hypers: ClassVar[type[Settings]] = OCrystalNetHypers
    #: Adam, rates 1e-4, 3e-4, 1e-5 (paper); absolute error, batches of 64, rates that rise over
    #: 2 epochs (published code); 200 epochs (CrystalNet, the code that it grew from).
    defaults: ClassVar[Mapping[str, object]] = {
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

    def model(self, schema: Schema) -> nn.Module:
        """The network; see `matdata_ocrystalnet.model`."""
        from matdata_ocrystalnet.model import OCrystalNetModel

        return OCrystalNetModel(self.hypers, schema, self.inputs()[1:])


class OGCNN(_GraphTrainer[OGCNNHypers]):
    """The crystal graph convolutions of CGCNN on orbital field matrices."""

    name: ClassVar[str] = "ogcnn"
    version: ClassVar[str] = "2"
    citation: ClassVar[str] = "Karamad et al., Phys. Rev. Mater. 4, 093801 (2020)"
    summary: ClassVar[str] = "CGCNN on orbital field matrices"
    Hypers: ClassVar[type[Settings]] = OGCNNHypers
    vmap: ClassVar[bool] = False  # batch normalisation
    #: CGCNN's batches; Adam on the absolute error, as public code that grew from OGCNN has it.
    defaults: ClassVar[Mapping[str, object]] = {
        "optimizer": "adam",
        "lr": 5e-4,
        "weight_decay": 0.0,
        "loss": "l1",
        "batch_size": 256,
        "epochs": 100,
    }
    schedules: ClassVar[Mapping[str, Mapping[str, object]]] = SCHEDULES

    def model(self, schema: Schema) -> nn.Module:
        """The network; see `matdata_ocrystalnet.ogcnn`."""
        from matdata_ocrystalnet.ogcnn import OGCNNModel

        return OGCNNModel(self.hypers, schema, self.inputs()[1:])
