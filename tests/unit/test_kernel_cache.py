"""Compiled code is dropped when any source of a kernel changes, wherever it lies."""

from __future__ import annotations

from matdata.core.kernel_cache import drop_stale_code


def test_compiled_code_of_all_packages_is_dropped_when_a_source_of_one_changes(tmp_path):
    packages = ("core", "geometry")
    indices = []
    for package in packages:
        (tmp_path / package / "__pycache__").mkdir(parents=True)
        (tmp_path / package / "kernel.py").write_text("A = 1\n")
        indices.append(tmp_path / package / "__pycache__" / "kernel.f.nbi")
    assert drop_stale_code(tmp_path, packages)
    for index in indices:
        index.write_bytes(b"compiled")
    assert not drop_stale_code(tmp_path, packages)
    assert all(index.exists() for index in indices)
    (tmp_path / "geometry" / "kernel.py").write_text("A = 2\n")
    assert drop_stale_code(tmp_path, packages)
    assert not any(index.exists() for index in indices)
