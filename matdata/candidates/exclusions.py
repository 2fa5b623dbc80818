"""Elements that candidates shall not hold: by symbol, or by group."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from matdata.core import elements
from matdata.core.errors import ConfigError, did_you_mean

#: Atomic numbers of groups that can be named.
GROUPS: dict[str, tuple[int, ...]] = {
    "lanthanides": tuple(range(57, 72)),
    "actinides": tuple(range(89, 104)),
    "noble-gases": (2, 10, 18, 36, 54, 86, 118),
}


def excluded_elements(words: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which elements are excluded, (119,) by atomic number.

    Raises
    ------
    ConfigError
        If a word is neither a symbol nor a group.
    """
    excluded = np.zeros(elements.N_ELEMENTS + 1, dtype=np.bool_)
    symbols = elements.symbols()
    for word in words:
        if word not in GROUPS and word not in symbols[1:]:
            raise ConfigError(
                f"exclude: {word!r} is no element{did_you_mean(word, [*GROUPS, *symbols[1:]])}",
                next_step=f"write symbols of elements, or {', '.join(GROUPS)}",
            )
        excluded[list(GROUPS.get(word) or (symbols.index(word),))] = True
    return excluded
