"""Datasets of all records that can be read, for tests of reading."""

from __future__ import annotations

import matdata as md


def build_all(path, tmp_path, source=None, **options):
    asked = {"from_": path} if source else {}
    return md.build(
        source or path,
        cache=tmp_path / "c",
        split=None,
        dedupe="none",
        symmetry="none",
        workers=1,
        **asked,
        **options,
    )
