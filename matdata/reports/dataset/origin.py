"""Where a dataset comes from: licence, citation, provenance, and how it is made again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import MatdataError
from matdata.curate.command_words import curation_words
from matdata.reports.dataset.facts import Facts
from matdata.reports.markup import (
    Section,
    bullets,
    code,
    commands,
    details,
    escaped,
    facts,
    note,
    tag,
)
from matdata.sources.snapshot import Snapshot
from matdata.store.catalogue import find_snapshot_folder
from matdata.store.feature_catalogue import features_in_places
from matdata.store.files import json_text
from matdata.store.manifest import read_manifest
from matdata.store.user_metadata import COMPUTED, USER_METADATA, words_in

#: Letters of a citation, and of what was asked of a source; commands of splits and features.
LONG, COMMANDS = 4_000, 20


def rights(about: Facts) -> Section:
    """Licence and citation."""
    words = words_in(about.dataset.manifest)
    unknown = "not stated: ask whoever provides the data before you share them"
    shown = {
        "licence": words.get("licence") or unknown,
        "citation": escaped(words.get("citation") or "not stated", LONG),
    }
    return Section("rights", "Licence and citation", [facts(shown)])


def origin(about: Facts) -> Section:
    """What it was made from, and how it is made again."""
    dataset, manifest = about.dataset, about.dataset.manifest
    source = source_origin(about)
    made_from = manifest["made_from"]
    shown: dict[str, object] = {
        "dataset": code(dataset.ref),
        "identity digest": code(dataset.digest),
        "made from": code(made_from["snapshot"]),
        "digest of the records": code(made_from["records_digest"]),
    }
    for key in ("source", "version", "url"):
        if source.get(key):
            shown[key] = escaped(source[key], 300)
    if manifest.get("symmetry"):
        shown["symmetry"] = manifest["symmetry"]
    body: list[object] = [facts(shown)]
    if source:
        asked = json_text(source.get("request", {}))
        body.append(details("what the source was asked for", commands(asked[:LONG].splitlines())))
    body += [tag("h3", "How to build it again"), *_rebuild(about, source)]
    return Section("origin", "Provenance and rebuilding", body)


def source_origin(about: Facts) -> JsonObject:
    """What the source said of itself; empty where the snapshot is not in the cache."""
    try:
        folder = find_snapshot_folder(about.cache, about.dataset.manifest["made_from"]["snapshot"])
        return Snapshot.open(folder).origin
    except MatdataError:
        return {}


def _rebuild(about: Facts, source: JsonObject) -> Iterator[object]:
    build, remarks = _build(about, source)
    yield commands([build, *_of_splits(about), *_of_features(about)])
    if not source:
        remarks = [
            "The snapshot is not in this cache: take the records from the source again, and "
            "compare the digest of the records.",
            *remarks,
        ]
    if remarks:
        yield bullets(remarks)
    yield note("Equal records, settings and versions give equal digests.")


def _build(about: Facts, source: JsonMapping) -> tuple[str, list[str]]:
    """The command that builds the dataset from its snapshot, and what it cannot say."""
    manifest = about.dataset.manifest
    identity = manifest["identity"]
    name, _, version = str(manifest["made_from"]["snapshot"]).partition("/")
    words = ["matdata", "build", name, "--snapshot", version, "--name", str(manifest["name"])]
    curation = identity.get("curation", {})
    if source.get("dedupe") == "none" and curation.get("dedupe") == "none":
        curation = {**curation, "dedupe": "auto"}  # what `auto` means for this source
    words += [*curation_words(curation), *_of_words(identity.get(USER_METADATA, {}))]
    for axis in identity.get("axis", ()):
        words += ["--axis", str(axis)]
    for grid in identity.get("grid", ()):
        words += ["--grid", str(grid)]
    if identity.get("beyond", "refuse") != "refuse":
        words += ["--beyond", str(identity["beyond"])]
    words += ["--only-with-spectra"] if identity.get("only_with_spectra") else []
    remarks = []
    if identity.get("drop_in"):
        digests = ", ".join(str(one)[:8] for one in identity["drop_in"])
        remarks.append(f"It leaves out the materials of other datasets (--drop-in): {digests}.")
    if "spectra" in identity:
        remarks.append("Its spectra came from files beside the source: give them with --spectra.")
    if COMPUTED in identity:
        remarks.append("Its hull distances were added by matdata hull afterwards.")
    return shlex.join(words), remarks


def _of_words(given: JsonMapping) -> list[str]:
    """Options of what a user said of the data."""
    words: list[str] = []
    for column, unit in given.get("units", {}).items():
        words += ["--unit", f"{column}={unit}"]
    for name in ("licence", "citation", "description"):
        if given.get(name):
            words += [f"--{name}", str(given[name])]
    return words


def _of_splits(about: Facts) -> list[str]:
    notes, _ = about.splits
    lines = []
    for name, one in list(notes.items())[:COMMANDS]:
        method, settings = str(one.get("method", "")), dict(one.get("settings", {}))
        if method == "fixed":
            lines.append(f"# split {name} came with the data")
            continue
        words = ["matdata", "split", about.dataset.ref, "--method", method, "--name", name]
        for key, value in sorted(settings.items()):
            shown = ",".join(map(str, value)) if isinstance(value, list) else value
            if shown not in (None, ""):
                words += ["--set", f"{key}={shown}"]
        lines.append(shlex.join(words))
    return lines


def _of_features(about: Facts) -> list[str]:
    lines = []
    for folder in sorted(features_in_places(about.cache, about.dataset.data_ref).folders)[
        :COMMANDS
    ]:
        try:
            manifest = read_manifest(folder)
        except MatdataError:
            continue
        name = str(manifest["feature"])
        words = ["matdata", "featurize", about.dataset.ref, name]
        for key, value in sorted(manifest["settings"].items()):
            if key != "variant" and isinstance(value, (str, int, float, bool)) and value != "":
                text = str(value).lower() if isinstance(value, bool) else value
                words += ["--set", f"{name.partition(':')[0]}.{key}={text}"]
        lines.append(shlex.join(words))
    return lines
