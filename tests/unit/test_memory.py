"""What memory there is: of the machine, of control groups of both versions, of this process."""

from __future__ import annotations

import mmap
import os
import sys

import pytest

from matdata.core import memory
from matdata.core.memory import memory_free, memory_of_machine, own_memory, swap_free

MB = 1 << 20
V1 = {"memory.limit_in_bytes": 100 * MB, "memory.usage_in_bytes": 30 * MB}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """``machine(group, files)`` writes a machine with 800 MB free, and its control groups."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    kilobytes = {"MemFree": 10 * 1024, "MemAvailable": 800 * 1024, "SwapFree": 50 * 1024}
    lines = [f"{name}:   {value} kB\n" for name, value in kilobytes.items()]
    (proc / "meminfo").write_text("".join(lines))
    monkeypatch.setattr(memory, "_PROC", proc)
    monkeypatch.setattr(memory, "_GROUPS", groups)

    def write(group="", files=None):
        (proc / "self" / "cgroup").write_text(group)
        for path, value in (files or {}).items():
            place = groups / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"{value}\n")

    return write


def test_a_machine_without_control_groups(machine):
    machine()
    assert (memory_free(), swap_free()) == (800 * MB, 50 * MB)


def test_the_smallest_of_nested_groups_counts(machine):
    files = {"memory.max": "max", "a/memory.max": 500 * MB, "a/b/memory.max": 600 * MB}
    files |= {"a/memory.current": 100 * MB, "a/b/memory.current": 90 * MB}
    machine("0::/a/b\n", files)
    assert memory_free() == 400 * MB
    assert memory_of_machine() == 500 * MB
    machine("0::/a/b\n", {"a/memory.swap.max": 20 * MB, "a/memory.swap.current": 5 * MB})
    assert swap_free() == 15 * MB
    machine("0::/a/b\n", {"a/b/memory.swap.max": 0, "a/b/memory.swap.current": 0})
    assert swap_free() == 0


def test_files_that_a_group_keeps_in_memory_are_free(machine):
    stat = f"anon {10 * MB}\ninactive_file {60 * MB}\nactive_file {20 * MB}\nshmem 5\n"
    machine("0::/\n", {"memory.max": 100 * MB, "memory.current": 95 * MB, "memory.stat": stat})
    assert memory_free() == 85 * MB


@pytest.mark.parametrize("path", ["/docker/0f3a", "/../../other.slice", "/"])
def test_a_container_sees_its_own_group_as_the_root(machine, path):
    machine(f"0::{path}\n", {"memory.max": 300 * MB, "memory.current": 100 * MB})
    assert memory_free() == 200 * MB


def test_groups_of_version_1(machine):
    line = "12:cpu,cpuacct:/x\n5:memory:/x\n1:name=systemd:/x\n"
    files = {f"memory/x/{name}": value for name, value in V1.items()}
    files["memory/x/memory.stat"] = f"inactive_file 1\ntotal_inactive_file {10 * MB}\n"
    files["memory/memory.limit_in_bytes"] = 9223372036854771712
    files["memory/memory.usage_in_bytes"] = 1
    machine(line, files)
    assert (memory_free(), swap_free()) == (80 * MB, 50 * MB)
    files = {"memory.memsw.limit_in_bytes": 120 * MB, "memory.memsw.usage_in_bytes": 38 * MB}
    machine(line, {f"memory/x/{name}": value for name, value in files.items()})
    assert swap_free() == 12 * MB, "of 20 MB of swap 8 are used"


def test_a_group_over_its_limit_has_nothing_free(machine):
    machine("0::/\n", {"memory.max": MB, "memory.current": 2 * MB})
    assert memory_free() == 0


def test_a_system_that_says_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_PROC", tmp_path)
    pages = {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 500}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__, raising=False)
    assert (memory_free(), swap_free(), own_memory()) == (250_000, 0, None)
    monkeypatch.delattr(os, "sysconf")
    assert (memory_free(), memory_of_machine()) == (0, None)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_this_process():
    before = own_memory()
    # not of the allocator, which may have kept as much that was freed before
    with mmap.mmap(-1, 64 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as taken:
        for page in range(0, len(taken), 4096):
            taken[page] = 1
        after = own_memory()
    assert before is not None
    assert after is not None
    assert after.held - before.held > 60 * MB
    assert after.mapped >= after.held
