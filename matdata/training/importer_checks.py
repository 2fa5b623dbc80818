"""What importers check of published weights: arguments, shapes of tensors, centres of Gaussians."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import TrainError

ANOTHER = "weights of another architecture"


def require_published_arguments(
    given: Mapping[str, object],
    fixed: Mapping[str, object],
    free: Collection[str],
    path: Path,
    network: str,
) -> None:
    """Check the arguments by which a network was made.

    Parameters
    ----------
    given
        As the file has them.
    fixed
        Arguments with the one value that can be imported.
    free
        Names of the others.
    path, network
        The file, and what its package calls the network.

    Raises
    ------
    TrainError
        If an argument is missing, unknown or of another value.
    """
    expected = {*fixed, *free}
    for name in sorted(expected ^ given.keys()):
        what = "lacks" if name in expected else "holds the unknown"
        raise TrainError(
            f"{path} {what} argument {name!r} of {network}",
            cause="weights of another version of the package",
        )
    for name, value in fixed.items():
        if given[name] != value:
            raise TrainError(
                f"{path}: {name} is {given[name]!r}; only {value!r} can be imported", cause=ANOTHER
            )


def require_published_tensors(
    tensors: Mapping[str, npt.NDArray[Any]],
    shapes: Mapping[str, Sequence[int]],
    description: str,
    weights: str,
    causes: Mapping[str, str] | None = None,
) -> None:
    """Compare names and shapes of all tensors with those of the network that is described.

    Parameters
    ----------
    tensors, shapes
        By the names of the package that published them.
    description, weights
        Names of the file with the arguments and of that with the tensors.
    causes
        What a tensor of another shape means, where it is not another architecture.

    Raises
    ------
    TrainError
        If a tensor is missing, unknown or of another shape; it names both shapes.
    """
    for name in sorted({*tensors, *shapes}):
        stored: object = list(tensors[name].shape) if name in tensors else "absent"
        expected: object = list(shapes[name]) if name in shapes else "absent"
        if stored != expected:
            cause = (causes or {}).get(name, ANOTHER) if name in tensors else ANOTHER
            raise TrainError(
                f"tensor {name} is {stored}; {description} expects {expected}",
                cause=cause,
                next_step=f"use {description} and {weights} of one model",
            )


def require_published_centres(
    tensors: Mapping[str, npt.NDArray[Any]], name: str, first: float, last: float, unit: str = ""
) -> None:
    """Check that a tensor holds centres of Gaussians in even steps from the first to the last.

    Raises
    ------
    TrainError
        If one of them is off by more than 1e-4.
    """
    centres = tensors[name]
    if not np.allclose(centres, np.linspace(first, last, len(centres)), rtol=0, atol=1e-4):
        interval = f"{first:g} to {last:g} {unit}".rstrip()
        raise TrainError(f"tensor {name} is not {interval} in even steps", cause=ANOTHER)
