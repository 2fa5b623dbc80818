"""``--log-file``, ``-v`` and exit codes of the command line."""

from __future__ import annotations

import json
import logging
import re

import pytest

from matdata.cli import main
from matdata.core.exit_codes import MEANINGS, ExitCode
from matdata.core.log_file import STAMPED, Lines, LogFile

pytestmark = pytest.mark.slow


def _csv(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("formula,gap\n" + "".join(f"NaCl{k},1\n" for k in range(1, 30)))
    return path


def test_a_log_holds_all_lines_with_time_and_level(tmp_path, capsys):
    log = tmp_path / "a.log"
    build = ["build", str(_csv(tmp_path)), "--cache", str(tmp_path / "c"), "--log-file", str(log)]
    assert main(build) == 0
    printed = capsys.readouterr().out.splitlines()
    lines = log.read_text().splitlines()
    assert all(STAMPED.match(line) for line in lines)
    texts = [STAMPED.sub("", line) for line in lines]
    assert texts[0].startswith("matdata ")
    assert "build" in texts[0]
    assert texts[1:-1] == printed
    assert re.fullmatch(r"exit code 0 after \d+\.\d s", texts[-1])
    assert main([*build, "--split", "nonsense"]) == 1
    more = log.read_text().splitlines()
    assert more[: len(lines)] == lines  # appended
    levels = {line.split(" ")[1] for line in more[len(lines) :]}
    assert levels == {"info", "error"}
    assert more[-1].split(" ", 2)[2].startswith("exit code 1")


def test_a_log_has_no_secret(tmp_path, capsys):
    log = tmp_path / "a.log"
    url = "https://me:open-sesame-17@127.0.0.1/t.csv"
    assert main(["build", url, "--cache", str(tmp_path), "--log-file", str(log)]) == 1
    assert "open-sesame" not in log.read_text() + capsys.readouterr().err
    assert "***" in log.read_text()
    main(["info", "perovskites-2@local-1", "--cache", str(tmp_path), "--log-file", str(log)])
    assert "info perovskites-2@local-1" in log.read_text()


def test_a_log_that_cannot_be_written_is_an_error(tmp_path, capsys):
    assert main(["list", "--cache", str(tmp_path), "--log-file", str(tmp_path)]) == 1
    assert main(["list", "--cache", str(tmp_path), "--log-file", "s3://b/a.log"]) == 1
    err = capsys.readouterr().err
    assert "cannot be written" in err
    assert "files of this machine" in err


def test_progress_bars_leave_no_line(tmp_path):
    log = LogFile(tmp_path / "a.log")
    lines = Lines(log)
    for piece in ("\rreading:  10%|█   | 1/10", "\rreading: 100%|████| 10/10\r", "   \r", "done\n"):
        lines.add(piece)
    lines.add("half")
    lines.add(" a line\nand no end")
    lines.end()
    lines.add("\rbar: 100%|████| 10/10 [00:01, 7.2it/s]\n")
    log.close()
    texts = [STAMPED.sub("", line) for line in (tmp_path / "a.log").read_text().splitlines()]
    assert texts == ["done", "half a line", "and no end"]


def test_verbose_messages_have_times_and_results_do_not(tmp_path, capsys):
    build = ["build", str(_csv(tmp_path)), "--cache", str(tmp_path / "c"), "-v"]
    assert main([*build, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["rows"] == 29
    lines = captured.err.splitlines()
    assert lines
    assert all(STAMPED.match(line) for line in lines)
    assert logging.getLogger().handlers == [
        one for one in logging.getLogger().handlers if "matdata" not in type(one).__module__
    ]


def test_exit_codes_are_in_the_help_and_those_of_commands(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == ExitCode.DONE
    out = capsys.readouterr().out
    for code, meaning in MEANINGS.items():
        assert f"  {code.value:<4} {meaning}" in out
    with pytest.raises(SystemExit) as stop:
        main(["build", "--nonsense"])
    assert stop.value.code == ExitCode.USAGE
    assert main(["info", "none", "--cache", str(tmp_path)]) == ExitCode.FAILED
