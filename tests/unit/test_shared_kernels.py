"""Kernels are compiled once for each state of their sources, whoever starts the workers."""

from __future__ import annotations

from types import SimpleNamespace

from support import kernels


def test_only_the_first_compiles(tmp_path, monkeypatch):
    calls = []

    def run(command, **_):
        calls.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(kernels.subprocess, "run", run)
    assert kernels.compile_once(tmp_path)
    assert not kernels.compile_once(tmp_path)
    assert len(calls) == 1
    monkeypatch.setattr(kernels, "digest_of_sources", lambda root: "changed")
    assert kernels.compile_once(tmp_path)


def test_what_failed_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(
        kernels.subprocess, "run", lambda command, **_: SimpleNamespace(returncode=1)
    )
    assert kernels.compile_once(tmp_path)
    assert kernels.compile_once(tmp_path)
