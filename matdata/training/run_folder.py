"""The start of a run: its folder, held by one process from the first look to the end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from matdata.core.cache import storage_error
from matdata.core.console import SILENT, Console
from matdata.core.digest import SHORT, canonical_json, digest_json
from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError, TrainError
from matdata.store import files
from matdata.store.catalogue import check_name, committed
from matdata.store.locks import LOCK, Held, Lock, holding
from matdata.store.manifest import NAME, RECEIPT, seal
from matdata.store.records import read_record, seal_record
from matdata.training.contents import BEST, LAST
from matdata.training.extension import (
    ended_early,
    is_longer,
    reason_against,
    require_extendable,
    set_aside,
)
from matdata.training.run import KIND, Run


def run_folder(cache: Path, name: str | None, content: JsonObject) -> Path:
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


def require_startable(cache: Path, name: str | None, content: JsonObject) -> None:
    """Check that a name is free for what is asked for, before anything is loaded.

    Parameters
    ----------
    cache, name
        As of `run_folder`.
    content
        The manifest that `start_run` takes.

    Raises
    ------
    TrainError
        If the name belongs to a run of something else, or to one that cannot be extended.
    """
    folder = run_folder(cache, name, content)
    if (folder / NAME).is_file():
        _standing(Run(folder), content)


def finished_run(cache: Path, name: str | None, content: JsonObject) -> Run | None:
    """The run of what is asked for, if it is finished; arguments as of `require_startable`."""
    folder = run_folder(cache, name, content)
    if not (folder / NAME).is_file():
        return None
    run = Run(folder)
    return run if run.finished and _standing(run, content) == "same" else None


def start_run(folder: Path, content: JsonObject, console: Console = SILENT) -> Run:
    """Open the run that was asked for: a new one, or the one of that name if it is the same.

    A run that is the same but for more epochs is extended (`matdata.training.extension`).

    Parameters
    ----------
    folder
        What `run_folder` returned, held by `run_lock`: a run that is training is never removed.
    content
        The manifest; its ``identity`` decides whether two runs are the same.
    console
        Informed of an extension.

    Raises
    ------
    TrainError
        If the name belongs to a run of something else, or to one that cannot be extended.
    """
    if not (folder / NAME).is_file():
        return _write(folder, content)
    files.sweep(folder)
    existing = Run(folder)
    standing = _standing(existing, content)
    if standing == "same":
        return existing
    if standing == "longer":
        return _extend(existing, content, console)
    files.remove(folder)  # it failed before its first checkpoint
    return _write(folder, content)


def shorter_runs(cache: Path, content: JsonObject) -> list[str]:
    """Names of the runs that a request without a name could go on with, by ``--name``.

    Damaged runs are left out.
    """
    asked = json.loads(canonical_json(content["identity"]))
    names = []
    for folder in committed(cache / "runs"):
        with contextlib.suppress(MatdataError):
            run = Run(folder)
            fewer = run.settings.epochs < asked["settings"]["epochs"]
            goes_on = (folder / LAST).is_file() and reason_against(run.settings) is None
            if fewer and goes_on and is_longer(run, asked):
                names.append(run.name)
    return names


def _standing(existing: Run, content: JsonObject) -> Literal["same", "longer", "empty"]:
    """What a run of that name is to a request: the same, its beginning, or without a checkpoint.

    Raises
    ------
    TrainError
        If it is another one.
    """
    if existing.digest == digest_json(content["identity"]):
        return "same"
    if not any((existing.folder / name).is_file() for name in (LAST, BEST)):
        return "empty"
    asked = json.loads(canonical_json(content["identity"]))  # lists were perhaps tuples
    if is_longer(existing, asked):
        require_extendable(existing, int(asked["settings"]["epochs"]))
        return "longer"
    raise TrainError(
        f"there is a run {existing.name!r} of something else",
        cause=_difference(existing.manifest["identity"], asked),
        next_step=f"choose another --name, or remove {existing.folder}",
    )


def _extend(existing: Run, content: JsonObject, console: Console) -> Run:
    """The run, asked for more epochs."""
    before, epochs = existing.settings.epochs, content["settings"]["epochs"]
    if ended_early(existing):
        console.say(
            f"run {existing.name} was stopped by patience before its {before} epochs were over; "
            "more change nothing"
        )
        return existing
    console.say(f"run {existing.name} is extended from {before} to {epochs} epochs")
    extensions = [*existing.extensions, set_aside(existing, console)]
    receipts = read_record(existing.folder / RECEIPT).get("extended", [])
    receipt = {**content["receipt"], "extended": [*receipts, content["receipt"]["created"]]}
    return _write(existing.folder, {**content, "extensions": extensions, "receipt": receipt})


def _write(folder: Path, content: JsonObject) -> Run:
    """Write receipt and manifest; the manifest commits."""
    body = {key: value for key, value in content.items() if key != "receipt"}
    digest = digest_json(content["identity"])
    manifest = seal({**body, "identity_digest": digest, "files": {}}, KIND)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_json(folder / RECEIPT, seal_record(content["receipt"]))
        files.write_json(folder / NAME, manifest)
    except OSError as error:
        raise storage_error(error, folder) from error
    return Run(folder)


def _name(content: JsonObject, digest: str) -> str:
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
def run_lock(folder: Path) -> Iterator[Lock]:
    """Hold the folder of a run, so that no second process trains, removes or scores it.

    The lock lies beside the folder, which may be removed while it is held.

    Raises
    ------
    TrainError
        If another process does.
    """
    with contextlib.ExitStack() as held:
        try:
            path = folder.with_name(f"{LOCK}{folder.name}")
            lock = held.enter_context(holding(path, wait=False))
        except Held:
            raise TrainError(
                f"another process is training or scoring run {folder.name!r}",
                next_step="wait until it is over, or choose another --name",
            ) from None
        yield lock
