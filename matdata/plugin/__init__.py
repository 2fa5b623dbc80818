"""What authors of features, sources and trainers import beside `matdata`.

::

    from matdata.plugin import Block, Featurizer, Field     # a feature
    from matdata.plugin import Chunk, Origin, Source        # a source of records
    from matdata.plugin import Schema, TorchTrainer         # a trainer, and its network:
    from matdata.plugin import Batch, GraphBatch
    from matdata.plugin.nn import Linear, segment_mean

Importing this module imports nothing else: each name is fetched from its home (`HOMES`) when it is
first used, and torch only by names that need it (`Batch`, the inputs, `batch_of`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matdata.adapters.sites import Sites, from_pymatgen_dict, to_crystals
    from matdata.core.composition import Compositions, formula_of, parse_formula
    from matdata.core.crystals import Crystals, Ragged, gather_index
    from matdata.core.digest import digest_file
    from matdata.core.elements import N_ELEMENTS, atomic_number, electronegativities
    from matdata.core.elements import masses as atomic_masses
    from matdata.core.elements import symbols as element_symbols
    from matdata.core.errors import (
        ConfigError,
        CurationError,
        FeatureError,
        MatdataError,
        MatdataWarning,
        PluginError,
        SourceError,
        SplitError,
        StoreError,
        StructureError,
        TrainError,
    )
    from matdata.core.ledger import Reject, Unusable
    from matdata.core.settings import Settings, setting
    from matdata.core.table_rows import TableRows
    from matdata.evaluation.derive.base import Derivation
    from matdata.features import featurizer
    from matdata.features.base import Block, Column, Dense, FeatureInput, Featurizer, Field
    from matdata.features.formulas import ELEMENT_SETS
    from matdata.features.inputs import RecordColumns, Requirement
    from matdata.geometry.gaussians import GAUSSIAN_BASES, GaussianBasis
    from matdata.load.batch import Batch
    from matdata.load.inputs.base import BatchForm, unsigned
    from matdata.load.inputs.dense import DenseBatch
    from matdata.load.inputs.formula import (
        CompositionSetBatch,
        ElementMatrixBatch,
        FormulaGraphBatch,
        FractionBatch,
    )
    from matdata.load.inputs.graph import GraphBatch
    from matdata.load.inputs.sites import ElementBatch, MeanOrbitalFieldBatch, OrbitalFieldBatch
    from matdata.load.inputs.wyckoff import WyckoffBatch
    from matdata.nn.segments import Segments
    from matdata.sources import find_source
    from matdata.sources.base import Chunk, Origin, Request, Source
    from matdata.sources.limits import CHUNK_ROWS
    from matdata.sources.parse import to_columns
    from matdata.sources.readers.documents import read_list
    from matdata.sources.readers.json_text import require_object
    from matdata.sources.readers.opening import open_binary, readable
    from matdata.sources.roles import ReadOptions
    from matdata.splits.base import Split
    from matdata.tables.element_vectors import filled as filled_element_vectors
    from matdata.tables.element_vectors import vectors as element_vectors
    from matdata.training import trainer
    from matdata.training.axis import Axis
    from matdata.training.batch_of import batch_of
    from matdata.training.contract import FitTrainer, SavedModel, Schema, TorchTrainer, Trainer
    from matdata.training.objectives.base import Objective
    from matdata.training.outputs import Distribution, Head, Members
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run
    from matdata.training.samples import Samples
    from matdata.training.target import Target, Task

#: Where each name is defined: a module, or ``module:name`` where it is called otherwise there.
HOMES = {
    # Crystals and compositions as columns.
    "Crystals": "matdata.core.crystals",
    "Ragged": "matdata.core.crystals",
    "gather_index": "matdata.core.crystals",
    "Compositions": "matdata.core.composition",
    "formula_of": "matdata.core.composition",
    "parse_formula": "matdata.core.composition",
    "Sites": "matdata.adapters.sites",
    "from_pymatgen_dict": "matdata.adapters.sites",
    "to_crystals": "matdata.adapters.sites",
    # Options of features and trainers; what a user must know.
    "Settings": "matdata.core.settings",
    "setting": "matdata.core.settings",
    "Reject": "matdata.core.ledger",
    "Unusable": "matdata.core.ledger",
    "ConfigError": "matdata.core.errors",
    "CurationError": "matdata.core.errors",
    "FeatureError": "matdata.core.errors",
    "MatdataError": "matdata.core.errors",
    "MatdataWarning": "matdata.core.errors",
    "PluginError": "matdata.core.errors",
    "SourceError": "matdata.core.errors",
    "SplitError": "matdata.core.errors",
    "StoreError": "matdata.core.errors",
    "StructureError": "matdata.core.errors",
    "TrainError": "matdata.core.errors",
    # Features.
    "Block": "matdata.features.base",
    "Column": "matdata.features.base",
    "Dense": "matdata.features.base",
    "Featurizer": "matdata.features.base",
    "FeatureInput": "matdata.features.base",
    "RecordColumns": "matdata.features.inputs",
    "Requirement": "matdata.features.inputs",
    "Field": "matdata.features.base",
    "TableRows": "matdata.core.table_rows",
    "featurizer": "matdata.features",
    # Sources.
    "CHUNK_ROWS": "matdata.sources.limits",
    "Chunk": "matdata.sources.base",
    "Origin": "matdata.sources.base",
    "ReadOptions": "matdata.sources.roles",
    "Request": "matdata.sources.base",
    "Source": "matdata.sources.base",
    "digest_file": "matdata.core.digest",
    "find_source": "matdata.sources",
    "open_binary": "matdata.sources.readers.opening",
    "read_list": "matdata.sources.readers.documents",
    "readable": "matdata.sources.readers.opening",
    "require_object": "matdata.sources.readers.json_text",
    "to_columns": "matdata.sources.parse",
    # Trainers, and what they are given and return.
    "FitTrainer": "matdata.training.contract",
    "Axis": "matdata.training.axis",
    "Derivation": "matdata.evaluation.derive.base",
    "Distribution": "matdata.training.outputs",
    "Head": "matdata.training.outputs",
    "Members": "matdata.training.outputs",
    "Objective": "matdata.training.objectives.base",
    "Samples": "matdata.training.samples",
    "SavedModel": "matdata.training.contract",
    "Schema": "matdata.training.contract",
    "Target": "matdata.training.target",
    "Task": "matdata.training.target",
    "TorchTrainer": "matdata.training.contract",
    "Trainer": "matdata.training.contract",
    "trainer": "matdata.training",
    "Predictions": "matdata.training.prediction",
    "Run": "matdata.training.run",
    "Split": "matdata.splits.base",
    # What a network reads: a batch, with the typed class of each built-in input. These need torch.
    "Batch": "matdata.load.batch",
    "batch_of": "matdata.training.batch_of",
    "unsigned": "matdata.load.inputs.base",
    "Segments": "matdata.nn.segments",
    "GAUSSIAN_BASES": "matdata.geometry.gaussians",
    "GaussianBasis": "matdata.geometry.gaussians",
    "BatchForm": "matdata.load.inputs.base",
    "DenseBatch": "matdata.load.inputs.dense",
    "ElementBatch": "matdata.load.inputs.sites",
    "FormulaGraphBatch": "matdata.load.inputs.formula",
    "FractionBatch": "matdata.load.inputs.formula",
    "GraphBatch": "matdata.load.inputs.graph",
    "ElementMatrixBatch": "matdata.load.inputs.formula",
    "MeanOrbitalFieldBatch": "matdata.load.inputs.sites",
    "OrbitalFieldBatch": "matdata.load.inputs.sites",
    "CompositionSetBatch": "matdata.load.inputs.formula",
    "WyckoffBatch": "matdata.load.inputs.wyckoff",
    # Tables of the elements, by atomic number.
    "ELEMENT_SETS": "matdata.features.formulas",
    "N_ELEMENTS": "matdata.core.elements",
    "atomic_masses": "matdata.core.elements:masses",
    "atomic_number": "matdata.core.elements",
    "electronegativities": "matdata.core.elements",
    "element_symbols": "matdata.core.elements:symbols",
    "element_vectors": "matdata.tables.element_vectors:vectors",
    "filled_element_vectors": "matdata.tables.element_vectors:filled",
}

__all__ = [
    "CHUNK_ROWS",
    "ELEMENT_SETS",
    "GAUSSIAN_BASES",
    "N_ELEMENTS",
    "Axis",
    "Batch",
    "BatchForm",
    "Block",
    "Chunk",
    "Column",
    "CompositionSetBatch",
    "Compositions",
    "ConfigError",
    "Crystals",
    "CurationError",
    "Dense",
    "DenseBatch",
    "Derivation",
    "Distribution",
    "ElementBatch",
    "ElementMatrixBatch",
    "FeatureError",
    "FeatureInput",
    "Featurizer",
    "Field",
    "FitTrainer",
    "FormulaGraphBatch",
    "FractionBatch",
    "GaussianBasis",
    "GraphBatch",
    "Head",
    "MatdataError",
    "MatdataWarning",
    "MeanOrbitalFieldBatch",
    "Members",
    "Objective",
    "OrbitalFieldBatch",
    "Origin",
    "PluginError",
    "Predictions",
    "Ragged",
    "ReadOptions",
    "RecordColumns",
    "Reject",
    "Request",
    "Requirement",
    "Run",
    "Samples",
    "SavedModel",
    "Schema",
    "Segments",
    "Settings",
    "Sites",
    "Source",
    "SourceError",
    "Split",
    "SplitError",
    "StoreError",
    "StructureError",
    "TableRows",
    "Target",
    "Task",
    "TorchTrainer",
    "TrainError",
    "Trainer",
    "Unusable",
    "WyckoffBatch",
    "atomic_masses",
    "atomic_number",
    "batch_of",
    "digest_file",
    "electronegativities",
    "element_symbols",
    "element_vectors",
    "featurizer",
    "filled_element_vectors",
    "find_source",
    "formula_of",
    "from_pymatgen_dict",
    "gather_index",
    "open_binary",
    "parse_formula",
    "read_list",
    "readable",
    "require_object",
    "setting",
    "to_columns",
    "to_crystals",
    "trainer",
    "unsigned",
]


def home(name: str) -> object:
    """What a name of `HOMES` stands for, from where it is defined."""
    module, _, attribute = HOMES[name].partition(":")
    found: object = getattr(import_module(module), attribute or name)
    return found


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = home(name)
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
