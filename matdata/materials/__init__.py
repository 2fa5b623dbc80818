"""Materials in any form that users have: the input of `compute` and `predict`."""

from matdata.materials.columns import Materials
from matdata.materials.read import read_materials

__all__ = ["Materials", "read_materials"]
