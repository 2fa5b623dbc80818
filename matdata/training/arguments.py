"""The options of ``matdata train``: arguments, configuration files and Python alike."""

from __future__ import annotations

from collections.abc import Mapping

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError
from matdata.core.options import Option, Values, options_of
from matdata.store.config_file import Entry, config_text
from matdata.training import TRAINERS
from matdata.training.contract import Trainer
from matdata.training.idle_settings import idle_settings
from matdata.training.request import Request
from matdata.training.settings import TrainSettings, settings_from_pairs
from matdata.training.target_request import target_requests, texts_of

#: Settings of the loop that have an argument of their own.
SHORT = (
    *("epochs", "batch_size", "lr", "loss", "clip", "patience", "ensemble", "seed", "device"),
    *("threads", "compile", "precision", "track"),
)
#: Headings of the help.
TARGET, LOOP, WEIGHTS = "target", "training", "initial weights"
TRAIN_OPTIONS = (
    Option("plugin", "trainer", positional=True, required=True),
    Option(
        "dataset",
        "name, name@version, or the address of one in a shared folder (URL/NAME)",
        positional=True,
        required=True,
    ),
    Option(
        "target",
        "what is learnt: a column, or an expression: 'log10(k_vrh)', 'energy / n_sites', 'a - b', "
        "'band_gap > 0' (true or false); names in `backticks` where they are no words",
        "list",
        metavar="COLUMN",
        required=True,
        group=TARGET,
    ),
    Option("split", "a saved split; the only one if not given", metavar="NAME", group="split"),
    Option(
        "folds",
        "train a run for every fold of a k-fold split, whose common name --split takes",
        choices=("all",),
        group="split",
    ),
    Option("name", "name of the run; with --folds NAME-fold0, …", group="output"),
    Option(
        "task",
        "inferred from the column if not given",
        choices=("regression", "classification"),
        group=TARGET,
    ),
    Option(
        "objective",
        "objective of one target, such as huber or multi_label; --loss is that of all others",
        "list",
        metavar="TARGET=NAME",
        group=TARGET,
    ),
    Option(
        "axis",
        "axis of an array target: a column with the same list of numbers in each row",
        "list",
        metavar="TARGET=COLUMN",
        group=TARGET,
    ),
    Option(
        "target_option",
        "normalizer (none, scalar, pointwise), axis_weights (none, trapezoid), or an option of the "
        "target's objective",
        "list",
        metavar="TARGET.KEY=VALUE",
        group=TARGET,
    ),
    *options_of(TrainSettings, SHORT, group=LOOP),
    Option(
        "set",
        "a setting of the loop (train.schedule=onecycle) or a hyperparameter of the plugin "
        "(hyper.depth=3); `matdata plugins NAME` lists both with their defaults",
        "table",
        in_file=False,
        group=LOOP,
    ),
    Option("train", "settings of the loop", "table", in_arguments=False),
    Option("hyper", "hyperparameters of the plugin", "table", in_arguments=False),
    Option("from_run", "begin with the weights of a run", metavar="RUN", group=WEIGHTS),
    Option("freeze", "weights that stay as is", "list", metavar="PATTERN", group=WEIGHTS),
    Option("reinit", "weights not taken over", "list", metavar="PATTERN", group=WEIGHTS),
    Option(
        "keep_normalizer",
        "normalise targets as the run of --from-run did, not by this training part",
        "flag",
        default=False,
        group=WEIGHTS,
    ),
    Option(
        "no_validation",
        "train for all epochs and keep the last weights; uses no validation part",
        "flag",
        default=False,
        group=LOOP,
    ),
    Option("cache", "cache folder (else $MATDATA_CACHE)", in_arguments=False),
)
#: Options that ask something of one target.
OF_TARGETS = ("objective", "axis", "target_option")
#: Fields of a request that stand alone.
PLAIN = ("plugin", "dataset", "split", "task", "from_run", "freeze", "reinit", "keep_normalizer")
#: What is asked of the folder and the number of runs, and is no field of a request.
OF_RUNS = ("name", "cache", "folds")


def canonical(values: Values, whole: Values) -> JsonObject:
    """Options of a file or of the command line, as fields of `Request`, and `OF_RUNS`.

    Parameters
    ----------
    values
        By name of `TRAIN_OPTIONS`.
    whole
        These and those that they are laid over: the trainer, which one of them names, decides
        which bare names are hyperparameters.

    Raises
    ------
    PluginError
        If there is no such trainer.
    ConfigError
        If a setting is unknown, or given twice.
    """
    trainer = TRAINERS.get(whole["plugin"])
    tables = {
        f"{table}.{key}": value
        for table in ("train", "hyper")
        for key, value in values.get(table, {}).items()
    }
    settings, hypers = settings_from_pairs({**tables, **values.get("set", {})}, trainer)
    request = {name: values[name] for name in (*PLAIN, *OF_RUNS) if name in values}
    request |= {"targets": values["target"]} if "target" in values else {}
    names = values.get("target", whole.get("target", ()))
    requests = target_requests(names, *(values.get(name, ()) for name in OF_TARGETS))
    request |= {"target_requests": requests} if requests else {}
    return {
        **request,
        "settings": {**settings, **_short(values, settings)},
        "hypers": hypers,
    }


def _short(values: Values, settings: Values) -> dict[str, object]:
    flags = {name: values[name] for name in SHORT if name in values}
    if values.get("no_validation"):
        flags["validation"] = False
    for name in flags:
        if name in settings:
            flag = name.replace("_", "-")
            raise ConfigError(f"{name} is given twice: by --{flag} and by --set train.{name}")
    return flags


def request_of(fields: Values) -> Request:
    """The request that canonical options make.

    Raises
    ------
    ConfigError
        If plugin, dataset or target is missing.
    """
    for name in ("plugin", "dataset", "targets"):
        if not fields.get(name):
            what = name.removesuffix("s")
            raise ConfigError(f"no {what} was named", next_step=f"name the {what}")
    chosen = {name: fields[name] for name in Request.__dataclass_fields__ if name in fields}
    for name in ("targets", "freeze", "reinit"):
        if name in chosen:
            names = chosen[name]
            chosen[name] = (names,) if isinstance(names, str) else tuple(names)
    return Request(**chosen)


def config_of_train(
    request: Request, trainer: Trainer, settings: Mapping[str, object], fields: Values
) -> str:
    """A configuration file with all options of a training as they are in effect.

    Parameters
    ----------
    request
        What was asked for.
    trainer
        The plugin with its hyperparameters.
    settings
        Settings of the loop by name, as they are in effect.
    fields
        Canonical options, for those of `OF_RUNS`.
    """
    values = {
        **{key: getattr(request, key) for key in PLAIN},
        "target": request.targets,
        **{name: texts or None for name, texts in texts_of(request.target_requests).items()},
        "freeze": request.freeze or None,
        "reinit": request.reinit or None,
        "name": fields.get("name"),
        "folds": fields.get("folds"),
        "no_validation": None,  # stands among the settings of the loop
    }
    alone = [one for one in TRAIN_OPTIONS if one.name in values]
    entries = [Entry(one.name.replace("_", "-"), values[one.name], one.help) for one in alone]
    idle = idle_settings(trainer, request, settings)
    loop = [
        Entry(key, None if key in idle else settings[key], meaning)
        for key, _, meaning in TrainSettings.describe()
    ]
    hypers = [
        Entry(key, getattr(trainer.hypers, key), meaning)
        for key, _, meaning in trainer.hypers.describe()
    ]
    title = (
        "Options of `matdata train --config FILE`, as they were in effect.",
        "Settings without a value mean nothing beside the others.",
    )
    return config_text(title, entries, {"train": loop, "hyper": hypers})
