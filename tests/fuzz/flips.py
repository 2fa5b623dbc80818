"""Byte flips over all files of all artefacts of a small cache."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import matdata as md
from matdata.cli import main
from matdata.core.crystals import Ragged
from matdata.core.digest import digest_arrays, digest_bytes, digest_json
from matdata.core.errors import MatdataError
from matdata.sources.download import KEY, RECEIPT
from matdata.sources.snapshot import Snapshot
from matdata.store.files import TEMPORARY
from matdata.store.locks import LOCK
from matdata.store.records import write_record

HOMES = ("snapshots", "datasets", "features", "runs", "downloads")


def make_cache(cache: Path) -> Path:
    """A snapshot, a dataset, two splits, features of both formats, a download, and two runs.

    The runs, a forest and a network, are evaluated with pictures.
    """
    options = {"cache": cache, "workers": 1, "name": "s"}
    dataset = md.build("sample:120", features=["fractions", "magpie"], **options)
    md.build("sample:120", features=["ofm"], store="hdf5", **options)
    dataset.split("70/15/15", name="other", seed=5)
    target = next(iter(dataset.manifest["targets"]))
    common = ["--cache", str(cache), "--quiet"]
    for name, plugin, more in (
        ("forest", "rf-magpie", ["--set", "hyper.trees=4"]),
        ("net", "example", ["--epochs", "2"]),
    ):
        asked = ["train", plugin, "s", "--target", target, "--split", "other", "--name", name]
        assert main([*asked, *more, *common]) == 0
        assert main(["evaluate", name, *common]) == 0
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
            passing = any(p.startswith((LOCK, TEMPORARY, ".part-")) for p in path.parts)
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


def read_all(cache: Path, home: str) -> dict[str, str]:
    """What readers get from the artefacts of one folder of the cache, as digests by name.

    What a reader refuses with a typed error stands there as that.
    """
    readers = {
        "snapshots": _read_snapshots,
        "datasets": _read_dataset,
        "features": _read_features,
        "runs": _read_runs,
        "downloads": lambda cache: {},
    }
    found: dict[str, str] = {}
    for name, read in readers[home](cache).items():
        try:
            found[name] = digest_json(read())
        except MatdataError as error:
            found[name] = f"{type(error).__name__}"
    return found


def _read_snapshots(cache: Path) -> dict[str, Callable[[], Any]]:
    def load() -> Any:
        (folder,) = [p for p in (cache / "snapshots" / "sample").iterdir() if p.name[0] != "."]
        chunks = Snapshot.open(folder).chunks()
        return [[c.structures.digest(), c.table, [asdict(r) for r in c.rejects]] for c in chunks]

    return {"load": load}


def _read_dataset(cache: Path) -> dict[str, Callable[[], Any]]:
    def of(read: Callable[[md.Dataset], Any]) -> Callable[[], Any]:
        return lambda: read(md.open("s", cache))

    return {
        "ref": of(lambda ds: [ds.ref, ds.digest]),
        "table": of(lambda ds: [ds.columns, ds.units]),
        "crystals": of(lambda ds: ds.crystals.digest()),
        "ledger": of(lambda ds: [asdict(reject) for reject in ds.rejects()]),
        "funnel": of(lambda ds: ds.funnel()),
        "split other": of(lambda ds: ds.split("other")),
    }


def _read_features(cache: Path) -> dict[str, Callable[[], Any]]:
    def of(spec: str) -> Callable[[], Any]:
        def read() -> Any:
            feature = md.open("s", cache).feature(spec)
            dense = feature.dense()
            values = dense.values if isinstance(dense, Ragged) else dense
            rejects = [asdict(reject) for reject in feature.rejects()]
            return [digest_arrays({"values": values}), feature.ids.tolist(), rejects]

        return read

    return {spec: of(spec) for spec in ("fractions", "magpie", "ofm")}


def _read_runs(cache: Path) -> dict[str, Callable[[], Any]]:
    def predict(name: str) -> Any:
        found = md.predict(md.open_run(name, cache), ["NaCl", "MgO"])
        return [found.ids.tolist(), found.mean.tolist()]

    def score(name: str) -> Any:
        return md.evaluate(md.open_run(name, cache))["targets"]

    readers: dict[str, Callable[[], Any]] = {}
    for name in ("forest", "net"):
        readers[f"predict {name}"] = partial(predict, name)
        readers[f"score {name}"] = partial(score, name)
    return readers
