"""Every built-in featurizer, and that of the example plugin, keeps the contract."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from support import reactions
from support.crystals import few

from matdata.features import FEATURIZERS
from matdata.plugin import Block, FeatureError
from matdata.testing.featurizers import FeaturizerContract

pytestmark = pytest.mark.slow

#: Each feature with settings that differ from the defaults where it has some.
CASES: dict[str, dict[str, object]] = {
    "cell-density": {},
    "composition-set": {"table": "mat2vec"},
    "edm": {},
    "element:mat2vec": {"unknown": "mean"},
    "formula-graph": {"max_atoms": 60},
    "fractions": {"elements": "118"},
    "graph": {"radius": 4.0},
    "lattice": {},
    "line-graph": {"max_neighbours": 4},
    "magpie": {},
    "matminer:DensityFeatures": {},
    "ofm": {"period_tag": True},
    "space-group": {},
    "voronoi": {},
    "voronoi-facets": {},
    "wyckoff": {},
}
#: Columns that number sites and cells.
INDICES = {
    "graph": ("sender", "receiver", "image a", "image b", "image c"),
    "line-graph": ("sender", "receiver", "image a", "image b", "image c"),
    "voronoi-facets": ("site", "neighbour", "image_a", "image_b", "image_c"),
}


def contract(feature: str) -> type[FeaturizerContract]:
    """The contract of one feature."""
    name = "Test" + "".join(word.title() for word in feature.replace(":", "-").split("-"))
    indices = INDICES.get(feature, ())
    body = {"feature": feature, "settings": CASES[feature], "indices": indices}
    return type(name, (FeaturizerContract,), body)


for _feature in CASES:
    _case = contract(_feature)
    globals()[_case.__name__] = _case


class TestGraphOfPrimitiveCells(FeaturizerContract):
    feature = "graph"
    settings: ClassVar[dict[str, object]] = {"radius": 4.0, "cell": "primitive"}
    indices = INDICES["graph"]


class TestReaction(FeaturizerContract):
    feature = "reaction"
    settings: ClassVar[dict[str, object]] = {"oxygen": False}

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _file(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("reactions") / "reactions.jsonl"
        cls.source = str(reactions.write_jsonl(path, reactions.rows(12)))

    @pytest.fixture(scope="class")
    @classmethod
    def crystals(cls):
        return few()  # not read: it requires columns alone


class TestReactionOfVectors(TestReaction):
    settings: ClassVar[dict[str, object]] = {"table": "matscholar", "unstated": "reject"}


def test_no_feature_is_left_out():
    named = {name.partition(":")[0] for name in CASES}
    named.add("reaction")  # above
    named.add("column")  # reads a table, not materials: tests/integration/test_column_inputs.py
    named.add("embedding")  # of a run: tests/integration/test_embed.py
    named.add("quotient-graph")  # of a plugin, whose tests hold it
    assert {*FEATURIZERS} <= named, "add a line to CASES"


def test_what_breaks_the_contract_is_found(monkeypatch):
    class Lattice(FeaturizerContract):
        feature = "lattice"

    kind, crystals = type(Lattice.make()), few()
    monkeypatch.setattr(kind, "labels", lambda self: ["one"])
    with pytest.raises(AssertionError):
        Lattice().test_the_dense_form_has_its_labels(Lattice.make().featurize(crystals))
    monkeypatch.setattr(kind, "featurize", lambda self, batch: Block(np.arange(1), {}))
    with pytest.raises((AssertionError, FeatureError)):
        Lattice().test_a_block_holds_what_its_fields_say(
            crystals, Lattice.make().featurize(crystals)
        )
