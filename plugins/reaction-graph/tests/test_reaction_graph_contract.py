from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from support import reactions

import matdata as md
from matdata.testing.trainers import TrainerContract

SMALL = {
    **{"width": 16, "layers": 2, "gates": 16, "hidden": 16, "output": "32", "action_width": 8},
    **{"stoichiometry": "16,16", "scale": "log"},
}


class TestReactionGraph(TrainerContract):
    plugin = "reaction-graph"
    hypers: ClassVar[Mapping[str, Any]] = SMALL
    target = "gap"
    # the column follows no law of chemistry, so the whole part is one batch, without noise
    overfit: ClassVar[Mapping[str, Any]] = {
        **{"epochs": 750, "lr": 0.01, "batch_size": 36, "schedule": "cosine"}
    }

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _file(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("reactions") / "reactions.jsonl"
        cls.source = str(reactions.write_jsonl(path, reactions.rows(60)))

    def test_the_order_of_sites_does_not_matter(self, dataset, trained):
        """Nor that of precursors, here shuffled within each reaction, nor the scale of amounts."""
        records = reactions.rows(60)
        shuffled = [dict(record) for record in records]
        generator = np.random.default_rng(0)
        for record in shuffled:
            order = generator.permutation(len(record["precursors"]))
            record["precursors"] = [
                {**one, "amount": 3.0 * (one["amount"] or 1.0)}
                for one in (record["precursors"][place] for place in order)
            ]
        numbers = []
        for rows in (records, shuffled):
            feature = reactions.feature_of(rows, trained.schema.featurizers["reaction"])
            numbers.append(self._predict(trained, {"reaction": feature}, feature.ids))
        self.near(numbers[1], numbers[0])
        assert np.ptp(numbers[0]) > 0


class TestReactionMagpie(TrainerContract):
    plugin = "reaction-magpie"
    hypers: ClassVar[Mapping[str, Any]] = {"output": "32,32", "scale": "log"}
    target = "gap"
    overfit: ClassVar[Mapping[str, Any]] = TestReactionGraph.overfit
    # reactions of one set of precursors differ by amounts and operations alone, which it ignores
    learns_by_heart = False

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _file(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("reactions") / "reactions.jsonl"
        cls.source = str(reactions.write_jsonl(path, reactions.rows(60)))

    def test_the_order_of_sites_does_not_matter(self, dataset, trained):
        """That of precursors does: they are no set here."""
        pytest.skip("precursors are read one after another")

    def test_more_precursors_than_places_are_refused(self, dataset):
        with pytest.raises(md.TrainError, match="a reaction has 3 precursors"):
            md.train(
                *("reaction-magpie", dataset, "gap"),
                name="few",
                split="contract",
                hyper={**self.hypers, "precursors": 2},
                train={"epochs": 1, "threads": 1, "tensorboard": False},
                quiet=True,
            )
