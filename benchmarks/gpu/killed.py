"""A training that is killed in its second epoch, right after a checkpoint; see `gpu.exact`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from gpu.crystals import Place


def main() -> None:
    """Train until the process is killed."""
    cache, device, name, precision, kind = sys.argv[1:]
    import matdata.training.fit_networks as module
    from gpu.exact import request_of
    from matdata.training.checkpoint import save_checkpoint
    from matdata.training.train import train

    def save_and_die(loop: Any, *rest: Any) -> None:
        save_checkpoint(loop, *rest)
        if loop.progress.epoch == 1 and loop.progress.batch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    module.__dict__["save_checkpoint"] = save_and_die
    place = Place(Path(cache), kind == "rehearse")
    request = request_of(place, device, name, precision=precision, checkpoint_seconds=0.0)
    train(request, place.cache, f"killed-{precision}")


if __name__ == "__main__":
    main()
