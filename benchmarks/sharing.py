"""Times push, pull and reading of a dataset through a folder, or a server that speaks S3.

    python benchmarks/sharing.py DATASET [--cache DIR] [--s3]

With ``--s3`` moto's server on the loopback interface is the store; it holds everything in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from scale_children import s3_stand_in

import matdata as md
from matdata.core.cache import cache_dir


def time_sharing(ref: str, url: str, cache: Path, features: str = "all") -> dict[str, float]:
    """Seconds and megabytes of sharing a dataset with its features.

    Parameters
    ----------
    ref
        The dataset.
    url
        An empty shared folder.
    cache
        The cache that holds it.
    features
        As of `matdata.push`.

    Returns
    -------
    dict
        ``megabytes``; ``push_s``, ``push_again_s``, ``pull_s``, ``pull_again_s`` (which rereads
        what is there), and ``open_s`` of the dataset at its address in a cache that holds it.
    """
    seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def timed(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - start

    with tempfile.TemporaryDirectory(dir=cache) as folder:
        other = Path(folder)
        with timed("push_s"):
            pushed = md.push(ref, url, features=features, cache=cache)
        with timed("push_again_s"):
            md.push(ref, url, features=features, cache=cache)
        address = f"{url if '://' in url else f'file://{url}'}/{ref}"
        with timed("pull_s"):
            md.pull(address, features=features, cache=other)
        with timed("pull_again_s"):
            md.pull(address, features=features, cache=other)
        with timed("open_s"):
            md.open(address, cache=other)
    return {"megabytes": sum(one.size for one in pushed) / 1e6, **seconds}


@contextlib.contextmanager
def shared_folder(is_s3: bool) -> Iterator[str]:
    """An empty shared folder, or one of the S3 stand-in and the environment that it needs."""
    if is_s3:
        with s3_stand_in() as (url, environment), patch.dict(os.environ, environment):
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield str(Path(folder) / "shared")


def main() -> None:
    """Print the times as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--cache")
    parser.add_argument("--s3", action="store_true")
    given = parser.parse_args()
    cache = cache_dir(given.cache)
    with shared_folder(given.s3) as url:
        print(json.dumps(time_sharing(given.dataset, url, cache), indent=1))


if __name__ == "__main__":
    main()
