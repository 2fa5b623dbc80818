"""Runs a command and measures its time and the memory of all its processes together.

Memory is the proportional set size (PSS) of ``/proc/PID/smaps_rollup``, summed over the tree of
processes: pages that several of them share are counted once. Linux only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.1  # seconds between two samples


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes
    ----------
    seconds
        Wall time.
    peak
        Largest sum of PSS in bytes, of samples every `INTERVAL`.
    output
        Standard output.
    was_killed
        Whether it was killed by `run`'s `kill_after`.
    """

    seconds: float
    peak: int
    output: str
    was_killed: bool = False


def tree_of(root: int) -> list[int]:
    """A process and all its descendants, as far as they still run."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                # the name of a program may hold spaces and brackets: its parent follows the last
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    members = [root]
    for process in members:
        members += children.get(process, [])
    return members


def pss_of(process: int) -> int:
    """PSS of a process in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    kill_after: float | None = None,
) -> Measured:
    """Run a command to its end, or until it is killed with all its processes.

    Raises
    ------
    SystemExit
        If it fails, with its error output.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    peak = [0]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(INTERVAL):
            peak[0] = max(peak[0], sum(map(pss_of, tree_of(process.pid))))

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    was_killed = False
    try:
        output, errors = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        was_killed = True
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
    finally:
        done.set()
        sampler.join()
    seconds = time.perf_counter() - begun
    if process.returncode and not was_killed:
        raise SystemExit(f"{' '.join(command)}\nended with {process.returncode}:\n{errors}")
    return Measured(seconds, peak[0], output, was_killed)
