"""Plugins of the checkout, made visible without installing them."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def trainers() -> list[str]:
    """Names of the trainers of the checkout and of what is installed."""
    group = "matdata.trainers"
    names = {one.name for one in importlib.metadata.entry_points(group=group)}
    for project in (ROOT / "plugins").glob("*/pyproject.toml"):
        described = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        names |= {*described.get("entry-points", {}).get(group, {})}
    return sorted(names)


def register(folder: Path) -> list[Path]:
    """Write what an installation leaves of each plugin of the checkout that is not installed.

    Parameters
    ----------
    folder
        Gets a ``*.dist-info`` with the entry points of each; to be put on the path of modules.

    Returns
    -------
    list of Path
        What is to be on the path: `folder`, and those of the packages.
    """
    paths = [folder]
    for project in sorted((ROOT / "plugins").glob("*/pyproject.toml")):
        described = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        name, version = described["name"], described["version"]
        try:
            importlib.metadata.distribution(name)
            continue
        except importlib.metadata.PackageNotFoundError:
            paths.append(project.parent)
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
        )
        lines = []
        for group, points in described.get("entry-points", {}).items():
            lines += [f"[{group}]", *(f"{one} = {value}" for one, value in points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths
