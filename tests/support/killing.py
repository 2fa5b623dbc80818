"""Builds in processes of their own, which tests kill."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

COMMAND = ["build", "--features", "ofm", "--shard-rows", "24", "--workers", "1", "--quiet"]


def start(source: Path, cache: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "matdata.cli", *COMMAND, str(source), "--cache", str(cache)]
    # whoever runs tests in the background may ignore interrupts, which a child would inherit
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen([*command, *more], stderr=subprocess.PIPE, preexec_fn=heard)


def artefacts(cache: Path) -> dict[str, bytes]:
    """Every byte of every artefact; locks and receipts (time stamps) are no part of them."""
    found = {}
    for path in sorted(cache.rglob("*")):
        locked = any(part.startswith(".lock") for part in path.parts)
        if path.is_file() and path.name != "receipt.json" and not locked:
            found[path.relative_to(cache).as_posix()] = path.read_bytes()
    return found


def count(cache: Path, pattern: str) -> int:
    return len(list(cache.glob(pattern)))


def killed_at(process: subprocess.Popen[bytes], cache: Path, pattern: str, number: int) -> bool:
    """Kill a build as soon as so many paths match; whether it was still running."""
    while process.poll() is None and count(cache, pattern) < number:
        time.sleep(0.0005)
    running = process.poll() is None
    if running:
        os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    return running
