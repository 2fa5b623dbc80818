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
    "gc",
    "import",
    "info",
    "list",
    "plugins",
    "predict",
    "pull",
    "push",
    "report",
    "rm",
    "runs",
    "show",
    "split",
    "train",
    "verify",
    "work",
)


def run(given: argparse.Namespace) -> int:
    """Run the command that was parsed; returns its exit code."""
    module = importlib.import_module(f"matdata.cli.{given.command}")
    code: int = module.run(given)
    return code
