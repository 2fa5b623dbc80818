"""Findings on the machine: processor, memory, accelerators as their driver and torch see them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from matdata.checks.finding import Finding, State
from matdata.core.memory import memory_of_machine
from matdata.core.packages import install_command, version_of
from matdata.core.printable import human_bytes
from matdata.core.redaction import excerpt

#: Instructions that matdata's kernels for processors use, as Linux names them.
INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")
SECONDS = 120.0  # for a program that is asked
_TORCH = """
import json, torch
gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
mps = getattr(torch.backends, "mps", None)
print(json.dumps([torch.__version__, torch.version.cuda, gpus, bool(mps and mps.is_available())]))
"""
_KERNEL = """
import numpy as np
from matdata.geometry.distances import mean_distances
out = np.zeros((1, 1, 1))
mean_distances(4 * np.eye(3), np.full(3, 4.0), 64.0, np.zeros((1, 3)), np.array([0, 1]), out)
assert out[0, 0, 0] == 4, f"the distance in a cubic cell of 4 is {out[0, 0, 0]}"
"""


def processor() -> Iterator[Finding]:
    """Processor, cores and memory."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    flags = _flags()
    shown = ", ".join(one for one in INSTRUCTIONS if one in flags) or "not known"
    text = f"{platform.machine()}, {usable} of {cores} cores usable, instructions: {shown}"
    yield Finding("machine", "processor", "ok", text)
    memory = memory_of_machine()
    if memory is not None:
        yield Finding("machine", "memory", "ok", human_bytes(memory))


def _flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return set(lines[0].partition(":")[2].split()) if lines else set()


def accelerators(full: bool) -> Iterator[Finding]:
    """GPUs as the driver lists them and, if `full`, as torch sees them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Finding("gpu", "driver", "note", "no nvidia-smi: no NVIDIA driver on this machine")
    else:
        query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        code, out = _run([program, *query])
        state: State = "ok" if code == 0 else "broken"
        step = "" if code == 0 else "repair the driver: run nvidia-smi and read what it says"
        yield Finding("gpu", "driver", state, "; ".join(out.split("\n")), step)
    version = version_of("torch")
    if version is None:
        yield Finding("gpu", "torch", "note", "not installed", install_command("train"))
    elif not full:
        text = f"{version}, not imported"
        yield Finding("gpu", "torch", "ok", text, "matdata doctor --full asks it for its devices")
    else:
        yield _torch(driver=program is not None)


def _torch(driver: bool) -> Finding:
    started = time.monotonic()
    code, out = _run([sys.executable, "-c", _TORCH])
    if code != 0:
        step = "install torch again for this Python and driver"
        return Finding("gpu", "torch", "broken", f"cannot be imported: {out[-300:]}", step)
    version, cuda, gpus, metal = json.loads(out.splitlines()[-1])
    devices = ", ".join(gpus) or ("Apple's GPU" if metal else "no GPU")
    text = f"{version} (CUDA {cuda or 'none'}): {devices}; imported in "
    text += f"{time.monotonic() - started:.1f} s"
    if driver and not gpus:
        return Finding(
            "gpu", "torch", "broken", f"{text}; the driver is there, but torch does not see it",
            "install a build of torch for the CUDA version that nvidia-smi shows",
        )  # fmt: skip
    return Finding("gpu", "torch", "ok", text)


def _run(command: list[str]) -> tuple[int, str]:
    """Exit code and output of a program, or why there is none."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {SECONDS:g} s"
    except OSError as error:
        return 1, str(error.strerror or error)
    return done.returncode, done.stdout.strip() or excerpt(done.stderr[-2000:], 2000)


def compiled_kernel() -> Iterator[Finding]:
    """Seconds from the start of Python to the first result of a compiled function."""
    if version_of("numba") is None:
        return
    started = time.monotonic()
    code, out = _run([sys.executable, "-c", _KERNEL])
    seconds = time.monotonic() - started
    if code:
        step = "reinstall numba and numpy in versions that fit each other"
        yield Finding("kernels", "first use", "broken", out[-300:], step)
    else:
        yield Finding("kernels", "first use", "ok", f"{seconds:.1f} s, with the start of Python")
