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

# --log-file holds all messages; what the shell says before there is a log goes into nightly.err
step() {
    name=$1
    shift
    "$@" --json --quiet --log-file nightly.log >"$name.json.new" 2>>nightly.err || {
        code=$?
        mv "$name.json.new" "$name.json"
        exit "$code"
    }
    mv "$name.json.new" "$name.json"
}

step build "$@" build --config build.toml
[ ! -f train.toml ] || step train "$@" train --config train.toml
step verify "$@" verify --repair
