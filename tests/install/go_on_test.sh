#!/usr/bin/env bash
# What the quick start says at its end under "How to go on", word for word: go_on_test.sh ROOT BUILD. By who runs this, and where that is root, by
# somebody who is not, too. Fails when a line does not do as it stands there.
set -euo pipefail
root=$1 build=$2
scratch=$(mktemp -d)
daemon=
# Not the segment of a sekid that runs on this machine; a bare name, so that its folder is the one that the lines would find.
export SEKI_SEGMENT=go-on-$$
cleanup() {
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    wait
    rm -rf "$scratch" /dev/shm/seki-*/"$SEKI_SEGMENT".seg*
    rmdir /dev/shm/seki-"$(id -u nobody)" 2>/dev/null || true
}
trap cleanup EXIT

fail() {
    printf 'go_on_test: %s\n' "$*" >&2
    exit 1
}

# A line is a command and, after two spaces, what it does; one that is too long for that says it in the next.
mapfile -t commands < <(sed -n '/^say "Everything worked/,$p' "$root/tools/quickstart" | sed -n 's/^  \([^ ].*\)$/\1/p' | sed 's/  .*//')
[ ${#commands[@]} -ge 4 ] || fail "found ${#commands[@]} lines in the quick start"

# goes_on AS...: all lines, in a tree of the same names. Those that run a daemon are left running for those that follow.
goes_on() {
    local command tree=$scratch/tree
    rm -rf "$tree"
    mkdir -p "$tree/build/src" "$tree/build/tools/sekictl"
    cp "$build/src/sekid" "$tree/build/src"
    cp "$build/tools/sekictl/sekictl" "$tree/build/tools/sekictl"
    cp -r "$root/README.md" "$root/systemd" "$root/tools" "$tree"
    chmod -R a+rwX "$scratch"
    cd "$tree"
    daemon=
    for command in "${commands[@]}"; do
        echo "as $("$@" id -un): $command"
        case $command in
        tools/test) [ -x tools/test ] || fail "there is no tools/test" ;; # we are in the midst of it
        README.md) [ -s README.md ] || fail "there is no README.md" ;;
        */sekid\ *)
            "$@" bash -c "exec $command" >log 2>&1 &
            daemon=$!
            for _ in $(seq 200); do
                "$@" build/tools/sekictl/sekictl status >/dev/null 2>&1 && break
                kill -0 "$daemon" 2>/dev/null || fail "it ended: $(cat log)"
                sleep 0.05
            done
            "$@" build/tools/sekictl/sekictl status | grep sekid || fail "no sekid looks after the segment: $(cat log)"
            ;;
        *) "$@" bash -c "$command" >said 2>&1 || fail "it failed: $(cat said)" ;;
        esac
    done
    [ -n "$daemon" ] || fail "no line runs sekid"
    kill "$daemon"
    wait "$daemon" || fail "sekid ended with $?: $(cat log)"
    daemon=
    "$@" build/tools/sekictl/sekictl destroy
}

goes_on env
[ "$(id -u)" != 0 ] || goes_on setpriv --reuid=nobody --regid=nogroup --clear-groups
