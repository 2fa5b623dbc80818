"""Command line, configuration file and Python offer the same options under the same names."""

from __future__ import annotations

import argparse
import inspect
import keyword

import pytest

import matdata as md
from matdata.building.keywords import (
    BuildKeywords,
    FeaturizeKeywords,
    SubstituteKeywords,
    WorkKeywords,
)
from matdata.cli.arguments import make_parser
from matdata.cli.options import TABLES, options_of_command
from matdata.evaluation.keywords import (
    DiscoverKeywords,
    EvaluateKeywords,
    PredictionKeywords,
    ScreenKeywords,
)
from matdata.evaluation.similarity.keywords import EmbedKeywords, NearestKeywords
from matdata.evaluation.sweep.keywords import SweepKeywords
from matdata.splits.keywords import SplitKeywords
from matdata.stability.keywords import HullKeywords
from matdata.training.keywords import TrainKeywords

#: Of every command, and of the command line alone.
COMMON = {
    "json",
    "quiet",
    "verbose",
    "log_file",
    "repair",
    "debug",
    "config",
    "write_config",
    "help",
    "command",
}
#: What only the exit code of a command depends on, a format, or what is a function of its own.
ALONE = {
    "audit": {"allow", "forbid"},
    "diff": {"exit_code"},
    "runs": {"csv", "folds"},
    "train": {"folds"},
    "evaluate": {"folds"},
}
#: What Python has beside the options: a file of them, and what no file can hold.
OF_PYTHON = {"config", "executor", "quiet"}
#: Where keywords of a function are typed.
KEYWORDS = {
    "build": BuildKeywords,
    "featurize": FeaturizeKeywords,
    "work": WorkKeywords,
    "hull": HullKeywords,
    "split": SplitKeywords,
    "substitute": SubstituteKeywords,
    "sweep": SweepKeywords,
    "train": TrainKeywords,
    "train_folds": TrainKeywords,
    "predict": PredictionKeywords,
    "discover": DiscoverKeywords,
    "embed": EmbedKeywords,
    "nearest": NearestKeywords,
    "screen": ScreenKeywords,
    "evaluate": EvaluateKeywords,
    "evaluate_folds": EvaluateKeywords,
}
COMMANDS = ("build", "discover", "embed", "nearest", "featurize", "hull", "work", "split",
            "substitute", "train", "evaluate", "predict", "audit", "diff", "export", "import-run",
            "verify", "runs", "card", "report", "push", "pull", "import", "rm", "gc",
            "screen", "sweep")  # fmt: skip


def _of_command(command):
    (subparsers,) = (a for a in make_parser(command)._actions if a.dest == "command")
    parser: argparse.ArgumentParser = subparsers.choices[command]
    return {action.dest for action in parser._actions} - COMMON - ALONE.get(command, set())


def _function(command):
    name = command.replace("-", "_")
    return getattr(md, f"{name}_" if keyword.iskeyword(name) else name)


def _of_python(command):
    names = set(inspect.signature(_function(command)).parameters)
    if command in KEYWORDS:  # what type checkers see is what the signature shows
        assert set(KEYWORDS[command].__annotations__) <= names
    return {name.removesuffix("_") if keyword.iskeyword(name.removesuffix("_")) else name
            for name in names - OF_PYTHON}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_and_python_have_equal_names(command):
    python, arguments = _of_python(command), _of_command(command)
    alone = {option.name for option in options_of_command(command) if not option.in_arguments}
    alone -= ALONE.get(command, set())
    assert python == arguments | alone, f"edit matdata.{command}, or its keywords"


@pytest.mark.parametrize("command", TABLES)
def test_files_and_python_have_equal_names(command):
    """All that a file holds; ``set`` of a training stands there as ``train`` and ``hyper``."""
    in_file = {option.name for option in options_of_command(command) if option.in_file}
    apart = {"set"} if command in ("train", "sweep") else set()
    assert _of_python(command) - apart == in_file - ALONE.get(command, set())


def test_folds_have_a_function_of_their_own():
    assert _of_python("train_folds") == _of_python("train")
    assert _of_python("evaluate_folds") == _of_python("evaluate")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_function_says_what_it_does_with_an_example(command):
    text = inspect.getdoc(_function(command))
    assert text
    assert ">>> " in text
    assert "Raises\n------" in text
