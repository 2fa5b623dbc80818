"""Settings of the one training loop; importable without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from matdata.core.errors import ConfigError, did_you_mean
from matdata.core.settings import Settings, setting
from matdata.load.devices import check_name
from matdata.load.modes import MODES
from matdata.training.contract import Trainer
from matdata.training.objectives import DEFAULTS, OBJECTIVES, names_for, task_of
from matdata.training.target import Task

#: Settings that mean something to a plugin with a fit of its own, beside those of no consequence.
OF_A_FIT = ("seed", "fraction", "validation")
#: Limits of a batch by level of the entries that are counted.
BUDGETS = {"site": "max_sites", "edge": "max_edges"}
#: Settings that limit what a batch holds, and what they are without a limit.
UNLIMITED = {**dict.fromkeys(BUDGETS.values(), 0), "max_entries": ()}


@dataclass(frozen=True)
class TrainSettings(Settings):
    """How a network is trained. A plugin has its own defaults for some (`Trainer.defaults`)."""

    epochs: int = setting(100, "passes over the training part", minimum=1)
    steps: int = setting(0, "stop after so many optimizer steps; 0: by epochs", minimum=0)
    batch_size: int = setting(128, "materials in a step, over all processes", minimum=1)
    max_sites: int = setting(0, "most sites of a batch, in place of batch_size; 0: any", minimum=0)
    max_edges: int = setting(0, "most edges of a batch, in place of batch_size; 0: any", minimum=0)
    max_entries: tuple[str, ...] = setting(
        (), "most entries of other levels of a batch: LEVEL=NUMBER, …"
    )
    optimizer: str = setting("adamw", "optimizer", choices=("adamw", "adam", "lamb", "sgd"))
    lr: float = setting(3e-4, "learning rate (the highest of the schedule)", minimum=0.0)
    weight_decay: float = setting(1e-6, "weight decay (decoupled in adamw and lamb)", minimum=0.0)
    momentum: float = setting(0.9, "momentum of sgd, beta_1 of the others", minimum=0.0)
    schedule: str = setting(
        "constant",
        "learning rate over time",
        choices=(
            *("constant", "cosine", "cyclic", "decay", "exponential", "onecycle", "step"),
            "plateau",
        ),
    )
    warmup: float = setting(0.0, "share of the steps with a rising rate", minimum=0.0, maximum=1.0)
    warmup_from: float = setting(
        0.0, "factor of the rate from which it rises", minimum=0.0, maximum=1.0
    )
    milestones: tuple[int, ...] = setting((), "step: epochs after which the rate falls")
    gamma: float = setting(
        0.1,
        "decay: factor of each epoch; step, plateau: of each fall; exponential: at the end",
        minimum=0.0,
        maximum=1.0,
    )
    plateau_patience: int = setting(10, "plateau: epochs without improvement", minimum=1)
    cycle: float = setting(20.0, "cyclic: epochs from one lowest rate to the next", minimum=1e-6)
    cycle_from: float = setting(
        1 / 60, "cyclic: factor of the lowest rate", minimum=0.0, maximum=1.0
    )
    cycle_decay: float = setting(
        1.0,
        "cyclic: factor of what a cycle rises by, from one to the next",
        minimum=0.0,
        maximum=1.0,
    )
    lookahead: int = setting(
        0, "steps between those of Lookahead's slow weights; 0: none", minimum=0
    )
    lookahead_alpha: float = setting(
        0.5,
        "share of the way that slow weights go to the fast ones",
        minimum=0.0,
        maximum=1.0,
    )
    clip: float = setting(0.0, "largest norm of the gradient; 0: any", minimum=0.0)
    patience: int = setting(
        0, "stop after so many epochs without a better validation; 0: never", minimum=0
    )
    validation: bool = setting(
        True, "choose the epoch by the validation part; false: keep the last, use no such part"
    )
    monitor: str = setting(
        "auto",
        "what is better: error (mean over targets) or loss",
        choices=("auto", "error", "loss"),
    )
    loss: str = setting(
        "auto",
        "objective of targets that name none; auto: robust_l1, or cross_entropy for classes",
    )
    huber_delta: float = setting(
        1.0, "huber: where squares become lines, in normalised units", minimum=1e-12
    )
    normalizer: str = setting("standard", "how targets are normalised, by the training part")
    precision: str = setting(
        "float32",
        "arithmetic; fp16 scales the loss and leaves out steps whose gradients overflow",
        choices=("float32", "tf32", "bf16", "fp16"),
    )
    seed: int = setting(
        0, "seed of weights and order; member m has seed + m", minimum=0, maximum=2**63 - 1
    )
    ensemble: int = setting(1, "members of the ensemble", minimum=1)
    swa: float = setting(
        0.0, "average the weights over this last share of the epochs", minimum=0.0, maximum=1.0
    )
    fraction: float = setting(1.0, "share of the training part", above=0.0, maximum=1.0)
    members: str = setting(
        "auto",
        "train members as one network with stacked weights, or sequentially; "
        "auto: stacked where the model allows it, but not on a CPU",
        choices=("auto", "stacked", "separate"),
        view=True,
    )
    compile: str = setting(
        "none",
        "torch.compile: none, default, or reduce-overhead (CUDA graphs)",
        choices=("none", "default", "reduce-overhead"),
        view=True,
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:1, mps", view=True)
    threads: int = setting(0, "threads of torch; 0: as torch chooses", minimum=0, view=True)
    cpu_kernels: bool = setting(
        True,
        "what is special about processors: compiled attention, oneDNN, OpenMP, memory that is "
        "kept; false, or MATDATA_CPU_KERNELS=0: plain torch, equal but for the order of sums",
        view=True,
    )
    loader: str = setting(
        "auto",
        "where loaders keep the inputs of a network; auto: the fastest that fits",
        choices=("auto", *MODES),
        view=True,
    )
    checkpoint_seconds: float = setting(
        30.0, "least time between checkpoints; one is always written at the end", view=True
    )
    deterministic: bool = setting(
        False,
        "only operations whose result does not depend on the order in which a GPU works: the same "
        "bits each time, more slowly; refuses an operation that has no such form",
        view=True,
    )
    tensorboard: bool = setting(True, "write TensorBoard logs if it is installed", view=True)
    track: str = setting(
        "none",
        "follow the epochs in wandb, mlflow or tensorboard too (extra track); on this machine "
        "alone without train.track_online",
        choices=("none", "tensorboard", "mlflow", "wandb"),
        view=True,
    )
    track_online: bool = setting(
        False, "let the tracker send names, settings and numbers of epochs to its server", view=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss != "auto" and self.loss not in OBJECTIVES:
            OBJECTIVES.offer(self.loss)  # refuses it, with the closest known name
        check_name(self.device)
        if self.patience and not self.validation:
            raise ConfigError("patience needs a validation part; validation is false")
        if self.schedule == "plateau" and not self.validation:
            raise ConfigError("a plateau schedule needs a validation part; validation is false")
        for item in self.max_entries:
            level, _, most = item.partition("=")
            if not level.strip() or not most.strip().isdecimal() or int(most) < 1:
                raise ConfigError(
                    f"setting 'max_entries' holds {item!r}; expected LEVEL=NUMBER, at least 1",
                    next_step="train.max_entries=facet=4000,orbit=500 limits two levels",
                )

    @property
    def limits(self) -> dict[str, int]:
        """The budget of a batch by level; empty if batches are of `batch_size`."""
        budgets = {level: int(getattr(self, name)) for level, name in BUDGETS.items()}
        others = (item.partition("=") for item in self.max_entries)
        budgets |= {level.strip(): int(most) for level, _, most in others}
        return {level: most for level, most in budgets.items() if most}

    def for_task(self, task: Task) -> TrainSettings:
        """The same with a loss that fits the task.

        Raises
        ------
        ConfigError
            If a loss was chosen that does not.
        """
        chosen = DEFAULTS[task] if self.loss == "auto" else self.loss
        if task_of(chosen) != task:
            raise ConfigError(
                f"loss {chosen!r} does not fit a {task}",
                next_step=f"choose {', '.join(names_for(task))}",
            )
        monitor = self.monitor
        if monitor == "auto":
            monitor = "error" if task == "regression" else "loss"
        return self.replace(loss=chosen, monitor=monitor)

    def replace(self, **values: object) -> TrainSettings:
        """The same with other values."""
        return type(self)(**{**self.to_dict(), **values})


def train_settings(
    trainer: Trainer, given: Mapping[str, object], task: Task = "regression"
) -> TrainSettings:
    """The settings of a run: what was given, else `Trainer.loop_defaults`, else the core's.

    A plugin's default loss gives way to one that fits the task.

    Raises
    ------
    ConfigError
        If a setting is unknown or has a value that it cannot take, or a given loss does not fit.
    """
    chosen = dict(trainer.loop_defaults())
    if chosen.get("loss", "auto") != "auto" and task_of(str(chosen["loss"])) != task:
        del chosen["loss"]
    return TrainSettings.from_mapping({**chosen, **given}).for_task(task)


def fit_honours(name: str) -> bool:
    """Whether a plugin with a fit of its own can follow this setting."""
    return name in OF_A_FIT or any(
        field.name == name and field.metadata.get("view", False) for field in fields(TrainSettings)
    )


def require_honoured(trainer: str, names: Iterable[str]) -> None:
    """Check that a plugin with a fit of its own can follow all of some settings.

    Raises
    ------
    ConfigError
        Naming those that it cannot.
    """
    idle = sorted(name for name in names if not fit_honours(name))
    if idle:
        raise ConfigError(
            f"{trainer} has a fit of its own, which these settings of the loop do not "
            f"reach: {', '.join(idle)}",
            next_step=f"leave them out; `matdata plugins {trainer}` lists its own",
        )


def require_one_limit(given: Mapping[str, object]) -> None:
    """Check that batches are limited by a size or by budgets, not by both.

    Raises
    ------
    ConfigError
        If both are given.
    """
    budgets = [name for name in UNLIMITED if given.get(name)]
    if budgets and "batch_size" in given:
        raise ConfigError(
            f"{' and '.join(budgets)} takes the place of batch_size; both are given",
            next_step="leave one of them out",
        )


def settings_from_pairs(
    pairs: Mapping[str, str], trainer: type[Trainer]
) -> tuple[dict[str, str], dict[str, str]]:
    """Separate settings of the loop (``train.lr``) from hyperparameters (``hyper.depth``).

    A bare name is a hyperparameter if the plugin has one of that name, else a setting of the loop.
    Names may be written with dashes, as the options of the command line are.

    Raises
    ------
    ConfigError
        If there is neither, with the closest known name, or one is given twice.
    """
    hypers = [field.name for field in fields(trainer.Hypers)]
    settings = [field.name for field in fields(TrainSettings)]
    sorted_pairs: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for key, value in pairs.items():
        kind, dot, name = key.replace("-", "_").partition(".")
        if not dot:
            name = kind
            kind = "hyper" if name in hypers else "train"
        names = {"train": settings, "hyper": hypers}.get(kind)
        if names is None:
            raise ConfigError(
                f"--set {key}: expected train.KEY or hyper.KEY"
                + did_you_mean(kind, ("train", "hyper"))
            )
        if name not in names:
            near = did_you_mean(name, names if dot else [*hypers, *settings])
            raise ConfigError(
                f"unknown setting {key!r} of {trainer.name}{near}",
                next_step=f"hyperparameters: {', '.join(hypers) or 'none'}; "
                f"settings of the loop: {', '.join(settings)}",
            )
        if name in sorted_pairs[kind == "hyper"]:
            raise ConfigError(f"{kind}.{name} is given twice by --set")
        sorted_pairs[kind == "hyper"][name] = value
    return sorted_pairs
