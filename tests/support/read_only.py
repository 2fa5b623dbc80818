"""Commands that may not write into a folder, even where the tests run as root."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h
LIBC = ctypes.CDLL(None)


def drop_override() -> None:
    """Give up root's right to write where permissions forbid it; what follows is executed so."""
    if os.geteuid() == 0 and LIBC.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
        raise OSError("the right to override permissions cannot be given up")


def forbid_writing(folder: Path) -> None:
    """Make a folder and all below it read-only."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def run_obeying(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A matdata command that obeys permissions."""
    return run_python_obeying(["-m", "matdata.cli", *arguments])


def run_python_obeying(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, obeying permissions."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, preexec_fn=drop_override, timeout=300
    )
