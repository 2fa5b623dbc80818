"""Commands that distributions register: listed unread, run as the core's own, broken alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from support.distributions import COMMAND, install, whole

from matdata.cli import main
from matdata.cli.plugin_commands import PLUGIN_COMMANDS
from matdata.core.errors import PluginError


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the path; the registry of commands looks at it again."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "cache"))
    PLUGIN_COMMANDS.refresh()
    yield folder
    PLUGIN_COMMANDS.refresh()
    for name in ("say", "broken", "clash", "other", "odd"):
        sys.modules.pop(name, None)


def _said(site, name="say", code=None):
    text = whole("commands", name) if code is None else code
    install(site, name, {"commands": {name: f"{name}:Say"}}, text)
    PLUGIN_COMMANDS.refresh()


def test_a_command_is_run_with_its_options(site, capsys):
    _said(site)
    words = ["say", "hello", "--from", "a.csv", "b.csv", "--times", "2", "--loud"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-6:] == ["HELLO", "a.csv", "b.csv"] * 2
    assert "a line of the console" in lines


def test_json_is_one_document_whatever_is_printed_on_the_way(site, capsys):
    _said(site)
    assert main(["say", "hello", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"words": ["hello"]}
    assert "on the way" in printed.err


def test_quiet_prints_no_result(site, capsys):
    _said(site)
    assert main(["say", "hello", "--quiet"]) == 0
    assert "hello" not in capsys.readouterr().out


def test_its_errors_are_those_of_matdata(site, capsys):
    _said(site)
    assert main(["say", "no", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["error"]["kind"] == "ConfigError"
    assert record["error"]["next_step"] == "say yes"
    assert main(["say", "x", "--times", "0"]) == 1
    assert "expected at least 1" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["say", "x", "--tims", "2"])
    assert left.value.code == 2
    assert "did you mean '--times'" in capsys.readouterr().err


def test_what_it_fails_with_otherwise_names_its_distribution(site, capsys, tmp_path):
    _said(site)
    log = tmp_path / "log"
    assert main(["say", "bug", "--log-file", str(log)]) == 1
    error = capsys.readouterr().err
    assert "command 'say' of say 1.0 fails: KeyError: 'bug'" in error
    assert "exit code 1" in log.read_text()
    with pytest.raises(PluginError, match="fails: KeyError"):
        main(["say", "bug", "--debug"])


def test_help_lists_commands_without_importing_them(site, capsys):
    _said(site)
    _said(site, "broken", "raise RuntimeError\nclass Say:\n    summary = 'is not 100 % whole'\n")
    install(site, "other", {"commands": {"other": "other:Say"}}, "from say import Say\n")
    about = site / "other-1.0.dist-info" / "METADATA"
    about.write_text(about.read_text() + "Summary: of the distribution\n")
    PLUGIN_COMMANDS.refresh()
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert "a command of say" in shown  # its summary is no literal of its own line
    assert "is not 100 % whole" in shown
    assert "of the distribution" in shown
    assert not {"say", "broken", "other"} & set(sys.modules)


def test_its_own_help_has_examples_and_defaults(site, capsys):
    _said(site)
    with pytest.raises(SystemExit):
        main(["say", "--help"])
    shown = capsys.readouterr().out
    assert "matdata say hello --times 2" in shown
    assert "how often (default: 1)" in shown
    assert "--log-file" in shown


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("raise RuntimeError('no')", "fails on import: RuntimeError: no"),
        ("import sys; sys.exit(0)", "fails on import: SystemExit"),
        ("class Say: pass", "expected a subclass of Command"),
        (COMMAND.replace("times: int", "json: int"), "json are options of every command"),
        (COMMAND.replace('("word",)', '("wrd",)'), "no option wrd to be taken by place"),
    ],
)
def test_a_broken_command_says_so_and_breaks_no_other(site, capsys, code, told):
    _said(
        site, "broken", code.replace("{name!r}", "'broken'").replace("{{", "{").replace("}}", "}")
    )
    assert main(["broken", "x"]) == 1
    assert told in capsys.readouterr().err
    assert main(["list"]) == 0
    with pytest.raises(SystemExit) as left:
        main(["brokn"])
    assert left.value.code == 2
    assert "did you mean 'broken'" in capsys.readouterr().err


def test_the_cores_names_win_and_plugins_reports_it(site, capsys):
    install(site, "clash", {"commands": {"list": "clash:Say"}}, whole("commands", "list"))
    for name in ("odd", "other"):
        install(site, name, {"commands": {"twice": f"{name}:Say"}}, whole("commands", "twice"))
    PLUGIN_COMMANDS.refresh()
    assert main(["list"]) == 0
    assert "clash" not in sys.modules
    assert main(["twice"]) == 1
    assert "both register command 'twice'" in capsys.readouterr().err


@pytest.mark.slow
def test_plugins_describes_commands_and_survives_one_that_hangs(site):
    _said(site)
    _said(site, "broken", "import time\nwhile True: time.sleep(1)")
    install(site, "clash", {"commands": {"list": "clash:Say"}}, whole("commands", "list"))
    environment = {**os.environ, "PYTHONPATH": str(site)}
    words = [sys.executable, "-m", "matdata.cli", "plugins", "--json", "--timeout", "3"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout)
    commands = {one["name"]: one for one in record["commands"]}
    assert commands["broken"]["broken"] == "its import did not return within 3 s"
    assert [one["name"] for one in commands["say"]["options"]] == ["word", "from_", "times", "loud"]
    (problem,) = [one for one in record["problems"] if one["kind"] == "command"]
    assert "registers command 'list', a name of matdata's own" in problem["what"]
