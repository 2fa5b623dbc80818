"""Pictures of a run, as figures: ``run.plot``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from matdata.core.documents import JsonMapping
from matdata.core.errors import ConfigError, TrainError
from matdata.core.units import with_unit
from matdata.figures import require_matplotlib
from matdata.training.evaluated import scores_beside
from matdata.training.logs import read_log
from matdata.training.plot_data import PlotData, rows_of
from matdata.training.prediction_columns import MATERIAL_ID, Statistic
from matdata.training.spectrum_plots import plain_axis, shown_spectra

if TYPE_CHECKING:
    from matdata.figures.picture import Picture
    from matdata.training.run import Run

#: What a record of shares may hold, see `matdata.training.scores.share_curves`.
SHARE_CURVES = frozenset(("element_coverage", "confidence_error"))
#: Materials from which on an element has a mean error of its own.
FEWEST = 3
#: Scores that stand above the confusion matrix.
OF_CLASSES = (("accuracy", "accuracy"), ("roc_auc", "ROC-AUC"), ("f1", "F1"))


class RunPlots(PlotData):
    """Pictures of a run, each a matplotlib `Figure` that shows itself in notebooks.

    ``figure.write("parity.svg")`` writes one as ``matdata evaluate`` does (.png, .svg, .pdf);
    `style` is ``light`` or ``dark``. `target` is the only one if it is not named. All but `history`
    show the test part, whose score is on record: ``md.evaluate(run)`` opens it.

    Parameters
    ----------
    run
        The run.
    """

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

    def residuals(
        self, target: str | None = None, style: str = "light", beside: Sequence[Run] = ()
    ) -> Picture:
        """Residuals against a normal distribution (Q-Q), the share of errors up to each size, and
        how predicted noise divides into aleatoric and epistemic where the run predicts both.

        Parameters
        ----------
        beside
            Runs that were evaluated on the same materials, whose errors are drawn as well.

        Raises
        ------
        TrainError
            If a run was not evaluated, or one beside it on other materials.
        ConfigError
            As `parity`.
        """
        require_matplotlib()
        from matdata.training.residual_plots import draw_residuals

        name, _ = self._numbers(target)
        scores_beside(self._run, name, beside)  # refuses other materials
        others = {run.name: RunPlots(run) for run in beside}
        title = f"Residuals of {self._title(name)}"
        return draw_residuals(self, name, title, self._look(style), others)

    def elements(self, target: str | None = None, style: str = "light") -> Picture:
        """The mean absolute error over the materials with each element, on a periodic table;
        elements of fewer than three materials are left out.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        ConfigError
            As `parity`.
        """
        require_matplotlib()
        from matdata.figures.periodic_table import periodic_table

        name, scored = self._numbers(target)
        means, counts = self.errors_by_element(name)
        means = {number: mean for number, mean in means.items() if counts[number] >= FEWEST}
        label = with_unit("MAE of materials with the element", scored["unit"])
        return periodic_table(means, label, f"Errors of {self._title(name)}", self._look(style))

    def spectra(self, target: str | None = None, style: str = "light") -> Picture:
        """The best, the median and the worst spectrum by mean absolute error, with predicted
        standard deviations where the run predicts such.

        Raises
        ------
        TrainError
            If the run was not evaluated.
        ConfigError
            If the target has no axis, or as `parity`.
        """
        require_matplotlib()
        from matdata.figures.spectra import spectra

        name, scored = self._numbers(target)
        axis = self._axis(name)
        true, mean = (rows_of(self._column(name, s)) for s in (Statistic.TRUTH, Statistic.MEAN))
        has = "uncertainty" in scored
        deviation = rows_of(self._column(name, Statistic.TOTAL)) if has else None
        ids = [str(one) for one in self._cells(name, MATERIAL_ID)]
        return spectra(
            shown_spectra(ids, true, mean, deviation, scored["unit"]),
            plain_axis(axis),
            with_unit(name, scored["unit"]),
            f"Spectra of {self._title(name)}",
            self._look(style),
        )

    def along_axis(self, target: str | None = None, style: str = "light") -> Picture:
        """Mean absolute and mean error at each point of the axis; raises as `spectra`."""
        require_matplotlib()
        from matdata.figures.spectra import along_axis

        name, scored = self._numbers(target)
        axis = self._axis(name)
        errors = scored["along_axis"]
        mae, bias = (np.array(errors[key], dtype=np.float64) for key in ("mae", "bias"))
        title = f"Errors of {self._title(name)}"
        return along_axis(plain_axis(axis), mae, bias, scored["unit"], title, self._look(style))

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
        """Predicted compositions: how many are near enough, and errors of the most confident.

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

    def groups(
        self, groups: JsonMapping, column: str, target: str, style: str = "light"
    ) -> Picture:
        """Scores by the groups of a column, as ``md.evaluate(run, by=column)["by"]`` has them.

        Parameters
        ----------
        groups
            Of one column and target.
        """
        from matdata.training.group_plots import draw_groups

        title = f"{target} by {column}, {self._run.name}"
        return draw_groups(groups, column, target, title, self._look(style))

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


def _known(metrics: Mapping[str, object], key: str) -> bool:
    return isinstance(metrics.get(key), (int, float))
