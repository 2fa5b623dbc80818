"""Environments of their own, in which a built wheel is used without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What would lead from such an environment back to the checkout or to the tests' settings.
_LEADS_BACK = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MATDATA_CACHE")


def _uv(*words: object) -> str:
    command = ["uv", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def built_wheel(folder: Path) -> Path:
    """The wheel of matdata, built from the checkout by its own backend."""
    _uv("build", "--quiet", "--package", "matdata", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("matdata-*.whl")
    return wheel


def environment_with(wheel: Path, extra: str, folder: Path) -> Path:
    """A fresh environment with a wheel of matdata and an extra; returns its folder of programs.

    All else has the version that the running environment has, and comes from uv's cache where it
    is kept there.
    """
    versions = folder.with_name(f"{folder.name}.txt")
    versions.write_text(_uv("pip", "freeze", "--exclude-editable", "--python", sys.executable))
    _uv("venv", "--quiet", "--python", sys.executable, folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    install = ["pip", "install", "--quiet", "--python", programs / "python"]
    wanted = ["--constraint", versions, "--find-links", wheel.parent, f"matdata[{extra}]"]
    try:
        _uv(*install, "--offline", *wanted)
    except RuntimeError:  # uv's cache was emptied since
        _uv(*install, *wanted)
    return programs


def variables_outside(**more: str) -> dict[str, str]:
    """The environment variables for a program there, with `more`."""
    return {key: value for key, value in os.environ.items() if key not in _LEADS_BACK} | more
