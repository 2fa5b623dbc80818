"""The options of ``matdata split``: arguments and configuration files alike."""

from __future__ import annotations

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.options import Option, Values
from matdata.core.scheduler_names import HELP as SCHEDULERS
from matdata.core.settings import Settings
from matdata.splits.saved import settings_known
from matdata.store.config_file import Entry, config_text

METHOD = "method"  # a heading of the help
SPLIT_OPTIONS = (
    Option("dataset", "name, or name@version", positional=True, required=True),
    Option(
        "method",
        "random (default), stable, group, pairs, kfold, element, taata, time, matbench or fixed",
        group=METHOD,
    ),
    Option("split", "70/15/15 (default), 80/20, or counts", metavar="RATIOS", group=METHOD),
    Option(
        "group_by",
        "keep groups on one side; near_duplicate keeps structures that are nearly equal together",
        "words",
        metavar="COLUMN",
        aliases=("by",),
        group=METHOD,
    ),
    Option("seed", "seed of the draw (default: 0)", "int", group=METHOD),
    Option(
        "scheduler",
        f"where near duplicates are searched: {SCHEDULERS}",
        metavar="WHERE",
        group=METHOD,
    ),
    Option("name", "save under this name", group="output"),
    Option(
        "set",
        "another setting of the method (k=10, file=ids_train_val_test.json, column=part)",
        "table",
        group=METHOD,
    ),
    Option("cache", "cache folder (else $MATDATA_CACHE)", in_arguments=False),
)
#: Settings of a method that have an argument of their own.
NAMED = {"ratios": "split", "by": "group_by", "seed": "seed"}


def canonical(values: Values, whole: Values) -> JsonObject:
    """Options of a file or of the command line: ``method``, ``settings`` of it, and the rest.

    Raises
    ------
    ConfigError
        If the method has no such setting, or one is given twice.
    """
    method = method_of(whole)
    known = settings_known(method)
    named = {key: values[option] for key, option in NAMED.items() if option in values}
    for key in named:
        flag = f"--{NAMED[key].replace('_', '-')}"
        if key not in known:
            raise ConfigError(
                f"a {method} split takes no {flag}",
                next_step=f"its settings (--set KEY=VALUE) are: {', '.join(known) or 'none'}",
            )
        if key in values.get("set", {}):
            raise ConfigError(f"{key} is given twice: by {flag} and by --set")
    plain = {key: values[key] for key in ("dataset", "name", "cache", "scheduler") if key in values}
    return {**plain, "method": method, "settings": {**named, **values.get("set", {})}}


def method_of(values: Values) -> str:
    """The method that is asked for, or that follows from the other options."""
    return str(values.get("method") or ("group" if values.get("group_by") else "random"))


def config_of_split(dataset: str, method: str, settings: Settings, name: str | None) -> str:
    """A configuration file that says all options of a split as they are in effect."""
    values = {"dataset": dataset, "method": method, "name": name}
    entries = [
        Entry(one.name, values[one.name], one.help) for one in SPLIT_OPTIONS if one.name in values
    ]
    rows = [Entry(key, getattr(settings, key), text) for key, _, text in settings.describe()]
    title = ("Options of `matdata split --config FILE`, as they were in effect.",)
    return config_text(title, entries, {"set": rows})
