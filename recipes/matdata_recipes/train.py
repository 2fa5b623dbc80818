"""Train a model of a paper on its data, evaluate it, and write down what it reached.

matdata presets 'ex-*'                # presets, their commands, papers' values
python -m matdata_recipes.train aflow-bulk-modulus-crabnet --from \
    aflow__ael_bulk_modulus_vrh/train.csv aflow__ael_bulk_modulus_vrh/val.csv \
    aflow__ael_bulk_modulus_vrh/test.csv

A preset is a list of commands, which are printed as they are carried out: the data set is built if
the cache does not hold it, then features, training, evaluation, and the file of results that
`python -m matdata_recipes.results` reads. The seed draws the split, where it is drawn, and the
first weights. What was stopped continues with the same command.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from matdata import cli
from matdata.cli.common import pairs_of
from matdata.core.cache import cache_dir
from matdata.core.errors import ConfigError, SourceError, StoreError
from matdata.store.catalogue import find_dataset
from matdata.training import TRAINERS
from matdata.training.run_lookup import find_run
from matdata.training.settings import settings_from_pairs
from matdata_recipes import common, results
from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import PRESETS, Commands, Preset, changed, find, recorded, trains
from matdata_recipes.script import printing_errors


def commands(preset: Preset, given: argparse.Namespace) -> Commands:
    """All that a preset takes with what the cache holds.

    Raises
    ------
    SourceError
        If a data set is not in the cache and its files are not given.
    """
    commands: Commands = []
    if preset.parent and not _finished(PRESETS[preset.parent].run(given.seed), given):
        commands += missing_data(PRESETS[preset.parent], given, preset)
        commands += _parent(preset, given)
    commands += missing_data(preset, given)
    return [*commands, *_own(preset, given)]


def from_nothing(preset: Preset) -> Commands:
    """All that a preset takes with an empty cache, seed 0 and files of the usual names."""
    given = parser().parse_args([preset.name])
    commands: Commands = []
    if preset.parent:
        parent = DATA[PRESETS[preset.parent].data]
        commands += [parent.built_by(preset.files, given.seed), *_parent(preset, given)]
    commands.append(DATA[preset.data].built_by(preset.files, given.seed))
    return [*commands, *_own(preset, given)]


def _parent(preset: Preset, given: argparse.Namespace) -> Commands:
    assert preset.parent is not None
    parent = PRESETS[preset.parent]
    return trains(parent, given.seed, given.threads, parent.run(given.seed))


def _own(preset: Preset, given: argparse.Namespace) -> Commands:
    run = given.name or preset.run(given.seed)
    commands = trains(preset, given.seed, given.threads, run, given.pictures)
    return [*commands, *recorded(preset, run)]


def _finished(run: str, given: argparse.Namespace) -> bool:
    try:
        return find_run(cache_dir(given.cache), run).finished
    except StoreError:
        return False


def missing_data(
    preset: Preset, given: argparse.Namespace, child: Preset | None = None
) -> Commands:
    """The command that builds a data set, or its split, if it is not in the cache.

    Parameters
    ----------
    preset, given
        Names the data set; the command line.
    child
        The preset whose files are given, if it begins with the weights of this one.

    Raises
    ------
    SourceError
        If the data set is not in the cache and its files are not given.
    """
    data = DATA[preset.data]
    try:
        dataset = find_dataset(cache_dir(given.cache), data.dataset)
    except StoreError:
        _require_files(child or preset, given.files, data.dataset)
        return [data.built_by(given.files, given.seed)]
    there = preset.split(given.seed) in dataset.split_names()
    if there or data.ratios:
        if given.files:
            print(f"{dataset.ref} is in the cache: its files are not read", file=sys.stderr)
        split = ["matdata", "split", data.dataset, "--split", data.ratios]
        return [] if there else [[*split, "--seed", str(given.seed)]]
    _require_files(child or preset, given.files, f"{dataset.ref} with {preset.split(given.seed)}")
    return [data.built_by(given.files, given.seed)]


def _require_files(preset: Preset, files: Sequence[str], dataset: str) -> None:
    if len(files) != len(preset.files):
        raise SourceError(
            f"{dataset} is not in the cache; preset {preset.name} expects "
            f"--from {' '.join(preset.files)}, got {len(files)} files",
            next_step=f"the data: {DATA[preset.data].where}",
        )


def matching(pattern: str) -> list[Preset]:
    """Presets whose names match.

    Raises
    ------
    ConfigError
        If none does.
    """
    names = fnmatch.filter(PRESETS, pattern)
    if not names:
        find(pattern)
    return [PRESETS[name] for name in names]


def carry_out(words: Sequence[str], given: argparse.Namespace) -> int:
    """Run one command in this process; returns its exit code."""
    print(f"$ {shlex.join(words)}", flush=True)
    rest = list(words[1:])
    cache = ["--cache", str(cache_dir(given.cache))]
    if words[0] == "matdata":
        return cli.main([*rest, *cache, *(["--quiet"] if given.quiet else [])])
    _, script, *rest = rest  # python -m MODULE
    if script == results.__name__:
        folder = ["--folder", str(given.results)] if given.results else []
        return results.main([*rest, *cache, *folder])
    module = importlib.import_module(script)
    more = getattr(module, "arguments", None)
    quiet = ["--quiet"] if given.quiet else []
    return common.run(module.recipe, module.__doc__ or script, [*rest, *cache, *quiet], more)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = arguments.add_argument
    add("preset", nargs="?", help="name of a preset")
    add("--from", dest="files", nargs="+", default=[], metavar="FILE", help="files of the data set")
    add("--cache", metavar="DIR", help="cache folder (else $MATDATA_CACHE)")
    add("--seed", type=int, default=0, help="of split and weights (default: 0)")
    add("--threads", type=int, default=1, help="of torch (default: 1; 0: its choice)")
    add("--epochs", type=int, help="instead of the preset's")
    add("--split", metavar="NAME", help="a saved split instead of the preset's, without its paper")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="as in `matdata train`")
    add("--name", help="of the run (default: the preset and the seed)")
    add("--pictures", action="store_true", help="let the evaluation draw pictures")
    add("--results", type=Path, metavar="DIR", help="where the file goes")
    add("--quiet", action="store_true", help="print warnings and errors only")
    return arguments


def asked(given: argparse.Namespace) -> Preset:
    """The preset with the settings that were given.

    Raises
    ------
    ConfigError
        If there is no such preset or setting, or epochs are given twice.
    """
    if given.preset is None:
        raise ConfigError("no preset is named", next_step="`matdata presets` prints all of them")
    preset = find(given.preset)
    pairs = pairs_of(given.set, "--set")
    settings, hypers = settings_from_pairs(pairs, TRAINERS.get(preset.plugin))
    if given.epochs is not None:
        if "epochs" in settings:
            raise ConfigError("epochs is given twice: by --epochs and by --set")
        settings["epochs"] = str(given.epochs)
    return changed(preset, settings, hypers, given.split)


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print presets, or carry one out."""
    given = parser().parse_args(arguments)
    for words in commands(asked(given), given):
        code = carry_out(words, given)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
