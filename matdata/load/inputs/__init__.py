"""Which class holds a feature in a batch."""

from __future__ import annotations

from matdata.features.base import Featurizer
from matdata.features.ofm import OrbitalField
from matdata.load.inputs.base import Input
from matdata.load.inputs.dense import DenseInput
from matdata.load.inputs.formula import (
    FormulaGraphInput,
    FractionInput,
    MatrixInput,
    SetInput,
)
from matdata.load.inputs.graph import GraphInput
from matdata.load.inputs.sites import ElementInput, MeanFieldInput, OrbitalFieldInput
from matdata.load.inputs.wyckoff import WyckoffInput

INPUTS: dict[str, type[Input]] = {
    "composition-set": SetInput,
    "edm": MatrixInput,
    "element": ElementInput,
    "formula-graph": FormulaGraphInput,
    "fractions": FractionInput,
    "graph": GraphInput,
    "ofm": OrbitalFieldInput,
    "wyckoff": WyckoffInput,
}


def input_class(featurizer: Featurizer) -> type[Input]:
    """The class for a featurizer; `DenseInput` for one that has none of its own."""
    if isinstance(featurizer, OrbitalField) and featurizer.settings.level == "structure":
        return MeanFieldInput
    return INPUTS.get(featurizer.name, DenseInput)
