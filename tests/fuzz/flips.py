"""Byte flips over all files of all artefacts of a small cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import matdata as md
from matdata.cli import main
from matdata.store.files import TEMPORARY
from matdata.store.locks import LOCK

HOMES = ("snapshots", "datasets", "features", "runs", "downloads")


def make_cache(cache: Path) -> Path:
    """A snapshot, a dataset, two splits, features of both formats, a download, and two runs.

    The runs, a forest and a network, are evaluated with pictures.
    """
    options = {"cache": cache, "workers": 1, "name": "s"}
    dataset = md.build("sample:120", features=["fractions", "magpie"], **options)
    md.build("sample:120", features=["ofm"], store="hdf5", **options)
    dataset.add_split("random", name="other", ratios="70/15/15", seed=5)
    target = next(iter(dataset.manifest["targets"]))
    common = ["--cache", str(cache), "--quiet"]
    for name, plugin, more in (
        ("forest", "rf-magpie", ["--set", "hyper.trees=4"]),
        ("net", "example", ["--epochs", "2"]),
    ):
        asked = ["train", plugin, "s", "--target", target, "--split", "other", "--name", name]
        assert main([*asked, *more, *common]) == 0
        assert main(["evaluate", name, *common]) == 0
    from matdata.digest import digest_bytes
    from matdata.sources.download import KEY, RECEIPT
    from matdata.store.records import write_record

    body = b"PK" + bytes(range(200))
    (cache / "downloads").mkdir(exist_ok=True)
    (cache / "downloads" / "a.zip").write_bytes(body)
    receipt = {"url": "https://a.example/a.zip", "bytes": len(body), "sha256": digest_bytes(body)}
    write_record(cache / "downloads" / f"a.zip{RECEIPT}", receipt, KEY)
    return cache


def flip_targets(cache: Path) -> list[Path]:
    """Files of artefacts, in a fixed order: all but locks, staging folders and empty files."""
    found = []
    for home in HOMES:
        for path in sorted((cache / home).rglob("*")):
            hidden = any(part.startswith(".building-") for part in path.parts)
            passing = path.name.startswith((LOCK, TEMPORARY, ".part-"))
            if path.is_file() and not hidden and not passing and path.stat().st_size:
                found.append(path)
    return found


@contextmanager
def flipped(path: Path, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Change one byte of a file while the block runs; gives its place and what it was."""
    whole = path.read_bytes()
    place = int(rng.integers(len(whole)))
    damaged = bytearray(whole)
    damaged[place] ^= int(rng.integers(1, 256))
    path.write_bytes(damaged)
    try:
        yield place, whole[place]
    finally:
        path.write_bytes(whole)


def copy_cache(cache: Path, to: Path) -> Path:
    """A copy to damage."""
    shutil.copytree(cache, to)
    return to
