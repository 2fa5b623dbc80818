"""The formats of exports: what each is called, what it holds, and what it does not keep.

Whoever adds one adds a line to `FORMATS`, and its losses; tests build each export again and compare
with what is declared here, and docs/export.md lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, did_you_mean, first_few
from matdata.core.given import ending_of
from matdata.core.structures import Structures
from matdata.datasets.exports import losses as lost
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.frames import changed_texts, has_changed_ids
from matdata.datasets.exports.losses import Loss
from matdata.sources.readers.opening import plain_suffix
from matdata.sources.readers.records import READERS
from matdata.store import files

Writer = Callable[[Path, Exported], None]


@dataclass(frozen=True)
class ExportFormat:
    """A format of other programs.

    Attributes
    ----------
    writer
        ``module:function`` of `matdata.datasets.exports`, which writes a file or fills a folder.
    summary
        What it is, in a few words.
    losses
        What a rebuild does not give back; what none of them names comes back bit by bit.
    endings
        Of names of files by which it is known.
    rebuilt_from
        What `matdata build` reads: ``""`` for the output itself, a name in the folder (with the
        dataset's ``{name}``), or None where it reads no such file.
    folder
        Whether it is a folder of files.
    structures
        ``all`` if every material must have a structure, ``one kind`` if either all or none must.
    features
        Whether features can be written.
    splits
        Whether it holds ``several`` splits, the ``folds`` of a method, or none.
    """

    writer: str
    summary: str
    losses: tuple[Loss, ...]
    endings: tuple[str, ...] = ()
    rebuilt_from: str | None = ""
    folder: bool = False
    structures: Literal["any", "one kind", "all"] = "any"
    features: bool = True
    splits: Literal["several", "folds"] | None = None

    def write(self, path: Path, content: Exported) -> None:
        """Write a temporary file or folder.

        Raises
        ------
        FeatureError, ConfigError
            If the format cannot hold what was asked for.
        OSError
            If it cannot be written.
        """
        module, _, name = self.writer.partition(":")
        write: Writer = getattr(import_module(f"matdata.datasets.exports.{module}"), name)
        write(path, content)

    def source(self, path: Path, content: Exported) -> Path | None:
        """What `matdata build` reads of an output; None where it reads no such file."""
        named = self.folder or plain_suffix(path) in READERS
        if self.rebuilt_from is None or not named:
            return None
        name = files.safe_name(str(content.dataset.manifest["name"]))
        return path / self.rebuilt_from.format(name=name) if self.rebuilt_from else path

    def lost(self, content: Exported) -> list[JsonObject]:
        """What of a dataset the format does not keep."""
        records = (loss.of(content) for loss in self.losses)
        return [record for record in records if record is not None]


_NOT_READ = Loss("rows", "matdata does not read this format again", lambda content: ())

FORMATS: dict[str, ExportFormat] = {
    "npz": ExportFormat("arrays:write_npz", "arrays of NumPy", (_NOT_READ,), (".npz",), None),
    "hdf5": ExportFormat(
        "arrays:write_hdf5", "arrays in HDF5", (_NOT_READ,), (".h5", ".hdf5"), None
    ),
    "parquet": ExportFormat(
        "table_files:write_parquet",
        "the table",
        (
            Loss("structures", "not written; hf is Parquet with structures", lost.has_structures),
            *lost.STATING,
        ),
        (".parquet",),
    ),
    "extxyz": ExportFormat(
        "frames:write_extxyz",
        "crystals and scalar cells, for ASE",
        (
            Loss("structures", "written with 8 decimals of Å", lost.has_structures),
            Loss("ids", "backslashes and line ends are read as other letters", has_changed_ids),
            Loss("texts", "backslashes and line ends are read as other letters", changed_texts),
            lost.NAMES,
            lost.ODD_UNITS,
            lost.AXES,
            *lost.ALWAYS,
        ),
        (".extxyz", ".xyz"),
        structures="all",
        features=False,
    ),
    "csv": ExportFormat(
        "table_files:write_csv",
        "the table",
        (
            Loss("structures", "not written; jsonl has them", lost.has_structures),
            lost.NAMES,
            lost.ODD_UNITS,
            lost.AXES,
            lost.arrays("written as text"),
            lost.nested("written as JSON text"),
            lost.CSV_IDS,
            lost.CSV_NUMBERS,
            lost.CSV_TEXTS,
            *lost.ALWAYS,
        ),
        (".csv",),
    ),
    "jsonl": ExportFormat(
        "json_lines:write_json_lines",
        "a document per material, with pymatgen's structures",
        (lost.NAMES, lost.ODD_UNITS, lost.AXES, *lost.ALWAYS),
        (".jsonl",),
    ),
    "hf": ExportFormat(
        "hf:write_hf",
        "a folder for datasets.load_dataset",
        (lost.ROWS, lost.PART, lost.OTHERS, *lost.STATING),
        folder=True,
        splits="several",
    ),
    "aselmdb": ExportFormat(
        "aselmdb:write_aselmdb",
        "an ASE database in an LMDB file, for fairchem",
        lost.STATING,
        (".aselmdb",),
        structures="all",
        features=False,
    ),
    "pyg": ExportFormat(
        "pyg:write_pyg",
        "a folder of tensors for PyTorch Geometric",
        lost.STATING,
        rebuilt_from="table.parquet",
        folder=True,
        structures="all",
        features=False,
    ),
    "matbench": ExportFormat(
        "matbench:write_matbench",
        "a folder with a data set of matminer and the folds of Matbench",
        (lost.NAMES, lost.ODD_UNITS, lost.AXES, lost.FOLDS, *lost.ALWAYS),
        rebuilt_from="{name}.json.gz",
        folder=True,
        structures="one kind",
        features=False,
        splits="folds",
    ),
    "optimade": ExportFormat(
        "optimade:write_optimade",
        "an answer of an OPTIMADE service",
        lost.STATING,
        structures="all",
        features=False,
    ),
}
ENDINGS: Mapping[str, str] = {
    ending: name for name, one in FORMATS.items() for ending in one.endings
}


def format_of(path: Path, form: str | None) -> str:
    """The format that is asked for: `form`, or by the ending of the file's name.

    Raises
    ------
    ConfigError
        If it is unknown, with those there are.
    """
    if form is None:
        return ENDINGS[ending_of(path, ENDINGS, "a dataset", ", or say --format")]
    if form not in FORMATS:
        raise ConfigError(
            f"unknown format {form!r}{did_you_mean(form, FORMATS)}",
            next_step=f"choose one of: {', '.join(FORMATS)}",
        )
    return form


def require_holdable(name: str, content: Exported) -> None:
    """Check that a format can hold structures and features of what is written.

    Raises
    ------
    ConfigError
        If materials lack a structure that it needs, or features are asked for that it has no
        place for.
    """
    form = FORMATS[name]
    if form.structures == "all":
        _require_structures(name, content.dataset.kind, content)
    if form.structures == "one kind" and content.dataset.kind == "mixed":
        raise ConfigError(
            f"{name} holds structures or compositions, and this dataset holds both",
            next_step="write hf or jsonl, or build a dataset of those with a structure "
            "(--filter 'n_sites > 0')",
        )
    if content.features and not form.features:
        raise ConfigError(
            f"{name} holds crystals and their table, no features",
            next_step="write features with --format npz, hdf5, hf or parquet",
        )


def _require_structures(name: str, kind: str, content: Exported) -> None:
    if kind == "composition":
        raise ConfigError(f"{name} holds structures; this dataset holds compositions only")
    if content.is_complete:
        return
    structures: Structures = content.dataset.structures
    missing = structures.missing
    raise ConfigError(
        f"{name} holds structures, and {len(missing):,} of {len(structures):,} materials have "
        f"none: {first_few(structures.ids[missing])}",
        next_step="write hf, npz, hdf5, parquet or csv, or build a dataset of those with a "
        "structure (--filter 'n_sites > 0')",
    )
