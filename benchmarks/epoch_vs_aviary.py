"""Seconds per epoch of Roost, Wren and CGCNN: matdata's engine and loader against aviary 1.2.1.

Both sides in one process, with the same number of threads, architecture, batch size, loss
(robust L1), optimizer and initial weights, epochs by turns; the shortest of each is compared, and
the validation errors after the same number of epochs stand beside them. aviary reads its own
dataset through its own collate; its first epoch, which fills its cache, is not counted. It trains
the table of element vectors, which its documents call frozen, unless ``--frozen`` is given. Its
Gaussians of distances hold subnormal numbers, on which processors of Intel are slow; ``--flush``
has torch take such numbers as 0 on both sides. ``--avx2`` holds torch, MKL, oneDNN and numba to the
instructions of a processor without AVX-512, where products take more of both sides' time. On
processors of AMD with AVX-512 matdata has its products made by oneDNN
(`matdata.nn.cpu.onednn_linear`); ``--torch-products`` shows what is left without. The last line
counts the matrix products of both sides, and estimates the ratio that would be left if ours did
nothing else, at the rate of one large product on this machine.

    uv sync --group bench
    python benchmarks/epoch_vs_aviary.py roost            # EX, 3,895 formulas
    python benchmarks/epoch_vs_aviary.py wren --threads 2 # Matbench phonons, 1,265 crystals
    python benchmarks/epoch_vs_aviary.py cgcnn            # perov5 val, 3,787 crystals
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timing import hold_to_avx2, instructions_used, public, read_crystals

import numpy as np
import torch

from matdata.nn.cpu.onednn_linear import linear, onednn_is_faster, products_by
from matdata.nn.cpu.malloc import keep_freed_memory

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from matdata.core.composition import Compositions
    from matdata.core.crystals import Crystals
    from matdata.plugin import TorchTrainer

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
warnings.simplefilter("ignore")

SEED, TARGET = 0, "target"


def read_formulas() -> tuple[Compositions, np.ndarray]:
    """Formulas of EX and their gaps."""
    from matdata.core.composition import Compositions, parse_formula

    with gzip.open(public("roost/expt-non-metals.csv.gz"), "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    amounts = [parse_formula(row["composition"]) for row in rows]
    formulas = Compositions.from_amounts([row["material_id"] for row in rows], amounts)
    return formulas, np.array([float(row["Eg"]) for row in rows])


def read_structures(name: str, column: str) -> tuple[Crystals, np.ndarray]:
    """Crystals of a file and one of their targets."""
    from matdata.sources.files import Files

    path = public(name)
    tables = [chunk.table for chunk in Files(path).chunks()]
    values = np.concatenate([np.asarray(table[column], dtype=float) for table in tables])
    return read_crystals(path, None), values


class Ours:
    """A network of a plugin, trained by matdata's engine."""

    def __init__(
        self,
        trainer: TorchTrainer,
        materials: Crystals | Compositions,
        values: np.ndarray,
        lr: float,
        loss: str = "robust_l1",
        optimizer: str = "adamw",
        batch: int = 128,
    ) -> None:
        from matdata.features import featurizer
        from matdata.load.loader import make_loader
        from matdata.training.contract import Schema
        from matdata.training.target import Target
        from matdata.training.data import View
        from matdata.training.engine import Recipe, SeparateEngine
        from matdata.training.memory_features import MemoryFeature
        from matdata.training.objectives.choice import heads_of, objectives_of
        from matdata.training.objectives.combined import Objectives
        from matdata.training.settings import TrainSettings

        (spec,) = trainer.inputs()
        feature = MemoryFeature(
            featurizer(spec, dict(trainer.input_settings().get(spec, {}))), materials
        )
        place = {name: row for row, name in enumerate(materials.ids)}
        ids = np.asarray(feature.ids, dtype=np.str_)
        chosen = values[[place[name] for name in ids.tolist()]]
        view = View("benchmark", ids, {TARGET: chosen.tolist()}, {TARGET: "1"}, {spec: feature})
        self.order = np.random.default_rng(SEED).permutation(len(ids))
        self.ids, self.values, cut = ids, chosen, round(0.8 * len(ids))
        self.batch = batch
        self.parts = np.sort(self.order[:cut]), np.sort(self.order[cut:])
        train, valid = (ids[part] for part in self.parts)
        self.train = make_loader(
            *(view, train, [spec], TARGET),
            batch_size=batch,
            shuffle=True,
            prefetch=0,
            normalizer="standard",
        )
        self.normalizer = self.train.encoded_by
        self.valid = make_loader(view, valid, [spec], TARGET, normalizer=self.normalizer)
        torch.manual_seed(SEED)
        settings = TrainSettings(lr=lr, loss=loss, optimizer=optimizer, weight_decay=1e-6)
        targets = (Target(TARGET),)
        schema = Schema(targets, heads_of(targets, settings), {spec: feature.featurizer})
        self.network = trainer.model(schema)
        objectives = Objectives(objectives_of(targets, settings))
        recipe = Recipe(settings, objectives, torch.device("cpu"))
        self.engine, self.lr = SeparateEngine([self.network], recipe), lr

    def epoch(self) -> None:
        """One pass over the training part."""
        for batch in self.train:
            self.engine.step(batch, [self.lr])

    def error(self) -> float:
        """Mean absolute error of the validation part."""
        total = 0.0
        for batch in self.valid:
            total += float((self.engine.outputs(batch)[0][:, :1] - batch.targets).abs().sum())
        assert self.normalizer is not None
        return total / len(self.valid.ids) * float(self.normalizer.scale[0])


class Theirs:
    """The same network as aviary has it, trained as it trains."""

    def __init__(self, model: Any, dataset: Any, collate: Any, ours: Ours) -> None:
        from aviary.losses import robust_l1_loss
        from aviary.data import Normalizer
        from torch.utils.data import DataLoader, Subset

        train, valid = (Subset(dataset, part.tolist()) for part in ours.parts)
        self.train = DataLoader(train, 128, shuffle=True, collate_fn=collate)
        self.valid = DataLoader(valid, 128, collate_fn=collate)
        self.count = len(valid)
        self.model = model
        normalizer = Normalizer()
        normalizer.fit(torch.tensor(ours.values[ours.parts[0]], dtype=torch.float32))
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=ours.lr, weight_decay=1e-6)
        self.options = {
            "loss_dict": {TARGET: ("regression", robust_l1_loss)},
            "normalizer_dict": {TARGET: normalizer},
            "verbose": False,
        }
        self.normalizer = normalizer

    def epoch(self) -> None:
        """One pass over the training part."""
        self.model.evaluate(self.train, optimizer=self.optimizer, action="train", **self.options)

    def error(self) -> float:
        """Mean absolute error of the validation part, over materials."""
        targets, outputs, _ = self.model.predict(self.valid)
        mean = self.normalizer.denorm(outputs[0][:, 0]).numpy()
        return float(np.abs(mean - targets[0]).mean())


def roost(lr: float) -> tuple[Ours, Theirs]:
    """On the experimental band gaps."""
    import pandas as pd
    from aviary.roost.data import CompositionData, collate_batch
    from matdata_roost import Roost
    from support.aviary_weights import aviary_roost

    materials, values = read_formulas()
    ours = Ours(Roost(), materials, values, lr)
    with gzip.open(public("roost/expt-non-metals.csv.gz"), "rt") as file:
        table = pd.read_csv(file, dtype={"material_id": str}).set_index("material_id")
    frame = table.loc[ours.ids.tolist()].reset_index().rename(columns={"Eg": TARGET})
    dataset = CompositionData(frame, {TARGET: "regression"})
    return ours, Theirs(_named(aviary_roost(ours.network)), dataset, collate_batch, ours)


def wren(lr: float) -> tuple[Ours, Theirs]:
    """On the last phonon peak; aviary's labellings and table on its side."""
    import pandas as pd
    from aviary.wren.data import WyckoffData, collate_batch
    from aviary.wren.model import Wren as Reference
    from matdata_wren import Wren
    from matdata_wren.hypers import Hypers
    from pymatgen.analysis.prototypes import get_protostructure_label

    materials, values = read_structures("phonons/matbench_phonons.json.gz", "last phdos peak")
    hypers = Hypers(trunk=(1024, 512), pool_heads=3)  # aviary's default sizes
    ours = Ours(Wren(hypers), materials, values, lr)
    structures = _structures(materials, ours.ids)
    labels = [get_protostructure_label(structure, "spglib") for structure in structures]
    frame = pd.DataFrame({"material_id": ours.ids, "composition": "", "protostructure": labels})
    dataset = WyckoffData(frame.assign(**{TARGET: ours.values}), {TARGET: "regression"})
    model = Reference(task_dict={TARGET: "regression"}, robust=True, n_targets=[1], device="cpu")
    return ours, Theirs(model, dataset, collate_batch, ours)


def cgcnn(lr: float) -> tuple[Ours, Theirs]:
    """On the heats of formation of perovskites; aviary cuts ties, so it has fewer edges."""
    import pandas as pd
    from aviary.cgcnn.data import CrystalGraphData, collate_batch
    from matdata_cgcnn import CGCNN
    from support.aviary_weights import aviary_cgcnn

    materials, values = read_structures("perov5/val.csv.gz", "heat_all")
    ours = Ours(CGCNN(), materials, values, lr)
    structures = _structures(materials, ours.ids)
    frame = pd.DataFrame({"structure": structures, TARGET: ours.values}, index=ours.ids)
    dataset = CrystalGraphData(frame, {TARGET: "regression"})
    return ours, Theirs(_named(aviary_cgcnn(ours.network)), dataset, collate_batch, ours)


def _named(model: Any) -> Any:
    model.task_dict, model.target_names = {TARGET: "regression"}, [TARGET]
    return model


def _structures(materials: Crystals, ids: np.ndarray) -> list[Structure]:
    from matdata.adapters.pymatgen import to_structure

    place = {name: row for row, name in enumerate(materials.ids)}
    return [to_structure(materials, place[name]) for name in ids.tolist()]


def timed(function: Callable[[], object]) -> float:
    """Wall time in seconds."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def products(function: Callable[[], None]) -> float:
    """Floating point operations of the matrix products of a call, in 10^9."""
    from torch.utils.flop_counter import FlopCounterMode

    with products_by(None), FlopCounterMode(display=False) as counter:  # it knows torch's alone
        function()
    return float(counter.get_total_flops()) / 1e9


def rate_of_products(size: int = 2048, times: int = 7) -> float:
    """10^9 operations a second of a large layer of matdata in float32, the best of several."""
    one, other = torch.randn(size, size), torch.randn(size, size)
    return 2e-9 * size**3 / min(timed(lambda: linear(one, other)) for _ in range(times))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("roost", "wren", "cgcnn"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=5, help="of each, after one to warm up")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--frozen", action="store_true", help="aviary's table of elements too")
    parser.add_argument("--flush", action="store_true", help="take subnormal numbers as 0")
    parser.add_argument("--torch-products", action="store_true", help="in matdata as well")
    parser.add_argument("--avx2", action="store_true", help="as without AVX-512, on both sides")
    chosen = parser.parse_args()
    if chosen.avx2:
        hold_to_avx2()
    torch.set_num_threads(chosen.threads)
    if chosen.flush and not torch.set_flush_denormal(True):
        print("this processor does not take subnormal numbers as 0", file=sys.stderr)
        return 2
    with products_by(None) if chosen.torch_products else contextlib.nullcontext():
        return compare(chosen)


def compare(chosen: argparse.Namespace) -> int:
    """Measure with the chosen options and print."""
    ours, theirs = {"roost": roost, "wren": wren, "cgcnn": cgcnn}[chosen.model](chosen.lr)
    theirs.model.elem_embedding.weight.requires_grad_(not chosen.frozen)
    ours.epoch()
    theirs.epoch()
    alone = [min(timed(side.epoch) for _ in range(2)) for side in (ours, theirs)]
    kept = keep_freed_memory()  # as each training of matdata does; it serves both sides
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(chosen.epochs):
        times[0].append(timed(ours.epoch))
        times[1].append(timed(theirs.epoch))
    best = min(times[0]), min(times[1])
    middle = float(np.median(times[0])), float(np.median(times[1]))
    maker = "oneDNN" if onednn_is_faster() and not chosen.torch_products else "torch"
    print(
        f"{chosen.model}: {len(ours.parts[0]):,} to train, {chosen.threads} thread(s), "
        f"our products by {maker}; {instructions_used()}"
        + (", subnormal numbers taken as 0" if chosen.flush else "")
    )
    for name, row in (("shortest", best), ("median", middle)):
        ratio = row[1] / row[0]
        print(f"  {name:8} epoch: matdata {row[0]:.3f} s, aviary {row[1]:.3f} s: {ratio:.2f}x")
    if kept:
        print(f"  without kept memory: matdata {alone[0]:.3f} s, aviary {alone[1]:.3f} s")
    errors = ours.error(), theirs.error()
    print(f"  validation MAE after {chosen.epochs + 3} epochs: {errors[0]:.4f}, {errors[1]:.4f}")
    work, rate = [products(side.epoch) for side in (ours, theirs)], rate_of_products()
    print(
        f"  products: matdata {work[0]:.0f}, aviary {work[1]:.0f} GFLOP; at {rate:.0f} GFLOP/s "
        f"ours alone take {work[0] / rate:.3f} s, about {best[1] * rate / work[0]:.2f}x"
    )
    return 0 if best[1] / best[0] >= 2.5 else 1


if __name__ == "__main__":
    sys.exit(main())
