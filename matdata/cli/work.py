"""``matdata work DATASET --features FEATURES``."""

from __future__ import annotations

import argparse

from matdata.building.arguments import WORK_OPTIONS, canonical
from matdata.building.feature_stage import share_features
from matdata.cli.featurize import run_with
from matdata.cli.options import joined


def run(given: argparse.Namespace) -> int:
    """Add features to a dataset, together with other processes."""
    return run_with(given, joined(given, WORK_OPTIONS, canonical), share_features)
