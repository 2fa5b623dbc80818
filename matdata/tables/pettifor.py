"""The modified Pettifor scale: the elements on a line, similar ones next to each other.

Source: H. Glawe, A. Sanna, E. K. U. Gross and M. A. L. Marques, New J. Phys. 18, 093011 (2016): the
order in which elements that replace each other in known crystals are near, from He to H. It has the
103 elements up to Lr; those beyond have no place.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from matdata.core.elements import N_ELEMENTS, atomic_number

_ORDER = (
    "He Ne Ar Kr Xe Rn Fr Cs Rb K Na Li Ra Ba Sr Ca Eu Yb Lu Tm Y Er Ho Dy Tb Gd Sm Pm Nd Pr Ce "
    "La Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Sc Zr Hf Ti Ta Nb V Cr Mo W Re Tc Os Ru Ir "
    "Rh Pt Pd Au Ag Cu Ni Co Fe Mn Mg Zn Cd Hg Be Al Ga In Tl Pb Sn Ge Si B C N P As Sb Bi Po "
    "Te Se S O At I Br Cl F H "
)
#: Symbols in the order of the scale.
SCALE = tuple(_ORDER.split())


@functools.cache
def places() -> npt.NDArray[np.int64]:
    """Place of each element on the scale from 0, by atomic number, (119,); -1 if it has none."""
    by_number = np.full(N_ELEMENTS + 1, -1, dtype=np.int64)
    for place, symbol in enumerate(SCALE):
        by_number[atomic_number(symbol)] = place
    by_number.flags.writeable = False
    return by_number
