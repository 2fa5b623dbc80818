#!/bin/sh
# All checks and times on a GPU, in under eight minutes on an H100:
#     benchmarks/gpu/run.sh --output DIR [--rehearse]
# Needs torch, NumPy, numba, h5py, pyarrow and pandas; matdata is that of this checkout. PYTHON names
# another interpreter than python3.
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
PYTHONPATH="$root:$root/benchmarks:$root/tests${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONPATH
exec "${PYTHON:-python3}" -m gpu.run "$@"
