#!/usr/bin/env bash
# Wheels of matdata and of all its plugins, from which `pip install --find-links DIR "matdata[models]"`
# installs them:
#   tools/build_wheels.sh [DIR]      (dist)
set -euo pipefail
cd "$(dirname "$0")/.."
target="${1:-dist}"
rm -f "$target"/matdata*.whl # an older wheel of the same version would be as good to pip
uv build --quiet --all-packages --wheel --out-dir "$target"
ls "$target"/matdata*.whl
