#!/usr/bin/env bash
# Writes requirements/known-good.txt: the versions of all extras that the tests ran with, which pip and uv
# take as constraints (`-c`). It names no index, so that it holds for any mirror.
#   uv lock --upgrade; .ci/run; tools/make_known_good.sh
set -euo pipefail
cd "$(dirname "$0")/.."
target=requirements/known-good.txt
{
  echo "# Versions with which all tests passed; written by tools/make_known_good.sh."
  echo "#   pip install -c requirements/known-good.txt --find-links dist \"matdata[all]\""
  uv export --quiet --no-hashes --no-header --no-annotate --no-emit-workspace --no-dev --all-extras
} > "$target.new"
if grep -qE '://|^-' "$target.new"; then
  echo "$target.new names an address or an option: of an index in uv's configuration?" >&2
  exit 1
fi
mv "$target.new" "$target"
