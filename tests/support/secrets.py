"""Looks for a secret in everything that commands left: streams and files, in every form."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import pyarrow.parquet as pq


def forms(secret: str) -> set[bytes]:
    """The secret as itself, percent-encoded, escaped, and in base64 at each of the offsets."""
    data = secret.encode()
    texts = {
        secret,
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        repr(secret)[1:-1],
        repr(data)[2:-1],
        json.dumps(secret)[1:-1],
        data.hex(),
    }
    for shift in range(3):
        # The first and the last letters depend on the neighbours.
        texts.add(base64.b64encode(b"x" * shift + data).decode()[4:-4])
    return {text.encode() for text in texts}


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of all files; those of packed tables as text."""
    for path in folder.rglob("*"):
        yield str(path), path.name.encode()
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if path.suffix == ".parquet" and path.stat().st_size:
            yield str(path), repr(pq.read_table(path).to_pydict()).encode()
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                yield str(path), repr([dict(file.attrs), list(file)]).encode()


def assert_hidden(secrets: Iterable[str], told: Iterable[str], folder: Path) -> None:
    """No secret is in what was printed, nor in any file of the folder."""
    places = [("output", text.encode("utf-8", "surrogatepass")) for text in told]
    places += contents(folder)
    for secret in secrets:
        for form in forms(secret):
            for name, data in places:
                assert form not in data, f"{form!r} in {name}: {data[:2000]!r}"
