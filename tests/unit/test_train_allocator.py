from __future__ import annotations

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import numpy as np
from matdata.nn.cpu.malloc import keep_freed_memory

def steps(count):
    for _ in range(count):
        held = [np.ones(24 << 20, np.uint8) for _ in range(4)]
        del held

if sys.argv[1] == "kept":
    assert keep_freed_memory()
steps(3)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
steps(5)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages that the system had to give in five steps of 96 MB."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="settings of the GNU C library")
def test_freed_memory_is_used_again():
    by_default, kept = faults("default"), faults("kept")
    assert by_default > 5000
    assert kept < by_default / 20
