"""Standard output that nobody reads, that is full or closed; logs that cannot be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from matdata.cli import main
from matdata.core.exit_codes import ExitCode
from matdata.core.log_file import STAMPED, LogFile

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


def _command(*words, **streams):
    """Exit code and standard error of a command in a process of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **streams}
    done = subprocess.run([sys.executable, "-m", "matdata.cli", *words], check=False, **options)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_a_reader_that_ended_is_an_exit_code_of_its_own(words, tmp_path, monkeypatch):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path))
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert _command(*words, stdout=writing) == (ExitCode.UNREAD, "")
    finally:
        os.close(writing)


def test_a_build_that_nobody_reads_is_not_done(tmp_path):
    source, log = tmp_path / "a.csv", tmp_path / "a.log"
    source.write_text("formula,gap\n" + "".join(f"NaCl{k},1\n" for k in range(1, 30)))
    reading, writing = os.pipe()
    os.close(reading)
    words = ["build", str(source), "--cache", str(tmp_path / "c"), "--log-file", str(log)]
    try:
        assert _command(*words, stdout=writing) == (ExitCode.UNREAD, "")
    finally:
        os.close(writing)
    assert "exit code 141" in log.read_text().splitlines()[-1]


@needs_full
@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_a_full_disk_behind_standard_output_is_one_line(words, tmp_path, monkeypatch):
    monkeypatch.setenv("MATDATA_CACHE", str(tmp_path))
    with FULL.open("w") as full:
        code, err = _command(*words, stdout=full)
    assert code == ExitCode.FAILED
    assert err == "error: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_closed_streams_are_no_errors(closed, tmp_path):
    script = f'"$1" -m matdata.cli list --cache "$2" {closed}'
    words = ["sh", "-c", script, "sh", sys.executable, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_full
@pytest.mark.parametrize("log", ["/dev/full", "/nowhere/a.log", "s3://bucket/a.log"])
def test_a_log_that_cannot_be_written_is_a_documented_error(log, tmp_path, capsys):
    words = ["list", "--json", "--cache", str(tmp_path), "--log-file", log]
    assert main(words) == ExitCode.FAILED
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["kind"] == "ConfigError"
    assert log in captured.err


@needs_full
def test_a_log_that_fills_the_disk_keeps_its_failure_and_ends_nothing(tmp_path):
    log = LogFile(FULL)
    log.line("one")
    log.line("another")
    log.close()
    assert log.failure is not None


@pytest.mark.parametrize("option", ["--log-file", "--log_file", "--log-file=", "--log_file="])
def test_a_log_is_written_however_its_option_is_spelled(option, tmp_path, capsys):
    log = tmp_path / "a.log"
    given = [option + str(log)] if option.endswith("=") else [option, str(log)]
    assert main(["list", "--cache", str(tmp_path / "c"), *given]) == 0
    lines = log.read_text().splitlines()
    assert all(STAMPED.match(line) for line in lines)
    assert "exit code 0" in lines[-1]


@pytest.mark.parametrize("option", ["--js", "--log", "--verb"])
def test_options_that_hold_from_the_start_are_not_cut_short(option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as leaving:
        main(["list", option, "x"])
    assert leaving.value.code == ExitCode.USAGE
    assert "did you mean" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []  # no log called x


@pytest.mark.parametrize("words", [["--log-file"], ["-v=3"]])
def test_their_mistakes_are_those_of_the_command_and_json(words, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["list", "--json", *words])
    captured = capsys.readouterr()
    assert leaving.value.code == json.loads(captured.out)["exit_code"] == ExitCode.USAGE
    assert captured.err.startswith("matdata list: error: argument")


def test_with_debug_the_json_of_an_error_is_printed_beside_its_traceback(tmp_path, capsys):
    from matdata.core.errors import StoreError

    with pytest.raises(StoreError):
        main(["info", "none", "--json", "--debug", "--cache", str(tmp_path)])
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "StoreError"
