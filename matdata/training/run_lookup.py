"""Runs by name: of one's own cache first, then of the second places."""

from __future__ import annotations

from pathlib import Path

from matdata.core.cache import places
from matdata.core.errors import ConfigError, StoreError, did_you_mean
from matdata.core.given import is_file, require_name
from matdata.store.catalogue import committed
from matdata.store.manifest import NAME
from matdata.training.run import Run


def find_run(cache: Path, name: str) -> Run:
    """A run by its name.

    Raises
    ------
    StoreError
        If there is none, with the closest known name.
    ConfigError
        If it is no name.
    """
    require_name(name, "the run")
    for place in places(cache):
        folder = place / "runs" / name
        if is_file(folder / NAME) and folder.parent == place / "runs":
            return Run(folder, cache)
    names = [path.name for path in run_folders(cache)]
    searched = ", ".join(map(str, places(cache)))
    raise StoreError(
        f"no run {name[:100]!r} in {searched}{did_you_mean(name, names)}",
        next_step=f"runs there: {', '.join(names) or 'none yet'}; `matdata train` makes one",
    )


def find_beside(run: Run, named: Run | str) -> Run:
    """Another run, or that of a name in the same cache, which a run is compared with.

    Raises
    ------
    StoreError
        If there is none of that name.
    ConfigError
        If it is no name, or the run itself.
    """
    other = named if isinstance(named, Run) else find_run(run.cache, require_name(named, "a run"))
    if other.folder.resolve() == run.folder.resolve():
        raise ConfigError(
            f"run {run.name!r} is to be compared with itself",
            next_step="name another run beside it, or leave it out",
        )
    return other


def run_folders(cache: Path) -> list[Path]:
    """The runs of one's own cache, and those of the second places with other names."""
    folders: dict[str, Path] = {}
    for place in places(cache):
        folders = {**{path.name: path for path in committed(place / "runs")}, **folders}
    return [folders[name] for name in sorted(folders)]
