"""Spectra: resampled and stored, loaded against a NumPy copy, and learnt against one number.

All in one process, in turn. Spectra are made up (a Lorentz oscillator for each
composition), come from an NPZ file in which each material has its own energies, and are resampled
to one grid. Building is timed with the reading of the file and the dataset around it, and without
spectra.

    python benchmarks/spectra.py --materials 12353 --points 3000 --epochs 3
"""

from __future__ import annotations

import argparse
import csv
import functools
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from timing import best

import numpy as np
import numpy.typing as npt

import matdata as md
from matdata.nn.cpu.malloc import keep_freed_memory
from matdata.sources.spectrum_file import read_spectra
from matdata.training.logs import read_log

ELEMENTS = (
    "Li Na K Rb Mg Ca Sr Ba Al Ga In Si Ge Sn Ti Zr V Nb Cr Mo Mn Fe Co Ni Cu Zn O S Se F Cl Br N P"
)
MAX_EV = 40.0


def write_files(folder: Path, count: int, points: int) -> tuple[Path, Path]:
    """A table of compositions with a number each, and the file of their spectra."""
    words = ELEMENTS.split()
    triples = itertools.combinations(range(len(words)), 3)
    amounts = itertools.product((1, 2, 3), repeat=2)
    formulas = [
        f"{words[a]}{i}{words[b]}{j}{words[c]}"
        for (i, j), (a, b, c) in itertools.product(list(amounts), list(triples))
    ][:count]
    random = np.random.default_rng(0)
    poles = random.uniform(2.0, 12.0, count)
    axes = np.linspace(0.0, 1.0, points) * random.uniform(31.0, MAX_EV, count)[:, None]
    eps = 1.0 + 50.0 / (poles[:, None] ** 2 - axes**2 - 0.5j * axes)
    ids = np.array([f"m{row}" for row in range(count)])
    np.savez(folder / "spectra.npz", material_id=ids, energy=axes, eps_re_xx=eps.real)
    with open(folder / "materials.csv", "w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["material_id", "formula", "y"])
        lines.writerows(zip(ids.tolist(), formulas, poles.tolist(), strict=True))
    return folder / "materials.csv", folder / "spectra.npz"


def build(table: Path, name: str, **options: Any) -> None:
    """Build a dataset in the cache beside its table."""
    cache = table.parent / "cache"
    md.build(table, name=name, cache=cache, split=None, workers=1, **options)


def epoch_seconds(dataset: md.Dataset, target: str, epochs: int, batch: int) -> float:
    """The shortest epoch of a training of Finder."""
    train = {"epochs": epochs, "batch_size": batch, "loss": "l1", "normalizer": "none"}
    run = md.train(
        "finder", dataset, target, split="s", name=f"of-{target}", quiet=True,
        train={**train, "tensorboard": False, "threads": 1},
    )  # fmt: skip
    return min(float(row["seconds"]) for row in read_log(run.folder) if "seconds" in row)


def _read(path: Path, count: int) -> None:
    for _ in range(count):
        read_spectra(path, ("xx",))


def time_xml(folder: Path, points: int, count: int = 20) -> None:
    """Print how long a file of a dielectric function is read, of either kind of XML."""
    energies = np.linspace(0.0, MAX_EV, points)
    rows = np.random.default_rng(0).uniform(0.1, 9.0, (2, points, 6))
    words = ",".join(f"{one:.4f}" for one in energies)
    page = ""
    for part, block in zip(("real", "imag"), rows, strict=True):
        for number, column in enumerate(block.T, start=1):
            numbers = ",".join(f"{one:.4f}" for one in column)
            page += f"<{part}_{number}>'{numbers}'</{part}_{number}>"
    lines = [
        "".join(f"<r> {' '.join(f'{one:9.4f}' for one in (energy, *row))} </r>" for energy, row in
                zip(energies, block, strict=True))
        for block in rows
    ]  # fmt: skip
    files = {
        "page of JARVIS": "<basic_info><main_optics_semilocal><main_optics_info>"
        f"<energies>'{words}'</energies>{page}"
        "</main_optics_info></main_optics_semilocal></basic_info>",
        "vasprun": "<modeling><calculation><dielectricfunction>"
        f"<imag><array><set>{lines[1]}</set></array></imag>"
        f"<real><array><set>{lines[0]}</set></array></real>"
        "</dielectricfunction></calculation></modeling>",
    }
    for what, text in files.items():
        path = folder / "one.xml"
        path.write_text(text)
        seconds = best(functools.partial(_read, path, count))
        print(f"{what} of {points:,} energies: {1000 * seconds / count:.2f} ms a file")


def _each(batches: Iterable[object]) -> None:
    """Take one after another, as a training does: each is there until the next one is."""
    for _ in batches:
        pass


def _fastest(ways: Sequence[Callable[[], Iterable[object]]], repeats: int) -> list[list[float]]:
    """Shortest wall and processor times of each way, all in turn so that they meet one machine."""
    times = np.full((repeats, len(ways), 2), np.inf)
    for one in times:
        for place, way in enumerate(ways):
            start = time.perf_counter(), time.process_time()
            _each(way())
            one[place] = time.perf_counter() - start[0], time.process_time() - start[1]
    found: list[list[float]] = times.min(0).tolist()
    return found


def time_batches(
    dataset: md.Dataset, values: npt.NDArray[Any], inputs: tuple[str, ...], size: int
) -> None:
    """Print an epoch of a loader, in order and shuffled, against copies of as many rows by NumPy.

    Each side makes new arrays, and holds one until the next is made. NumPy copies rows that lie
    one after another, or takes those of a drawn order.
    """
    starts = range(0, len(values), size)
    for shuffle in (False, True):
        loader = dataset.loader(inputs=inputs, target="eps_re_xx", batch_size=size, shuffle=shuffle)
        drawn = np.random.default_rng(0).permutation(len(values))

        def copied() -> Iterator[npt.NDArray[Any]]:
            return (values[start : start + size].copy() for start in starts)

        def taken(drawn: npt.NDArray[np.int64] = drawn) -> Iterator[npt.NDArray[Any]]:
            return (values[drawn[start : start + size]] for start in starts)

        ways: list[Callable[[], Iterable[object]]] = [
            functools.partial(iter, loader),
            copied,
            taken,
        ]
        batches, copies, takes = _fastest(ways, 20)
        print(
            f"batches of {size}{', shuffled,' if shuffle else ''} with "
            f"{' and '.join(('spectra', *inputs))} in {batches[0]:.4f} s, NumPy copies of the "
            f"spectra in {copies[0]:.4f} s, of drawn rows in {takes[0]:.4f} s: "
            f"{copies[0] / batches[0]:.2f} and {takes[0] / batches[0]:.2f} of their speed "
            f"({copies[1] / batches[1]:.2f} and {takes[1] / batches[1]:.2f} in processor time)",
            flush=True,
        )


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--materials", type=int, default=12353)
    parser.add_argument("--points", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, npz = write_files(folder, given.materials, given.points)
        build(table, "warm", limit=50)
        plain = best(lambda: build(table, "plain"), 1)
        options = {"spectra": npz, "grid": f"0:30:{given.points}", "axis": "eps_re_xx=energy"}
        whole = best(lambda: build(table, "osc", **options), 1)
        print(
            f"{given.materials:,} spectra of {given.points:,} points: built with spectra in "
            f"{whole:.2f} s, without in {plain:.2f} s"
        )
        dataset = md.open("osc", folder / "cache")
        rows = np.arange(len(dataset))
        column = dataset.columns.spectrum("eps_re_xx")
        assert column is not None
        values = column.take(rows)
        load = best(lambda: column.take(rows))
        copy = best(values.copy)
        print(
            f"loaded in {load:.4f} s, a NumPy copy in {copy:.4f} s: {copy / load:.2f} of its speed"
        )
        size = given.batch
        made = best(lambda: dataset.loader(inputs=(), target="eps_re_xx", batch_size=size), 3)
        print(f"a loader of them made in {made:.2f} s, {made / copy:.0f} NumPy copies", flush=True)
        md.featurize(dataset, "formula-graph", workers=1)
        keep_freed_memory()  # as each training of matdata does; it serves both sides
        for inputs in ((), ("formula-graph",)):
            time_batches(dataset, values, inputs, given.batch)
        time_xml(folder, given.points)
        dataset.split("80/10/10", name="s")
        one = epoch_seconds(dataset, "y", given.epochs, given.batch)
        many = epoch_seconds(dataset, "eps_re_xx", given.epochs, given.batch)
        print(
            f"an epoch of Finder: one output {one:.2f} s, {given.points:,} outputs {many:.2f} s: "
            f"{many / one:.2f}x"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
