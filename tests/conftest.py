"""What all tests share: a cache of their own, and no key of the person who runs them."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_disks():
    """Only a loss of power needs flushed files, and no test cuts it; a killed process does not.

    Whether files are flushed before they are named is tested by calls of `os.fsync`.
    """
    flushed = os.fsync
    os.fsync = os.fstat
    yield
    os.fsync = flushed


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path_factory.mktemp("cache")))
    for name in ("MP_API_KEY", "PMG_MAPI_KEY", "MP_API_ENDPOINT", "MATDATA_CACHE_ALSO"):
        monkeypatch.delenv(name, raising=False)
