"""What the symmetry that is found depends on, beside the crystal and the settings."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from matdata.core.worker_identity import package_version

#: Distributions whose versions count; engines are compiled for any processor of a kind.
DISTRIBUTIONS = ("matdata", "numpy", "moyopy", "spglib")


def symmetry_maker() -> Mapping[str, str]:
    """Versions of packages and the kind of processor, in the receipt of a dataset.

    Symmetry is taken from a dataset alone that was curated by the same.
    """
    versions = {name: package_version(name) for name in DISTRIBUTIONS}
    return {**versions, "machine": platform.machine()}
