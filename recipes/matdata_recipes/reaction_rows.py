"""Rows of tables 5.1 and 5.2 of R. E. A. Goodall's thesis: models of products of reactions.

Each row is one `matdata train-reactions`; the null rows are computed by `reaction_null`. All rows
of a table have one split, as in the thesis; seeds are those of weights and order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

DATASET = "reactions"
UP_TO_10, UP_TO_3 = "up-to-10-80-20-seed0", "up-to-3-80-20-seed0"
#: Columns of both tables, as `reaction_scores.scores_of` names them.
METRICS = ("subset accuracy", "weighted F1", "L1", "L2", "EleMD", "R²")


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes
    ----------
    name, table, split
        Its own name, that of its table, and the split whose test part is predicted.
    model
        The trainer; empty for the null model.
    changes
        Hyperparameters that differ from the model's own.
    amounts
        Whether amounts are learnt too.
    published
        What the thesis prints, in the order of `METRICS`; empty for a row of ours.
    encoder
        Of the operations: `frozen`, that of the autoencoder, or `end-to-end`.
    together
        Whether elements and amounts are learnt in one run, for the epochs of both.
    longer
        How many times as many epochs a row has as the size says; such rows are of the reduced
        sizes alone.
    """

    name: str
    table: str
    split: str
    model: str
    changes: Mapping[str, str] = field(default_factory=dict)
    amounts: bool = True
    published: tuple[float, ...] = ()
    encoder: str = "frozen"
    together: bool = False
    longer: int = 1

    @property
    def has_autoencoder(self) -> bool:
        """Whether an autoencoder of the operations is trained for it."""
        reads = self.model == "reaction-graph" and "actions" not in self.changes
        return reads and self.encoder != "end-to-end"


@dataclass(frozen=True)
class Size:
    """How large networks are, and how long they learn.

    Attributes
    ----------
    name
        `thesis`, or that of a smaller one.
    ensemble, epochs, amount_epochs, lr, schedule
        Of the trainings of elements and amounts.
    graph, magpie
        Hyperparameters of either model.
    action_epochs
        Of the autoencoder of the operations, whose size and rate are the thesis's.
    """

    name: str
    ensemble: int
    epochs: int
    amount_epochs: int
    lr: float
    schedule: str
    graph: Mapping[str, str] = field(default_factory=dict)
    magpie: Mapping[str, str] = field(default_factory=dict)
    action_epochs: int = 70

    def hypers(self, row: Row) -> dict[str, str]:
        """All hyperparameters of a row that are not the model's own."""
        own = self.graph if row.model == "reaction-graph" else self.magpie
        return {**own, **row.changes}

    def epochs_of(self, row: Row) -> tuple[int, int]:
        """Epochs of the run of elements, 0 where there is none, and of that of the amounts."""
        elements, amounts = self.epochs * row.longer, self.amount_epochs * row.longer
        if row.together:
            return 0, elements + amounts
        return elements, amounts if row.amounts else 0


#: Thesis, app. A.2. Rates of the published code: constant for elements, cyclic for amounts.
THESIS = Size("thesis", 5, 60, 200, 1e-4, "constant")
_HEADS = {"output": "256,256", "stoichiometry": "256,128,64", "scale": "log"}
#: For one core and minutes: a network of 2 layers, rates that fall from a higher one.
REDUCED = Size(
    *("reduced", 1, 6, 5, 2e-3, "cosine"),
    graph={
        **{"width": "64", "layers": "2", "heads": "2", "pool_heads": "2"},
        **{"gates": "64", "hidden": "64", **_HEADS},
    },
    magpie=_HEADS,
    action_epochs=20,
)
ENSEMBLE = replace(REDUCED, name="reduced-5", ensemble=5)
#: Epochs that only show that everything works.
SMALL = replace(REDUCED, name="small", ensemble=2, epochs=2, amount_epochs=2, action_epochs=2)
SIZES = {one.name: one for one in (THESIS, REDUCED, ENSEMBLE, SMALL)}

_NO_ACTIONS, _NO_MASK, _FEED = {"actions": "false"}, {"mask": "false"}, {"feed": "true"}
_GRAPH, _MAGPIE = "reaction-graph", "reaction-magpie"
_T1, _T2 = ("table-5.1", UP_TO_10), ("table-5.2", UP_TO_3)
_ROWS = (
    Row("null-10", *_T1, "", published=(0.338, 0.986, 0.262, 0.148, 4.98, 0.840)),
    Row("graph-10-no-actions", *_T1, _GRAPH, _NO_ACTIONS,
        published=(0.933, 0.990, 0.136, 0.079, 2.44, 0.930)),
    Row("graph-10", *_T1, _GRAPH, published=(0.940, 0.991, 0.126, 0.073, 2.29, 0.935)),
    Row("graph-10-end-to-end", *_T1, _GRAPH, encoder="end-to-end"),
    Row("graph-10-together-no-actions", *_T1, _GRAPH, _NO_ACTIONS, together=True),
    Row("graph-10-together", *_T1, _GRAPH, together=True),
    Row("graph-10-together-longer", *_T1, _GRAPH, together=True, longer=5),
    Row("graph-10-feed", *_T1, _GRAPH, _FEED),
    Row("graph-10-together-feed", *_T1, _GRAPH, _FEED, together=True),
    Row("magpie-3-no-mask", *_T2, _MAGPIE, _NO_MASK, False, (0.580, 0.882)),
    Row("graph-3-no-actions-no-mask", *_T2, _GRAPH, {**_NO_ACTIONS, **_NO_MASK}, False,
        (0.773, 0.950)),
    Row("graph-3-no-mask", *_T2, _GRAPH, _NO_MASK, False, (0.770, 0.948)),
    Row("null-3", *_T2, "", published=(0.416, 0.988, 0.223, 0.133, 4.45, 0.841)),
    Row("magpie-3", *_T2, _MAGPIE, published=(0.944, 0.992, 0.160, 0.097, 2.94, 0.898)),
    Row("graph-3-no-actions", *_T2, _GRAPH, _NO_ACTIONS,
        published=(0.960, 0.994, 0.130, 0.079, 2.38, 0.915)),
    Row("graph-3", *_T2, _GRAPH, published=(0.960, 0.994, 0.133, 0.081, 2.40, 0.913)),
    Row("graph-3-together-no-actions", *_T2, _GRAPH, _NO_ACTIONS, together=True),
    Row("graph-3-together", *_T2, _GRAPH, together=True),
    Row("graph-3-together-longer", *_T2, _GRAPH, together=True, longer=5),
    Row("graph-3-feed", *_T2, _GRAPH, _FEED),
)  # fmt: skip
ROWS: Mapping[str, Row] = {row.name: row for row in _ROWS}


def rows_of(table: str, size: Size = THESIS) -> list[Row]:
    """Rows of a table, as printed; those that are trained longer are left out of the thesis's."""
    of_thesis = size.name == THESIS.name
    return [row for row in _ROWS if row.table == table and not (of_thesis and row.longer > 1)]


def run_name(row: Row, size: Size, seed: int) -> str:
    """What `matdata train-reactions --name` is given; its runs end in -elements and -amounts."""
    return f"{row.name}-{size.name}-seed{seed}"


def autoencoder(row: Row, size: Size, seed: int) -> str:
    """The run of the autoencoder of operations, one for all rows of a split."""
    return f"actions-{row.split.removesuffix('-80-20-seed0')}-{size.name}-seed{seed}"


def command(row: Row, size: Size, seed: int, threads: int = 1) -> list[str]:
    """The words behind `matdata` that train a row."""
    words = ["train-reactions", DATASET, "--split", row.split, "--name", run_name(row, size, seed)]
    words += ["--model", row.model, "--ensemble", str(size.ensemble)]
    words += _lengths(row, size)
    words += ["--seed", str(seed), "--threads", str(threads), "--encoder", row.encoder]
    if row.has_autoencoder:
        words += ["--actions-run", autoencoder(row, size, seed)]
        words += ["--action-epochs", str(size.action_epochs)]
    for key, value in size.hypers(row).items():
        words += ["--set", f"{key}={value}"]
    return words


def _lengths(row: Row, size: Size) -> list[str]:
    """Options that say which runs there are, for how many epochs and at which rates."""
    elements, amounts = size.epochs_of(row)
    words = ["--schedule", size.schedule]
    if elements:
        words += ["--epochs", str(elements), "--lr", str(size.lr)]
    if amounts:
        words += ["--amount-epochs", str(amounts), "--amount-lr", str(size.lr)]
    if row.together:
        return [*words, "--together"]
    return words if row.amounts else [*words, "--only-elements"]


def evaluated(row: Row, size: Size, seed: int) -> str:
    """The run whose test part is scored."""
    return f"{run_name(row, size, seed)}-{'amounts' if row.amounts else 'elements'}"
