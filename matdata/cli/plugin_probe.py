"""Imports plugins in a process of its own, so that none can end, hang or litter who asks.

The child answers one line of JSON per plugin. A plugin whose import ends the child, or does not
return, costs itself alone: another child continues with the next one.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

from matdata.core.documents import JsonObject
from matdata.core.errors import MatdataError
from matdata.core.offers import forgive_broken_metadata
from matdata.core.redaction import excerpt
from matdata.core.registry import Registry

LIMIT = 20.0  # seconds for one plugin
START = 120.0  # seconds for Python and matdata itself
#: The child looks for modules where its parent does.
CHILD = (
    "import json, sys; asked = json.load(sys.stdin); sys.path[:] = asked['path']; "
    "from matdata.cli.plugin_probe import answer; answer(asked['items'])"
)
Item = tuple[str, str]


def registries() -> dict[str, Registry[Any]]:
    """Registries that plugins are listed of, by kind."""
    from matdata.cli.plugin_commands import PLUGIN_COMMANDS
    from matdata.evaluation.derive import DERIVATIONS
    from matdata.features import FEATURIZERS
    from matdata.sources import SOURCES
    from matdata.training import IMPORTERS, TRAINERS
    from matdata.training.objectives import OBJECTIVES

    every = (TRAINERS, FEATURIZERS, SOURCES, OBJECTIVES, DERIVATIONS, IMPORTERS, PLUGIN_COMMANDS)
    return {one.kind: one for one in every}


def probe(items: Sequence[Item], limit: float = LIMIT) -> list[JsonObject]:
    """What plugins say about themselves, or ``broken``: why they do not.

    Parameters
    ----------
    items
        Kind and name of each.
    limit
        Seconds that the import of one may take.
    """
    answers: list[JsonObject] = []
    while len(answers) < len(items):
        rest = items[len(answers) :]
        records, end = _one_child(rest, limit)
        answers += records
        if len(records) < len(rest):
            kind, name = rest[len(records)]
            answers.append({"kind": kind, "name": name, "broken": f"its import {end}"})
    return answers


def _one_child(items: Sequence[Item], limit: float) -> tuple[list[JsonObject], str]:
    """Answers of one child until it ends or must be ended, and how that came."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    lines: queue.Queue[bytes] = queue.Queue()
    assert child.stdin is not None
    assert child.stdout is not None
    threading.Thread(target=_pass_on, args=(child.stdout, lines), daemon=True).start()
    records: list[JsonObject] = []
    try:
        with child.stdin as stdin:
            stdin.write(json.dumps({"path": sys.path, "items": items}).encode())
        if not lines.get(timeout=START):
            return records, "cannot be tried: Python does not start"
        while len(records) < len(items):
            line = lines.get(timeout=limit)
            if not line:
                return records, _ended(child.wait(START))
            records.append(json.loads(line))
    except queue.Empty:
        return records, f"did not return within {limit:g} s"
    except ValueError:
        return records, "writes into what the process answers"
    except OSError as error:
        return records, f"cannot be tried: {error}"
    finally:
        _end(child)
    return records, ""


def _pass_on(stream: IO[bytes], lines: queue.Queue[bytes]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(b"")


def _ended(code: int) -> str:
    if code >= 0:
        return f"ends the process with exit code {code}"
    return f"kills the process ({signal.Signals(-code).name})"


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child with all that its plugins started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (OSError, AttributeError):  # it has ended; not offered by every system
        child.kill()
    child.wait()


def answer(items: Sequence[Item]) -> None:
    """Describe plugins on standard output, one line each; runs in the child and ends it."""
    # Plugins can print what they want: standard output leads nowhere from here on.
    channel = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    forgive_broken_metadata()
    registry_of = registries()
    print("ready", file=channel, flush=True)
    for kind, name in items:
        print(json.dumps(_describe(registry_of[kind], name)), file=channel, flush=True)
    os._exit(0)  # whatever threads the plugins have started


def _describe(registry: Registry[Any], name: str) -> JsonObject:
    record: JsonObject = {"kind": registry.kind, "name": name}
    try:
        loaded = registry.get(name)
        described = {**record, **DESCRIBED[registry.kind](loaded)}
        json.dumps(described)
        return described
    except MatdataError as error:
        return {**record, "broken": error.what}
    except BaseException as error:  # whatever a third-party class raises
        what = f"it cannot be described: {type(error).__name__}: {excerpt(error, 500)}"
        return {**record, "broken": what}


def _trainer(trainer: Any) -> JsonObject:
    return {
        **_attributes(trainer, "version", "summary", "citation"),
        "inputs": list(trainer().inputs()),
        "tasks": list(trainer.tasks),
        "hypers": _settings(trainer.Hypers),
        "train": dict(trainer.defaults),
    }


def _feature(featurizer: Any) -> JsonObject:
    shown = _attributes(featurizer, "version", "citation")
    requires = _requires(featurizer.requires)
    return {**shown, "requires": requires, "settings": _settings(featurizer.Settings)}


def _requires(requires: Any) -> str | None:
    """What a feature requires; None where that depends on its settings."""
    return "+".join(sorted(requires)) if isinstance(requires, frozenset) else None


def _source(source: Any) -> JsonObject:
    return {"queries": _settings(source.Query), "takes_file": bool(source.takes_file)}


def _objective(objective: Any) -> JsonObject:
    return {
        **_attributes(objective, "version", "summary", learns="task"),
        "metrics": list(objective.metrics),
        "options": _settings(objective.Options),
    }


def _derivation(derivation: Any) -> JsonObject:
    shown = _attributes(derivation, "version", "summary", "level")
    return {**shown, "options": _settings(derivation.Options)}


def _importer(importer: Any) -> JsonObject:
    return _attributes(importer, "summary")


def _command(command: Any) -> JsonObject:
    return {**_attributes(command, "summary"), "options": _settings(command.Options)}


def _attributes(plugin: object, *names: str, **renamed: str) -> JsonObject:
    """Attributes of a plugin's class, under their names or under others."""
    shown = {**{name: name for name in names}, **renamed}
    return {name: getattr(plugin, attribute) for name, attribute in shown.items()}


DESCRIBED: dict[str, Callable[[Any], JsonObject]] = {
    "trainer": _trainer,
    "feature": _feature,
    "source": _source,
    "objective": _objective,
    "derivation": _derivation,
    "importer": _importer,
    "command": _command,
}


def _settings(settings: Any) -> list[JsonObject]:
    return [
        {"name": name, "default": default, "meaning": meaning}
        for name, default, meaning in settings.describe()
    ]
