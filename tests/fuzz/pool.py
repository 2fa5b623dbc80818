"""Zygotes at work: cases go out, answers come back in the order of the cases."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

TESTS = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """Variables of a helping process: it finds this package, has one thread and no key."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    keys = ("MP_API_KEY", "PMG_MAPI_KEY", "MP_API_ENDPOINT")
    kept = {name: value for name, value in os.environ.items() if name not in keys}
    return {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


class Zygotes:
    """Some zygotes; use it in a ``with`` statement.

    Parameters
    ----------
    count
        Processes at work at once.
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "fuzz.zygote"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._processes = [
            subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, **pipes)
            for _ in range(self._count)
        ]
        for one in self._processes:
            self._line(one)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._processes:
            one.kill()  # it holds nothing that is worth an orderly end
            one.communicate()

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the zygote ended with {process.wait()}")
        return json.loads(line)

    def ask(self, case: str, file: Path | None = None) -> dict[str, Any]:
        """One answer, from the first zygote."""
        return self._ask(self._processes[0], case, file)

    def _ask(
        self, process: subprocess.Popen[str], case: str, file: Path | None = None
    ) -> dict[str, Any]:
        request = {"case": case, **({"file": str(file)} if file else {})}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return self._line(process)

    def map(self, cases: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Answers to all cases, as they come."""
        waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        total = 0
        for case in cases:
            waiting.put(case)
            total += 1

        def work(process: subprocess.Popen[str]) -> None:
            while not waiting.empty():
                try:
                    case = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put(self._ask(process, case))
                except Exception as error:
                    done.put(error)
                    return

        threads = [threading.Thread(target=work, args=(one,)) for one in self._processes]
        for thread in threads:
            thread.start()
        for _ in range(total):
            answer = done.get()
            if isinstance(answer, Exception):
                raise answer
            yield answer
        for thread in threads:
            thread.join()
