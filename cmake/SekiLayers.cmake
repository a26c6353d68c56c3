# A folder of src/ is a layer and a target of its own. A layer sees its own headers and those of the layers it USES, and
# nothing else: each has an include root in the build tree that holds one link, so a forbidden include does not resolve.
# Every .cpp of the folder belongs to the layer.

add_library(seki_flags INTERFACE)
target_compile_options(seki_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual -Wimplicit-fallthrough -Wundef -Werror
    "$<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-mcx16;-mprfchw>"
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-march=armv8.1-a>)

# seki_layer(NAME [USES layer...] [LINK library...] [PRECOMPILED header...]): with headers of its own to precompile, else with those of all layers.
function(seki_layer NAME)
    cmake_parse_arguments(LAYER "" "" "USES;LINK;PRECOMPILED" ${ARGN})
    file(GLOB LAYER_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}/*.cpp)
    set(root ${CMAKE_BINARY_DIR}/layers/${NAME})
    file(MAKE_DIRECTORY ${root})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${NAME} ${root}/${NAME} SYMBOLIC)

    set(scope PUBLIC)
    if(LAYER_SOURCES)
        add_library(seki_${NAME} OBJECT ${LAYER_SOURCES})
        target_link_libraries(seki_${NAME} PRIVATE seki_flags)
        target_compile_options(seki_${NAME} PRIVATE -ftls-model=initial-exec -fvisibility=hidden -fno-plt
            $<$<CXX_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>  # it makes of two flags a constant in memory: one more cache line to fetch
            "$<$<BOOL:${SEKI_FUZZ}>:-fsanitize=fuzzer-no-link;-O2>")  # libFuzzer sees where the library goes, and not where a test does
        if(SEKI_FUZZ AND NAME MATCHES "^(shm|primitives|report|otlp)$")
            # What these compare are numbers of a segment, millions of them, most of them the sanitizers' own; words that users write are compared elsewhere.
            target_compile_options(seki_${NAME} PRIVATE -fno-sanitize-coverage=trace-cmp)
        endif()
        target_link_libraries(seki_${NAME} PRIVATE fmt::fmt)
        if(LAYER_PRECOMPILED)
            seki_precompiled(seki_${NAME} ${NAME} ${LAYER_PRECOMPILED})
        else()
            seki_precompiled(seki_${NAME} layers)
        endif()
    else()
        set(scope INTERFACE)
        add_library(seki_${NAME} INTERFACE)
        target_compile_options(seki_${NAME} INTERFACE "$<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-mcx16;-mprfchw>")
    endif()
    target_include_directories(seki_${NAME} ${scope} ${root} ${PROJECT_SOURCE_DIR}/include)
    foreach(used IN LISTS LAYER_USES)
        target_link_libraries(seki_${NAME} ${scope} seki_${used})
    endforeach()
    target_link_libraries(seki_${NAME} ${scope} ${LAYER_LINK})
endfunction()
