"""The start of a run: its folder, held by one process from the first look to the end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matdata.core.cache import storage_error
from matdata.core.digest import SHORT, canonical_json, digest_json
from matdata.core.errors import TrainError
from matdata.store import files
from matdata.store.catalogue import check_name
from matdata.store.locks import LOCK, Held, holding
from matdata.store.manifest import NAME, RECEIPT, seal
from matdata.store.records import seal_record
from matdata.training.contents import BEST, LAST
from matdata.training.run import KIND, Run


def run_folder(cache: Path, name: str | None, content: dict[str, Any]) -> Path:
    """Where the run that was asked for lies.

    Parameters
    ----------
    cache
        Cache folder.
    name
        Name, or None for one from plugin, dataset, targets and digest.
    content
        The manifest that `start_run` takes.
    """
    check_name(name)
    return cache / "runs" / (name or _name(content, digest_json(content["identity"])))


def start_run(folder: Path, content: dict[str, Any]) -> Run:
    """Open the run that was asked for: a new one, or the one of that name if it is the same.

    Parameters
    ----------
    folder
        What `run_folder` returned, held by `run_lock`: a run that is training is never removed.
    content
        The manifest; its ``identity`` decides whether two runs are the same.

    Raises
    ------
    TrainError
        If the name belongs to a run of something else.
    """
    digest = digest_json(content["identity"])
    if (folder / NAME).is_file():
        files.sweep(folder)
        existing = Run(folder)
        if existing.digest == digest:
            return existing
        if any((folder / name).is_file() for name in (LAST, BEST)):
            raise TrainError(
                f"there is a run {folder.name!r} of something else",
                cause=_difference(existing.manifest["identity"], content["identity"]),
                next_step="choose another --name, or remove that folder",
            )
        files.remove(folder)  # it failed before its first checkpoint
    body = {key: value for key, value in content.items() if key != "receipt"}
    manifest = seal({**body, "identity_digest": digest, "files": {}}, KIND)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_json(folder / RECEIPT, seal_record(content["receipt"]))
        files.write_json(folder / NAME, manifest)
    except OSError as error:
        raise storage_error(error, folder) from error
    return Run(folder)


def _name(content: dict[str, Any], digest: str) -> str:
    parts = [content["plugin"]["name"], content["dataset"]["ref"].partition("@")[0]]
    parts += [target["name"] for target in content["targets"][:2]]
    return files.safe_name("-".join([*parts, digest[:SHORT]]))


def _difference(stored: Mapping[str, object], asked: Mapping[str, object]) -> str:
    def flat(value: object, prefix: str = "") -> dict[str, object]:
        if not isinstance(value, dict):
            return {prefix.rstrip("."): value}
        return {k: v for key in value for k, v in flat(value[key], f"{prefix}{key}.").items()}

    # as JSON: lists were perhaps tuples before they were written
    one, other = flat(stored), flat(json.loads(canonical_json(asked)))
    keys = [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]
    shown = [f"{key} is {one.get(key)!r} there, {other.get(key)!r} now" for key in keys[:3]]
    return "; ".join(shown)


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the folder of a run, so that no second process trains or removes it.

    The lock lies beside the folder, which may be removed while it is held.

    Raises
    ------
    TrainError
        If another process does.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(holding(folder.with_name(f"{LOCK}{folder.name}"), wait=False))
        except Held:
            raise TrainError(
                f"another process is training run {folder.name!r}",
                next_step="wait until it is over, or choose another --name",
            ) from None
        yield
