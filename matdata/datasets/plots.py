"""Pictures of a dataset, as figures: ``dataset.plot``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matdata.core.errors import ConfigError
from matdata.core.numerals import is_number
from matdata.figures import require_matplotlib
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.user_metadata import words_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from matdata.figures.picture import Look, Picture

Float = npt.NDArray[np.float64]


class DatasetPlots:
    """Pictures of a dataset, each a matplotlib `Figure` that shows itself in notebooks.

    ``figure.write("elements.svg")`` writes one as ``matdata report`` does (.png, .svg, .pdf);
    `style` is ``light`` or ``dark``. All raise `ConfigError` if matplotlib is not installed or
    there is no such style.

    Parameters
    ----------
    dataset
        The dataset.
    """

    def __init__(self, dataset: DatasetFolder) -> None:
        self._dataset = dataset

    def elements(self, style: str = "light") -> Picture:
        """The number of materials that contain each element, on a periodic table."""
        require_matplotlib()
        from matdata.figures.periodic_table import periodic_table

        compositions = self._dataset.compositions
        numbers, counts = np.unique(compositions.numbers, return_counts=True)
        values = dict(zip(numbers.tolist(), counts.astype(float).tolist(), strict=True))
        title = f"Elements of {self._dataset.manifest['name']}"
        return periodic_table(values, "materials with the element", title, self._look(style))

    def histogram(self, column: str, style: str = "light") -> Picture:
        """The distribution of a column: numbers in bins, classes as bars.

        Raises
        ------
        ConfigError
            If there is no such column, or it holds arrays.
        """
        require_matplotlib()
        from matdata.figures.histograms import bar_chart, histogram

        cells = self._cells(column)
        present = [cell for cell in cells if cell is not None]
        title = f"{column}, {self._dataset.manifest['name']}"
        look, missing = self._look(style), len(cells) - len(present)
        if not present or all(map(is_number, present)):
            unit = self._dataset.units.get(column, "1")
            return histogram(_numbers(present), column, unit, title, look, missing)
        if any(isinstance(cell, (list, dict)) for cell in present):
            raise ConfigError(
                f"column {column!r} holds arrays or records, which have no histogram",
                next_step=f"columns of numbers: {', '.join(self._numeric()) or 'none'}",
            )
        return bar_chart(Counter(map(str, present)), column, title, look, missing)

    def splits(
        self, split: str | None = None, column: str | None = None, style: str = "light"
    ) -> Picture:
        """Sizes of the parts of a saved split, and the distribution of a column in each.

        Parameters
        ----------
        split
            Its name; the only one if not given.
        column
            A column of numbers; the first target if not given.

        Raises
        ------
        StoreError
            If there is no split of that name, or no name is given and there are several.
        ConfigError
            If there is no such column, or it holds no numbers.
        """
        require_matplotlib()
        from matdata.figures.histograms import split_parts
        from matdata.splits.saved import load_split

        saved = load_split(self._dataset, split)
        if column is None:
            column = next((name for name in self._numeric() if name in self._targets()), None)
        elif column not in self._numeric():
            self._cells(column)
            raise ConfigError(
                f"column {column!r} holds no numbers",
                next_step=f"columns of numbers: {', '.join(self._numeric()) or 'none'}",
            )
        values = {}
        if column is not None:
            numbers = _numbers(self._cells(column))
            values = {part: numbers[self._dataset.rows(ids)] for part, ids in saved.parts.items()}
        return split_parts(
            {part: len(ids) for part, ids in saved.parts.items()},
            values,
            column or "",
            self._dataset.units.get(column or "", "1"),
            f"Split {saved.name} of {self._dataset.manifest['name']}",
            self._look(style),
        )

    def funnel(self, style: str = "light") -> Picture:
        """Records that are left after each step of the build."""
        require_matplotlib()
        from matdata.curate.funnel_report import table
        from matdata.figures.funnel import funnel

        title = f"Records of {self._dataset.manifest['name']}"
        return funnel(table(self._dataset.funnel()), title, self._look(style))

    def all(self, style: str = "light") -> Iterator[tuple[str, Callable[[], Picture]]]:
        """Name and drawing of each picture that ``matdata report --pictures`` writes."""
        yield "funnel", partial(self.funnel, style)
        yield "elements", partial(self.elements, style)
        for name in self._targets():
            if name in self._numeric():
                yield f"histogram-{name}", partial(self.histogram, name, style)
        for name in self._dataset.split_names():
            yield f"split-{name}", partial(self.splits, name, None, style)

    def _targets(self) -> list[str]:
        return list(self._dataset.manifest["targets"])

    def _numeric(self) -> list[str]:
        """Columns that hold numbers only."""
        return [name for name, cells in self._dataset.columns.items() if _is_numeric(cells)]

    def _cells(self, column: str) -> list[Any]:
        return list(self._dataset.require_column(column, error=ConfigError))

    def _look(self, style: str) -> Look:
        from matdata.figures.picture import Look

        words = words_in(self._dataset.manifest)
        caption = [f"data {self._dataset.ref}", words.get("licence", ""), words.get("citation", "")]
        return Look(style, caption, {"dataset": self._dataset.ref, **words})


def _numbers(cells: Sequence[Any]) -> Float:
    return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)


def _is_numeric(cells: Sequence[object]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(map(is_number, present))
