"""A dask scheduler and workers in processes of their own, which tests kill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PATIENCE = 120.0
DASK = [sys.executable, "-m", "dask"]


def wait_until(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return when something has become true; fail loudly otherwise."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"{what} did not become true in {seconds:g} s"
        time.sleep(0.01)


class Cluster:
    """A scheduler on a free port of this machine, and any number of workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--no-show",
            "--scheduler-file", str(self._file),
        )  # fmt: skip
        wait_until(lambda: self._file.exists() and bool(self._file.read_text().strip()))
        self.address = str(json.loads(self._file.read_text())["address"])

    def _start(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> subprocess.Popen[bytes]:
        with open(self.folder / f"{arguments[0]}.log", "ab") as log:
            return subprocess.Popen(
                [*DASK, *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=prepare,
            )

    def add_worker(
        self,
        environment: Mapping[str, str] | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a worker of one thread; it need not be there yet."""
        worker = self._start(
            "worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny",
            "--local-directory", str(self.folder),
            environment=environment, prepare=prepare,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL, and wait for the end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)

    def kill_workers(self) -> None:
        for worker in self.workers:
            self.kill(worker)
        self.workers.clear()

    def close(self) -> None:
        self.kill_workers()
        self.kill(self.scheduler)


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A scheduler with workers, all gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = Cluster(folder)
    try:
        for _ in range(workers):
            opened.add_worker()
        yield opened
    finally:
        opened.close()
