# What the scripts of this folder share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

# ccache, where there is one, makes the second build of anything quick.
if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
    export CCACHE_SLOPPINESS=pch_defines,time_macros  # what ccache asks for, where headers are precompiled
    export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1    # and the first one in another clone
fi

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# build PRESET [TARGET...]: builds build/ or build-PRESET/ as CMakePresets.json says; `folder` is where.
build() {
    local preset=$1
    shift
    folder=$root/build
    [ "$preset" = default ] || folder=$root/build-$preset
    if [ -e "$folder" ] && [ ! -w "$folder" ]; then
        fail "$folder belongs to $(stat -c %U "$folder"), not to $(id -un): remove it, or work in another clone"
    fi
    (cd "$root" && cmake --preset "$preset")
    cmake --build "$folder" --parallel "$jobs" ${1+--target "$@"}
}
