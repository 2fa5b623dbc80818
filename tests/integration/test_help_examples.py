"""The examples of ``--help`` are typed: on the sample, or they name what is the user's own."""

from __future__ import annotations

import shlex

import pytest

from matdata.cli import main
from matdata.cli.descriptions import DESCRIPTIONS

#: Commands in the order in which a user comes to them.
ORDER = (
    "build", "featurize", "work", "hull", "train", "evaluate", "predict", "embed", "nearest",
    "runs", "split", "audit", "report", "card", "list", "info", "show", "verify", "export", "push",
    "features", "plugins", "substitute", "gc", "rm",
)  # fmt: skip
#: Commands whose examples need what no sample has, or look at this machine.
OF_YOUR_OWN = (
    "diff", "discover", "pull", "import", "import-run", "curve", "cecv", "contributions", "edges",
    "doctor", "screen", "sweep",
)  # fmt: skip
#: Options that make an example short without another meaning.
BRIEF = {
    "build": ["--workers", "1"],
    "featurize": ["--workers", "1"],
    "train": ["--epochs", "1", "--threads", "1", "--set", "train.tensorboard=false"],
}
MAY_FAIL = ("audit",)  # a split that shares something ends in 1, and says so


def is_own(example: str, yours: tuple[str, ...]) -> bool:
    """Whether an example names something of the user's own."""
    return any(word in yours for word in shlex.split(example))


def test_each_command_is_typed_or_of_the_users_own():
    assert {*ORDER, *OF_YOUR_OWN} == set(DESCRIPTIONS)
    for name in OF_YOUR_OWN:
        examples, yours = DESCRIPTIONS[name].examples, DESCRIPTIONS[name].yours
        assert name == "doctor" or all(is_own(one, yours) for one in examples), name


@pytest.mark.parametrize("command", DESCRIPTIONS)
def test_what_is_the_users_own_is_in_an_example(command):
    description = DESCRIPTIONS[command]
    words = {word for example in description.examples for word in shlex.split(example)}
    assert words.issuperset(description.yours)
    assert all(name in str(description) for name in description.yours)


@pytest.mark.slow
def test_the_examples_run_on_the_sample(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    typed = 0
    for command in ORDER:
        description = DESCRIPTIONS[command]
        for example in description.examples:
            if is_own(example, description.yours):
                continue
            words = [*shlex.split(example)[1:], *BRIEF.get(command, [])]
            code = main(words)
            printed = capsys.readouterr()
            assert code == 0 or (command in MAY_FAIL and not printed.err), (example, printed.err)
            typed += 1
    assert typed > 25
    assert (tmp_path / "folder" / "README.md").exists()
