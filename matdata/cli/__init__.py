"""The command line; `main` runs one command and returns its exit code."""

from matdata.cli.main import main

__all__ = ["main"]
