"""The options of `matdata.predict` and `matdata.evaluate` as type checkers and editors see them.

Their names and meanings are those of `matdata.evaluation.arguments`; a test compares the two.
"""

from __future__ import annotations

from typing import TypedDict


class PredictionKeywords(TypedDict, total=False):
    """How a network is run; as in training where nothing is said.

    ``matdata predict --help`` says what each means.
    """

    device: str
    batch_size: int
    max_sites: int
    max_edges: int
    max_entries: int
    threads: int
    precision: str
    loader: str
    cpu_kernels: str
