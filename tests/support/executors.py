"""Executors of strangers, and tasks for them that can be pickled."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TypeVar

from matdata.core.errors import FeatureError

A = TypeVar("A")
B = TypeVar("B")


class InCaller:
    """Does each task when it is submitted; no subclass of anything, and it counts what it does."""

    def __init__(self) -> None:
        self.functions: list[str] = []

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        self.functions.append(getattr(function, "__name__", type(function).__name__))
        future: Future[B] = Future()
        try:
            future.set_result(function(task))
        except Exception as error:
            future.set_exception(error)
        return future


class Never:
    """Takes tasks and begins none; which were cancelled shows in its futures."""

    def __init__(self) -> None:
        self.futures: list[Future[object]] = []

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        future: Future[B] = Future()
        self.futures.append(future)
        return future


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    raise FeatureError(
        f"no {number}", cause="a cause", next_step="a step", details=["one", "another"]
    )


def die(number: int) -> int:
    os._exit(3)


def shipped(value: A) -> A:
    """What a worker of another process receives."""
    again: A = ForkingPickler.loads(ForkingPickler.dumps(value))
    return again


class Dropping(InCaller):
    """Drops each task the first time that it is submitted, or always."""

    def __init__(self, always: bool = False) -> None:
        super().__init__()
        self.submitted: list[object] = []
        self.always = always

    def submit(self, function: Callable[[A], B], task: A, /) -> Future[B]:
        again = any(one is task for one in self.submitted)  # tasks may hold arrays
        self.submitted.append(task)
        if again and not self.always:
            return super().submit(function, task)
        dropped: Future[B] = Future()
        dropped.cancel()
        return dropped


@dataclass(frozen=True)
class DieOnce:
    """Squares; the process that is given one number for the first time dies."""

    folder: Path
    number: int

    def __call__(self, number: int) -> int:
        mark = self.folder / "died"
        if number == self.number and not mark.exists():
            mark.touch()
            os._exit(3)
        return square(number)
