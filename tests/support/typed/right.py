"""A feature, a source and a trainer as a stranger writes them: no `Any`, nothing ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, TypeVar, assert_type

import numpy as np
from torch import Tensor, nn

import matdata as md
from matdata.plugin import (
    Batch,
    Block,
    Chunk,
    Column,
    Command,
    CommandContext,
    Dense,
    DenseBatch,
    Executor,
    FeatureInput,
    Featurizer,
    Field,
    GraphBatch,
    Origin,
    Reject,
    Request,
    Schema,
    Settings,
    Source,
    TorchTrainer,
    atomic_masses,
    setting,
)
from matdata.plugin.nn import Linear, segment_mean


@dataclass(frozen=True)
class MassSettings(Settings):
    """What can be set."""

    unit: str = setting("u", "unit of the mass", choices=("u", "kg"))


class Mass(Featurizer[MassSettings]):
    """Mass of a cell."""

    name: ClassVar[str] = "mass"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none"
    requires = frozenset({"structure"})
    Settings: ClassVar[type[Settings]] = MassSettings

    @property
    def fields(self) -> tuple[Field, ...]:
        """One number."""
        return (Field("mass", "crystal", (), "float64", self.settings.unit, "mass of the cell"),)

    def featurize(self, batch: FeatureInput) -> Block:
        """Sum the masses of the sites."""
        crystals = self.crystals(batch)
        mass = np.bincount(crystals.site_crystal, atomic_masses()[crystals.numbers])
        rejects = [Reject("none", "featurize", "none", "none")][:0]
        return Block(np.arange(len(crystals)), {"mass": mass}, rejects)

    def dense(self, fields: Mapping[str, Column]) -> Dense:
        """As it is stored."""
        return np.asarray(fields["mass"])[:, None]

    def labels(self) -> Sequence[str]:
        """One column."""
        return ["mass"]


class Pairs(Source[list[str]]):
    """Formulas of a list."""

    name: ClassVar[str] = "pairs"

    @classmethod
    def make(cls, request: Request) -> Pairs:
        """Nothing is asked for."""
        return cls()

    def origin(self) -> Origin:
        """Where they come from."""
        return Origin(self.name, "pairs", "1", "composition", {"source": self.name})

    def raw_chunks(self, start: int = 0) -> Iterator[list[str]]:
        """One chunk."""
        yield from [["NaCl", "KBr"]][start:]

    def parse(self, raw: list[str]) -> Chunk:
        """Its records."""
        return Chunk(None, {"material_id": list(raw), "formula": list(raw)})


@dataclass(frozen=True)
class Hypers(Settings):
    """Sizes."""

    width: int = setting(8, "hidden units", minimum=1)


class Net(nn.Module):
    """Mean distance and mass to outputs."""

    def __init__(self, hypers: Hypers, schema: Schema) -> None:
        super().__init__()
        self.first = Linear(2, hypers.width)
        self.last = Linear(hypers.width, schema.outputs)

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o)."""
        graph, mass = batch.get("graph", GraphBatch), batch.get("mass", DenseBatch)
        mean = segment_mean(graph.distance[:, None], graph.edge_crystal, len(batch))
        return self.last(nn.functional.silu(self.first(mean + 0.0 * mass.values)))


class Stranger(TorchTrainer[Hypers]):
    """A trainer."""

    name: ClassVar[str] = "stranger"
    version: ClassVar[str] = "1"
    citation: ClassVar[str] = "none"
    summary: ClassVar[str] = "an example"
    Hypers: ClassVar[type[Settings]] = Hypers

    def inputs(self) -> tuple[str, ...]:
        """A graph and the mass."""
        return ("graph", "mass")

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        return Net(self.hypers, schema)


A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class CountOptions(Settings):
    """What is counted."""

    names: tuple[str, ...] = setting((), "names to count")


class Counted:
    """How many there are."""

    def to_json(self) -> dict[str, object]:
        """The document."""
        return {"names": 1}

    def lines(self) -> list[str]:
        """The lines."""
        return ["1 name"]


class Count(Command[CountOptions]):
    """A command."""

    name = "count"
    summary = "how many names there are"
    positional = ("names",)
    Options = CountOptions

    def run(self, options: CountOptions, context: CommandContext) -> Counted:
        """Count."""
        assert_type(options.names, tuple[str, ...])
        context.console.say(f"in {context.cache}")
        return Counted()


class InCaller:
    """An executor that is no subclass of anything."""

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        """Do it at once."""
        future: Future[B] = Future()
        future.set_result(function(task))
        return future


def use() -> None:
    """What users write."""
    chosen: Executor = InCaller()
    with ThreadPoolExecutor(2) as executor:
        md.build("sample", executor=executor, workers=2).featurize("ofm", executor=chosen)
    dataset = md.open("mine")
    assert_type(dataset.ref, str)
    assert_type(dataset.split("70/15/15", seed=1)["train"], list[str])
    assert_type(md.split(dataset, method="kfold", set={"k": 5}), list[md.Split])
    assert_type(md.featurize(dataset, ["ofm"], store="hdf5"), list[md.Feature])
    assert_type([material.id for material in dataset], list[str])
    built = md.build({"a": object()}, target=[1.0], name="x", filter="target > 0", from_="x.json")
    assert_type(built, md.Dataset)
    assert_type(len(md.predict("run", "NaCl", device="cpu")), int)
    md.train("example", built, "target", hyper={"width": 8}, train={"schedule": "onecycle"})
    assert_type(Mass().settings, MassSettings)
    assert_type(Stranger().hypers.width, int)
