"""Distributions as an installer leaves them: a module, and a folder with metadata."""

from __future__ import annotations

from pathlib import Path

TRAINER = """
import numpy as np
from matdata.plugin import FitTrainer, Members
class Mean(FitTrainer):
    name, version, citation, summary = {name!r}, {version!r}, "none", "the mean"
    def inputs(self):
        return ("fractions",)
    def fit(self, train, valid, schema, seed):
        self.mean = train.targets.mean(axis=0)
    def predict(self, samples):
        return Members(np.repeat(self.mean[None, None], len(samples), axis=1))
    def state(self):
        return {{"mean": self.mean}}
    def load_state(self, state, schema):
        self.mean = np.asarray(state["mean"])
"""
FEATURIZER = """
import numpy as np
from matdata.plugin import Block, Featurizer, Field
class Rows(Featurizer):
    name, version, citation = {name!r}, {version!r}, "none"
    requires = frozenset(["composition"])
    fields = (Field("one", "crystal", (), "float64", "1", "one"),)
    def featurize(self, batch):
        return Block(np.arange(len(batch)), {{"one": np.ones(len(batch))}})
    def dense(self, fields):
        return np.asarray(fields["one"])[:, None]
    def labels(self):
        return ["one"]
"""
SOURCE = """
from matdata.plugin import Source
class Empty(Source):
    name, version = {name!r}, {version!r}
    @classmethod
    def make(cls, request):
        return cls()
    def origin(self):
        raise NotImplementedError
    def raw_chunks(self, start=0):
        return iter(())
    def parse(self, raw):
        raise NotImplementedError
"""
OBJECTIVE = """
from matdata.training.objectives.numbers import NumberObjective
class Quartic(NumberObjective):
    name, version, summary = {name!r}, {version!r}, "fourth powers"
    def entries(self, output, truth):
        return (output - truth) ** 4
"""
DERIVATION = """
import matdata as md
from matdata.evaluation.derive.base import Derivation
class Nothing(Derivation):
    name, version, summary = {name!r}, {version!r}, "nothing"
    def produces(self, targets):
        return []
    def apply(self, predictions, rows, fitted):
        return {{}}
"""
COMMAND = """
from dataclasses import dataclass
from matdata.plugin import Command, ConfigError, Settings, setting
@dataclass(frozen=True)
class Said(Settings):
    word: str = setting("", "what is said")
    from_: tuple[str, ...] = setting((), "files")
    times: int = setting(1, "how often", minimum=1)
    loud: bool = setting(False, "in capitals")
class Told:
    def __init__(self, words):
        self.words = words
    def to_json(self):
        return {{"words": self.words}}
    def lines(self):
        return self.words
class Say(Command[Said]):
    name, summary = {name!r}, "says a word"
    examples = ("matdata {name} hello --times 2",)
    positional = ("word",)
    Options = Said
    def run(self, options, context):
        print("on the way")
        context.console.say("a line of the console")
        if options.word == "no":
            raise ConfigError("it is not said", next_step="say yes")
        if options.word == "bug":
            raise KeyError("bug")
        word = options.word.upper() if options.loud else options.word
        return Told([word, *options.from_] * options.times)
"""
WHOLE = {
    "commands": COMMAND,
    "trainers": TRAINER,
    "featurizers": FEATURIZER,
    "sources": SOURCE,
    "objectives": OBJECTIVE,
    "derivations": DERIVATION,
}
CLASSES = {
    "commands": "Say",
    "trainers": "Mean",
    "featurizers": "Rows",
    "sources": "Empty",
    "objectives": "Quartic",
    "derivations": "Nothing",
}


def whole(group: str, name: str, version: str = "1") -> str:
    """Code of a plugin with nothing wrong with it; `CLASSES` names its class."""
    return WHOLE[group].format(name=name, version=version)


def install(
    site: Path,
    distribution: str,
    points: dict[str, dict[str, str]],
    code: str | None = None,
    module: str | None = None,
) -> None:
    """Write a distribution into a folder of the path.

    Parameters
    ----------
    site
        The folder.
    distribution
        Its name.
    points
        Entry points by group (``trainers``) and name.
    code
        What its module holds; none is written if None.
    module
        Name of the module; that of the distribution if None.
    """
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[matdata.{group}]", *(f"{key} = {value}" for key, value in entries.items()))
    ]
    folder = site / f"{distribution}-1.0.dist-info"
    folder.mkdir(parents=True)
    about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    (folder / "METADATA").write_text(about)
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
    if code is not None:
        (site / f"{module or distribution}.py").write_text(code)
