"""Time, peak memory of all processes and bytes on disk of builds up to a million crystals.

    python benchmarks/scale.py --cache DIR                         # all of it: hours
    python benchmarks/scale.py --cache DIR --sizes 10000 --items together,verify

Each line names its command; the caches of `--cache` and the lines in its ``scale.jsonl`` stay, so a
run that was stopped goes on with the first line that is missing (`--again` measures anew). An
item needs those before it, which are measured first: ``verify``, ``open``, ``loader``, ``resume``,
``dask`` and ``share`` look at what ``together`` has built.

Items
-----
each      the dataset alone, then each feature of it alone
together  the dataset and all features by one command
resume    the same in another cache, killed half way and started again; equal bytes
dask      the same with ``--scheduler dask``; its overhead over ``together``
share     push to and pull from an S3 stand-in (moto, in the memory of this process)
verify    ``matdata verify`` against SHA-256 of the same files, both from memory if they fit
open      `matdata.open`, and one column of its table
loader    an epoch of a small network in ``stream`` mode, and its share of waiting
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import process_memory
from process_memory import Measured
from scale_children import HASH, LOADER, OPEN, VERIFY, s3_stand_in
from scale_table import MATDATA, Line, bytes_of, compared, line_of, print_head, print_line

FEATURES = ("ofm", "voronoi", "magpie", "wyckoff", "graph")
ALL = ",".join(FEATURES)
#: What the table holds if neither sizes nor items are chosen.
PLAN: dict[str, tuple[int, ...]] = {
    "each": (10_000, 100_000),
    "together": (10_000, 100_000, 1_000_000),
    "resume": (1_000_000,),
    "dask": (100_000,),
    "share": (100_000,),
    "verify": (10_000, 100_000, 1_000_000),
    "open": (10_000, 100_000, 1_000_000),
    "loader": (10_000, 100_000, 1_000_000),
}


class Bench:
    """Measures items of one size, each line once.

    Parameters
    ----------
    home
        Folder of all caches and of the lines.
    workers
        Processes or threads of a command.
    """

    def __init__(self, home: Path, workers: int) -> None:
        self.home = home
        self.workers = str(workers)
        self.lines = home / "scale.jsonl"

    def measured(self) -> dict[tuple[str, int], Line]:
        """Lines that are there."""
        if not self.lines.is_file():
            return {}
        rows = map(json.loads, self.lines.read_text(encoding="utf-8").splitlines())
        return {(row["item"], row["size"]): Line(**row) for row in rows}

    def line(self, item: str, size: int, make: Callable[[], Line]) -> Line:
        """A line that is there, or a new one, which is kept and printed."""
        line = self.measured().get((item, size))
        if line is None:
            line = make()
            with open(self.lines, "a", encoding="utf-8") as lines:
                lines.write(json.dumps(line._asdict()) + "\n")
        print_line(line)
        return line

    def cache(self, item: str, size: int) -> Path:
        """Folder of the cache of an item."""
        return self.home / f"{item}-{size}"

    def build(self, item: str, size: int, *more: str) -> tuple[str, ...]:
        """The command that builds a sample in the cache of an item."""
        return (
            *MATDATA, "build", f"sample:{size}", "--dedupe", "none", "--workers", self.workers,
            "--cache", str(self.cache(item, size)), *more,
        )  # fmt: skip


def python(script: str, *arguments: str) -> Measured:
    """Run a script of `scale_children` in a process of its own."""
    return process_memory.run((sys.executable, "-c", script, *arguments))


def each(bench: Bench, size: int) -> None:
    """The dataset, and each feature alone."""
    cache = bench.cache("each", size)
    bench.line("dataset", size, lambda: built(bench, "each", size))
    for feature in FEATURES:
        command = (*MATDATA, "featurize", "sample", feature, "--workers", bench.workers,
                   "--cache", str(cache))  # fmt: skip

        def featurize(command: tuple[str, ...] = command, feature: str = feature) -> Line:
            for folder in cache.glob(f"features/*/{feature}-*"):
                shutil.rmtree(folder)
            done = process_memory.run(command)
            disk = sum(map(bytes_of, cache.glob(f"features/*/{feature}-*")))
            return line_of(feature, size, done, disk, command)

        bench.line(feature, size, featurize)


def together(bench: Bench, size: int) -> None:
    """The dataset and all features by one command."""
    bench.line("together", size, lambda: built(bench, "together", size, "--features", ALL))


def built(bench: Bench, item: str, size: int, *more: str) -> Line:
    """Build in an empty cache."""
    cache, command = bench.cache(item, size), bench.build(item, size, *more)
    shutil.rmtree(cache, ignore_errors=True)
    done = process_memory.run(command)
    return line_of(item, size, done, bytes_of(cache), command)


def resume(bench: Bench, size: int) -> None:
    """Kill the command half way, start it again, and compare all bytes."""
    whole = bench.measured()["together", size]

    def make() -> Line:
        command = bench.build("resume", size, "--features", ALL)
        cache = bench.cache("resume", size)
        shutil.rmtree(cache, ignore_errors=True)
        first = process_memory.run(command, kill_after=whole.seconds / 2)
        second = process_memory.run(command)
        note = f"SIGKILL after {first.seconds:.0f} s" if first.was_killed else "was NOT killed"
        note += f", again {second.seconds:.0f} s; {compared(cache, bench.cache('together', size))}"
        total = Measured(first.seconds + second.seconds, max(first.peak, second.peak), "")
        return line_of("resume", size, total, bytes_of(cache), command, note)

    bench.line("resume", size, make)


def dask(bench: Bench, size: int) -> None:
    """All features on a dask cluster of this machine."""
    whole = bench.measured()["together", size]

    def make() -> Line:
        line = built(bench, "dask", size, "--features", ALL, "--scheduler", "dask")
        more = 100 * (line.seconds / whole.seconds - 1)
        same = compared(bench.cache("dask", size), bench.cache("together", size))
        return line._replace(note=f"{more:+.1f} % of together; {same}")

    bench.line("dask", size, make)


def share(bench: Bench, size: int) -> None:
    """Push what was built, and pull it into an empty cache."""
    cache, pulled = bench.cache("together", size), bench.cache("pulled", size)

    def line_for(item: str, url: str, environment: dict[str, str]) -> Callable[[], Line]:
        what = ("push", "sample", url) if item == "push" else ("pull", url)
        where = cache if item == "push" else pulled
        command = (*MATDATA, *what, "--features", "all", "--cache", str(where))

        def make() -> Line:
            if item == "pull":
                shutil.rmtree(pulled, ignore_errors=True)
            done = process_memory.run(command, environment)
            note = compared(pulled, cache) if item == "pull" else ""
            return line_of(item, size, done, bytes_of(where), command, note)

        return make

    lines = bench.measured()
    if all((item, size) in lines for item in ("push", "pull")):
        for item in ("push", "pull"):
            print_line(lines[item, size])
        return
    with s3_stand_in() as (url, environment):  # it holds objects in memory: both, or neither
        for item in ("push", "pull"):
            bench.line(item, size, line_for(item, url, environment))


def verify(bench: Bench, size: int) -> None:
    """`matdata verify` against SHA-256 of the same files, after both were read once."""
    cache = str(bench.cache("together", size))

    def make() -> Line:
        hashing, verifying = (float(python(code, cache).output) for code in (HASH, VERIFY))
        command = (*MATDATA, "verify", "--cache", cache)
        note = f"without start-up {verifying:.2f} s, SHA-256 alone {hashing:.2f} s: "
        note += f"{hashing / verifying:.2f} of its speed"
        return line_of("verify", size, process_memory.run(command), None, command, note)

    bench.line("verify", size, make)


def opening(bench: Bench, size: int) -> None:
    """Open the dataset in a new process."""

    def make() -> Line:
        done = python(OPEN, str(bench.cache("together", size)))
        times = json.loads(done.output)
        note = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in times.items())
        shown = Measured(times["open"], done.peak, "")
        return line_of("open", size, shown, None, ("matdata.open",), note)

    bench.line("open", size, make)


def loader(bench: Bench, size: int) -> None:
    """Train from the files for an epoch."""

    def make() -> Line:
        done = python(LOADER, str(bench.cache("together", size)))
        result: dict[str, Any] = json.loads(done.output)
        note = f"waited {100 * result['waited']:.2f} %, {result['rate']:,.0f} materials/s"
        shown = Measured(result["seconds"], done.peak, "")
        return line_of("loader", size, shown, None, ("loader(mode='stream')",), note)

    bench.line("loader", size, make)


ITEMS: dict[str, Callable[[Bench, int], None]] = {
    "each": each,
    "together": together,
    "resume": resume,
    "dask": dask,
    "share": share,
    "verify": verify,
    "open": opening,
    "loader": loader,
}


def chosen(items: Sequence[str] | None, sizes: Sequence[int] | None) -> Iterator[tuple[str, int]]:
    """Items with their sizes, size by size, each after what it needs."""
    plan = {name: sizes or PLAN[name] for name in items or PLAN}
    for size in sorted({size for own in plan.values() for size in own}):
        names = [name for name in ITEMS if size in plan.get(name, ())]
        if "together" not in names and set(names) - {"each"}:
            yield "together", size
        for name in names:
            yield name, size


def main() -> int:
    """Measure what is missing, and print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder of caches and results")
    parser.add_argument("--sizes", type=int, nargs="+", help="crystals")
    parser.add_argument("--items", help=f"of {','.join(ITEMS)}")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="measure all lines again")
    options = parser.parse_args()
    items = options.items.split(",") if options.items else None
    unknown = set(items or ()) - set(ITEMS)
    if unknown:
        parser.error(f"no such items: {', '.join(sorted(unknown))}")
    options.cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.cache, options.workers)
    if options.again:
        bench.lines.unlink(missing_ok=True)
    print_head()
    for item, size in chosen(items, options.sizes):
        ITEMS[item](bench, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
