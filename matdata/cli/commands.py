"""The commands behind the command line, one per file; plugins bring others (`plugin_commands`)."""

from __future__ import annotations

import argparse
import importlib

COMMANDS = (
    "audit",
    "build",
    "card",
    "cecv",
    "contributions",
    "curve",
    "diff",
    "discover",
    "doctor",
    "edges",
    "embed",
    "evaluate",
    "export",
    "features",
    "featurize",
    "gc",
    "hull",
    "import",
    "import-run",
    "info",
    "list",
    "nearest",
    "plugins",
    "predict",
    "pull",
    "push",
    "report",
    "rm",
    "runs",
    "screen",
    "show",
    "split",
    "substitute",
    "sweep",
    "train",
    "verify",
    "work",
)


def module_of(command: str) -> str:
    """The module of a command: ``import-run`` is ``matdata.cli.import_run``."""
    return f"matdata.cli.{command.replace('-', '_')}"


def run(given: argparse.Namespace) -> int:
    """Run the command that was parsed; returns its exit code."""
    own = given.command in COMMANDS
    place = module_of(given.command) if own else "matdata.cli.plugin_commands"
    module = importlib.import_module(place)
    code: int = module.run(given)
    return code
