"""A process that has imported everything, and forks a child for each input.

Requests come as lines of JSON (``{"case": "jsonl:17"}``, with ``"file"`` for a stored input), and
answers go the same way. A child that dies, hangs or eats memory ends alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fuzz.cases import Case, stored
from fuzz.containers import Content
from fuzz.kinds import KINDS, REPLAY, Kind
from fuzz.oracles import Outcome, judge
from fuzz.records import Crystal, Record

OPTIONS = (
    "--symmetry",
    "none",
    "--dedupe",
    "none",
    "--allow-loss",
    "--workers",
    "1",
    "--split",
    "none",
)
WALL, CPU = 90, 40  # seconds after which a child is killed; what counts as slow is far below
MORE_MEMORY = 2 << 30  # bytes of addresses beyond those of the zygote


def folder() -> str | None:
    """Where inputs and caches lie: in memory where there is such a place."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run_case(case: Case, data: Content | bytes, place: Path) -> Outcome:
    """Build an input in this process; nothing of it is left but the outcome."""
    from matdata.cli import main

    home, cache = place / "in", place / "cache"
    home.mkdir()
    path = case.kind.write(home, data)
    before = sorted(one.name for one in home.rglob("*"))
    outcome = Outcome()
    out, err = io.StringIO(), io.StringIO()
    start = time.process_time()
    command = ["build", *case.kind.command(path), *OPTIONS, "--cache", str(cache), "--quiet"]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            outcome.code = main(command)
    except SystemExit as left:
        outcome.code = left.code if isinstance(left.code, int) else 2
    except BaseException as error:
        outcome.crash = _where(error)
    outcome.seconds = time.process_time() - start
    outcome.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    outcome.error = err.getvalue()[-2000:]
    if sorted(one.name for one in home.rglob("*")) != before:
        outcome.litter.append("files beside the input")
    if not outcome.crash:
        _look_at(cache, outcome)
    return outcome


def _where(error: BaseException) -> str:
    """Type of an exception, and the last function of matdata that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "/matdata/" in one.filename] or frames
    file = "/".join(Path(ours[-1].filename).parts[-2:])
    return f"{type(error).__name__} in {file}:{ours[-1].name}"


def _look_at(cache: Path, outcome: Outcome) -> None:
    """The dataset that was made, and what else lies in the cache."""
    from matdata.cli import main
    from matdata.store.dataset_folder import DatasetFolder

    try:
        made, kept = (
            [one for one in cache.glob(f"{home}/*/*") if one.name[0] != "." and one.is_dir()]
            for home in ("datasets", "snapshots")
        )
        for one in [*made, *kept]:
            if not (one / "manifest.json").is_file():
                outcome.litter.append(f"{one.parent.parent.name} without a manifest")
        if made:
            _read(DatasetFolder(made[0]), outcome)
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            code = main(["verify", "--cache", str(cache)])
        if code:
            outcome.litter.append(f"verify: {text.getvalue().splitlines()[0]}")
    except BaseException as error:
        outcome.crash = f"afterwards: {_where(error)}"


def _read(dataset: Any, outcome: Outcome) -> None:
    columns = {name: list(column) for name, column in dataset.columns.items()}
    outcome.rows = []
    for k, identity in enumerate(columns["material_id"]):
        alone, crystal, counted = dataset.structures.crystal(k), None, None
        if alone is not None:
            tables = (alone.lattice[0], alone.frac_coords, alone.numbers)
            crystal = Crystal(*(one.tolist() for one in tables))
        else:
            counted = dataset.compositions.amounts_of(k)
        values = {name: column[k] for name, column in columns.items()}
        outcome.rows.append(Record(identity, crystal, counted, values))
    outcome.rejects = [(one.material_id, one.reason, one.message) for one in dataset.rejects()]
    outcome.funnel = dataset.funnel()


def answer(case: Case, data: Content | bytes, done: list[str]) -> dict[str, Any]:
    """Build, judge, and say what is wrong."""
    place = Path(tempfile.mkdtemp(prefix="fuzz-", dir=tempfile.tempdir or folder()))
    try:
        outcome = run_case(case, data, place)
        try:
            findings = judge(case, data, outcome)
            found = [[one.kind, one.detail] for one in findings]
        except Exception as error:  # the judge's own fault must not look like an input's
            found = [["judge", f"{type(error).__name__}: {error} at {_where(error)}"]]
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return {
        "case": case.name, "done": done, "findings": found, "code": outcome.code,
        "rows": len(outcome.rows or []), "rejects": len(outcome.rejects), "error": outcome.error,
        "seconds": round(outcome.seconds, 3), "megabytes": round(outcome.megabytes),
        "reasons": sorted({reason for _, reason, _ in outcome.rejects}),
    }  # fmt: skip


def forked(case: Case, file: str | None) -> dict[str, Any]:
    """`answer` in a child with limits of its own."""
    data, done = (stored(case.kind, Path(file)), ["stored"]) if file else case.input()
    reader, writer = os.pipe()
    place = tempfile.mkdtemp(prefix="fuzz-", dir=folder())
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        tempfile.tempdir = place  # what a killed child leaves goes with it
        _limit()
        text = json.dumps(answer(case, data, done)).encode()
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(text)
        os._exit(0)
    os.close(writer)
    text, killed = _received(reader, pid)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    shutil.rmtree(place, ignore_errors=True)
    if text:
        return json.loads(text)
    words = "no end" if killed else f"the process died ({status})"
    if status == -signal.SIGXCPU:
        words = "no end"
    return {
        "case": case.name, "done": done, "findings": [["died", words]], "code": None, "rows": 0,
        "rejects": 0, "error": "", "seconds": 0.0, "megabytes": 0, "reasons": [],
    }  # fmt: skip


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + MORE_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _received(reader: int, pid: int) -> tuple[bytes, bool]:
    """What a child wrote, and whether it had to be killed."""
    parts, end, killed = [], time.monotonic() + WALL, False
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            killed = True
            break
        part = os.read(reader, 1 << 16)
        if not part:
            break
        parts.append(part)
    os.close(reader)
    return b"".join(parts), killed


def prepare(kinds: Iterable[Kind] = ()) -> None:
    """Write the replay file, and build the seeds of kinds (all if none is named) once.

    Children find all modules loaded then, and compiled code with them.
    """
    import pyarrow

    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    REPLAY.update(replay())
    for kind in kinds or KINDS.values():
        answer(Case(kind, 0), *Case(kind, 0).input())


def replay() -> Content:
    """A snapshot that matdata itself exports."""
    from matdata.cli import main

    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=folder()) as name:
        place = Path(name)
        kind = KINDS["jsonl"]
        path = kind.write(place, kind.seeds[0])
        tail = ["--cache", str(place / "cache"), "--quiet"]
        out = place / "r.jsonl"
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["build", str(path), *OPTIONS, *tail]) == 0
            assert main(["export", "a", str(out), "--snapshot", *tail]) == 0
        return {"r.jsonl": out.read_bytes()}


def serve() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not stand among the answers
    prepare()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        found = forked(Case.of(asked["case"]), asked.get("file"))
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    serve()
