"""Nested line graphs on quotient graphs beside the plugin `quotient`, by validation errors.

The network of the plugin with edges that have states of their own, which messages between the
edges of one site update before each convolution, or before the first alone (nested graph networks:
R. Ruff et al., Digital Discovery 3, 594, 2024). Edges of all neighbours, or of the nearest ones,
send messages. First the pairs of edges are counted, beside those of line graphs of all sites
(``line-graph``, of which each edge has its reverse). Trainings follow `structure_table.py`; errors
of the validation part alone are printed.

    python benchmarks/quotient_lines.py                           # trainings of 20 s, three seeds
    python benchmarks/quotient_lines.py --seconds 60 --forms near
    python benchmarks/quotient_lines.py --seconds 0 --sets phonons,perov5,nomad2018    # counts
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from structure_table import SETS, Data, Model, train  # the number of threads first

from epoch_vs_aviary import read_structures
from quotient_pairs import PairSettings, QuotientPairs, QuotientPairsBatch
from quotient_sizes import entries
from timing import best

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from matdata.core.crystals import Crystals
from matdata.features import featurizer
from matdata.features.base import Block, Featurizer
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.plugin import Batch, Head, Schema, Settings, setting
from matdata.plugin import nn as blocks
from matdata.plugin.nn import CountedBatchNorm, Linear, PairLinear, gated_sum
from matdata.training.settings import train_settings
from matdata_quotient import Quotient
from matdata_quotient.hypers import Hypers
from matdata_quotient.layers import Convolution, Links
from matdata_quotient.model import QuotientNetwork

#: By name: the nearest edges of a site that messages reach and that send them (0: all), and whether
#: they are sent before each convolution or before the first.
FORMS: dict[str, dict[str, object]] = {
    "all": {},
    "near": {"seconds": 6},
    "both": {"firsts": 6, "seconds": 6},
    "first": {"seconds": 6, "nested": "first"},
}
COUNTED = 600


@dataclass(frozen=True)
class LineHypers(Hypers):
    """Sizes of what is added to the network of the plugin."""

    firsts: int = setting(0, "nearest edges of a site that messages reach; 0 for all", minimum=0)
    seconds: int = setting(0, "nearest edges of a site that send messages; 0 for all", minimum=0)
    nested: str = setting("each", "convolutions with messages of edges", choices=("each", "first"))
    inner: int = setting(32, "channels of an edge", minimum=1)
    cosines: int = setting(16, "Gaussians of a cosine", minimum=2)


class Nested(nn.Module):
    """One step of gated messages between the edges of each node.

    Parameters
    ----------
    hypers
        Sizes.
    """

    def __init__(self, hypers: LineHypers) -> None:
        super().__init__()
        width = hypers.inner
        self.ends = PairLinear(hypers.width, width, extra=hypers.centres + width)
        self.own = Linear(hypers.centres, width, bias=False)
        self.norm_edges = CountedBatchNorm(width)
        self.pair = PairLinear(width, 2 * width, extra=hypers.cosines)
        self.angle = Linear(hypers.cosines, 2 * width, bias=False)
        self.norm_pairs = CountedBatchNorm(2 * width)
        self.norm_sums = CountedBatchNorm(width)
        self.update = Linear(2 * width, width)

    def forward(
        self, nodes: Tensor, basis: Tensor, angles: Tensor, state: Tensor, *graphs: Links
    ) -> Tensor:
        """States of edges (E, inner) to the same; links between nodes, then between edges."""
        links, lines = graphs
        mixed = self.ends(nodes, links.sender, links.receiver) + self.own(basis) + state
        edges = F.silu(self.norm_edges(mixed, links.of_all))
        both, angle = self.pair.both(edges), self.angle(angles)
        ends = lines.sender, lines.receiver
        counted = {"count": lines.count, "of_all": lines.of_all}
        summed = gated_sum(both, angle, *ends, self.norm_pairs, **counted, core="silu")
        around = self.norm_sums(summed, links.of_all)
        change: Tensor = self.update(torch.cat([edges, around], 1))
        return state + change


class LineNetwork(QuotientNetwork):
    """The network of the plugin, whose convolutions read states of edges beside distances.

    Parameters
    ----------
    hypers
        Sizes.
    heads
        Columns to return.
    """

    def __init__(self, hypers: LineHypers, heads: Sequence[Head]) -> None:
        super().__init__(hypers, heads)
        self.inner = hypers.inner
        step = 2 / (hypers.cosines - 1)
        self.cosines = blocks.Gaussians(blocks.GaussianBasis(-1.0, 1.0, hypers.cosines, step))
        nested = hypers.layers if hypers.nested == "each" else 1
        self.nested = nn.ModuleList(Nested(hypers) for _ in range(nested))
        sizes = hypers.width, hypers.centres + hypers.inner, hypers.update
        self.layers = nn.ModuleList(Convolution(*sizes) for _ in range(hypers.layers))

    def forward(self, batch: Batch) -> Tensor:
        """Outputs (b, o) of a batch."""
        graph = batch.get(QuotientPairs.name, QuotientPairsBatch)
        sites = graph.multiplicity
        of_all = graph.count * sites.index_select(0, graph.sender)
        links = Links(graph.sender, graph.receiver, graph.count, sites, of_all)
        pairs_of_all = graph.pairs * of_all.index_select(0, graph.ends[0])
        lines = Links(*graph.ends, graph.pairs, of_all, pairs_of_all)
        basis, angles = self.basis(graph.distance), self.cosines(graph.cosine)
        nodes = self.embedding(graph.numbers) + self.correction(graph.numbers)
        state = basis.new_zeros(len(basis), self.inner)
        for place, layer in enumerate(self.layers):
            if place < len(self.nested):
                state = self.nested[place](nodes, basis, angles, state, links, lines)
            nodes = layer(nodes, torch.cat([basis, state], 1), links)
        mean = graph.nodes.sum(nodes * sites) / graph.nodes.sum(sites)
        outputs: Tensor = self.heads(F.silu(self.trunk(mean)))
        return outputs


class LineTrainer(Quotient):
    """The plugin with that network."""

    name: ClassVar[str] = "quotient-lines"
    Hypers: ClassVar[type[Settings]] = LineHypers

    def __init__(self, hypers: LineHypers) -> None:
        super().__init__(hypers)
        self.sizes = hypers

    def inputs(self) -> tuple[str, ...]:
        """Quotient graphs with pairs of edges."""
        return (QuotientPairs.name,)

    def input_settings(self) -> Mapping[str, Mapping[str, object]]:
        """Which sites are neighbours, and which edges pairs."""
        (graph,) = super().input_settings().values()
        pairs = {name: getattr(self.sizes, name) for name in ("firsts", "seconds")}
        return {QuotientPairs.name: {**graph, **pairs}}

    def model(self, schema: Schema) -> nn.Module:
        """The network."""
        return LineNetwork(self.sizes, schema.heads)


def made(spec: str, settings: Mapping[str, object] | None = None) -> Featurizer:
    """A featurizer of matdata or that of this script."""
    if spec != QuotientPairs.name:
        return featurizer(spec, settings)
    return QuotientPairs(PairSettings.from_mapping(dict(settings or {})))


def model_of(form: str) -> Model:
    """The plugin, or one of `FORMS`."""
    if form == "quotient":
        return Model.of(form, {})
    trainer = LineTrainer(LineHypers.from_mapping(FORMS[form]))
    return Model(form, trainer, train_settings(trainer, {}))


def timed(feature: Featurizer, crystals: Crystals) -> tuple[Block, float]:
    """A block, and the CPU time of making it again, in seconds."""
    block = feature.featurize(crystals)
    return block, best(lambda: feature.featurize(crystals), 1, time.process_time)


def count(name: str, crystals: Crystals) -> None:
    """Print how many nodes, edges and pairs there are, and what finding them takes."""
    row = f"{name:10} of {len(crystals)} crystals: "
    block, spent = timed(featurizer("line-graph"), crystals)
    print(
        f"{row}line-graph: {entries(block, 'sender'):,} edges, "
        f"{int(np.asarray(block.fields['pairs']).sum()):,} pairs, {spent:.2f} s"
    )
    block, spent = timed(featurizer("quotient-graph"), crystals)
    print(
        f"{row}quotient-graph: {entries(block, 'numbers'):,} nodes, "
        f"{entries(block, 'sender'):,} edges, {spent:.2f} s"
    )
    for form in ("all", "near", "both"):
        block, spent = timed(made(QuotientPairs.name, FORMS[form]), crystals)
        print(
            f"{row}{form}: {entries(block, 'numbers'):,} nodes, "
            f"{entries(block, 'sender'):,} edges, {entries(block, 'first'):,} pairs, {spent:.2f} s",
            flush=True,
        )


def main() -> int:
    """Count, train and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--forms", default=",".join(FORMS), help="beside the plugin")
    parser.add_argument("--sets", default="phonons,perov5")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each training; 0 for none")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each form and set")
    parser.add_argument("--limit", type=int, help="most crystals of each set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as each training of matdata does
    for name in chosen.sets.split(","):
        path, column, factor, unit = SETS[name]
        materials, values = read_structures(path, column)
        some = np.arange(len(materials))[: chosen.limit]
        materials, values = materials.take(some), values[some]
        count(name, materials.take(some[:COUNTED]))
        if not chosen.seconds:
            continue
        for form in ("quotient", *chosen.forms.split(",")):
            model = model_of(form)
            data = Data(materials, values * factor, model, made)
            rows = [train(model, data, seed, chosen.seconds, "cpu") for seed in range(chosen.seeds)]
            errors = np.array([row.valid for row in rows])
            spread = errors.std(ddof=1) if len(errors) > 1 else float("nan")
            print(
                f"{name:10} {form:9} {chosen.seconds:.0f} s: validation {errors.mean():.2f} ± "
                f"{spread:.2f} {unit}; {'; '.join(row.time for row in rows)}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
