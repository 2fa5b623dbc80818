"""The contract that every trainer plugin's tests subclass.

::

    from matdata.testing.trainers import TrainerContract

    class TestMine(TrainerContract):
        plugin = "mine"
        hypers = {"depth": 2}          # small, so that the tests are quick

Data are crystals of `matdata`'s own sample, with every input that the plugin names built from
them; override `source` for a plugin that needs other data.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import pytest

from matdata import api
from matdata.core.errors import ConfigError, FeatureError
from matdata.materials.compute import as_batch
from matdata.store.safetensors import read_tensors
from matdata.testing.invariance import permute
from matdata.training import trainer as make_trainer
from matdata.training.contract import FitTrainer, TorchTrainer, Trainer
from matdata.training.embeddings import embed_view
from matdata.training.inputs import inputs_of
from matdata.training.memory_features import MemoryFeature
from matdata.training.predict import predict_dataset, predict_view
from matdata.training.request import Request
from matdata.training.run import Run
from matdata.training.settings import fit_honours, train_settings
from matdata.training.train import train

SPLIT = "contract"
NOT_A_HYPER = "no_such_hyper"


class TrainerContract:
    """What holds for every trainer. A subclass says which; its tests are inherited."""

    #: Name in the entry-point group ``matdata.trainers``.
    plugin: ClassVar[str]
    #: Hypers that make it small.
    hypers: ClassVar[Mapping[str, Any]] = {}
    #: Settings of the loop for the test that it can learn a few materials by heart.
    overfit: ClassVar[Mapping[str, Any]] = {"epochs": 150, "lr": 0.01, "batch_size": 8}
    #: Share of the mean deviation of the targets that is left when it has.
    overfit_error: ClassVar[float] = 0.2
    #: What a plugin cannot do by nature is said here, and the tests then hold that it does not:
    #: whether it can learn a few materials by heart,
    learns_by_heart: ClassVar[bool] = True
    #: whether another seed gives other weights,
    seed_matters: ClassVar[bool] = True
    #: and whether it reads features at all.
    reads_inputs: ClassVar[bool] = True
    #: What is built, and the column that is learnt.
    source: ClassVar[str] = "sample:60"
    target: ClassVar[str] = "ewald_energy_per_atom"
    #: Largest relative change by rounding.
    tolerance: ClassVar[float] = 2e-4

    @pytest.fixture(scope="class")
    @classmethod
    def dataset(cls, tmp_path_factory: pytest.TempPathFactory) -> api.Dataset:
        """A small dataset with the inputs that the plugin reads."""
        cache = tmp_path_factory.mktemp(f"contract-{cls.plugin}")
        dataset = api.build(cls.source, cache=cache, workers=1, name="contract")
        cls.add_inputs(dataset)
        dataset.split("60/20/20", name=SPLIT)
        return dataset

    @classmethod
    def add_inputs(cls, dataset: api.Dataset) -> None:
        """Build the inputs with the settings that the plugin asks for."""
        from matdata.building.feature_stage import add_features
        from matdata.building.options import BuildOptions

        wanted = cls.trainer().input_settings()
        for spec in cls.trainer().inputs():
            chosen = {key: dict(values) for key, values in wanted.items() if key == spec}
            options = BuildOptions(features=(spec,), feature_settings=chosen, workers=1)
            add_features(dataset, dataset.cache, options)

    @classmethod
    def trainer(cls) -> Trainer:
        """The plugin with the small hyperparameters."""
        return make_trainer(cls.plugin, cls.hypers)

    @classmethod
    def run(
        cls, dataset: api.Dataset, name: str, stop_after: int | None = None, **settings: object
    ) -> Run:
        """Train a little."""
        chosen = {"epochs": 2, "batch_size": 8, "threads": 1, "tensorboard": False, **settings}
        if isinstance(cls.trainer(), FitTrainer):
            chosen = {key: value for key, value in chosen.items() if fit_honours(key)}
        request = Request(cls.plugin, "contract", (cls.target,), SPLIT, dict(cls.hypers), chosen)
        return train(request, dataset.cache, name, stop_after=stop_after)

    def weights(self, run: Run) -> dict[str, Any]:
        """What the run learnt."""
        return read_tensors(run.folder / "best.safetensors")[0]

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, dataset: api.Dataset) -> Run:
        """A run of two epochs."""
        return cls.run(dataset, "trained")

    def test_it_says_what_it_is(self) -> None:
        """Name, version, citation, inputs and documented hyperparameters."""
        trainer = self.trainer()
        assert trainer.name == self.plugin
        assert trainer.version
        assert trainer.citation
        assert trainer.summary
        assert bool(trainer.inputs()) is self.reads_inputs
        assert all(meaning for _, _, meaning in type(trainer).Hypers.describe())

    def test_unknown_hypers_are_refused(self) -> None:
        """A hyperparameter that does not exist is an error."""
        with pytest.raises(ConfigError, match=NOT_A_HYPER):
            make_trainer(self.plugin, {NOT_A_HYPER: 1})

    def test_presets_are_whole(self) -> None:
        """Each preset names inputs, and a schedule that the loop takes and that can be changed."""
        presets = [field for field in fields(type(self.trainer()).Hypers) if field.name == "preset"]
        if not presets:
            pytest.skip("it has no presets")
        for preset in presets[0].metadata["choices"]:
            trainer = make_trainer(self.plugin, {"preset": preset})
            assert bool(trainer.inputs()) is self.reads_inputs
            assert train_settings(trainer, {"epochs": 3}, trainer.tasks[0]).epochs == 3

    def test_it_learns_a_few_materials_by_heart(self, dataset: api.Dataset) -> None:
        """The error on the training part falls far below the mean deviation of its targets, or not
        at all where the plugin says so."""
        settings = {**self.overfit, "weight_decay": 0.0, "loss": "l1", "validation": False}
        run = self.run(dataset, "overfit", **settings)
        ids = np.array(dataset.split(SPLIT)["train"])
        predicted = predict_dataset(run, dataset, ids, with_truth=True)
        assert predicted.true is not None
        error = np.abs(predicted.mean - predicted.true).mean()
        deviation = np.abs(predicted.true - np.median(predicted.true)).mean()
        assert bool(error < self.overfit_error * deviation) is self.learns_by_heart

    def test_predictions_do_not_depend_on_the_batch(
        self, dataset: api.Dataset, trained: Run
    ) -> None:
        """A material gets the same number alone, among others, and in another order."""
        whole = predict_dataset(trained, dataset, settings={"batch_size": 64})
        single = predict_dataset(trained, dataset, settings={"batch_size": 1})
        some = predict_dataset(trained, dataset, dataset.ids[::3], settings={"batch_size": 5})
        self.near(single.mean, whole.mean)
        self.near(some.mean, whole.mean[np.isin(whole.ids, some.ids)])

    def test_embeddings_do_not_depend_on_the_batch(
        self, dataset: api.Dataset, trained: Run
    ) -> None:
        """A material has the same vector alone, among others, and in another order; the vectors of
        different materials differ."""
        if not isinstance(self.trainer(), TorchTrainer):
            pytest.skip("it has no network")
        given = inputs_of(trained, dataset)

        def vectors(ids: Any, batch_size: int) -> Any:
            return embed_view(trained, given.view, ids, {"batch_size": batch_size})[0]

        whole = vectors(given.ids, 64)
        assert whole.shape[0] == len(given.ids)
        assert np.ptp(whole, axis=0).max() > 0
        self.near(vectors(given.ids, 1), whole)
        self.near(vectors(given.ids[::-3], 5), whole[::-3])

    def test_the_order_of_sites_does_not_matter(self, dataset: api.Dataset, trained: Run) -> None:
        """Sites shuffled within each crystal, features computed anew."""
        crystals = dataset.crystals
        shuffled, _ = permute(crystals, np.random.default_rng(0))
        numbers = []
        for batch in (crystals, shuffled):
            features = {
                spec: MemoryFeature(made, as_batch(batch, made))
                for spec, made in trained.schema.featurizers.items()
            }
            numbers.append(self._predict(trained, features, crystals.ids))
        self.near(numbers[1], numbers[0])

    def _predict(self, run: Run, features: Mapping[str, Any], ids: Any) -> Any:
        from matdata.training.data import View

        every = np.asarray(ids, dtype=np.str_)  # features number their rows by these
        having = every
        for feature in features.values():
            having = having[np.isin(having, feature.ids)]
        return predict_view(run, View("memory", every, {}, {}, features), having).mean

    def test_what_was_saved_predicts_the_same(self, dataset: api.Dataset, trained: Run) -> None:
        """A run opened anew says what it said."""
        before = predict_dataset(trained, dataset)
        again = predict_dataset(Run(trained.folder), dataset)
        np.testing.assert_array_equal(before.mean, again.mean)

    def test_a_seed_decides_everything(self, dataset: api.Dataset, trained: Run) -> None:
        """Equal seeds give equal bits, another seed other numbers (where a seed matters)."""
        weights = self.weights(trained)
        for seed, same in ((0, True), (1, not self.seed_matters)):
            other = self.weights(self.run(dataset, f"seed-{seed}", seed=seed))
            assert all(np.array_equal(weights[n], other[n]) for n in weights) is same

    def test_a_resumed_training_ends_in_the_same_bits(
        self, dataset: api.Dataset, trained: Run
    ) -> None:
        """Stopped inside the second epoch and started again."""
        if isinstance(self.trainer(), FitTrainer):
            pytest.skip("a fit is not resumed")
        steps = trained.result()["steps"] // 2  # of an epoch
        cut = self.run(dataset, "cut", epochs=3, stop_after=steps + 1)
        assert not cut.finished
        resumed = self.run(dataset, "cut", epochs=3)
        assert resumed.finished
        ended = self.weights(resumed)
        whole = self.weights(self.run(dataset, "whole", epochs=3))
        for name in whole:
            np.testing.assert_array_equal(ended[name], whole[name])

    def test_an_ensemble_equals_its_members_trained_alone(self, dataset: api.Dataset) -> None:
        """Member m of an ensemble is the run with seed + m, up to rounding."""
        trainer = self.trainer()
        if not isinstance(trainer, TorchTrainer):
            pytest.skip("trees are members already")
        run = self.run(dataset, "ensemble", ensemble=2, loss="l1", members="stacked")
        if trainer.vmap:
            assert run.result()["engine"] == "stacked", run.result()["why_separate"]
        separate = self.run(dataset, "separate", ensemble=2, loss="l1", members="separate")
        members = [predict_dataset(which, dataset).members for which in (run, Run(separate.folder))]
        self.near(members[0], members[1], 50.0)

    def test_a_missing_input_is_an_error_with_its_command(self, dataset: api.Dataset) -> None:
        """The message holds `matdata featurize`; without inputs there is none to miss."""
        bare = copy.copy(dataset)
        cache = dataset.cache.with_name(dataset.cache.name + "-bare")
        if not cache.exists():
            import shutil

            shutil.copytree(dataset.cache / "datasets", cache / "datasets")
        bare.cache = cache
        if not self.reads_inputs:
            assert self.run(bare, "missing").finished
            return
        with pytest.raises(FeatureError, match="matdata featurize"):
            self.run(bare, "missing")

    def near(self, one: Any, other: Any, factor: float = 1.0) -> None:
        """Equal up to rounding, relative to the largest number."""
        scale = float(np.abs(other).max())
        np.testing.assert_allclose(one, other, rtol=0, atol=factor * self.tolerance * scale)
