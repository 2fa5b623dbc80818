"""Each source with its stand-in server, for tests that treat all of them alike."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import pkgutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from matdata.adapters.pymatgen import to_structure
from matdata.cli import main
from matdata.core.elements import symbols
from support.crystals import many
from support.file_server import serving_files
from support.files import mp_document
from support.mp_server import KEY, VERSION, serving
from support.mp_tables import write_collection
from support.optimade_server import entry, standing_in
from support.s3_server import serving_bucket

NAMES = ("mp", "mp --bulk", "optimade", "jarvis", "matminer")
QUICK = "from matdata.sources import web; web.PAUSE = 0.0"
SMALL_PAGES = (
    "from matdata.sources.mp import MaterialsProject, PageSizes; "
    "MaterialsProject.page_sizes = PageSizes(10)"
)
#: What `Service.setup` and `QUICK` change, to be put back after a build in this process.
CHANGED = (
    "web.PAUSE", "mp.MaterialsProject.page_sizes", "optimade.PROVIDERS", "jarvis.PINNED",
    "jarvis.ARTICLES", "jarvis.URL", "chunks.CHUNK_ROWS", "matminer_data.known_sets",
)  # fmt: skip


@dataclass
class Service:
    """A source and the server that it is sent to.

    Attributes
    ----------
    words
        Words of the command line after ``build``.
    server
        The stand-in server.
    environment, setup
        What sends the source to an address: variables, and a line of Python.
    requests
        How many pages or files were asked for so far.
    """

    words: list[str]
    server: Any
    environment: Callable[[str], dict[str, str]]
    setup: Callable[[str], str]
    requests: Callable[[], int]

    def start(self, cache: Path, url: str | None = None) -> subprocess.Popen[str]:
        """Build in a process of its own."""
        address = url or self.server.url
        lines = [
            "import sys",
            "from matdata.cli import main",
            QUICK,
            self.setup(address),
            "sys.exit(main(sys.argv[1:]))",
        ]
        words = ["build", *self.words, "--cache", str(cache), "--split", "none", "--workers", "1"]
        return subprocess.Popen(
            [sys.executable, "-c", "\n".join(lines), *words, "--dedupe", "none"],
            env={**os.environ, **self.environment(address)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def build(self, cache: Path, url: str | None = None) -> tuple[int, str]:
        """Exit code and messages of a build in this process."""
        address, told = url or self.server.url, io.StringIO()
        words = ["build", *self.words, "--cache", str(cache), "--split", "none", "--workers", "1"]
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(told):
            for name in CHANGED:
                path = f"matdata.sources.{name}"
                patch.setattr(path, pkgutil.resolve_name(path))
            for key, value in self.environment(address).items():
                patch.setenv(key, value)
            exec(f"{QUICK}\n{self.setup(address)}", {})
            code = main([*words, "--dedupe", "none"])
        return code, told.getvalue()


@contextmanager
def service(name: str, folder: Path, rows: int = 60) -> Iterator[Service]:
    """A source of `rows` crystals with its server running."""
    makers = {
        "mp": _mp,
        "mp --bulk": _bulk,
        "optimade": _optimade,
        "jarvis": _jarvis,
        "matminer": _matminer,
    }
    with makers[name](folder, rows) as made:
        yield made


def _documents(rows: int) -> list[dict[str, Any]]:
    crystals = many(rows)
    return [mp_document(crystals, row) for row in range(rows)]


@contextmanager
def _mp(folder: Path, rows: int) -> Iterator[Service]:
    with serving(_documents(rows)) as server:
        yield Service(
            ["mp", "--thermo", "summary"],
            server,
            lambda url: {"MP_API_ENDPOINT": url, "MP_API_KEY": KEY},
            lambda url: SMALL_PAGES,
            lambda: len(server.pages),
        )


@contextmanager
def _bulk(folder: Path, rows: int) -> Iterator[Service]:
    documents = _documents(rows)
    write_collection(folder / "bucket", "summary", documents, VERSION, files=6)
    with serving_bucket(folder / "bucket") as server:
        yield Service(
            ["mp", "--bulk", "--thermo", "summary"],
            server,
            lambda url: {"MP_OPEN_DATA_ENDPOINT": url},
            lambda url: SMALL_PAGES,
            lambda: len(server.keys),
        )


@contextmanager
def _optimade(folder: Path, rows: int) -> Iterator[Service]:
    crystals = many(rows)
    structures = [to_structure(crystals, row).as_dict() for row in range(rows)]
    entries = [entry(f"x-{row:04}", one, _x_gap=0.1) for row, one in enumerate(structures)]
    with standing_in(entries) as server:
        yield Service(
            ["optimade:http://stand-in.invalid"],
            server,
            lambda url: {},
            lambda url: (
                "from matdata.sources import optimade; "
                f"optimade.PROVIDERS = {{'http://stand-in.invalid': {url!r}}}"
            ),
            lambda: len(server.cursors),
        )


def _small_chunks() -> str:
    return "from matdata.sources import chunks; chunks.CHUNK_ROWS = 10"


@contextmanager
def _jarvis(folder: Path, rows: int) -> Iterator[Service]:
    crystals = many(rows)
    entries = [
        {
            "jid": f"JVASP-{row}",
            "atoms": {
                "lattice_mat": crystals.lattice[row].tolist(),
                "coords": crystals.frac_coords[crystals.sites(row)].tolist(),
                "elements": [symbols()[z] for z in crystals.numbers[crystals.sites(row)]],
                "cartesian": False,
            },
            "ehull": 0.1 * row,
        }
        for row in range(rows)
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("jdft_3d-9-24-2025.json", json.dumps(entries))
    with serving_files({"/64391379": buffer.getvalue()}) as server:
        yield Service(
            ["jarvis"],
            server,
            lambda url: {},
            lambda url: (
                f"{_small_chunks()}; from matdata.sources import jarvis; "
                "jarvis.PINNED, jarvis.ARTICLES = {}, {}; "
                f"jarvis.URL = {url!r} + '/{{number}}'"
            ),
            lambda: len(server.paths),
        )


@contextmanager
def _matminer(folder: Path, rows: int) -> Iterator[Service]:
    crystals = many(rows)
    data = [[to_structure(crystals, row).as_dict(), 1.0 + row] for row in range(rows)]
    table = {"index": [*range(rows)], "columns": ["structure", "last phdos peak"], "data": data}
    body = gzip.compress(json.dumps(table).encode())
    digest = hashlib.sha256(body).hexdigest()
    with serving_files({"/some": body}) as server:
        yield Service(
            ["matminer:some_set"],
            server,
            lambda url: {},
            lambda url: (
                f"{_small_chunks()}; from matdata.sources import matminer_data as m; "
                f"one = m.Entry('some_set', {url!r} + '/some', {digest!r}, {rows}, "
                "('structure', 'last phdos peak'), 'someone'); "
                "m.known_sets = lambda: {'some_set': one}"
            ),
            lambda: len(server.paths),
        )
