"""Mean absolute errors of structure models after equal time, on public data at 70/15/15.

Each network is trained by matdata's engine for so many seconds, with the settings that its plugin
declares, or those of another plugin: ``cgcnn@quotient`` is CGCNN under the schedule of `quotient`.
A schedule runs over the time that is given in place of a number of steps. The weights at the end
are tested, and no epoch is chosen: the validation part is reported beside the test part. Seconds
are those of this process's CPU time, so that one thread on a busy machine is measured like on an
idle one; ``--clock wall`` counts wall time instead. Forests and other plugins with a fit of their
own (``rf-magpie``, ``rf-voronoi``) stand beside them on the same parts and take the time they take.

    python benchmarks/structure_table.py                        # cgcnn and quotient, 3 sets
    python benchmarks/structure_table.py --models quotient,megnet,cgcnn@quotient --sets phonons
    python benchmarks/structure_table.py --seconds 300 --seeds 3 --threads 2 --clock wall
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from epoch_vs_aviary import read_structures  # sets the number of threads first

import numpy as np
import torch

from matdata.features import featurizer
from matdata.load.loader import Loader, make_loader
from matdata.materials.compute import for_featurizer
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.plugin import FitTrainer, Schema, Target, TorchTrainer, trainer
from matdata.training.data import View, samples_for
from matdata.training.engine import Recipe, SeparateEngine
from matdata.training.memory_features import MemoryFeature
from matdata.training.objectives.choice import heads_of, objectives_of
from matdata.training.objectives.combined import Objectives
from matdata.training.schedule import Schedule
from matdata.training.settings import TrainSettings, train_settings

if TYPE_CHECKING:
    from matdata.core.crystals import Crystals
    from matdata.features.base import Featurizer
    from matdata.load.batch import Batch

warnings.simplefilter("ignore")

#: By name: file, column, factor to the unit that is printed, and that unit.
SETS = {
    "phonons": ("phonons/matbench_phonons.json.gz", "last phdos peak", 1.0, "1/cm"),
    "perov5": ("perov5/val.csv.gz", "heat_all", 1e3, "meV"),
    "nomad2018": (
        "nomad2018/train.extxyz.gz", "formation_energy_per_cation", 1e3, "meV/cation",
    ),
}  # fmt: skip
TARGET = "target"
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
#: Makes a featurizer by its name and settings.
Makes: TypeAlias = "Callable[[str, Mapping[str, object]], Featurizer]"
#: A schedule is asked for its factor at one of so many steps.
FINE = 1_000_000


@dataclass(frozen=True)
class Model:
    """A plugin, and how it is trained."""

    name: str
    trainer: TorchTrainer | FitTrainer
    settings: TrainSettings

    @classmethod
    def of(cls, name: str, given: Mapping[str, object]) -> Model:
        """``plugin``, or ``plugin@other`` for one under the settings of another, but `given`."""
        plugin, _, other = name.partition("@")
        made = trainer(plugin)
        assert isinstance(made, TorchTrainer | FitTrainer)
        return cls(name, made, train_settings(trainer(other or plugin), given))


class Data:
    """Materials, their targets and the inputs of a model."""

    def __init__(
        self, materials: Crystals, values: np.ndarray, model: Model, make: Makes = featurizer
    ) -> None:
        self.specs = model.trainer.inputs()
        settings = model.trainer.input_settings()
        made = {spec: make(spec, dict(settings.get(spec, {}))) for spec in self.specs}
        features = {
            spec: MemoryFeature(one, for_featurizer(materials, one)) for spec, one in made.items()
        }
        ids = [set(feature.ids.tolist()) for feature in features.values()]
        place = {name: row for row, name in enumerate(materials.ids)}
        self.ids = np.asarray([name for name in place if all(name in own for own in ids)], np.str_)
        values = values[[place[name] for name in self.ids.tolist()]]
        self.view = View("benchmark", self.ids, {TARGET: values.tolist()}, {TARGET: "1"}, features)
        self.featurizers = made

    def parts(self, seed: int) -> list[np.ndarray]:
        """Ids of the three parts, 70/15/15 by the seed."""
        order = np.random.default_rng(seed).permutation(len(self.ids))
        cuts = [round(share * len(order)) for share in (0.7, 0.85)]
        return [self.ids[np.sort(part)] for part in np.split(order, cuts)]

    def loaders(self, seed: int, batch_size: int) -> tuple[Loader, Loader, Loader]:
        """The three parts; targets are normalised by the first."""
        train, *others = self.parts(seed)
        first = make_loader(
            self.view, train, self.specs, TARGET, shuffle=True, prefetch=0, seed=seed,
            normalizer="standard", batch_size=batch_size,
        )  # fmt: skip
        normalizer = first.encoded_by
        valid, test = (
            make_loader(self.view, part, self.specs, TARGET, normalizer=normalizer)
            for part in others
        )
        return first, valid, test


@dataclass(frozen=True)
class Outcome:
    """Errors of a training in the unit of the target, and the time that it took, in words."""

    valid: float
    test: float
    time: str


def fit(model: Model, data: Data, seed: int, clock: str) -> Outcome:
    """Fit a model that has no epochs, and test."""
    assert isinstance(model.trainer, FitTrainer)
    targets = (Target(TARGET),)
    normalizer = data.loaders(seed, model.settings.batch_size)[0].encoded_by
    assert normalizer is not None
    train, *others = (
        samples_for(data.view, part, targets, normalizer) for part in data.parts(seed)
    )
    now = CLOCKS[clock]
    begin = now()
    model.trainer.fit(train, None, Schema(targets, (), data.featurizers), seed)
    spent = now() - begin
    valid, test = (
        float(np.abs(model.trainer.predict(part).means.mean(0) - part.targets).mean())
        * float(normalizer.scale[0])
        for part in others
    )
    return Outcome(valid, test, f"fitted in {spent:.1f} s")


def train(model: Model, data: Data, seed: int, seconds: float, clock: str) -> Outcome:
    """Train for so many seconds and test."""
    if isinstance(model.trainer, FitTrainer):
        return fit(model, data, seed, clock)
    settings = model.settings
    first, valid, test = data.loaders(seed, settings.batch_size)
    torch.manual_seed(seed)
    targets = (Target(TARGET),)
    schema = Schema(targets, heads_of(targets, settings), data.featurizers)
    network = model.trainer.model(schema)
    objectives = Objectives(objectives_of(targets, settings))
    engine = SeparateEngine([network], Recipe(settings, objectives, torch.device("cpu")))
    per_epoch = math.ceil(len(first.ids) / settings.batch_size)
    schedule = Schedule(settings, FINE, per_epoch)
    now, steps = CLOCKS[clock], 0
    begin = now()
    for batch in endless(first):
        done = (now() - begin) / seconds
        if done >= 1.0:
            break
        engine.step(batch, [settings.lr * schedule.factor(int(done * FINE))])
        steps += 1
    spent = now() - begin
    count = sum(parameter.numel() for parameter in network.parameters())
    took = (
        f"{spent / max(steps, 1) * per_epoch:.2f} s per epoch, {steps / per_epoch:.1f} epochs, "
        f"{count:,} parameters"
    )
    return Outcome(error(engine, valid), error(engine, test), took)


def endless(loader: Loader) -> Iterator[Batch]:
    """Epoch after epoch."""
    while True:
        yield from loader


def error(engine: SeparateEngine, loader: Loader) -> float:
    """Mean absolute error, in the unit of the target."""
    total = 0.0
    for batch in loader:
        total += float((engine.outputs(batch)[0][:, :1] - batch.targets).abs().sum())
    assert loader.encoded_by is not None
    return total / len(loader.ids) * float(loader.encoded_by.scale[0])


def main() -> int:
    """Train, test and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="cgcnn,cgcnn@quotient,quotient")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seconds", type=float, default=120.0, help="of each training")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each model and set")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="cpu")
    parser.add_argument("--batch-size", type=int, help="in place of what the settings say")
    chosen = parser.parse_args()
    given = {"batch_size": chosen.batch_size} if chosen.batch_size else {}
    torch.set_num_threads(chosen.threads)
    keep_freed_memory()  # as each training of matdata does
    print(f"{chosen.seconds:.0f} s of {chosen.clock} time each, {chosen.threads} thread(s)")
    for name in chosen.sets.split(","):
        path, column, factor, unit = SETS[name]
        materials, values = read_structures(path, column)
        for model in (Model.of(model, given) for model in chosen.models.split(",")):
            data = Data(materials, values * factor, model)
            for seed in range(chosen.seeds):
                row = train(model, data, seed, chosen.seconds, chosen.clock)
                print(
                    f"{name:10} {model.name:16} seed {seed}: test {row.test:.2f} {unit}, "
                    f"validation {row.valid:.2f}; {row.time}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
