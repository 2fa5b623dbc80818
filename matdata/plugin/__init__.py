"""What authors of features, sources, trainers and commands import beside `matdata`.

::

    from matdata.plugin import Block, Featurizer, Field     # a feature
    from matdata.plugin import Chunk, Origin, Source        # a source of records
    from matdata.plugin import Schema, TorchTrainer         # a trainer, and its network:
    from matdata.plugin import Batch, GraphBatch
    from matdata.plugin.nn import Linear, segment_mean
    from matdata.plugin import Command, CommandContext      # a command

Importing this module imports nothing else: each name is fetched from its home (`homes.py`) when it
is first used, and torch only by names that need it (`Batch`, the inputs, `batch_of`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from matdata.core.packages import needed_for
from matdata.plugin.homes import HOMES

if TYPE_CHECKING:
    from matdata.adapters.sites import Sites, from_pymatgen_dict, to_crystals
    from matdata.core.composition import (
        Compositions,
        formula_of,
        parse_formula,
        reduced_formula,
    )
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
    from matdata.core.executors import Executor
    from matdata.core.ledger import Reject, Unusable
    from matdata.core.settings import Settings, setting
    from matdata.core.table_rows import TableRows
    from matdata.evaluation.derive.base import Derivation
    from matdata.evaluation.derive.rule import Rule
    from matdata.evaluation.part_openings import open_test_part
    from matdata.evaluation.similarity.search import nearest as nearest_vectors
    from matdata.features import featurizer
    from matdata.features.base import Block, Column, Dense, Featurizer
    from matdata.features.fields import Field
    from matdata.features.formulas import ELEMENT_SETS
    from matdata.features.inputs import FeatureInput, RecordColumns, Requirement
    from matdata.features.intermediates import Intermediate
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
    from matdata.load.inputs.line_graph import LineGraphBatch
    from matdata.load.inputs.reaction import ReactionBatch
    from matdata.load.inputs.sites import ElementBatch, MeanOrbitalFieldBatch, OrbitalFieldBatch
    from matdata.load.inputs.wyckoff import WyckoffBatch
    from matdata.nn.segments import Segments
    from matdata.plugin.command import Command, CommandContext, CommandResult
    from matdata.sources import find_source
    from matdata.sources.base import Chunk, Origin, Request, Source
    from matdata.sources.limits import CHUNK_ROWS
    from matdata.sources.parse import to_columns
    from matdata.sources.read_options import ReadOptions
    from matdata.sources.readers.computed_entries import recorrected
    from matdata.sources.readers.documents import read_list
    from matdata.sources.readers.json_text import require_object
    from matdata.sources.readers.opening import open_binary, readable
    from matdata.splits.base import Split
    from matdata.store.learnt import read_learnt, write_learnt
    from matdata.store.published_weights import read_published_json, read_published_tensors
    from matdata.tables.element_vectors import filled as filled_element_vectors
    from matdata.tables.element_vectors import vectors as element_vectors
    from matdata.tables.operations import N_OPERATION_TOKENS, OPERATION_TOKENS
    from matdata.training import trainer
    from matdata.training.axis import Axis
    from matdata.training.batch_of import batch_of
    from matdata.training.contract import FitTrainer, SavedModel, Schema, TorchTrainer, Trainer
    from matdata.training.importer import ImportedModel, Importer
    from matdata.training.importer_checks import (
        require_published_arguments,
        require_published_centres,
        require_published_tensors,
    )
    from matdata.training.objectives.base import Objective
    from matdata.training.outputs import Distribution, Head, Members
    from matdata.training.prediction import Predictions
    from matdata.training.run import Run
    from matdata.training.samples import Samples
    from matdata.training.target import Target, Task

__all__ = [
    "CHUNK_ROWS",
    "ELEMENT_SETS",
    "GAUSSIAN_BASES",
    "N_ELEMENTS",
    "N_OPERATION_TOKENS",
    "OPERATION_TOKENS",
    "Axis",
    "Batch",
    "BatchForm",
    "Block",
    "Chunk",
    "Column",
    "Command",
    "CommandContext",
    "CommandResult",
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
    "Executor",
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
    "ImportedModel",
    "Importer",
    "Intermediate",
    "LineGraphBatch",
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
    "ReactionBatch",
    "ReadOptions",
    "RecordColumns",
    "Reject",
    "Request",
    "Requirement",
    "Rule",
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
    "nearest_vectors",
    "open_binary",
    "open_test_part",
    "parse_formula",
    "read_learnt",
    "read_list",
    "read_published_json",
    "read_published_tensors",
    "readable",
    "recorrected",
    "reduced_formula",
    "require_object",
    "require_published_arguments",
    "require_published_centres",
    "require_published_tensors",
    "setting",
    "to_columns",
    "to_crystals",
    "trainer",
    "unsigned",
    "write_learnt",
]


def home(name: str) -> object:
    """What a name of `HOMES` stands for, from where it is defined."""
    module, _, attribute = HOMES[name].partition(":")
    with needed_for(name):
        value: object = getattr(import_module(module), attribute or name)
    return value


if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> object:
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = home(name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
