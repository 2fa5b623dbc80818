"""What is specific to processors, behind one switch (`matdata.core.cpu_kernels`).

``MATDATA_CPU_KERNELS=0`` or ``train.cpu_kernels=false`` turn all of it off; plain torch and NumPy,
the references, take over. Each works alone: where the interface that it needs is gone, its own
reference takes over and the others stay on.

=====================  =============================  ===========================================
module                 interface                      without it
=====================  =============================  ===========================================
`onednn_linear`        an operator of torch (private) torch's own matrix products
`attention_kernels`,   numba (public)                 attention, pooling, gated sums and softplus
`pooling_kernels`,                                    and layers with it with tensors; products
`gated_kernels`,                                      with nodes in place of tables
`query_kernels`,
`softplus_kernels`,
`table_kernels`
`blas`,                sgemm of BLAS, from torch's    layers with softplus with tensors
`layer_kernels`        library or else SciPy's
`operation`            a query of torch (private)     calls of operations take longer
`openmp`               GOMP_parallel (the ABI of      threads of our own
                       OpenMP in GNU's compilers)
`malloc`               mallopt (GNU C library)        freed memory goes back to the system
=====================  =============================  ===========================================

The switch holds for the compiled copying of batches as well (`matdata.load.gather`), which NumPy
does without numba, with the same bytes. This module imports neither torch nor numba;
`in_use` imports torch.
"""

from __future__ import annotations

from matdata.core.cpu_kernels import cpu_kernels_enabled

__all__ = ["in_use"]


def in_use() -> dict[str, str]:
    """What networks on this processor would use now.

    Returns
    -------
    dict
        ``products``: ``oneDNN`` or ``torch``; ``attention``: ``compiled`` or ``torch``;
        ``threads`` of the compiled loops: ``OpenMP`` or ``own``, ``none`` without such loops;
        ``memory`` that is freed in a training: ``kept`` or ``returned``.
    """
    from matdata.nn.cpu import autograd, malloc, onednn_linear, openmp

    on = cpu_kernels_enabled()
    loops = autograd.loops_installed()
    return {
        "products": "oneDNN" if on and onednn_linear.onednn_is_faster() else "torch",
        "attention": "compiled" if loops else "torch",
        "threads": ("OpenMP" if openmp.openmp_team() else "own") if loops else "none",
        "memory": "kept" if on and malloc.find_mallopt() else "returned",
    }
