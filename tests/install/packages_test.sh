#!/usr/bin/env bash
# What tools/test asks for comes from Debian alone: packages_test.sh ROOT. With programs that only take note in the place of apt-get, dpkg-query, sudo and npm.
# Fails when npm or its registry is needed, and when apt-get is where everything is installed.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tools" "$scratch/programs"
cp "$1/tools/install-packages" "$1/tools/lib.sh" "$scratch/tools"
read -ra groups < <(sed -n 's,^"$root/tools/install-packages" ,,p' "$1/tools/test")

# stands_for NAME COMMAND
stands_for() {
    printf '#!/bin/bash\necho "${0##*/} $*" >>"%s/called"\n%s\n' "$scratch" "$2" >"$scratch/programs/$1"
    chmod +x "$scratch/programs/$1"
}
stands_for npm 'exit 1'
stands_for apt-get true
stands_for systemctl true
stands_for sudo 'exec "$@"'

# calls INSTALLED: those that were called, dpkg-query left aside.
calls() {
    stands_for dpkg-query "echo $1"
    : >"$scratch/called"
    PATH=$scratch/programs:$PATH "$scratch/tools/install-packages" "${groups[@]}" >"$scratch/said" 2>&1 || {
        cat "$scratch/said"
        exit 1
    }
    grep -v '^dpkg-query' "$scratch/called" || true
}
there=$(calls installed)
echo "where all packages are: ${there:-nothing is called}"
[ -z "$there" ]
bare=$(calls missing)
echo "where none is: $bare"
grep -q '^apt-get install .* libgtest-dev' <<<"$bare"
! grep -qw npm <<<"$bare"
