"""Does the valence rule of the orbital field matrix change the error of a model that reads it?

python -m matdata_recipes.ofm_valence phonons-ocrystalnet --from matbench_phonons.json.gz \
    --epochs 25
python -m matdata_recipes.ofm_valence perov5-ocrystalnet --from val.csv --epochs 5 --set nodes=ofm

Trains a preset of `presets.py` with the features of each rule and prints test errors, per rule
their mean and standard deviation (n - 1) over the seeds, and the mean of the paired differences.
The split (seed 0), the settings and the seeds of the weights are the same for both rules. What was
stopped continues with the same command.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence

from matdata.core.cache import cache_dir
from matdata.training import trainer
from matdata.training.run_lookup import find_run
from matdata_recipes import train
from matdata_recipes.preset_data import DATA
from matdata_recipes.presets import Commands, Preset, changed, trains
from matdata_recipes.script import printing_errors
from matdata_recipes.summaries import summary_of

RULES = ("outermost", "matminer")
SPLIT_SEED = 0


def run_name(preset: Preset, rule: str, seed: int) -> str:
    """Name of the run of one rule and seed."""
    hypers = "".join(f"-{key}-{value}" for key, value in preset.hypers.items()).replace("+", "-")
    return f"{preset.name}{hypers}-{rule}-seed{seed}"


def commands(preset: Preset, rule: str, seed: int, threads: int) -> Commands:
    """Features of one rule, training and evaluation."""
    ruled = changed(preset, {}, {"valence": rule})
    featurize, fit, evaluate = trains(ruled, SPLIT_SEED, threads, run_name(preset, rule, seed))
    fit[fit.index(f"train.seed={SPLIT_SEED}")] = f"train.seed={seed}"
    return [featurize, fit, evaluate]


def table(preset: Preset, errors: Mapping[str, Sequence[float]]) -> str:
    """Test errors per rule, and the paired differences between the rules."""
    target = DATA[preset.data].target
    lines = [f"{preset.name}, test MAE of {target!r}, {len(errors[RULES[0]])} seeds"]
    lines += [f"  {rule:<10} {_mean(errors[rule])}  ({_each(errors[rule])})" for rule in RULES]
    differences = [a - b for a, b in zip(*(errors[rule] for rule in RULES), strict=True)]
    lines.append(f"  {' - '.join(RULES)}: {_mean(differences)}  ({_each(differences)})")
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.4g}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.4g}{deviation}"


def _each(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def test_error(run: str, preset: Preset, given: argparse.Namespace) -> float:
    """Mean absolute error of an evaluated run on the test part, in the unit of the target."""
    summary = summary_of(find_run(cache_dir(given.cache), run), None)
    return float(summary["targets"][DATA[preset.data].target]["metrics"]["mae"])


def parser() -> argparse.ArgumentParser:
    """The arguments: those of `train.py`, and how many seeds."""
    extended = train.parser()
    extended.description = __doc__
    extended.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N - 1")
    return extended


@printing_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Train a preset with both rules and print the errors."""
    given = parser().parse_args(arguments)
    preset = train.asked(given)
    if "ofm" not in trainer(preset.plugin, preset.hypers).inputs():
        print(f"error: {preset.name} does not read ofm", file=sys.stderr)
        return 1
    errors: dict[str, list[float]] = {rule: [] for rule in RULES}
    before = train.missing_data(preset, given)
    for seed in range(given.seeds):
        for rule in RULES:
            for words in [*before, *commands(preset, rule, seed, given.threads)]:
                if code := train.carry_out(words, given):
                    return code
            before = []
            errors[rule].append(test_error(run_name(preset, rule, seed), preset, given))
        print(table(preset, errors), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
