"""Scripts that complete commands, options and names in shells."""

from __future__ import annotations

import builtins
import shutil
import subprocess

import pytest

from matdata.cli import main
from matdata.cli.commands import COMMANDS
from matdata.cli.completion import SHELLS, script

pytestmark = pytest.mark.slow

pytest.importorskip("shtab")

ASK = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
compopt() {{ :; }}
_shtab_matdata 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def complete(tmp_path, monkeypatch, capsys):
    """Returns what bash offers after some words."""
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path / "cache"))
    for name in ("datasets/perovskites", "datasets/carbon", "runs/first"):
        (tmp_path / "cache" / name).mkdir(parents=True)
    with pytest.raises(SystemExit) as stop:
        main(["--print-completion", "bash"])
    assert stop.value.code == 0
    path = tmp_path / "matdata.bash"
    path.write_text(capsys.readouterr().out)

    def ask(*words):
        text = ASK.format(script=path, words=" ".join(f"'{word}'" for word in ("matdata", *words)))
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
        return done.stdout.split()

    ask.path = path
    return ask


def test_bash_takes_the_script_and_offers_commands_options_and_names(complete):
    subprocess.run(["bash", "-n", complete.path], check=True)
    assert set(COMMANDS) <= set(complete(""))
    assert complete("fea") == ["featurize", "features"]
    assert complete("build", "sample", "--spl") == ["--split"]
    assert complete("info", "") == ["carbon", "perovskites"]
    assert complete("info", "per") == ["perovskites"]
    assert complete("evaluate", "") == ["first"]


@pytest.mark.parametrize("name", ["with space", "it's", 'a "b"', "$(touch ran)", "`touch ran`"])
def test_any_cache_folder_stands_in_the_script(name, tmp_path, monkeypatch):
    cache = tmp_path / name
    (cache / "datasets" / "carbon").mkdir(parents=True)
    monkeypatch.setenv("MATDATA_CACHE", str(cache))
    path = tmp_path / "matdata.bash"
    path.write_text(script("bash"))
    monkeypatch.delenv("MATDATA_CACHE")
    text = 'source "$1"; _matdata_datasets ""'
    words = ["bash", "-c", text, "bash", str(path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["carbon"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(shell, tmp_path):
    path = tmp_path / "script"
    path.write_text(script(shell))
    assert "featurize" in path.read_text()
    if shutil.which(shell):
        subprocess.run([shell, "-n", path], check=True)


def test_without_shtab_the_next_step_is_named(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *rest):
        if name == "shtab":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemExit) as stop:
        main(["--print-completion", "bash"])
    assert stop.value.code == 1
    assert 'pip install "matdata[completion]"' in capsys.readouterr().err
