"""The command that builds an export again."""

from __future__ import annotations

import shlex
from pathlib import Path

from matdata.curate.command_words import curation_words
from matdata.datasets.exports.content import LABEL, Exported
from matdata.datasets.exports.formats import ExportFormat
from matdata.datasets.exports.headers import headers_of
from matdata.datasets.exports.kinds import columns_of, is_number


def rebuild_command(content: Exported, path: Path, form: ExportFormat) -> str:
    """What a user types to build an export again; empty if matdata does not read the format.

    Columns to learn and the column of energies are named as they were, where a format keeps them;
    what the dataset is, and units that no header states, are given by the user.
    """
    source = form.source(path, content)
    if source is None:
        return ""
    lost = {loss.aspect for loss in form.losses}
    headers = headers_of(content) if "names" in lost else {}
    words = ["matdata", "build", _as_path(source), "--name", str(content.dataset.manifest["name"])]
    if content.targets != columns_of(content, is_number):  # those that a rebuild takes by itself
        words += [w for one in content.targets for w in ("--target", headers.get(one, one))]
    words += _energy(content, headers)
    if content.has_labels:
        words += ["--protostructure-col", headers.get(LABEL, LABEL)]
    words += curation_words(
        content.dataset.manifest["identity"].get("curation", {}), dropping=False
    )
    if "licence" in content.words and "words" in lost:
        words += ["--licence", content.words["licence"]]
    return shlex.join(words)


def _as_path(path: Path) -> str:
    """A path that is no option and no name of a source."""
    bare = len(path.parts) == 1 and (path.name.startswith("-") or not path.suffix)
    return f"./{path}" if bare else str(path)


def _energy(content: Exported, headers: dict[str, str]) -> list[str]:
    manifest = content.dataset.manifest
    energy = manifest["energy_column"]
    if energy is None or energy not in content.names.values():
        return []
    per = "/cell" if manifest.get("energy_per") == "cell" else ""
    return ["--energy", f"{headers.get(energy, energy)}{per}"]
