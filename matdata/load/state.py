"""Where a loader stands, as JSON values, and whether a state belongs to its order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matdata.core.errors import ConfigError


def read_state(
    state: Mapping[str, object],
    order: Mapping[str, object],
    batches_of: Callable[[int], int],
) -> tuple[int, int]:
    """Epoch and position of a state.

    Parameters
    ----------
    state
        As `Loader.state` returns it.
    order
        What the order of the loader depends on (`Planner.identity`).
    batches_of
        Number of batches of an epoch.

    Returns
    -------
    epoch, position
        The epoch, and how many of its batches were handed out.

    Raises
    ------
    ConfigError
        If the state is that of a loader with another order, or of no batch of its epoch.
    """
    names = [*order, *(name for name in state if name not in (*order, "epoch", "position"))]
    differ = [name for name in names if state.get(name) != order.get(name)]
    if differ:
        named = ", ".join(
            f"{name} {state.get(name)!r}, here {order.get(name)!r}" for name in differ
        )
        raise ConfigError(
            f"the state is that of another loader: {named}",
            next_step="make the loader with the same materials and options",
        )
    epoch, position = _whole(state, "epoch"), _whole(state, "position")
    batches = batches_of(epoch)
    if position and not 0 <= position < batches:
        raise ConfigError(
            f"the state stands at batch {position}, epoch {epoch} has {batches}",
            cause="it was edited, or written by another program",
            next_step="begin the epoch again: loader.set_epoch(epoch)",
        )
    return epoch, position


def _whole(state: Mapping[str, object], name: str) -> int:
    value = state.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(
            f"the state has {name} {value!r}; expected a whole number",
            cause="it was edited, or written by another program",
            next_step="begin an epoch anew: loader.set_epoch(epoch)",
        )
    return value
