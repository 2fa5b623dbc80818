"""Trainings of the papers as data: which set, which model, with what, and what the paper reports.

A preset is a row: a data set of `preset_data` and a model, with settings that differ from the
plugin's own. What it takes is a list of commands, which `train.py` prints and carries out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from matdata.core.errors import ConfigError, did_you_mean
from matdata.training import trainer
from matdata_recipes import more_presets
from matdata_recipes.preset_data import DATA, EXTENDED, FIGURE_4
from matdata_recipes.table_presets import ROWS

Commands = list[list[str]]


@dataclass(frozen=True)
class Preset:
    """A training.

    Attributes
    ----------
    name, data, plugin
        Its own name, a key of `DATA`, and a trainer.
    settings, hypers
        What differs from the plugin's own.
    paper
        Value and place, if a paper reports one.
    parent
        Preset whose weights it begins with.
    other_split
        A saved split in place of the data set's own; errors on it are not held against the paper.
    """

    name: str
    data: str
    plugin: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    hypers: Mapping[str, Any] = field(default_factory=dict)
    paper: tuple[float, str] | None = None
    parent: str | None = None
    other_split: str | None = None

    def split(self, seed: int) -> str:
        """Name of the split."""
        return self.other_split or DATA[self.data].split(seed)

    @property
    def files(self) -> tuple[str, ...]:
        """What `--from` is to name, for this and what it begins with."""
        own = DATA[self.data].files
        return DATA[PRESETS[self.parent].data].files if self.parent else own

    def run(self, seed: int) -> str:
        """Name of the run."""
        return f"{self.name}-seed{seed}"


#: Model, plugin, settings, hypers, and the column of figure 4.
_FORMULAS: tuple[tuple[str, str, dict[str, Any], dict[str, Any], int | None], ...] = (
    ("rf-magpie", "rf-magpie", {}, {}, 5),
    ("roost", "roost", {"epochs": 200}, {}, 3),
    ("crabnet", "crabnet", {"epochs": 100, "swa": 0.2}, {}, 4),
    ("lgdcnn", "lgdcnn", {"epochs": 100}, {}, 0),
    ("lgdcnn-v1", "lgdcnn", {"epochs": 100}, {"preset": "V1"}, 1),
    ("finder", "finder", {}, {}, 2),
    ("rescnn", "rescnn", {}, {}, None),
    ("elemnet", "elemnet", {}, {}, None),
)
_STRUCTURES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("alignn", "alignn", {}),
    ("cgcnn", "cgcnn", {}),
    ("cgcnn-xie", "cgcnn", {"preset": "xie"}),
    ("geocgnn", "geocgnn", {}),
    ("megnet", "megnet", {}),
    ("megnet-finder", "megnet", {"preset": "finder"}),
    ("ogcnn", "ogcnn", {"cutoff": 5}),
    ("ocrystalnet", "ocrystalnet", {}),
    ("schnet", "schnet", {}),
    ("finder-crystal", "finder", {"graph": "crystal"}),
    ("quotient", "quotient", {}),
    ("rf-voronoi", "rf-voronoi", {}),
    ("rf-magpie", "rf-magpie", {}),
)
#: The thesis has no validation part in EX: the last epoch counts.
_LAST = {"validation": False}
#: 40 epochs with a falling rate in place of the thesis' 250, for the sake of a CPU.
_SHORT = {"epochs": 40, "lr": 6e-4, "schedule": "cosine"}
_OTHERS = (
    Preset("ex-rf-magpie", "ex", "rf-magpie", _LAST, {}, (0.277, "Goodall 4.2")),
    Preset("ex-roost", "ex", "roost", _LAST, {}, (0.264, "Goodall 4.4")),
    Preset(
        "ex-roost-ensemble", "ex", "roost", {**_LAST, "ensemble": 10}, {}, (0.243, "Goodall 4.2")
    ),
    Preset("mp-without-ex-roost", "mp-without-ex", "roost", {**_SHORT, "ensemble": 10}),
    Preset(
        *("ex-roost-transfer", "ex", "roost", {**_LAST, "ensemble": 10}, {}),
        paper=(0.219, "Goodall 4.2"),
        parent="mp-without-ex-roost",
    ),
    Preset("ex-watched-roost", "ex-watched", "roost", {"ensemble": 10}),
    Preset(
        *("ex-watched-roost-transfer", "ex-watched", "roost", {"ensemble": 10}),
        parent="mp-without-ex-roost",
    ),
)
#: Goodall 6.4: tested on structures before relaxation; the D variants are trained on both.
_TEN = {"ensemble": 10}
_PAIRS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("pairs-wren", "pairs", "wren", _TEN),
    ("pairs-cgcnn", "pairs", "cgcnn", _TEN),
    ("pairs-cgcnn-d", "pairs-d", "cgcnn", _TEN),
    ("pairs-voronoi", "pairs", "rf-voronoi", {}),
    ("pairs-voronoi-d", "pairs-d", "rf-voronoi", {}),
)
#: Goodall 6.7: 5 % test; figure 6.13 repeats both on shares of the training part.
_UNION: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("mp-wbm-wren", "mp-wbm", "wren", {}),
    ("mp-wbm-wren-ensemble", "mp-wbm", "wren", _TEN),
)


def _all() -> dict[str, Preset]:
    presets = [
        Preset(
            *(f"{data}-{model}", data, plugin, settings, hypers),
            paper=None if column is None else (values[column], FIGURE_4),
        )
        for data, (_, values) in EXTENDED.items()
        for model, plugin, settings, hypers, column in _FORMULAS
    ]
    presets += _OTHERS
    presets += [
        Preset(f"{data}-{model}", data, plugin, {}, hypers)
        for data in ("phonons", "perov5", "nomad2018")
        for model, plugin, hypers in _STRUCTURES
    ]
    presets += [Preset(*row) for row in (*_PAIRS, *_UNION)]
    presets += [Preset(*row) for row in more_presets.ROWS]
    presets += [Preset(*row) for row in ROWS]
    return {preset.name: preset for preset in presets}


PRESETS: Mapping[str, Preset] = _all()


def find(name: str) -> Preset:
    """A preset by its name.

    Raises
    ------
    ConfigError
        If there is none, with the closest known name.
    """
    if name not in PRESETS:
        raise ConfigError(
            f"no preset {name!r}{did_you_mean(name, PRESETS)}",
            next_step="`matdata presets` prints all of them",
        )
    return PRESETS[name]


def changed(
    preset: Preset,
    settings: Mapping[str, object],
    hypers: Mapping[str, object],
    split: str | None = None,
) -> Preset:
    """The same with other settings and hyperparameters on top, or on another split."""
    return replace(
        preset,
        settings={**preset.settings, **settings},
        hypers={**preset.hypers, **hypers},
        other_split=split or preset.other_split,
        paper=preset.paper if split is None else None,
    )


def trains(preset: Preset, seed: int, threads: int, run: str, pictures: bool = False) -> Commands:
    """Commands from a dataset in the cache to an evaluated run."""
    data = DATA[preset.data]
    model = trainer(preset.plugin, preset.hypers)
    featurize = ["matdata", "featurize", data.dataset, ",".join(model.inputs())]
    for spec, values in model.input_settings().items():
        for key, value in values.items():
            featurize += ["--set", f"{spec}.{key}={value}"]
    train = ["matdata", "train", preset.plugin, data.dataset, "--target", data.target]
    train += ["--split", preset.split(seed), "--name", run]
    if preset.parent:
        train += ["--from-run", PRESETS[preset.parent].run(seed)]
    values = {**preset.settings, "seed": seed, "threads": threads}
    for kind, pairs in (("train", values), ("hyper", preset.hypers)):
        for key, value in pairs.items():
            text = str(value).lower() if isinstance(value, bool) else value
            train += ["--set", f"{kind}.{key}={text}"]
    evaluate = ["matdata", "evaluate", run, *([] if pictures else ["--no-pictures"])]
    if data.folds:
        train, evaluate = [*train, "--folds", "all"], [*evaluate, "--folds", "all"]
    return [featurize, train, *([evaluate] if data.tested else [])]


def recorded(preset: Preset, run: str) -> Commands:
    """The command that writes the file of results."""
    if not DATA[preset.data].tested:
        return []
    words = ["python", "-m", "matdata_recipes.results", "--add", run]
    words += ["--folds"] if DATA[preset.data].folds else []
    if preset.paper:
        words += ["--paper", f"{preset.paper[0]:g}", "--table", preset.paper[1]]
    return [words]
