"""What is computed from predictions: one derivation per file; open to plugins; NumPy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdata.core.errors import ConfigError
from matdata.core.registry import Registry

if TYPE_CHECKING:
    from matdata.evaluation.derive.base import Derivation

_HERE = "matdata.evaluation.derive"

DERIVATIONS: Registry[type[Derivation]] = Registry(
    "derivation",
    "matdata.derivations",
    {
        "conformal": f"{_HERE}.conformal:Conformal",
        "enz": f"{_HERE}.enz:Enz",
        "hull": f"{_HERE}.hull:Hull",
        "power10": f"{_HERE}.power10:Power10",
        "scale": f"{_HERE}.scale:Scale",
    },
    ConfigError,
    base="matdata.evaluation.derive.base:Derivation",
    needs=("version", "summary"),
)
