"""Runs all sections in processes of their own, and prints a table.

    benchmarks/gpu/run.sh --output DIR
    benchmarks/gpu/run.sh --output DIR --rehearse     # on a CPU, tiny
    benchmarks/gpu/run.sh --output DIR --only steps exact --plugins roost wren

``DIR/results.json`` is whole after every check; ``DIR/table.txt`` is written at the end. A process
whose device fails, or that does not return, is ended, and the next group goes on in a new one. The
exit status is 1 if a check failed, 2 if there is no GPU. A missed aim of speed is no failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gpu.at_hand import register, trainers
from gpu.child import NO_DEVICE
from gpu.record import FAILED, MISSED, PASSED, PLUGINS, SKIPPED, Record, table

#: Sections by process, with seconds each: first what decides whether the rest means anything.
GROUPS: tuple[tuple[tuple[str, float], ...], ...] = (
    (("facts", 10), ("data", 60)),
    (("forms", 20), ("steps", 50), ("modes", 10), ("waits", 30)),
    (("exact", 115), ("full", 15)),
    (("loaders", 30), ("speed", 65), ("members", 40), ("compiled", 60)),
)
#: Seconds that a process has beyond those of its sections: for torch, CUDA and a slow check.
GRACE = 25.0
TOTAL = 470.0
#: What a rehearsal may take of these, on a machine that does other things as well.
SLOWER = 8.0
#: Why a section has no more results.
LATE, OVER = "it did not end in time", "the time of all sections was over"
#: Sections that the others need.
ALWAYS = ("facts", "data")


def main() -> int:
    """Run, print, and say by the exit status whether all checks passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--rehearse", action="store_true", help="on a CPU, with tiny sizes")
    names = [name for group in GROUPS for name, _ in group]
    parser.add_argument(
        "--only",
        nargs="+",
        choices=names,
        metavar="SECTION",
        help=f"of {', '.join(names)}; data are always made",
    )
    parser.add_argument(
        "--plugins",
        nargs="+",
        choices=trainers(),
        metavar="NAME",
        help="these alone, of what is done with each",
    )
    options = parser.parse_args()
    if options.plugins:
        os.environ[PLUGINS] = ",".join(options.plugins)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in ("results.json", "table.txt"):
        (options.output / name).unlink(missing_ok=True)
    record = Record(options.output)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matdata-gpu-") as folder:
        here = Path(folder)
        paths = [*map(str, register(here / "plugins")), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        for group in _groups(options):
            left = TOTAL - (time.monotonic() - started)
            if options.rehearse:
                group, left = [(name, SLOWER * seconds) for name, seconds in group], SLOWER * TOTAL
            if _group(options, here, group, max(left, 1.0)) == NO_DEVICE:
                print("there is no GPU; --rehearse runs all of it on a CPU", file=sys.stderr)
                return NO_DEVICE
    record = Record(options.output)
    record.content["facts"]["seconds"] = round(time.monotonic() - started, 1)
    record.save()
    text = table(record.content)
    (options.output / "table.txt").write_text(text, encoding="utf-8")
    print(text)
    counts = {status: record.count(status) for status in (PASSED, FAILED, SKIPPED, MISSED)}
    print(", ".join(f"{number} {status}" for status, number in counts.items()))
    return 1 if counts[FAILED] else 0


def _groups(options: argparse.Namespace) -> list[list[tuple[str, float]]]:
    """The sections of each process; a rehearsal has one for data and one for the rest."""
    groups = [list(group) for group in GROUPS]
    if options.rehearse:
        groups = [groups[0], [entry for group in groups[1:] for entry in group]]
    wanted = {*(options.only or [name for group in groups for name, _ in group]), *ALWAYS}
    chosen = [[entry for entry in group if entry[0] in wanted] for group in groups]
    return [group for group in chosen if group]


def _group(
    options: argparse.Namespace, here: Path, sections: list[tuple[str, float]], most: float
) -> int | None:
    """Run sections in one process; what it leaves undone goes on in the next one.

    A process that has not ended in `most` seconds, which are left of all, has not failed.
    """
    limit = sum(seconds for _, seconds in sections) + GRACE
    end = time.monotonic() + min(limit, most)
    left = sections
    status: int | None = 0
    while left and time.monotonic() < end:
        status = _child(options, here, left, end - time.monotonic())
        if status in (0, NO_DEVICE):
            return status
        record = Record(options.output)
        begun = [name for name, _ in left if _begun(record, name)]
        last = begun[-1] if begun else left[0][0]
        outcome, why = FAILED, f"its process ended with {status}"
        if status is None:
            outcome, why = (FAILED, LATE) if limit <= most else (SKIPPED, OVER)
        record.section(last)["checks"].append({"name": last, "status": outcome, "reason": why})
        record.save()
        left = left[[name for name, _ in left].index(last) + 1 :]
    record = Record(options.output)
    for name, _ in left:
        record.section(name)["checks"].append({"name": name, "status": SKIPPED, "reason": OVER})
    record.save()
    return status


def _begun(record: Record, name: str) -> bool:
    return any(entry["name"] == name for entry in record.content["sections"])


def _child(
    options: argparse.Namespace, here: Path, sections: list[tuple[str, float]], limit: float
) -> int | None:
    """Run sections in a process; its exit status, None where it was ended."""
    environment = dict(os.environ)
    if any(name == "exact" for name, _ in sections):
        environment["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    command = [sys.executable, "-m", "gpu.child", str(options.output), str(here / "cache")]
    command += ["rehearse" if options.rehearse else "gpu"]
    command += [f"{name}={seconds}" for name, seconds in sections]
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


if __name__ == "__main__":
    sys.exit(main())
