"""The options of ``matdata sweep``: those of ``train``, the space, and how many trials."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.errors import ConfigError
from matdata.core.options import Option, Values
from matdata.store.config_file import Entry, config_text
from matdata.training.arguments import SHORT, TRAIN_OPTIONS
from matdata.training.arguments import canonical as canonical_training
from matdata.training.target_request import texts_of

#: Options of a training that a search has not.
LEFT_OUT = ("folds", "no_validation")
SEARCH = "search"
TRIALS = 20
SWEEP_OPTIONS = (
    *(one for one in TRAIN_OPTIONS if one.name not in (*LEFT_OUT, "cache")),
    Option(
        "space",
        "what is searched: a TOML file with tables [hyper.NAME] and [train.NAME] of low and high "
        "(step, log), or choices",
        metavar="FILE",
        required=True,
        group=SEARCH,
    ),
    Option(
        "trials",
        f"how many trainings, with those that are finished (default: {TRIALS})",
        "int",
        default=TRIALS,
        group=SEARCH,
    ),
    *(one for one in TRAIN_OPTIONS if one.name == "cache"),
)
#: Of a search alone.
OWN = ("space", "trials")


def canonical(values: Values, whole: Values) -> dict[str, object]:
    """As `matdata.training.arguments.canonical`, with `OWN`."""
    own = {name: values[name] for name in OWN if name in values}
    rest = {name: value for name, value in values.items() if name not in OWN}
    whole_rest = {name: value for name, value in whole.items() if name not in OWN}
    return {**canonical_training(rest, whole_rest), **own}


def own_of(fields: Mapping[str, object]) -> tuple[str, int]:
    """The file of the space, and the number of trials.

    Raises
    ------
    ConfigError
        If no space is named.
    """
    space, trials = fields.get("space"), fields.get("trials")
    if not space:
        raise ConfigError("no space was named", next_step="name a TOML file: --space sweep.toml")
    assert trials is None or isinstance(trials, int)
    return str(space), TRIALS if trials is None else trials


def config_of_sweep(fields: Values) -> str:
    """A configuration file with the options of a search as they were given."""
    tables = {"train": fields.get("settings", {}), "hyper": fields.get("hypers", {})}
    values = {
        **fields,
        "target": fields.get("targets"),
        **{name: texts or None for name, texts in
           texts_of(fields.get("target_requests", {})).items()},
        "trials": own_of(fields)[1],
    }  # fmt: skip
    left = ("train", "hyper", "set", "cache", *SHORT)
    entries = [
        Entry(one.name.replace("_", "-"), values.get(one.name), one.help)
        for one in SWEEP_OPTIONS
        if one.name not in left
    ]
    title = ("Options of `matdata sweep --config FILE`, as they were given.",)
    inner = {
        table: [Entry(key, value, "") for key, value in sorted(chosen.items())]
        for table, chosen in tables.items()
        if chosen
    }
    return config_text(title, entries, inner)
