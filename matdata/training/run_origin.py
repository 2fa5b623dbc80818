"""Where a run comes from: the data that it was trained on, or the weights that were imported."""

from __future__ import annotations

from matdata.core.documents import JsonObject
from matdata.core.errors import TrainError
from matdata.store.user_metadata import WORDS


class RunOrigin:
    """Base of `matdata.training.run.Run`.

    Attributes
    ----------
    manifest
        Of the run.
    """

    manifest: JsonObject

    @property
    def name(self) -> str:
        """Name of the run."""
        raise NotImplementedError

    @property
    def about(self) -> dict[str, str]:
        """Its name, and of the data that it was trained on ``dataset`` (the reference) and, where
        known, ``licence``, ``citation`` and ``description``; of imported weights these three, and
        ``importer``.
        """
        if self.imported is not None:
            known = {name: self.imported[name] for name in WORDS if name in self.imported}
            return {"run": self.name, "importer": self.imported["importer"], **known}
        data = {**self.manifest["dataset"]}
        del data["digest"]
        return {"run": self.name, "dataset": data.pop("ref"), **data}

    @property
    def imported(self) -> JsonObject | None:
        """Where imported weights come from (`import_run.py`); None if it was trained here."""
        imported: JsonObject | None = self.manifest.get("imported")
        return imported

    @property
    def elements(self) -> tuple[int, ...] | None:
        """Elements that the weights were trained on (atomic numbers); None where none is unknown.

        Imported weights state them, and runs that predict elements from inputs that name them
        (`known_elements.py`).
        """
        if self.imported is not None:
            return tuple(self.imported["elements"])
        learnt = self.manifest.get("elements")
        return None if learnt is None else tuple(learnt)

    @property
    def dataset_ref(self) -> str:
        """Exact reference of the dataset that it was trained on, or is scored on if imported.

        Raises
        ------
        TrainError
            If it was imported without one.
        """
        return str(self._data("dataset")["ref"])

    @property
    def split(self) -> JsonObject:
        """Of its split ``name`` and ``digest``, and of a fold ``family`` and ``fold``.

        Raises
        ------
        TrainError
            If it was imported without one.
        """
        return self._data("split")

    def _data(self, what: str) -> JsonObject:
        described: JsonObject | None = self.manifest[what]
        if described is None:
            raise TrainError(
                f"run {self.name!r} has no {what}: its weights were imported",
                cause="they were trained elsewhere, on materials that are not known here",
                next_step="`matdata predict` needs none; `matdata import-run … --dataset DATASET "
                "--split SPLIT` under another --name makes a run that can be scored",
            )
        return described
