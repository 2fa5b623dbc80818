#!/bin/sh
# A nightly build: options in files, a log, one line of JSON an artefact, and an exit code.
#
# usage: nightly.sh FOLDER [MATDATA [ARGUMENTS]]
#
# FOLDER holds build.toml (and train.toml, where a model is kept as well); cache, log and results
# are kept in it. What is there and whole is left alone; what is damaged is made again; a build
# that lost most of its records ends with 3, and what follows is not started.
set -eu
folder=$1
shift
cd "$folder"
[ $# -gt 0 ] || set -- matdata
export MATDATA_CACHE="$PWD/cache"

step() {
    name=$1
    shift
    echo "== $name" >>nightly.log
    "$@" --json >"$name.json.new" 2>>nightly.log || {
        code=$?
        mv "$name.json.new" "$name.json"
        echo "$name ended with $code" >>nightly.log
        exit "$code"
    }
    mv "$name.json.new" "$name.json"
}

step build "$@" build --config build.toml
[ ! -f train.toml ] || step train "$@" train --config train.toml
step verify "$@" verify --repair
