"""A process that has imported matdata and torch, and forks a child for each command.

A command can be told to die at its n-th change of a file below its cache, or after some seconds,
as `kill -9` does it: nothing of the process sees it coming.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from fuzz.kinds import KINDS
from fuzz.pool import environment
from fuzz.zygote import prepare

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.utime")
PATIENCE = 240.0  # seconds after which a command counts as hanging


@dataclass(frozen=True)
class Command:
    """Arguments of ``matdata``, and when it is killed.

    Attributes
    ----------
    arguments
        What follows ``matdata``.
    event
        Number of the change of a file at which it dies; 0 for never.
    seconds
        Time after which it is killed; 0 for never.
    """

    arguments: tuple[str, ...]
    event: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Done:
    """How a command ended: exit code (negative for a signal), output, and what it took."""

    code: int
    out: str
    err: str
    seconds: float
    events: int

    @property
    def killed(self) -> bool:
        """Whether it died by SIGKILL."""
        return self.code == -signal.SIGKILL


class Commands:
    """The process; use it in a ``with`` statement."""

    def __enter__(self) -> Self:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-P", "-m", "fuzz.commands"]
        self._process = subprocess.Popen(command, env=environment(), **pipes)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it holds nothing that is worth an orderly end
        self._process.communicate()

    def together(self, *commands: Command) -> list[Done]:
        """Run commands at the same time."""
        self._process.stdin.write(json.dumps([asdict(one) for one in commands]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of commands ended with {self._process.wait()}")
        return [Done(**one) for one in json.loads(line)]

    def run(self, *arguments: str, event: int = 0, seconds: float = 0.0) -> Done:
        """Run one command."""
        return self.together(Command(arguments, event, seconds))[0]


def _cache_of(arguments: Sequence[str]) -> str:
    return arguments[list(arguments).index("--cache") + 1]


def _child(command: dict[str, Any], folder: Path) -> None:
    """Run a command in a forked child; does not return."""
    from matdata.cli import main

    os.setsid()  # what it starts can be ended with it
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    events = os.open(folder / "events", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # Outputs are written beside the cache.
    root, count = str(Path(_cache_of(command["arguments"])).parent), 0

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        changes = event in CHANGES or (event == "open" and given[1] and set(given[1]) & set("wax+"))
        if changes and str(given[0]).startswith(root):
            count += 1
            os.write(events, b".")
            if count == command["event"]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    code = 98
    try:
        code = main(command["arguments"])
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 2
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folders = [Path(name, str(k)) for k in range(len(commands))]
        started: dict[int, int] = {}
        begin = time.monotonic()
        for k, command in enumerate(commands):
            folders[k].mkdir()
            pid = os.fork()
            if pid == 0:
                _child(command, folders[k])
            started[pid] = k
        ended = _wait(commands, started, begin)
        return [
            {
                "code": ended[k][0],
                "out": (folder / "out").read_text(errors="replace"),
                "err": (folder / "err").read_text(errors="replace"),
                "seconds": ended[k][1],
                "events": (folder / "events").stat().st_size,
            }
            for k, folder in enumerate(folders)
        ]


def _wait(
    commands: list[dict[str, Any]], started: dict[int, int], begin: float
) -> dict[int, tuple[int, float]]:
    ended: dict[int, tuple[int, float]] = {}
    while len(ended) < len(commands):
        for pid, k in started.items():
            passed = time.monotonic() - begin
            limit = commands[k]["seconds"] or PATIENCE
            if k not in ended and passed > limit:
                os.kill(pid, signal.SIGKILL)
            if k not in ended:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    ended[k] = os.waitstatus_to_exitcode(status), passed
        time.sleep(0.001)
    return ended


def serve() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _import()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), file=answers, flush=True)


def _import() -> None:
    """What commands import and compile, so that children have it; torch is imported and left."""
    import importlib

    from matdata.cli.commands import COMMANDS, module_of

    names = [module_of(name) for name in COMMANDS]
    names += [
        "torch",
        "matdata_roost.model",
        "matdata.features.building.runner",
        "pyarrow.parquet",
        "h5py",
    ]
    names += ["zarr", "matdata.training.train", "matdata.evaluation.request"]
    for name in names:
        importlib.import_module(name)
    prepare([KINDS["jsonl"], KINDS["formulas"]])


if __name__ == "__main__":
    serve()
