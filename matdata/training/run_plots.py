"""Pictures of a run, as figures: ``run.plot``."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matdata.core.documents import JsonMapping, JsonObject
from matdata.core.errors import ConfigError, TrainError, did_you_mean
from matdata.figures import require_matplotlib
from matdata.store.tables import Columns
from matdata.training.evaluated import (
    predictions_on_record,
    score_on_record,
    scores_beside,
)
from matdata.training.logs import read_log
from matdata.training.prediction_columns import PredictionColumn, Statistic
from matdata.training.run_look import look_of

if TYPE_CHECKING:
    from matdata.figures.parity import Pairs
    from matdata.figures.picture import Look, Picture
    from matdata.training.run import Run

#: What a record of shares may hold, see `matdata.training.scores.share_curves`.
SHARE_CURVES = frozenset(("element_coverage", "confidence_error"))
#: Scores that stand above the confusion matrix.
OF_CLASSES = (("accuracy", "accuracy"), ("roc_auc", "ROC-AUC"), ("f1", "F1"))


class RunPlots:
    """Pictures of a run, each a matplotlib `Figure` that shows itself in notebooks.

    ``figure.write("parity.svg")`` writes one as ``matdata evaluate`` does (.png, .svg, .pdf);
    `style` is ``light`` or ``dark``. `target` is the only one if it is not named. All but `history`
    show the test part, whose score is on record: ``md.evaluate(run)`` opens it.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    @functools.cached_property
    def record(self) -> JsonObject:
        """The score on record.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        """
        return score_on_record(self._run)

    @functools.cached_property
    def _table(self) -> Columns:
        return predictions_on_record(self._run)

    def parity(self, target: str | None = None, style: str = "light") -> Picture:
        """Predicted over true values with the score on record, and predicted standard deviations
        with their calibration where the run predicts such.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        ConfigError
            If there is no such target, it is none of numbers, or matplotlib is not installed.
        """
        require_matplotlib()
        from matdata.figures.parity import parity

        name, scored = self._numbers(target)
        return parity(
            self.pairs(name),
            scored["metrics"],
            scored.get("uncertainty"),
            self._title(name),
            self._look(style),
        )

    def errors(self, target: str | None = None, style: str = "light") -> Picture:
        """The distribution of prediction less truth; raises as `parity`."""
        require_matplotlib()
        from matdata.figures.histograms import errors
        from matdata.figures.parity import score_line

        name, scored = self._numbers(target)
        pairs = self.pairs(name).finite()
        score = score_line(scored["metrics"], pairs.unit, len(pairs.true), pairs.entries)
        return errors(
            pairs.predicted - pairs.true,
            name,
            pairs.unit,
            score,
            f"Errors of {self._title(name)}",
            self._look(style),
            pairs.entries,
        )

    def uncertainty(
        self, target: str | None = None, style: str = "light", beside: Sequence[Run] = ()
    ) -> Picture:
        """Calibration and confidence-error curve of predicted standard deviations.

        Parameters
        ----------
        beside
            Runs that were evaluated on the same materials, whose curves are drawn as well.

        Raises
        ------
        TrainError
            If a run was not evaluated, or predicts no standard deviations of the target; if one
            beside it was evaluated on other materials.
        ConfigError
            As `parity`.
        """
        require_matplotlib()
        from matdata.figures.curves import uncertainty

        name, scored = self._numbers(target)
        if "uncertainty" not in scored:
            raise TrainError(
                f"run {self._run.name!r} predicts no standard deviation of {name!r}",
                next_step="train an ensemble (--ensemble 3) or an objective that learns the noise "
                "(--loss robust_l1)",
            )
        title = f"Uncertainty of {self._title(name)}"
        others = {
            run: other["uncertainty"]["confidence_error"]
            for run, other in scores_beside(self._run, name, beside).items()
            if "uncertainty" in other
        }
        look = self._look(style)
        return uncertainty(scored["uncertainty"], scored["unit"], title, look, others)

    def compositions(
        self, target: str | None = None, style: str = "light", beside: Sequence[Run] = ()
    ) -> Picture:
        """Predicted compositions: how many are near enough, and how near the surest are.

        Parameters
        ----------
        beside
            As of `uncertainty`.

        Raises
        ------
        TrainError
            If a run was not evaluated, or one beside it on other materials.
        ConfigError
            If the target is none of shares, or matplotlib is not installed.
        """
        require_matplotlib()
        from matdata.figures.confidence import compositions

        name, scored = self._scored(target)
        if not SHARE_CURVES.intersection(scored):
            raise ConfigError(
                f"{name!r} has no curves of compositions",
                cause="it is no target of shares, or neither of elements nor of an ensemble",
                next_step="`uncertainty` shows targets of numbers",
            )
        title = f"Compositions of {self._title(name)}"
        return compositions(
            scored, title, self._look(style), scores_beside(self._run, name, beside)
        )

    def confusion(self, target: str | None = None, style: str = "light") -> Picture:
        """Materials by true and predicted class.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        ConfigError
            If the target has no confusion matrix, or matplotlib is not installed.
        """
        require_matplotlib()
        from matdata.figures.matrices import confusion
        from matdata.figures.picture import counted

        name, scored = self._scored(target)
        if "confusion" not in scored:
            raise ConfigError(
                f"{name!r} has no confusion matrix",
                cause="it is no target of classes, or has too many of them",
                next_step="`parity` shows targets of numbers",
            )
        metrics = scored["metrics"]
        shown = [f"{text} {metrics[key]:.4g}" for key, text in OF_CLASSES if _known(metrics, key)]
        score = ", ".join([*shown, counted(scored["materials"], "materials")])
        names = scored.get("classes") or [str(k) for k in range(len(scored["confusion"]))]
        return confusion(scored["confusion"], names, score, self._title(name), self._look(style))

    def history(self, style: str = "light") -> Picture:
        """Losses and validation error by epoch.

        Raises
        ------
        TrainError
            If the run has no epochs, as one of a plugin with its own fit.
        ConfigError
            If the style is unknown, or matplotlib is not installed.
        """
        require_matplotlib()
        from matdata.figures.curves import history

        rows = [{**row} for row in read_log(self._run.folder)]
        if not self.has_history:
            raise TrainError(
                f"run {self._run.name!r} has no epochs to draw",
                cause="its plugin fits in one go, or no epoch was finished yet",
            )
        best = self._best_epochs()
        only = best[0] if len(best) == 1 else None
        return history(rows, f"Training of {self._run.name}", self._look(style, part=""), only)

    @property
    def has_history(self) -> bool:
        """Whether there are epochs to draw."""
        return any("train_loss" in row for row in read_log(self._run.folder))

    def _best_epochs(self) -> list[int]:
        if not self._run.finished:
            return []
        members = self._run.result().get("members") or []
        return sorted({int(one["best_epoch"]) for one in members if one.get("best_epoch")})

    def _scored(self, target: str | None) -> tuple[str, JsonMapping]:
        """The name of a target and its score."""
        scored: JsonMapping = self.record["targets"]
        if target is None and len(scored) == 1:
            target = next(iter(scored))
        if target is None or target not in scored:
            text = "several targets" if target is None else f"no target {target!r}"
            near = "" if target is None else did_you_mean(target, scored)
            raise ConfigError(
                f"run {self._run.name!r} has {text}{near}",
                next_step=f"name one: {', '.join(scored)}",
            )
        return target, scored[target]

    def _numbers(self, target: str | None) -> tuple[str, JsonMapping]:
        """The same of a target of numbers."""
        name, scored = self._scored(target)
        if scored["task"] != "regression":
            raise ConfigError(
                f"{name!r} is a target of {scored['task']}, not of numbers",
                next_step="`confusion` shows targets of classes",
            )
        return name, scored

    def pairs(self, target: str | None = None) -> Pairs:
        """True and predicted values of the test part; raises as `parity`."""
        from matdata.figures.parity import Pairs

        name, scored = self._numbers(target)
        true, mean = (_flat(self._column(name, s)) for s in (Statistic.TRUTH, Statistic.MEAN))
        deviation = _flat(self._column(name, Statistic.TOTAL)) if "uncertainty" in scored else None
        entries = "materials" if len(true) == scored["materials"] else "entries"
        return Pairs(name, scored["unit"], true, mean, deviation, entries)

    def _column(self, target: str, statistic: Statistic) -> list[object]:
        """Cells of the materials that have a true value and a prediction."""
        names = [
            PredictionColumn(target, which, None).name
            for which in (Statistic.TRUTH, Statistic.MEAN, statistic)
        ]
        cells = zip(*(self._table[name] for name in names), strict=True)
        return [cell for true, mean, cell in cells if true is not None and mean is not None]

    def _title(self, target: str) -> str:
        return f"{target}, {self._run.name}"

    def _look(self, style: str, part: str = "test part") -> Look:
        return look_of(self._run, style, part)


def _flat(cells: list[object]) -> npt.NDArray[np.float64]:
    """Numbers of cells, all entries of arrays one after another; NaN where there is none."""
    parts = [np.ravel(np.asarray(np.nan if c is None else c, dtype=np.float64)) for c in cells]
    return np.concatenate(parts) if parts else np.empty(0)


def _known(metrics: Mapping[str, object], key: str) -> bool:
    return isinstance(metrics.get(key), (int, float))
