#!/usr/bin/env bash
# Whether a fuzz target finds the error that was planted in what it tries: careless_test.sh PROGRAM CORPUS
set -euo pipefail
scratch=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/new"
if TMPDIR="$scratch" "$1" -seed="${SEKI_SEED:-1}" -max_total_time=60 -timeout=10 -artifact_prefix="$scratch/" "$scratch/new" "$2" >"$scratch/said" 2>&1; then
    echo "it did not find what was planted:"
    tail -5 "$scratch/said"
    exit 1
fi
# It ends with a failure too when it cannot begin.
grep -a '^SUMMARY: \|^does not hold: ' "$scratch/said" || { tail -5 "$scratch/said" && exit 1; }
