"""Our numbers of an item: from sealed files of results, matched to presets, and of analyses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matdata.store.records import read_record
from matdata.training import TRAINERS
from matdata_recipes import places, results
from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import Preset
from matdata_recipes.reproduce.items import Item
from matdata_recipes.reproduce.statuses import Number, Status, worst

#: Settings that say how long and on what a training ran, not what it is.
_ASIDE = ("seed", "threads", "device", "tensorboard", "checkpoint_seconds", "loader")
#: Those that make another row of a table.
_APART = ("ensemble", "loss", "optimizer")


@dataclass(frozen=True)
class Records:
    """What is on record.

    Attributes
    ----------
    trained
        Summaries of runs.
    analysed
        Records of analyses, by item.
    """

    trained: Sequence[Mapping[str, Any]]
    analysed: Mapping[str, Mapping[str, Any]]


def read(trained: Iterable[Path], analysed: Iterable[Path]) -> Records:
    """All records of some folders.

    Raises
    ------
    StoreError
        If one was edited.
    """
    paths = [path for folder in analysed for path in sorted(folder.glob("*.json"))]
    found = [read_record(path) for path in paths]
    return Records(results.read(*trained), {one["item"]: one for one in found})


def on_record(cache: Path) -> Records:
    """What came with the package, and what the cache adds."""
    return read(places.all_of("results", cache), places.all_of("analyses", cache))


def numbers_of(item: Item, records: Records) -> list[Number]:
    """The numbers of an item, with ours where there are some."""
    numbers = [_of_preset(preset, records.trained) for preset in item.presets]
    analysed = records.analysed.get(item.ref, {})
    numbers += [
        Number(
            label=check["what"],
            paper=check["published"],
            place=item.ref,
            values=tuple(one for one in check.get("values") or [check["ours"]] if one is not None),
            slack=check["slack"],
            notes=tuple(filter(None, (check.get("reason"),))),
            evidence=() if check["ours"] is None else (f"analyses/{file_of(item)}",),
            data=item.data_of,
            remarks=(item.remark,) if item.remark else (),
        )
        for check in analysed.get("checks", ())
    ]
    return numbers


def file_of(item: Item) -> str:
    """Name of the record of an item's analysis."""
    return f"{item.paper}-{item.name}.json"


def status_of(item: Item, numbers: Sequence[Number], records: Records) -> Status:
    """The status of a whole item: the worst of the numbers that were computed."""
    if item.drawing:
        return "drawing"
    is_result = item.place or item.name.startswith("table") or item.analysis
    found = worst(numbers) if is_result else None
    if found is not None:
        return found
    if item.ref in records.analysed:
        return "drawn"
    if item.stand_in:
        return "stand-in"
    if item.closed:
        return "data closed"
    return "not run" if item.can_run else "not built"


def _of_preset(preset: Preset, trained: Sequence[Mapping[str, Any]]) -> Number:
    data = DATA[preset.data]
    paper, place = preset.paper or (None, "")
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for result in trained:
        if _fits(result, preset):
            rows.setdefault(results.configuration(result), []).append(result)
    if not rows:
        return Number(preset.name, paper, place)
    chosen = max(rows.values(), key=_rank)
    scores = [result["targets"][data.target] for result in chosen]
    metric = "mae" if scores[0]["task"] == "regression" else "roc_auc"
    return Number(
        label=preset.name,
        paper=paper,
        place=place,
        values=tuple(score["metrics"][metric] for score in scores),
        unit="" if scores[0]["unit"] == "1" else scores[0]["unit"],
        notes=_notes(chosen[0], preset),
        evidence=tuple(result["run"] for result in chosen),
        seconds=sum(result["seconds"] for result in chosen),
        remarks=tuple(
            _other(row, data.target, metric) for row in rows.values() if row is not chosen
        ),
    )


def _other(row: Sequence[Mapping[str, Any]], target: str, metric: str) -> str:
    """Another training of the preset that is on record and not shown as ours."""
    first = row[0]
    values = ", ".join(f"{one['targets'][target]['metrics'][metric]:.4g}" for one in row)
    epochs = f", {first['epochs']} epochs" if first["epochs"] else ""
    return f"also on record: {values} (plugin version {first['plugin']['version']}{epochs})"


def _rank(row: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """That of the newer plugin comes first, then that of more epochs, then of more seeds."""
    version = _version(row[0])
    return (int(version) if version.isdigit() else 0, row[0]["epochs"] or 0, len(row))


def _fits(result: Mapping[str, Any], preset: Preset) -> bool:
    data = DATA[preset.data]
    if (
        result["plugin"]["name"] != preset.plugin
        or result["dataset"]["ref"].partition("@")[0] != data.dataset
        or data.target not in result["targets"]
        or (result["from_run"] is None) != (preset.parent is None)
        or _split_of(result["split"]["name"]) != _split_of(preset.split(0))
    ):
        return False
    usual = {"ensemble": 1, "loss": None, "optimizer": None}
    for key in _APART:
        if result["settings"].get(key, usual[key]) != preset.settings.get(key, usual[key]):
            return False
    return bool(result["hypers"] == _changed(preset))


def _split_of(name: str) -> str:
    """The family of a split; folds of a family are one."""
    return results.family(name).removesuffix("-fold*")


def _changed(preset: Preset) -> dict[str, Any]:
    """Hyperparameters of a preset that are not the plugin's own."""
    if not preset.hypers or preset.plugin not in TRAINERS.names():
        return dict(preset.hypers)
    kind = TRAINERS.get(preset.plugin).Hypers
    usual, own = kind().to_dict(), kind.from_mapping(preset.hypers).to_dict()
    return {key: own[key] for key in preset.hypers if own[key] != usual[key]}


def _notes(result: Mapping[str, Any], preset: Preset) -> tuple[str, ...]:
    """What differs between a training and its preset."""
    own, wanted = result["settings"], preset.settings
    notes = []
    for key in sorted({*own, *wanted} - {*_ASIDE}):
        if key in wanted and key in own and own[key] != wanted[key]:
            notes.append(f"{key}={own[key]}, the preset has {wanted[key]}")
        elif key in own and key not in wanted:
            notes.append(f"{key}={own[key]}, the preset has the plugin's own")
    version = TRAINERS.get(preset.plugin).version if preset.plugin in TRAINERS.names() else None
    if version is not None and _version(result) != version:
        notes.append(
            f"trained by version {result['plugin']['version']} of the plugin, now {version}"
        )
    return tuple(notes)


def _version(result: Mapping[str, Any]) -> str:
    """The version of the plugin that trained it; the installed one if it trains the same today."""
    name, version = result["plugin"]["name"], str(result["plugin"]["version"])
    if name in TRAINERS.names() and TRAINERS.get(name).trains_like(version, result["hypers"]):
        return TRAINERS.get(name).version
    return version
