"""Embeddings of materials: what the last layers of a network read.

A network may say itself what its embedding is, by a method ``embeddings(batch)``. For all others
it is found while a batch runs through: most networks end in one layer, or in one head per target,
that maps a row per material to the outputs, and return what this module returns. Its input is the
embedding, so that two materials with equal embeddings have equal predictions.
"""

from __future__ import annotations

import inspect

from torch import Tensor, nn

from matdata.core.errors import PluginError
from matdata.load.batch import Batch


def embeddings_of(network: nn.Module, batch: Batch) -> Tensor:
    """Embeddings of the materials of a batch, (b, d), d the width of the network's embedding.

    Raises
    ------
    PluginError
        If the network has no ``embeddings``, and does not return what one of its modules makes of
        a row per material.
    """
    own = getattr(network, "embeddings", None)  # which may be a layer of that name
    rows = own(batch) if inspect.ismethod(own) else _input_of_the_readout(network, batch)
    if rows is None or rows.dim() != 2 or len(rows) != len(batch):
        got = "" if rows is None else f", not {tuple(rows.shape)}"
        raise PluginError(
            f"the network {type(network).__name__} has no embedding: a vector per material{got}",
            cause="its outputs are not those of one module that reads a row per material",
            next_step="its model class may define embeddings(batch), which returns (b, d)",
        )
    return rows.detach()


class _Readout:
    """The modules that returned the tensor seen last, inner ones first, each with its input.

    No other tensor of the network is kept, so that memory is that of a prediction.
    """

    def __init__(self) -> None:
        self.output: object = None
        self.inputs: list[object] = []

    def see(self, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        """A hook that is called when a module has returned."""
        if output is not self.output:
            self.output, self.inputs = output, []
        self.inputs.append(inputs[0] if len(inputs) == 1 else None)


def _input_of_the_readout(network: nn.Module, batch: Batch) -> Tensor | None:
    """What the outermost module read, a row per material, whose output the network returns."""
    seen = _Readout()
    modules = [module for module in network.modules() if module is not network]
    hooks = [module.register_forward_hook(seen.see) for module in modules]
    try:
        outputs = network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    if outputs is not seen.output:
        return None
    rows = (one for one in reversed(seen.inputs) if isinstance(one, Tensor))
    return next((one for one in rows if one.dim() == 2 and len(one) == len(batch)), None)
