"""``matdata train-reactions``: vectors of operations, elements of products, then their amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matdata.plugin import Command, CommandContext, ConfigError, Settings, TrainError, setting

if TYPE_CHECKING:
    from matdata import Dataset

OPERATIONS, ELEMENTS, AMOUNTS = "operations", "formula", "product_fractions"
#: Weights of the encoder of operations, of the rest that makes the reaction vector, of heads.
ENCODER, TRUNK = "actions.*", ("embedding.*", "layers.*", "pool.*")
OF_ELEMENTS, OF_AMOUNTS = "heads.0.*", "heads.1.*"
#: How the autoencoder is trained (defaults of the published code), beside epochs and rate.
AUTOENCODER = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-6, "batch_size": 128}


LABELS: Mapping[str, Any] = {"name": ELEMENTS, "objective": "multi_label"}
SHARES: Mapping[str, Any] = {
    "name": AMOUNTS,
    "objective": "element_distribution",
    "options": {"among": "truth", "divergence": "squared"},
}


@dataclass(frozen=True)
class StageOptions(Settings):
    """All trainings; epochs and members are those of the thesis (app. A.2)."""

    dataset: str = setting("", "a dataset of reactions, such as one of the source `reactions`")
    split: str = setting("", "a saved split, whose train part is learnt")
    name: str = setting("products", "what the runs are called: NAME-elements and so on")
    ensemble: int = setting(5, "members of each run", minimum=1)
    encoder: str = setting(
        "frozen",
        "vectors of the operations are those of an autoencoder, which is trained first: kept as "
        "they are, or tuned with the rest, or end-to-end: no autoencoder, learnt from the start",
        choices=("frozen", "tuned", "end-to-end"),
    )
    actions_run: str = setting(
        "", "the run of the autoencoder, which others may share; NAME-actions if not given"
    )
    action_epochs: int = setting(70, "epochs of the autoencoder", minimum=1)
    action_lr: float = setting(0.3, "learning rate of the autoencoder", above=0.0)
    together: bool = setting(
        False,
        "elements and amounts in one run, NAME-amounts, in which amounts train the reaction vector "
        "too; its epochs and rate are those of the amounts",
    )
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
    """The runs: of the autoencoder, elements and amounts; None for what has no run of its own."""

    actions: str | None
    elements: str | None
    amounts: str | None

    def to_json(self) -> dict[str, Any]:
        """Names of the runs."""
        return {"actions": self.actions, "elements": self.elements, "amounts": self.amounts}

    def lines(self) -> Iterator[str]:
        """What to do next."""
        runs = [name for name in (self.actions, self.elements, self.amounts) if name]
        last = runs[-1]
        yield f"finished: {', '.join(runs)}"
        yield f"next: `matdata evaluate {last}` opens the test part, once"
        yield f'      `matdata predict {last} "BaCO3 + TiO2 @ mix heat"`'


class TrainReactions(Command[StageOptions]):
    """Trains all stages; what was stopped, in any, goes on with the same command."""

    name = "train-reactions"
    summary = "trains elements, then amounts, of products of reactions; resumes in each stage"
    description = (
        "Trains reaction-graph in three ordinary runs: an autoencoder of the operations, whose "
        "encoder the others read (--encoder), then which elements the product holds, and, with "
        "the weights of that run kept, how much of each; --together learns both in one run. None "
        "has a validation part: the last weights count. What was stopped goes on with the same "
        "command; a finished run is kept."
    )
    examples = (
        "matdata train-reactions reactions --split up-to-10-80-20",
        "matdata train-reactions reactions --split by-formula-80-20 --name honest --set feed=true",
        "matdata train-reactions reactions --split up-to-10-80-20 --name both --together",
    )
    positional = ("dataset",)
    Options = StageOptions

    def run(self, options: StageOptions, context: CommandContext) -> Stages:
        """Train what is not finished.

        Raises
        ------
        ConfigError
            If dataset or split are not named, a setting is no KEY=VALUE, or an option is of a
            run that is not trained.
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
        _refuse_idle(options)
        hyper = dict(_pair(text) for text in options.set)
        training = _Training(md.open(options.dataset, cache=context.cache), options, hyper, context)
        actions = training.actions() if training.has_encoder else None
        if options.together:
            return Stages(actions, None, training.together(actions))
        elements = training.elements(actions)
        amounts = None if options.only_elements else training.amounts(elements)
        return Stages(actions, elements, amounts)


@dataclass(frozen=True, eq=False)
class _Training:
    """The runs of one command.

    Attributes
    ----------
    dataset, options, hyper, context
        What is learnt, how, hyperparameters of the network, and how the command was started.
    """

    dataset: Dataset
    options: StageOptions
    hyper: Mapping[str, str]
    context: CommandContext

    def __post_init__(self) -> None:
        for column in (ELEMENTS, AMOUNTS, *([OPERATIONS] if self.has_encoder else [])):
            self.dataset.require_column(column)

    @property
    def reads_operations(self) -> bool:
        """Whether the network has an encoder of operations."""
        absent = str(self.hyper.get("actions", "true")).lower() in ("false", "0", "no")
        return self.options.model == "reaction-graph" and not absent

    @property
    def has_encoder(self) -> bool:
        """Whether an autoencoder is trained."""
        return self.reads_operations and self.options.encoder != "end-to-end"

    def actions(self) -> str:
        """Train the autoencoder of the operations; its hyperparameters are those it has alone."""
        options = self.options
        own = {key: value for key, value in self.hyper.items() if key.startswith("action_")}
        loop = {**AUTOENCODER, "epochs": options.action_epochs, "lr": options.action_lr}
        words = [{"name": OPERATIONS, "objective": "sequence"}]
        return self._run(options.actions_run or f"{options.name}-actions", words, own, loop)

    def elements(self, actions: str | None) -> str:
        """Train the elements; with the encoder of a run, if there is one."""
        options = self.options
        loop = {"epochs": options.epochs, "lr": options.lr, "schedule": options.schedule}
        name, begun = f"{options.name}-elements", self._with(actions)
        return self._run(name, [LABELS], self.hyper, loop, **begun)

    def together(self, actions: str | None) -> str:
        """Train elements and amounts in one run; with the encoder of a run, if there is one."""
        return self._amounts(**self._with(actions))

    def amounts(self, elements: str) -> str:
        """Train the amounts, on the weights of the run of elements, which are kept."""
        kept = (OF_ELEMENTS,)
        if self.options.model == "reaction-graph":
            encoder = (ENCODER,) if self.reads_operations else ()
            kept = (*self._there(TRUNK), *encoder, OF_ELEMENTS)
        return self._amounts(from_run=elements, reinit=(OF_AMOUNTS,), freeze=kept)

    def _amounts(self, **more: Any) -> str:
        """Train the run of elements and amounts, from the weights that are given."""
        options = self.options
        loop = {
            "epochs": options.amount_epochs,
            "lr": options.amount_lr,
            "schedule": options.schedule,
        }
        both = [LABELS, SHARES]
        return self._run(f"{options.name}-amounts", both, self.hyper, loop, **more)

    def _with(self, actions: str | None) -> dict[str, Any]:
        """How a run begins with the encoder of that of the autoencoder, and nothing else of it."""
        if actions is None:
            return {}
        begun = {"from_run": actions, "reinit": (*self._there(TRUNK), "heads.*")}
        return begun | ({"freeze": (ENCODER,)} if self.options.encoder == "frozen" else {})

    def _there(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Patterns of weights that there are: a network may have no layers."""
        none = str(self.hyper.get("layers", "")).strip() == "0"
        return tuple(one for one in patterns if not (none and one.startswith("layers")))

    def _run(
        self,
        name: str,
        targets: Sequence[Mapping[str, Any]],
        hyper: Mapping[str, str],
        loop: Mapping[str, Any],
        **more: Any,
    ) -> str:
        """Train a run, or go on with it; its name.

        Raises
        ------
        TrainError
            If it was stopped before its end.
        """
        import matdata as md

        options = self.options
        settings = {**loop, "validation": False, "threads": options.threads}
        run = md.train(
            options.model,
            self.dataset,
            list(targets),
            name=name,
            split=options.split,
            ensemble=options.ensemble,
            seed=options.seed,
            hyper=dict(hyper),
            train=settings,
            quiet=self.context.quiet,
            **more,
        )
        if not run.finished:
            raise TrainError(f"run {name!r} was stopped; the same command goes on with it")
        return name


def _refuse_idle(options: StageOptions) -> None:
    """Refuse what a training together would not read: it has no run of elements.

    Raises
    ------
    ConfigError
        If there is such an option.
    """
    if not options.together:
        return
    if options.only_elements:
        raise ConfigError(
            "--only-elements and --together exclude each other",
            cause="together, elements and amounts are one run",
            next_step="leave one of them out",
        )
    for field in ("epochs", "lr"):
        if getattr(options, field) != getattr(StageOptions(), field):
            raise ConfigError(
                f"--{field} is of the run of elements, which --together does not train",
                next_step=f"--amount-{field}, which is that of the one run",
            )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError(f"{text!r} is no KEY=VALUE", next_step="for example --set feed=true")
    return name.strip(), value.strip()
