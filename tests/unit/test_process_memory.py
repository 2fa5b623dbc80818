"""What `benchmarks/scale.py` measures with: memory of a tree of processes, and its plan."""

import sys
from pathlib import Path

import pytest

MB = 1_000_000
#: A process and its child, each of which holds 60 MB until the parent's input ends.
TREE = f"""
import subprocess, sys, time
held = bytearray({60 * MB})
child = "import sys; held = bytearray({60 * MB}); print(1, flush=True); sys.stdin.read()"
options = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
process = subprocess.Popen([sys.executable, "-c", child], **options)
process.stdout.readline()
time.sleep(1.0)
print("done")
"""

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc/PID/smaps_rollup"
)


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")


@pytest.mark.slow
def test_memory_of_all_processes_is_added(benchmarks):
    import process_memory

    done = process_memory.run([sys.executable, "-c", TREE])
    assert done.output == "done\n"
    assert not done.was_killed
    assert 115 * MB < done.peak < 400 * MB


def test_a_command_is_killed_with_its_children(benchmarks):
    import process_memory

    done = process_memory.run([sys.executable, "-c", "import time; time.sleep(60)"], kill_after=0.3)
    assert done.was_killed
    assert done.seconds < 30


def test_a_command_that_fails_ends_the_benchmark(benchmarks):
    import process_memory

    with pytest.raises(SystemExit, match="no luck"):
        process_memory.run([sys.executable, "-c", "raise SystemExit('no luck')"])


def test_items_come_after_what_they_need(benchmarks):
    import scale

    assert list(scale.chosen(["verify"], [5])) == [("together", 5), ("verify", 5)]
    assert list(scale.chosen(["each"], [5])) == [("each", 5)]
    assert list(scale.chosen(["resume", "together"], [7, 5])) == [
        ("together", 5),
        ("resume", 5),
        ("together", 7),
        ("resume", 7),
    ]
    whole = list(scale.chosen(None, None))
    assert set(whole) == {(item, size) for item, sizes in scale.PLAN.items() for size in sizes}
    for item, size in whole:
        needed = item not in ("each", "together")
        assert not needed or whole.index(("together", size)) < whole.index((item, size))
