"""Freed memory is kept on the heap of the C library, where it has such a setting."""

from __future__ import annotations

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from matdata.nn.cpu.malloc import LARGEST, find_mallopt

#: Prints how many blocks of memory the library maps for one array: none that it keeps on its heap.
BLOCKS = """
import ctypes, sys
import numpy as np
from matdata.nn.cpu.malloc import keep_freed_memory

class Mallinfo(ctypes.Structure):
    _fields_ = [(f"field{k}", ctypes.c_int) for k in range(10)]  # the fourth is hblks

mallinfo = ctypes.CDLL(None).mallinfo
mallinfo.restype = Mallinfo
if sys.argv[1] == "kept":
    assert keep_freed_memory()
before = mallinfo().field3
array = np.ones(int(sys.argv[2]), np.uint8)
print(mallinfo().field3 - before)
"""
glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="settings of the GNU C library"
)


def mapped(how: str, size: int) -> int:
    command = [sys.executable, "-c", BLOCKS, how, str(size)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
@glibc
@pytest.mark.parametrize(("how", "size", "blocks"), [
    ("default", LARGEST - 4096, 1),
    ("kept", LARGEST - 4096, 0),
    ("kept", LARGEST + 4096, 1),
])  # fmt: skip
def test_arrays_up_to_the_largest_size_stay_on_the_heap(how, size, blocks):
    assert mapped(how, size) == blocks


def test_a_library_without_the_setting_is_left_alone():
    assert find_mallopt(object()) is None
    assert find_mallopt(SimpleNamespace(mallopt=max)) is max
