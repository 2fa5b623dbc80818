"""Real and imaginary part of a dielectric function among the targets that are predicted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matdata.core.errors import ConfigError, did_you_mean
from matdata.training.axis import Axis
from matdata.training.target import Target

#: Words of names that are real parts, and what stands there in the name of the imaginary part.
PARTS = {"real": ("imag", "imaginary"), "re": ("im",)}
#: A word of a name: what stands between marks, ``eps_re_xx``, ``dielectric.real_xx``.
_WORD = re.compile(r"[A-Za-z0-9]+")


def parts_among(targets: Sequence[Target], real: str, imaginary: str) -> tuple[Target, Target]:
    """Real and imaginary part among the targets; by their names where none are given.

    Raises
    ------
    ConfigError
        If a name that is given is no array target, or the names leave none or several pairs.
    """
    arrays = {one.name: one for one in targets if one.task == "regression" and one.shape}
    given = (real, imaginary)
    for name in filter(None, given):
        if name not in arrays:
            raise ConfigError(
                f"enz: {name!r} is no predicted spectrum{did_you_mean(name, arrays)}",
                next_step=f"predicted arrays: {', '.join(arrays) or 'none'}",
            )
    pairs = [
        (one, other)
        for one in arrays
        for other in arrays
        if one != other
        and real in ("", one)
        and imaginary in ("", other)
        and (all(given) or _are_parts(one, other))
    ]
    if len(pairs) != 1:
        raise ConfigError(
            f"enz needs a real and an imaginary part, and {_how_many(pairs)} of the predicted "
            f"targets are such: {', '.join(one.name for one in targets) or 'none'}",
            cause="both are array targets, whose names differ in the words real and imag, or re "
            "and im",
            next_step="name runs that predict both, or say which they are: "
            "enz:real=NAME,imaginary=NAME",
        )
    ((first, second),) = pairs
    return arrays[first], arrays[second]


def _how_many(pairs: Sequence[tuple[str, str]]) -> str:
    return "no two" if not pairs else f"{len(pairs)} pairs"


def _are_parts(one: str, other: str) -> bool:
    """Whether names differ in one word alone, which says that they are real and imaginary part."""
    words, others = _WORD.findall(one), _WORD.findall(other)
    if len(words) != len(others):
        return False
    differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return len(differing) == 1 and differing[0][1] in PARTS.get(differing[0][0], ())


def common_axis(real: Target, imaginary: Target) -> Axis:
    """The axis of both parts: rising energies in eV.

    Raises
    ------
    ConfigError
        If one has no axis, or one in another unit, or both differ.
    """
    for one in (real, imaginary):
        if one.axis is None:
            raise ConfigError(
                f"enz: nothing says at which energies the {one.size} numbers of {one.name!r} stand",
                next_step=f"train it with its axis (--axis {one.name}=COLUMN)",
            )
        if one.axis.unit != "eV":
            raise ConfigError(
                f"enz: the axis {one.axis.name!r} of {one.name!r} is in {one.axis.unit}, its "
                "limits are in eV",
                next_step="build the dataset with energies in eV (--unit COLUMN=eV says so where "
                "they are)",
            )
    first, second = real.axis, imaginary.axis
    assert first is not None
    assert second is not None
    if first.values != second.values:
        raise ConfigError(
            f"{real.name} has {_shown(first)}, {imaginary.name} {_shown(second)}",
            cause="real and imaginary part are compared point by point",
            next_step="train both on one axis",
        )
    if len(first.values) < 2 or first.values[0] > first.values[-1]:
        raise ConfigError(
            f"enz: the axis of {real.name} has {_shown(first)}; it needs two or more that rise"
        )
    return first


def _shown(axis: Axis) -> str:
    low, high = axis.values[0], axis.values[-1]
    return f"{len(axis.values):,} points from {low:g} to {high:g} {axis.unit}"
