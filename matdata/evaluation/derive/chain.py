"""Derivations one after another, from the predictions of a run."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matdata.core.digest import digest_json
from matdata.core.errors import ConfigError, MatdataWarning, StoreError
from matdata.evaluation.derive.base import Derivation, Float, Rows
from matdata.evaluation.derive.state import State
from matdata.evaluation.derive.steps import produced_by, rows_for
from matdata.evaluation.derive.texts import as_derivation
from matdata.splits.exchangeable import why_not_exchangeable
from matdata.splits.saved import load_split
from matdata.store.catalogue import find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.records import write_record
from matdata.training.added import adding
from matdata.training.contents import read_sealed
from matdata.training.inputs import features_of
from matdata.training.predict import predict_dataset
from matdata.training.prediction import Predictions
from matdata.training.run import Run

Ids = npt.NDArray[np.str_]
#: Folder of a run with what its derivations learnt from the validation part.
FITTED = "derivations"


class Chain:
    """Derivations in their order, checked against what a run predicts.

    Parameters
    ----------
    run
        A run.
    steps
        Texts such as ``conformal:alpha=0.1``, or derivations.
    dataset
        Whose table they may read; None for materials in memory.

    Raises
    ------
    ConfigError
        If a name or option is unknown, a column is missing, or targets would have one name.
    """

    def __init__(
        self, run: Run, steps: Sequence[str | Derivation], dataset: DatasetFolder | None
    ) -> None:
        self.run, self.dataset = run, dataset
        self.steps = [as_derivation(step).within(run.cache) for step in steps]
        self.produced = produced_by(self.steps, run.schema.targets, dataset)
        self.targets = (*run.schema.targets, *(one for new in self.produced for one in new))
        #: By target how many values of the validation part are known; filled by `fit`.
        self.fitted_to: dict[str, int] = {}
        self._fits: list[tuple[dict[str, Float], str]] | None = None

    def fit(self, settings: Mapping[str, object] | None = None) -> None:
        """Fit what is to be fitted to the run's validation part; once, or read if it was before.

        Parameters
        ----------
        settings
            Of the loop, for predictions of the validation part.

        Raises
        ------
        ConfigError
            If the run has no validation part, or one that is too small for a step.
        """
        if self._fits is not None or not any(step.fits for step in self.steps):
            return
        self._warn()
        valid, fits = self._validation(settings), []
        for place, (step, new) in enumerate(zip(self.steps, self.produced, strict=True)):
            learnt = self._fitted(place, valid) if step.fits else ({}, "")
            valid.derive(step, new, learnt[0])
            self.fitted_to |= {
                name: int(np.isfinite(values).all(1).sum()) for name, values in valid.truths.items()
            }
            fits.append(learnt)
        self._fits = fits

    def apply(
        self, predictions: Predictions, settings: Mapping[str, object] | None = None
    ) -> Predictions:
        """The predictions with all that is derived from them.

        Parameters
        ----------
        predictions
            Of the run.
        settings
            Of the loop, for predictions of the validation part.

        Raises
        ------
        ConfigError
            As `fit`.
        """
        if not self.steps:
            return predictions
        self.fit(settings)
        fits = self._fits or [({}, "")] * len(self.steps)
        current = State.of(predictions, self.rows(predictions.ids, self.dataset))
        records: list[dict[str, object]] = []
        by: dict[str, str] = {}
        for step, new, (fitted, digest) in zip(self.steps, self.produced, fits, strict=True):
            record: dict[str, object] = {
                "derivation": step.spec,
                "version": step.version,
                "level": step.level,
                "reference": step.reference,
                "produces": [target.name for target in new],
            }
            label = step.spec
            if step.fits:
                record |= {"fitted_on": "validation", "fitted_digest": digest}
                if step.exchangeable and self.not_exchangeable is not None:
                    record["not_exchangeable"] = self.not_exchangeable
                label += f" fitted {digest[:12]}"
            added = current.derive(step, new, fitted)
            by |= dict.fromkeys(added, label)
            records.append(record)
        return current.finish(predictions, by, records)

    def rows(self, ids: Ids, dataset: DatasetFolder | None) -> Rows:
        """Columns that the steps read, for some materials of a dataset."""
        return rows_for(self.steps, ids, dataset)

    def coverage_law(self, target: str, by: str) -> tuple[int, int] | None:
        """Of the intervals of a target, `Derivation.coverage_law`.

        Parameters
        ----------
        by
            What made them, as `Predictions.derived_by` names it.

        Returns
        -------
        int, int
            None if the test part was drawn unlike validation, too.
        """
        if self.not_exchangeable is not None or target not in self.fitted_to:
            return None
        step = next((one for one in self.steps if by.startswith(f"{one.spec} fitted ")), None)
        return None if step is None else step.coverage_law(self.fitted_to[target])

    @functools.cached_property
    def not_exchangeable(self) -> str | None:
        """Why the test part was not drawn like the validation part; None if it was."""
        dataset = find_dataset(self.run.cache, self.run.dataset_ref)
        return why_not_exchangeable(load_split(dataset, self.run.split["name"]))

    def _warn(self) -> None:
        """Warn of what is promised for exchangeable parts alone."""
        named = [step.name for step in self.steps if step.exchangeable]
        if named and self.not_exchangeable is not None:
            warnings.warn(
                f"{' and '.join(named)} of run {self.run.name!r} may hold another share than asked "
                f"for on test: {self.not_exchangeable} (split {self.run.split['name']})",
                MatdataWarning,
                stacklevel=2,
            )

    def _validation(self, settings: Mapping[str, object] | None) -> State:
        """Predictions of the run's validation part, with its true values."""
        dataset = find_dataset(self.run.cache, self.run.dataset_ref)
        named = self.run.split
        split = load_split(dataset, named["name"])
        if split.digest() != named["digest"] or "val" not in split.parts:
            raise ConfigError(
                f"the validation part of run {self.run.name!r} is not there to be fitted to",
                cause="its split has none, or was made anew",
                next_step="train on a split with a validation part",
            )
        ids = np.sort(split.ids("val"))
        for feature in features_of(self.run, dataset).values():
            ids = ids[np.isin(ids, feature.ids)]
        predictions = predict_dataset(self.run, dataset, ids, with_truth=True, settings=settings)
        return State.of(predictions, self.rows(predictions.ids, dataset))

    def _fitted(self, place: int, valid: State) -> tuple[dict[str, Float], str]:
        """What a step learns, read from the run's folder if it was learnt before."""
        request = {
            "steps": [[step.spec, step.version] for step in self.steps[: place + 1]],
            "weights": self.run.weights_digest(),
            "split": self.run.split["digest"],
        }
        folder = self.run.folder / FITTED
        path = folder / f"{digest_json(request)[:12]}.json"
        if path.is_file():
            record = read_sealed(path)
            if record["asked"] == request:
                values = {k: np.array(v, dtype=np.float64) for k, v in record["fitted"].items()}
                return values, digest_json(record["fitted"])
        step = self.steps[place]
        fitted = step.fit(valid.at(step.level), valid.truths, valid.rows)
        plain = {name: values.tolist() for name, values in fitted.items()}
        with contextlib.suppress(StoreError, OSError), adding(folder):  # a cache for reading only
            folder.mkdir(exist_ok=True)
            write_record(path, {"asked": request, "fitted": plain, "materials": len(valid.ids)})
        return fitted, digest_json(plain)
