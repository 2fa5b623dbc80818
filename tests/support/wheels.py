"""Wheels of pure Python packages, built and installed without a backend and without an index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path


def build_wheel(project_folder: Path, out: Path) -> Path:
    """The package of a folder with ``pyproject.toml`` as a wheel in another folder."""
    project = tomllib.loads((project_folder / "pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    points = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()))
    ]
    info = f"{name}-{version}.dist-info"
    files = {
        path.relative_to(project_folder).as_posix(): path.read_text()
        for path in sorted((project_folder / name).rglob("*"))
        if path.suffix in (".py", ".typed")
    }
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "\n".join(points) + "\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    path = out / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


def install_wheel(wheel: Path, target: Path) -> Path:
    """Install a wheel into a folder, by pip or uv where there is one; returns the folder."""
    options = ["install", "--target", str(target), "--no-deps", "--no-index", "-q", str(wheel)]
    installers = [[sys.executable, "-m", "pip"]]
    if shutil.which("uv"):
        installers.append(["uv", "pip"])
    for installer in installers:
        if subprocess.run([*installer, *options], capture_output=True).returncode == 0:
            return target
    with zipfile.ZipFile(wheel) as archive:  # what an installer does with a pure wheel
        archive.extractall(target)
    return target
