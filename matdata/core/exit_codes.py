"""What commands return to the shell: the one place where the numbers stand."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of ``matdata``; 0 alone says that all that was asked for is there."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130
    UNREAD = 141
    TERMINATED = 143


MEANINGS = {
    ExitCode.DONE: "all that was asked for was done, or was there already",
    ExitCode.FAILED: "an error, or a check that failed (audit, verify, doctor, diff --exit-code)",
    ExitCode.USAGE: "the command line is wrong: nothing was begun",
    ExitCode.INCOMPLETE: "built and kept, but too much was lost, or the split could not be made",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C; the same command goes on",
    ExitCode.UNREAD: "the reader of its output ended (head, less); the same command goes on",
    ExitCode.TERMINATED: "stopped by SIGTERM; the same command goes on",
}


def described() -> str:
    """The table of exit codes, for the help."""
    return "exit codes:\n\n" + "\n".join(
        f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items()
    )
