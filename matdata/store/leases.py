"""Leases: pieces of one task that several processes share, each held by one of them at a time.

A lease is a lock (`matdata.store.locks`) that nobody waits for: who does not get it takes another
piece. It is renewed by itself while its holder lives, checked by `Lock.require`, given back by
`Lock.release`, and expires when its holder was silent for the term that it stated.
"""

from __future__ import annotations

from pathlib import Path

from matdata.store.locks import LOCK, TERM, Held, Lock, take
from matdata.store.silence import Silence


class Leases:
    """The leases on the pieces of one task.

    Parameters
    ----------
    home
        Folder that they lie in.
    name
        Name of the task; equal names share their leases.
    term
        Seconds without a sign of life after which one of this process expires.
    """

    def __init__(self, home: Path, name: str, term: float = TERM) -> None:
        self._home = home
        self._name = name
        self._term = term
        self._silence = Silence()

    def path(self, key: str) -> Path:
        """Where the lease on a piece lies."""
        return self._home / f"{LOCK}{self._name}-{key}"

    def take(self, key: str) -> Lock | None:
        """The lease on a piece; None while another process holds it.

        That of a holder that fell silent is given after a few attempts, when it is known that the
        holder is gone.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        try:
            return take(self.path(key), wait=False, term=self._term, silence=self._silence)
        except Held:
            return None
