"""With --json, whatever goes wrong is one JSON object on standard output, for every command."""

from __future__ import annotations

import json

import pytest

from matdata.cli import commands, main
from matdata.cli.commands import COMMANDS

pytestmark = pytest.mark.slow

KEYS = ["cause", "details", "kind", "next_step", "what"]
#: What each command cannot do without, naming nothing that exists.
NOTHING = {
    "build": ["./nothing.csv"],
    "featurize": ["nothing", "ofm"],
    "card": ["nothing", "--output", "x"],
    "diff": ["nothing", "other"],
    "discover": ["nothing", "other", "--reference", "other"],
    "embed": ["nothing", "NaCl"],
    "nearest": ["nothing", "NaCl"],
    "screen": ["nothing", "other", "--rule", "enz"],
    "show": ["nothing", "id"],
    "export": ["nothing", "x.csv"],
    "train": ["example", "nothing", "--target", "y"],
    "sweep": ["example", "nothing", "--target", "y", "--space", "nothing.toml"],
    "predict": ["nothing", "NaCl"],
    "evaluate": ["nothing"],
    "runs": ["nothing"],
    "cecv": ["nothing", "other"],
    "curve": ["nothing"],
    "contributions": ["nothing", "--along", "A-B"],
    "edges": ["nothing", "--formula", "NaCl"],
    "plugins": ["nothing"],
    "push": ["nothing", "shared"],
    "work": ["nothing", "--features", "ofm"],
    "import-run": ["matgl:nothing", "--name", "x"],
}
#: These need nothing that could be missing.
NEEDLESS = ("list", "doctor", "gc")


def failed(capsys, *words):
    """The code, and what standard output holds."""
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in NEEDLESS])
def test_every_command_prints_its_error(command, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, printed = failed(capsys, command, *NOTHING.get(command, ["nothing"]))
    assert code == printed["exit_code"] == 1
    assert sorted(printed["error"]) == KEYS
    assert "nothing" in printed["error"]["what"]


def test_what_argparse_refuses_is_json_too(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["build", "--no-such-option", "x", "--json"])
    printed = capsys.readouterr()
    assert leaving.value.code == json.loads(printed.out)["exit_code"] == 2
    assert "no-such-option" in json.loads(printed.out)["error"]["what"]
    assert "no-such-option" in printed.err


def test_faults_of_matdata_are_json_and_a_traceback(capsys, monkeypatch):
    def broken(given):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(commands, "run", broken)
    with pytest.raises(ZeroDivisionError):
        main(["list", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["error"]["what"] == "ZeroDivisionError: a fault"
    assert printed["exit_code"] == 1


def test_interrupts_are_json(capsys, monkeypatch):
    def interrupted(given):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    code, printed = failed(capsys, "list")
    assert code == printed["exit_code"] == 130


def test_help_and_success_print_no_error(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["build", "--help", "--json"])
    assert leaving.value.code == 0
    assert "error" not in capsys.readouterr().out.partition("{")[1]
