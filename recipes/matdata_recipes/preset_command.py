"""``matdata presets``: trainings of the papers, each with its commands and the paper's value."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matdata.plugin import Command, CommandContext, PluginError, Settings, setting
from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import Preset
from matdata_recipes.train import from_nothing, matching


@dataclass(frozen=True)
class PresetOptions(Settings):
    """Which presets."""

    pattern: str = setting("*", "names to list, such as 'ex-*'")


@dataclass(frozen=True)
class PresetList:
    """Presets as they are printed."""

    presets: tuple[Preset, ...]

    def to_json(self) -> dict[str, Any]:
        """Each preset with its data, commands and paper."""
        return {"presets": [_record(one) for one in self.presets]}

    def lines(self) -> Iterator[str]:
        """A line for each preset and, below it, its commands."""
        for preset in self.presets:
            record = _record(preset)
            paper = record["paper"]
            shown = f"{paper['value']:g} ({paper['table']})" if paper else "-"
            yield (
                f"{preset.name}: {preset.plugin} on {record['dataset']}, {record['target']}; "
                f"paper: {shown}"
            )
            yield from (f"  {command}" for command in record["commands"])
            if record["skipped"]:
                yield f"  skipped: {record['skipped']}"


def _record(preset: Preset) -> dict[str, Any]:
    data, commands, skipped = DATA[preset.data], [], None
    try:
        commands = [shlex.join(words) for words in from_nothing(preset)]
    except PluginError as error:
        skipped = error.what
    paper = {"value": preset.paper[0], "table": preset.paper[1]} if preset.paper else None
    return {
        "name": preset.name,
        "plugin": preset.plugin,
        "dataset": data.dataset,
        "target": data.target,
        "files": list(preset.files),
        "where": data.where,
        "paper": paper,
        "commands": commands,
        "skipped": skipped,
    }


class Presets(Command[PresetOptions]):
    """Lists presets; `python -m matdata_recipes.train` carries one out."""

    name = "presets"
    summary = "trainings of the papers: data, commands and the papers' values"
    description = (
        "Lists trainings of the papers, each with the commands that it consists of and the value "
        "that the paper prints. `python -m matdata_recipes.train PRESET` carries one out."
    )
    examples = ("matdata presets 'ex-*'", "matdata presets oqmd-band-gap-roost --json")
    positional = ("pattern",)
    Options = PresetOptions

    def run(self, options: PresetOptions, context: CommandContext) -> PresetList:
        """The presets whose names match.

        Raises
        ------
        ConfigError
            If none does.
        """
        return PresetList(tuple(matching(options.pattern)))
