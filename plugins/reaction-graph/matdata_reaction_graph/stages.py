"""``matdata train-reactions``: elements of products, then their amounts, as two ordinary runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matdata.plugin import Command, CommandContext, ConfigError, Settings, TrainError, setting

ELEMENTS, AMOUNTS = "formula", "product_fractions"
#: Weights of the first run that the second keeps, and those that it lacks.
KEPT = ("embedding.*", "actions.*", "layers.*", "pool.*", "heads.0.*")
NEW = ("heads.1.*",)


@dataclass(frozen=True)
class StageOptions(Settings):
    """Both trainings; epochs and members are those of the thesis (app. A.2)."""

    dataset: str = setting("", "a dataset of reactions, such as one of the source `reactions`")
    split: str = setting("", "a saved split, whose train part is learnt")
    name: str = setting("products", "what the runs are called: NAME-elements and NAME-amounts")
    ensemble: int = setting(5, "members of either run", minimum=1)
    epochs: int = setting(60, "epochs of the elements", minimum=1)
    amount_epochs: int = setting(200, "epochs of the amounts", minimum=1)
    lr: float = setting(1e-4, "learning rate of the elements", above=0.0)
    amount_lr: float = setting(1e-4, "learning rate of the amounts", above=0.0)
    seed: int = setting(0, "seed of weights and order; member m has seed + m", minimum=0)
    threads: int = setting(0, "threads of torch; 0: as torch chooses", minimum=0)
    model: str = setting(
        "reaction-graph",
        "the network: reaction-graph, or its baseline reaction-magpie",
        choices=("reaction-graph", "reaction-magpie"),
    )
    schedule: str = setting("constant", "learning rate over the epochs, as in `matdata train`")
    only_elements: bool = setting(False, "train no amounts")
    set: tuple[str, ...] = setting(
        (), "KEY=VALUE: settings of the network, such as feed=true or actions=false"
    )


@dataclass(frozen=True)
class Stages:
    """The two runs; the second is None where no amounts are learnt."""

    elements: str
    amounts: str | None

    def to_json(self) -> dict[str, Any]:
        """Names of the runs."""
        return {"elements": self.elements, "amounts": self.amounts}

    def lines(self) -> Iterator[str]:
        """What to do next."""
        last = self.amounts or self.elements
        if self.amounts is None:
            yield f"run {self.elements} is finished"
        else:
            yield f"runs {self.elements} and {self.amounts} are finished"
        yield f"next: `matdata evaluate {last}` opens the test part, once"
        yield f'      `matdata predict {last} "BaCO3 + TiO2 @ mix heat"`'


class TrainReactions(Command[StageOptions]):
    """Trains both stages; what was stopped, in either, goes on with the same command."""

    name = "train-reactions"
    summary = "trains elements, then amounts, of products of reactions; resumes in either stage"
    description = (
        "Trains reaction-graph in two ordinary runs: which elements the product holds, and, with "
        "the weights of that run kept, how much of each. Neither has a validation part: the last "
        "weights count. What was stopped goes on with the same command; a finished run is kept."
    )
    examples = (
        "matdata train-reactions reactions --split up-to-10-80-20",
        "matdata train-reactions reactions --split by-formula-80-20 --name honest --set feed=true",
    )
    positional = ("dataset",)
    Options = StageOptions

    def run(self, options: StageOptions, context: CommandContext) -> Stages:
        """Train what is not finished.

        Raises
        ------
        ConfigError
            If dataset or split are not named, or a setting is no KEY=VALUE.
        MatdataError
            As `matdata train`.
        """
        import matdata as md

        for field in ("dataset", "split"):
            if not getattr(options, field):
                raise ConfigError(
                    f"no {field} was named",
                    next_step="matdata train-reactions DATASET --split NAME",
                )
        hyper = dict(_pair(text) for text in options.set)
        dataset = md.open(options.dataset, cache=context.cache)
        for column in (ELEMENTS, AMOUNTS):
            dataset.require_column(column)
        labels: dict[str, Any] = {"name": ELEMENTS, "objective": "multi_label"}
        shares: dict[str, Any] = {
            "name": AMOUNTS,
            "objective": "element_distribution",
            "options": {"among": "truth", "divergence": "squared"},
        }
        common = _common(options, hyper, context.quiet)
        name = f"{options.name}-elements"
        first: dict[str, Any] = {"epochs": options.epochs, "lr": options.lr, **common}
        elements = md.train(options.model, dataset, [labels], name=name, **first)
        if not elements.finished:
            raise TrainError(f"run {name!r} was stopped; the same command goes on with it")
        if options.only_elements:
            return Stages(name, None)
        names = Stages(name, f"{options.name}-amounts")
        second: dict[str, Any] = {"epochs": options.amount_epochs, "lr": options.amount_lr}
        both: list[Mapping[str, Any]] = [labels, shares]
        kept = _kept(options.model, hyper)
        more: dict[str, Any] = {"from_run": name, "reinit": NEW, "freeze": kept}
        md.train(options.model, dataset, both, name=names.amounts, **second, **common, **more)
        return names


def _common(options: StageOptions, hyper: dict[str, str], quiet: bool) -> dict[str, Any]:
    """What both trainings are given."""
    return {
        "split": options.split,
        "ensemble": options.ensemble,
        "seed": options.seed,
        "hyper": hyper,
        "train": {
            "validation": False,
            "threads": options.threads,
            "schedule": options.schedule,
        },
        "quiet": quiet,
    }


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"{text!r} is no KEY=VALUE", next_step="for example --set feed=true")
    return name.strip(), value.strip()


def _kept(model: str, hyper: dict[str, str]) -> tuple[str, ...]:
    """Patterns of weights that there are: without operations there is no encoder of them."""
    if model == "reaction-magpie":
        return ("heads.0.*",)
    absent = str(hyper.get("actions", "true")).lower() in ("false", "0", "no")
    return tuple(one for one in KEPT if not (absent and one.startswith("actions")))
