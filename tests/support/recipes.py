"""Recipes, run as their scripts run them, and what they return."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
from collections.abc import Callable
from pathlib import Path

from matdata_recipes import common

RECIPES = Path(__file__).parents[2] / "recipes" / "matdata_recipes"
Run = Callable[..., list[dict]]


def runner(capsys) -> Run:
    """``run(name, *arguments)`` returns what the recipe prints with ``--json``."""

    def carry_out(name: str, *arguments: object) -> list[dict]:
        module = importlib.import_module(f"matdata_recipes.{name}")
        words = [str(argument) for argument in arguments]
        more = getattr(module, "arguments", None)
        code = common.run(module.recipe, module.__doc__, [*words, "--json"], more)
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out)

    return carry_out


def counts(result: dict) -> dict[str, tuple[int | None, int]]:
    """The paper's number and ours for each count."""
    return {one["count"]: (one["paper"], one["ours"]) for one in result["counts"]}


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a compressed table."""
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))
