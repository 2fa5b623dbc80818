"""Featurizers and the registry that knows them by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matdata.core.errors import FeatureError
from matdata.core.given import require_name
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.features.base import Featurizer

#: What a featurizer can require.
REQUIREMENTS = frozenset(("columns", "composition", "structure"))
FEATURIZERS: Registry[Any] = Registry(
    "feature",
    "matdata.featurizers",
    {
        "column": "matdata.features.column:TableColumn",
        "composition-set": "matdata.features.formulas:CompositionSet",
        "edm": "matdata.features.formulas:ElementMatrix",
        "element": "matdata.features.element:ElementVectors",
        "embedding": "matdata.features.embedding:Embedding",
        "formula-graph": "matdata.features.formula_graph:FormulaGraph",
        "fractions": "matdata.features.formulas:Fractions",
        "graph": "matdata.features.graph:Graph",
        "lattice": "matdata.features.cell:Lattice",
        "line-graph": "matdata.features.line_graph:LineGraph",
        "space-group": "matdata.features.cell:SpaceGroup",
        "magpie": "matdata.features.magpie:Magpie",
        "ofm": "matdata.features.ofm:OrbitalField",
        "reaction": "matdata.features.reaction:Reaction",
        "voronoi": "matdata.features.voronoi:Voronoi",
        "matminer": "matdata.features.matminer:MatminerFeaturizer",
        "wyckoff": "matdata.features.wyckoff:Wyckoff",
        "voronoi-facets": "matdata.features.voronoi_facets:VoronoiFacets",
    },
    FeatureError,
    base="matdata.features.base:Featurizer",
    needs=("version", "citation"),
)


def featurizer(spec: str, settings: Mapping[str, object] | None = None) -> Featurizer:
    """Make a featurizer from its name and settings.

    Parameters
    ----------
    spec
        ``name`` or ``name:variant`` (``ofm``, ``matminer:StructuralHeterogeneity``).
    settings
        Values for its settings; unknown keys are refused.

    Raises
    ------
    FeatureError
        If there is no such feature, with the closest known name; if it does not say what it
        requires.
    ConfigError
        If a setting is unknown or has the wrong type, or `spec` is no text.
    """
    name, _, variant = require_name(spec, "a feature").partition(":")
    factory = FEATURIZERS.get(name)
    values = dict(settings or {})
    if variant:
        values["variant"] = variant
    instance: Featurizer = factory(factory.Settings.from_mapping(values))
    requires = getattr(instance, "requires", None)
    if not isinstance(requires, frozenset) or not requires or not requires <= REQUIREMENTS:
        raise FeatureError(
            f"feature {name!r} requires {requires!r}, expected a frozenset of one or more of "
            f"{', '.join(sorted(REQUIREMENTS))}",
            cause="a defect of that featurizer",
            next_step='its author should write: requires = frozenset({"structure"})',
        )
    return instance
