"""Help and errors of commands: descriptions, examples, headings, what was probably meant."""

from __future__ import annotations

import importlib
import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from matdata.cli import main
from matdata.cli.arguments import make_parser
from matdata.cli.commands import COMMANDS
from matdata.cli.descriptions import DESCRIPTIONS
from matdata.cli.main import _parsed
from matdata.cli.options import TABLES, joined, options_of_command
from matdata.core.errors import ConfigError
from matdata.core.settings import meaning
from matdata.features import FEATURIZERS
from matdata.training import TRAINERS
from matdata.training.settings import TrainSettings, settings_from_pairs

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
EXAMPLES = [(name, one) for name, text in DESCRIPTIONS.items() for one in text.examples]


def _help(command: str, capsys) -> str:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def _error(arguments: list[str], capsys) -> str:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_each_command_has_a_description_and_examples():
    assert set(DESCRIPTIONS) == set(COMMANDS), "edit matdata/cli/descriptions.py"
    for name, description in DESCRIPTIONS.items():
        assert len(description.examples) >= 2, name
        assert description.text.endswith(".")


@pytest.mark.parametrize(("command", "example"), EXAMPLES)
def test_examples_can_be_typed(command, example):
    words = shlex.split(example)
    assert words[:2] == ["matdata", command]
    given = _parsed(words[1:])
    if command in TABLES:  # names and values are right, too
        canonical = importlib.import_module(f"matdata.cli.{command}").canonical
        assert joined(given, options_of_command(command), canonical)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_holds_the_examples_headings_and_no_none(command, capsys):
    shown = _help(command, capsys)
    for example in DESCRIPTIONS[command].examples:
        assert f"    {example}\n" in shown
    assert "None" not in shown
    heads = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert heads[-1] == "everywhere:"


@pytest.mark.parametrize("command", TABLES)
def test_options_stand_under_headings(command):
    for option in options_of_command(command):
        alone = option.positional or not option.in_arguments
        assert option.group or alone or option.name in {"derive"}, f"{command} {option.flag}"


def test_nothing_asked_for_prints_help_and_succeeds(capsys):
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: matdata")
    assert "matdata build sample --features ofm" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["biuld", "sample"], "build"),
        (["build", "sample", "--featurs", "ofm"], "--features"),
        (["train", "roost", "a", "--target", "b", "--bach-size", "4"], "--batch-size"),
        (["train", "roost", "a", "--target", "b", "--task", "clasification"], "classification"),
        (["list", "--jsn"], "--json"),
        (["--versoin"], "--version"),
    ],
)
def test_what_was_probably_meant_is_named(arguments, meant, capsys):
    lines = _error(arguments, capsys).splitlines()
    assert f"(did you mean '{meant}'?)" in lines[0]
    assert lines[1].startswith("  next step: `matdata")
    assert len(lines) == 2


def test_what_is_missing_is_named_by_the_command(capsys):
    error = _error(["train", "roost", "golden"], capsys)
    assert error.startswith("matdata train: error: the following arguments are required: --target")
    assert "`matdata train --help`" in error


def test_options_may_be_spelled_as_settings_are(capsys):
    words = ["train", "roost", "a", "--target", "b", "--batch_size=4", "--from_run", "x_y"]
    given = make_parser("train").parse_args(words)
    assert (given.batch_size, given.from_run) == (4, "x_y")
    assert "unrecognized arguments: --no_such" in _error(["list", "--no_such"], capsys)


def test_settings_may_be_spelled_as_options_are():
    roost = TRAINERS.get("roost")
    assert settings_from_pairs({"batch-size": "4"}, roost) == ({"batch_size": "4"}, {})
    assert settings_from_pairs({"train.batch-size": "4"}, roost) == ({"batch_size": "4"}, {})
    with pytest.raises(ConfigError, match=r"train\.batch_size is given twice"):
        settings_from_pairs({"batch-size": "4", "train.batch_size": "8"}, roost)


def test_choices_are_part_of_a_meaning_once():
    listed = {one.name: meaning(one) for one in fields(TrainSettings)}
    assert listed["precision"].endswith("(float32, tf32, bf16, fp16)")
    assert listed["compile"].count("reduce-overhead") == 1
    for kind in [TrainSettings, *(TRAINERS.get(name).Hypers for name in TRAINERS)]:
        texts = {name: text for name, _, text in kind.describe()}
        for one in fields(kind):
            for choice in one.metadata["choices"] or ():
                shown = "none" if choice is None else str(choice)
                assert shown in texts[one.name], f"{kind.__name__}.{one.name}"


def test_features_lists_settings_units_and_citations(capsys):
    assert main(["features"]) == 0
    shown = capsys.readouterr().out
    for name in FEATURIZERS:
        assert f"\n{name}" in f"\n{shown}"
    assert "None" not in shown
    assert "broken" not in shown
    assert "--set wyckoff.engine=moyopy  " in shown
    assert main(["features", "lattice", "--json"]) == 0
    (lattice,) = json.loads(capsys.readouterr().out)["features"]
    assert lattice["columns"] == 8
    assert lattice["units"] == ["Å", "degree", "Å^3"]
    assert lattice["citation"].startswith("Chen et al.")
    assert lattice["requires"] == ["structure"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("offm", "did you mean 'ofm'"), ("element:mat2vek", "did you mean 'mat2vec'")],
)
def test_features_names_what_was_meant(name, message, capsys):
    assert main(["features", name]) == 1
    assert message in capsys.readouterr().err


def test_a_feature_that_cannot_be_used_is_reported_among_others(capsys, monkeypatch):
    def broken(name: str) -> type:
        raise ZeroDivisionError(name)

    monkeypatch.setattr(FEATURIZERS, "get", broken)
    assert main(["features"]) == 0
    assert "ofm: broken: ZeroDivisionError('ofm')" in capsys.readouterr().out


def _run(arguments: list[str]) -> tuple[int, set[str], float, str]:
    """Exit code, modules imported, processor time in seconds and errors of a command."""
    script = f"""
import json, sys, time
from matdata.cli import main
try:
    code = main({arguments!r})
except SystemExit as left:
    code = left.code
names = sorted({{name.partition(".")[0] for name in sys.modules}})
print(json.dumps([code, names, time.process_time()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    code, names, seconds = json.loads(done.stdout.splitlines()[-1])
    return code, set(names), seconds, done.stderr


HEAVY = {"torch", "pymatgen", "numba", "sklearn", "scipy", "matplotlib", "mp_api", "matminer"}
LIGHT = {
    "": {"numpy", "pandas", "pyarrow"},
    "--help": {"numpy", "pandas", "pyarrow"},
    "build --help": {"pandas", "zarr"},
    "list": {"pandas", "zarr"},
    "info golden": {"pandas", "zarr"},
    "plugins": {"pandas"},
    "features": {"pandas"},
    "train --help": {"pandas", "zarr"},
}


@pytest.mark.parametrize("command", LIGHT)
@pytest.mark.slow
def test_commands_import_only_what_they_use(command, tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "cache")
    here = ["--cache", str(tmp_path / "cache")] if command and "--help" not in command else []
    code, loaded, seconds, error = _run([*command.split(), *here])
    assert (code, error) == (0, "")
    assert not loaded & (HEAVY | LIGHT[command])
    assert seconds < 1.0


@pytest.mark.slow
def test_show_prints_a_dash_where_there_is_no_value(tmp_path, capsys):
    csv = tmp_path / "few.csv"
    csv.write_text("formula,gap\nNaCl,8.5\nMgO,\n", encoding="utf-8")
    cache = ["--cache", str(tmp_path / "cache")]
    assert main(["build", str(csv), "--split", "none", *cache]) == 0
    capsys.readouterr()
    assert main(["show", "few", "few-0000001", *cache]) == 0
    shown = capsys.readouterr().out
    assert "gap  -\n" in shown
    assert "None" not in shown


MISTAKES = [
    ["build", "nosuch.csv"],
    ["build", "sample", "--features", "ofmm"],
    ["build", "sample", "--split", "70/x"],
    ["build", "sample", "--store", "zar"],
    ["featurize", "golden", "ofmm"],
    ["split", "golden", "--method", "kfld"],
    ["info", "goldn"],
    ["audit", "golden", "--split", "70"],
    ["export", "golden", "out.foo"],
    ["plugins", "rost"],
    ["features", "offm"],
    ["train", "rost", "golden", "--target", "gap"],
    ["sweep", "rost", "golden", "--target", "gap", "--space", "s.toml"],
    ["cecv", "nosuch"],
    ["curve", "nosuch"],
    ["contributions", "nosuch"],
    ["edges", "nosuch", "--formula", "NaCl"],
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
@pytest.mark.slow
def test_mistakes_are_found_before_torch_is_imported_and_anything_is_written(arguments, tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "cache")
    before = sorted(tmp_path.rglob("*"))
    code, loaded, seconds, error = _run([*arguments, "--cache", str(tmp_path / "cache")])
    assert code == 1
    assert error.startswith("error: ")
    assert not loaded & HEAVY
    assert seconds < 2.0
    assert sorted(tmp_path.rglob("*")) == before
