"""Whether the sites of several features are the same ones."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.errors import ConfigError
from matdata.features.base import Featurizer


def cells_of_sites(featurizers: Mapping[str, Featurizer]) -> dict[str, str]:
    """By cell (`Featurizer.cell_of_sites`) the first name of a featurizer with a row per site."""
    cells: dict[str, str] = {}
    for name, one in featurizers.items():
        if one.cell_of_sites is not None:
            cells.setdefault(one.cell_of_sites, name)
    return cells


def require_one_cell(featurizers: Mapping[str, Featurizer], where: str) -> None:
    """Refuse features whose sites are those of different cells: one's rows are not the other's.

    Parameters
    ----------
    featurizers
        By name, as messages say it.
    where
        What would hold both: ``"one batch"``.

    Raises
    ------
    ConfigError
        If they are; names a feature of each cell, and the setting.
    """
    cells = cells_of_sites(featurizers)
    if len(cells) > 1:
        named = ", ".join(f"{name} (cell={cell})" for cell, name in cells.items())
        raise ConfigError(
            f"sites of different cells in {where}: {named}",
            cause="with cell=primitive a graph has the sites of the primitive cell of each crystal",
            next_step="take the same `cell` for all, or use them apart",
        )
