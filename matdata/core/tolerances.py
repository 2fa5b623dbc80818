"""Tolerances of a symmetry search, and their defaults.

Goodall 2022 (thesis 6.3.1) and the Materials Project use 0.1 Å and 5° together. 5° is far too much
for a finer tolerance on positions: with 1e-5 Å and 5° spglib calls cells tetragonal whose axes
differ by a hundredth. So 5° is the default with 0.1 Å only; otherwise the engine judges angles by
the displacements they cause, within that tolerance, which is spglib's own rule.
"""

from __future__ import annotations

from matdata.core.errors import ConfigError

SYMPREC = 0.1  # Å, of the papers
ANGLE = 5.0  # degrees, of the papers
OWN_RULE = -1.0  # spglib's value for its own rule
#: Engines that take a tolerance on angles. moyopy 0.21 accepts one but does not return from some
#: crystals with it (3 of the 2,032 of carbon24 at 5°), so none is passed to it.
WITH_ANGLES = ("spglib", "both")
SETTINGS = ("symprec", "angle_tolerance")
ANGLES_HELP = (
    "symmetry tolerance in degrees, of spglib; -1 for its own rule; if not given 5 with a symprec "
    "of 0.1, else -1"
)


def angle_tolerance_of(engine: str, symprec: float, requested: float | None) -> float:
    """The tolerance on angles in degrees; `OWN_RULE` for the engine's own rule.

    For engines that take none, the value of the papers is recorded; it has no effect.

    Parameters
    ----------
    engine
        ``moyopy``, ``spglib``, ``both`` or ``none``.
    symprec
        Tolerance on positions, Å.
    requested
        The user's value in degrees; None if not set.

    Raises
    ------
    ConfigError
        If it is not an angle, or the engine takes none.
    """
    if engine not in WITH_ANGLES:
        if requested not in (None, ANGLE):
            raise ConfigError(
                f"angle_tolerance is {requested:g}, and the engine ({engine}) takes none",
                cause="it is a setting of spglib; moyopy judges angles by symprec",
                next_step="leave it out, or search with spglib",
            )
        return ANGLE
    if requested is None:
        return ANGLE if symprec == SYMPREC else OWN_RULE
    if not requested > 0 and requested != OWN_RULE:
        raise ConfigError(
            f"angle_tolerance is {requested:g}, expected degrees above 0, or {OWN_RULE:g} for "
            "spglib's own rule"
        )
    return requested


def for_engine(engine: str, angle: float | None) -> float | None:
    """The tolerance to pass to `symmetry.search.analyse`: degrees, None for the engine's rule."""
    return None if engine not in WITH_ANGLES or angle == OWN_RULE else angle
