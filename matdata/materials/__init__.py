"""Materials as users have them at hand, in any form: what `compute` and `predict` take."""

from matdata.materials.columns import Materials
from matdata.materials.read import read_materials

__all__ = ["Materials", "read_materials"]
