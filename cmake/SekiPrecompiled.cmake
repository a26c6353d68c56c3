# The headers of others take half of a build's time: they are read once for all targets that are compiled with the same flags.
# Each file still includes what it uses: clang-tidy, the headers' rule and -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON build without.
set(SEKI_PRECOMPILED
    <algorithm> <array> <bit> <cerrno> <charconv> <chrono> <cstddef> <cstdint> <cstdio> <cstdlib> <cstring> <deque> <expected> <filesystem>
    <fstream> <functional> <limits> <map> <memory> <mutex> <new> <optional> <random> <set> <span> <sstream> <string> <string_view> <thread>
    <tuple> <type_traits> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Else ccache would see another file after each build of it.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()

# seki_precompiled(TARGET GROUP [header...]): those headers too. All targets of a GROUP must have the same flags and macros, as far as
# these headers look at them: -Winvalid-pch tells.
function(seki_precompiled TARGET GROUP)
    get_property(first GLOBAL PROPERTY seki_precompiled_${GROUP})
    if(first)
        target_precompile_headers(${TARGET} REUSE_FROM ${first})
    else()
        target_precompile_headers(${TARGET} PRIVATE ${SEKI_PRECOMPILED} ${ARGN})
        set_property(GLOBAL PROPERTY seki_precompiled_${GROUP} ${TARGET})
    endif()
endfunction()
