"""A model plugin from outside: from its wheel to ranked runs, one of which goes on.

    python tests/ways/external_plugin.py FOLDER

The plugin is a copy of ``plugins/example`` under other names, as CONTRIBUTING.md advises. Each
command is printed before it is run; FOLDER keeps the plugin, its wheel and the cache.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.wheels import build_wheel, install_wheel  # noqa: E402

TARGET = "ewald_energy_per_atom"
NAME = "outside"
FEW, MORE = 4, 12


def plugin_copy(folder: Path) -> Path:
    """`plugins/example` under other names, without its featurizer's registration."""
    texts = {
        path.relative_to(ROOT / "plugins/example"): path.read_text()
        for path in (ROOT / "plugins/example").rglob("*")
        if path.suffix in (".py", ".toml", ".typed") and "tests" not in path.parts
    }
    for path, text in texts.items():
        renamed = text.replace("matdata_example", f"matdata_{NAME}")
        renamed = renamed.replace("matdata-example", f"matdata-{NAME}")
        renamed = re.sub(r"(?m)^example = ", f"{NAME} = ", renamed)
        renamed = renamed.replace('= "example"', f'= "{NAME}"')
        renamed = re.sub(
            r'(?ms)^\[project.entry-points."matdata.featurizers"\].*?\n\n', "", renamed
        )
        home = folder / str(path).replace("matdata_example", f"matdata_{NAME}")
        home.parent.mkdir(parents=True, exist_ok=True)
        home.write_text(renamed)
    return folder


def main(folder: Path) -> dict[str, Any]:
    """Carry it out; returns what the commands gave as JSON, by step."""
    wheel = build_wheel(plugin_copy(folder / "plugin"), folder)
    site = install_wheel(wheel, folder / "site")
    environment = {**os.environ, "PYTHONPATH": str(site), "MATDATA_CACHE": str(folder / "cache")}

    def matdata(*words: str) -> Any:
        print("$", shlex.join(["matdata", *words]), flush=True)
        command = [sys.executable, "-m", "matdata.cli", *words, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            sys.exit(done.stderr)
        return json.loads(done.stdout)

    matdata("build", "sample:300", "--features", "fractions", "--name", "s", "--workers", "1")
    given = ["train", NAME, "s", "--target", TARGET, "--threads", "1", "--lr", "0.02"]
    few, more = (["--epochs", str(number)] for number in (FEW, MORE))
    found = {"plugin": matdata("plugins", NAME)}
    for width in (4, 64):
        matdata(*given, *few, "--set", f"width={width}", "--name", f"w{width}")
    found["compared"] = matdata("runs")
    best = found["compared"]["ranked"][0]["runs"][0]["run"]
    width = ["--set", f"width={best.removeprefix('w')}"]
    found["extended"] = matdata(*given, *more, *width, "--name", best)
    found["whole"] = matdata(*given, *more, *width, "--name", "whole")
    found["again"] = matdata("runs")
    found["score"] = matdata("evaluate", best, "--no-pictures")
    found["last"] = matdata("runs", best, "w4", "w64")
    found["verified"] = matdata("verify")
    return found


if __name__ == "__main__":
    work = Path(sys.argv[1]).resolve()
    work.mkdir(parents=True, exist_ok=True)
    result = main(work)
    (work / "found.json").write_text(json.dumps(result, indent=1))
    for group in result["last"]["ranked"]:
        for entry in group["runs"]:
            print(entry["run"], "validation", entry["val"]["mae"], "test", entry["test"])
