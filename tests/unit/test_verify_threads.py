"""Files of a large artefact are reread by several threads; the faults and their order stay."""

import threading

import pytest

from matdata.core.digest import digest_bytes
from matdata.core.executors import Workers
from matdata.store import verify
from matdata.store.verify import content_faults

NAMES = [f"part/{k:03d}" for k in range(40)]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "part").mkdir()
    records = {}
    for k, name in enumerate(NAMES):
        content = bytes([k]) * 5000
        (tmp_path / name).write_bytes(content)
        records[name] = (len(content), digest_bytes(content))
    for k in (31, 3, 17):
        (tmp_path / NAMES[k]).write_bytes(b"\0" * 5000)
    (tmp_path / NAMES[8]).unlink()
    (tmp_path / NAMES[20]).write_bytes(b"short")
    return records


@pytest.fixture
def threads(monkeypatch):
    seen = set()
    fault_of = verify.fault_of

    def noted(path, size, digest):
        seen.add(threading.current_thread().name)
        return fault_of(path, size, digest)

    monkeypatch.setattr(verify, "fault_of", noted)
    monkeypatch.setattr(verify, "default_workers", lambda: 3)
    return seen


@pytest.mark.parametrize("group", [1, 12_000, 1 << 40])
def test_faults_are_in_the_order_of_names(files, threads, tmp_path, monkeypatch, group):
    monkeypatch.setattr(verify, "GROUP_BYTES", group)
    faults = list(content_faults(tmp_path, files, None))
    expected = [NAMES[k] for k in (3, 8, 17, 20, 31)]
    assert [fault.path.relative_to(tmp_path).as_posix() for fault in faults] == expected
    assert "is missing" in str(faults[1])
    assert "5 bytes, expected 5000" in str(faults[3])
    assert (threading.main_thread().name in threads) == (group > 1e6)


def test_there_are_no_more_threads_than_a_disk_can_use(files, tmp_path, monkeypatch):
    counts = []

    def counting(function, tasks, workers: Workers, kind):
        counts.append((workers.count, kind))
        return map(function, tasks)

    monkeypatch.setattr(verify, "ordered_map", counting)
    monkeypatch.setattr(verify, "default_workers", lambda: 64)
    monkeypatch.setattr(verify, "GROUP_BYTES", 1)
    list(content_faults(tmp_path, files, None))
    assert counts == [(verify.MAX_THREADS, "thread")]
