"""Weights of matgl in a folder."""

from __future__ import annotations

import pytest
from support.matgl_weights import write_folder


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path / "weights")
    return tmp_path / "weights"
