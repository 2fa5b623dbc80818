"""The commands behind the command line, one per file."""

from __future__ import annotations

import argparse
import importlib

COMMANDS = (
    "audit",
    "build",
    "cecv",
    "contributions",
    "diff",
    "doctor",
    "edges",
    "evaluate",
    "export",
    "features",
    "featurize",
    "import-run",
    "info",
    "list",
    "plugins",
    "predict",
    "report",
    "runs",
    "show",
    "split",
    "train",
    "verify",
)


def run(given: argparse.Namespace) -> int:
    """Run the command that was parsed; returns its exit code."""
    name = given.command.replace("-", "_")
    module = importlib.import_module(f"matdata.cli.{name}")
    code: int = module.run(given)
    return code
