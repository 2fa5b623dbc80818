"""``matdata verify [DATASET]``."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.catalogue import datasets, features, find_dataset, snapshots
from matdata.commands.common import cache_of, print_json, tell
from matdata.dataset import DatasetFolder
from matdata.errors import StoreError
from matdata.store.artefact import verify_folder
from matdata.store.manifest import read_manifest


def run(given: argparse.Namespace) -> int:
    """Reread every file; exit code 1 if anything is wrong."""
    cache = cache_of(given)
    folders = _folders(cache, given.dataset)
    problems: list[str] = []
    files = 0
    for folder in folders:
        try:
            manifest = read_manifest(folder)
        except StoreError as error:
            problems.append(error.what)
            continue
        files += len(manifest["files"])
        problems += verify_folder(folder, manifest)
        if manifest["format"]["name"] == "matdata-dataset":
            problems += DatasetFolder(folder).split_problems()
    if given.json:
        print_json({"artefacts": len(folders), "files": files, "problems": problems})
    else:
        for problem in problems:
            tell(f"DAMAGED {problem}")
        if not given.quiet:
            verdict = f"{len(problems)} problems" if problems else "all clean"
            tell(f"{len(folders)} artefacts, {files} files reread: {verdict}")
    return 1 if problems else 0


def _folders(cache: Path, ref: str | None) -> list[Path]:
    if ref is None:
        every = [path for paths in datasets(cache).values() for path in paths]
        refs = [f"{path.parent.name}@{path.name}" for path in every]
        made = [folder for one in refs for folder in features(cache, one)]
        return [*snapshots(cache), *every, *made]
    dataset = find_dataset(cache, ref)
    snapshot = cache / "snapshots" / dataset.manifest["made_from"]["snapshot"]
    own = [snapshot] if snapshot.is_dir() else []
    return [*own, dataset.folder, *features(cache, dataset.ref)]
