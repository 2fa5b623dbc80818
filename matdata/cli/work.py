"""``matdata work DATASET --features FEATURES``."""

from __future__ import annotations

import argparse

from matdata.building.arguments import WORK_OPTIONS
from matdata.building.pipeline import share_features
from matdata.cli.featurize import run_with


def run(given: argparse.Namespace) -> int:
    """Add features to a dataset, together with other processes."""
    return run_with(given, WORK_OPTIONS, share_features)
