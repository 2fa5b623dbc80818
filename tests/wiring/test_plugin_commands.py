"""Commands in the READMEs of plugins, and what `matdata plugins NAME` lists."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from matdata.cli import main
from matdata.cli.arguments import make_parser
from matdata.cli.train import request_of
from matdata.training.settings import TrainSettings

PLUGINS = Path(__file__).parents[2] / "plugins"
LINES = [
    (path.parent.name, re.sub(r" *\\\n *", " ", line).strip())
    for path in sorted(PLUGINS.glob("*/README.md"))
    for line in re.findall(
        r"^ *matdata train (?:.*\\\n)*.*$", path.read_text(encoding="utf-8"), re.MULTILINE
    )
]


@pytest.mark.parametrize(("plugin", "line"), LINES)
def test_train_commands_of_readmes_can_be_typed(plugin, line):
    given = make_parser().parse_args(shlex.split(line)[1:])
    request = request_of(given)
    assert request.targets
    readme = (PLUGINS / plugin / "README.md").read_text(encoding="utf-8")
    built = re.findall(r"^ *matdata build .* --split (\S+)", readme, re.MULTILINE)
    saved = [f"{ratios.replace('/', '-')}-seed0" for ratios in (*built, "70/15/15")]
    assert request.split in (None, *saved), f"{plugin}: build saves no such split"


def test_the_example_says_that_it_registers_a_trainer():
    assert "trainer" in (PLUGINS / "example" / "README.md").read_text(encoding="utf-8")


def test_settings_of_the_loop_are_listed_with_the_plugins_defaults(capsys):
    assert main(["plugins", "crabnet"]) == 0
    shown = capsys.readouterr().out
    for field in fields(TrainSettings):
        assert f"train.{field.name}=" in shown
    from matdata.training import TRAINERS

    for name, value in TRAINERS.get("crabnet").defaults.items():
        assert f"train.{name}={value}  " in shown
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "matdata plugins NAME" in " ".join(capsys.readouterr().out.split())
