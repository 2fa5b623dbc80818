"""A training that ends in its second epoch, right after a checkpoint; see `gpu.exact`.

python -m gpu.killed CACHE DEVICE PLUGIN PRECISION gpu|rehearse killed|lost

Its process is killed, or its device is lost: a kernel reads outside its memory, after which CUDA
answers nothing in this process. Then the error's text is printed, and the exit status is `LOST`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from gpu.crystals import Place


#: Exit status where matdata reported that the device was lost.
LOST = 5


def main() -> int:
    """Train until that happens."""
    cache, device, name, precision, kind, how = sys.argv[1:]
    import matdata.training.fit_networks as module
    from gpu.exact import request_of
    from matdata.core.errors import DeviceError
    from matdata.training.checkpoint import save_checkpoint
    from matdata.training.train import train

    def save_and_die(loop: Any, *rest: Any) -> None:
        save_checkpoint(loop, *rest)
        if loop.progress.epoch == 1 and loop.progress.batch == 2:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            lose(device)

    module.__dict__["save_checkpoint"] = save_and_die
    place = Place(Path(cache), kind == "rehearse")
    request = request_of(place, device, name, precision=precision, checkpoint_seconds=0.0)
    try:
        train(request, place.cache, f"{how}-{precision}")
    except DeviceError as error:
        print(error, file=sys.stderr)
        return LOST
    return 0


def lose(device: str) -> None:
    """Read outside the memory of a device; without one, raise what torch raises then."""
    if device == "cpu":
        raise RuntimeError("CUDA error: device-side assert triggered")
    import torch

    place = torch.full((1,), 1 << 30, device=device)
    torch.zeros(4, device=device)[place].sum().item()


if __name__ == "__main__":
    sys.exit(main())
