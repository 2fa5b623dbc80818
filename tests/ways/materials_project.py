"""The Materials Project to a dataset with features: from matdata's wheel, killed and resumed.

    python tests/ways/materials_project.py FOLDER

matdata is installed as ``matdata[mp]`` from the built wheel in an environment of its own, and
talks to a stand-in for the service. Each command is printed before it is run; FOLDER keeps the
wheel, the environment and a cache for each store.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.crystals import many
from support.environments import (
    built_wheel,
    environment_with,
    variables_outside,
)
from support.files import mp_document
from support.killing import artefacts, killed_at
from support.mp_server import KEY, serving

BUILD = ("build", "mp", "--features", "ofm")
GROUPS = ("split", "mp", "--group-by", "chemsys")
ROWS = 620  # two pages of the service
FIRST_PAGE = ("snapshots/mp/.building-*/chunks/0*", 1)
FINISHED_DATASET = ("datasets/mp/*/manifest.json", 1)
FIRST_SHARD = ("features/*/.building-*/shards/0*", 1)
#: By store: paths below the cache, and how many of them there are when a build is killed.
MOMENTS = {"zarr": (FIRST_PAGE, FIRST_SHARD), "hdf5": (FINISHED_DATASET, FIRST_SHARD)}


class Installed:
    """The command of the wheel's environment, started in a folder without the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = environment_with(built_wheel(folder / "dist"), "mp", folder / "env")
        self.variables: dict[str, str] = {}

    def start(self, *words: str, cache: Path | None = None) -> subprocess.Popen[bytes]:
        print("$", shlex.join(["matdata", *words]), flush=True)
        place = {"MATDATA_CACHE": str(cache)} if cache else {}
        return subprocess.Popen(
            [self.programs / "matdata", *words],
            env=variables_outside(**self.variables, **place),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def printed(self, *words: str, cache: Path) -> Any:
        """What a command prints with ``--json``; ends the script where the command fails."""
        process = self.start(*words, "--json", cache=cache)
        out, errors = process.communicate()
        if process.returncode:
            sys.exit(errors.decode())
        return json.loads(out)

    def home(self) -> str:
        """Where this environment imports matdata from."""
        words = [self.programs / "python", "-c", "import matdata; print(matdata.__file__)"]
        return subprocess.run(
            words, env=variables_outside(), cwd=self.folder, capture_output=True, text=True
        ).stdout.strip()


def without_key(matdata: Installed) -> dict[str, Any]:
    """The exit code and messages of a build without a key."""
    process = matdata.start(*BUILD, cache=matdata.folder / "without-key")
    out, errors = process.communicate()
    return {"code": process.returncode, "out": out.decode(), "errors": errors.decode()}


def of_store(matdata: Installed, store: str) -> dict[str, Any]:
    """A build in one go, and one killed at each moment and resumed; what was printed."""
    whole, killed = (matdata.folder / f"{store}-{name}" for name in ("whole", "killed"))
    build = (*BUILD, "--store", store)
    found = {
        "built": matdata.printed(*build, cache=whole),
        "killed": [
            killed_at(matdata.start(*build, cache=killed), killed, *moment)
            for moment in MOMENTS[store]
        ],
        "resumed": matdata.printed(*build, cache=killed),
        "same bytes": artefacts(killed) == artefacts(whole),
    }
    found["groups"] = matdata.printed(*GROUPS, cache=killed)
    found["verified"] = matdata.printed("verify", cache=killed)
    return found


def main(folder: Path) -> dict[str, Any]:
    """Carry it out; returns what the commands printed, by step."""
    crystals = many(ROWS)
    matdata = Installed(folder)
    found: dict[str, Any] = {"home": matdata.home(), "without key": without_key(matdata)}
    with serving([mp_document(crystals, row) for row in range(ROWS)]) as server:
        matdata.variables = {"MP_API_ENDPOINT": server.url, "MP_API_KEY": KEY}
        for store in MOMENTS:
            found[store] = of_store(matdata, store)
    return found


if __name__ == "__main__":
    work = Path(sys.argv[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    result = main(work)
    (work / "found.json").write_text(json.dumps(result, indent=1))
