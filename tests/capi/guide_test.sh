#!/usr/bin/env bash
# The program of docs/guide/c.md, run twice: guide_test.sh PROGRAM. Fails when the second process has limits of its own.
set -euo pipefail
folder=$(mktemp -d -p /dev/shm seki-guide.XXXXXX)
trap 'rm -rf "$folder"' EXIT
first=$("$1" "$folder/shop.seg")
second=$("$1" "$folder/shop.seg")
printf '%s\n\n%s\n' "$first" "$second"
grep -q '^login 2: allowed, 0 left' <<<"$first"
grep -q '^login 3: denied' <<<"$first"
grep -q '^payment 4: call_failed' <<<"$first"
grep -q '^payment 5: circuit_open' <<<"$first"
grep -q '^login 0: denied' <<<"$second"
grep -q '^payment 0: circuit_open' <<<"$second"
