# Installs the build into a folder of its own, moves that folder, and builds and runs a small program against it in the
# ways that a user may: find_package, pkg-config, and pkg-config with the static library; of C++, and of C without a C++ compiler.
# Fails when a header, a library, a link dependency or a path of the package is missing or leads out of the tree.

function(must)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(failed)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

set(consumer ${CMAKE_CURRENT_LIST_DIR}/consumer)
set(c_consumer ${CMAKE_CURRENT_LIST_DIR}/c_consumer)
set(prefix ${SCRATCH}/moved)
set(launcher ${CMAKE_COMMAND} -E env --unset=SEKI_SEGMENT)
file(REMOVE_RECURSE ${SCRATCH}/staged ${prefix} ${SCRATCH}/consumer ${SCRATCH}/c_consumer)
must(${CMAKE_COMMAND} -E env DESTDIR=${SCRATCH}/staged ${CMAKE_COMMAND} --install ${BUILD})
file(RENAME ${SCRATCH}/staged${PREFIX} ${prefix})
file(GLOB_RECURSE pkgconfig ${prefix}/*/seki.pc)
cmake_path(GET pkgconfig PARENT_PATH pkgconfig)
cmake_path(GET pkgconfig PARENT_PATH libraries)

if(EXISTS ${BUILD}/bindings/nginx/ngx_http_seki_module.so)
    message("nginx")
    file(READ ${prefix}/share/nginx/modules-available/mod-http-seki.conf loads)
    if(NOT loads STREQUAL "load_module ${PREFIX}/lib/nginx/modules/ngx_http_seki_module.so;\n" OR NOT EXISTS ${prefix}/lib/nginx/modules/ngx_http_seki_module.so)
        message(FATAL_ERROR "the module of nginx is not where mod-http-seki.conf says: ${loads}")
    endif()
endif()

foreach(target seki::seki seki::seki_static)
    message("find_package, ${target}")
    must(${CMAKE_COMMAND} -S ${consumer} -B ${SCRATCH}/consumer -G Ninja --fresh -D CMAKE_PREFIX_PATH=${prefix}
        -D CMAKE_CXX_COMPILER=${CXX} -D LIBRARY=${target})
    must(${CMAKE_COMMAND} --build ${SCRATCH}/consumer)
    must(${launcher} ${SCRATCH}/consumer/consumer ${SCRATCH}/consumer.seg)
endforeach()

message("find_package, in C")
must(${CMAKE_COMMAND} -S ${c_consumer} -B ${SCRATCH}/c_consumer -G Ninja --fresh
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_C_COMPILER=${CC})
must(${CMAKE_COMMAND} --build ${SCRATCH}/c_consumer)
must(${launcher} ${SCRATCH}/c_consumer/consumer ${SCRATCH}/consumer.seg)

set(ENV{PKG_CONFIG_PATH} ${pkgconfig})
foreach(static "" --static)
    message("pkg-config ${static}")
    must(pkg-config ${static} --cflags --libs seki)
    separate_arguments(flags UNIX_COMMAND "${output}")
    if(static)
        # What -lseki names when there is no libseki.so beside it.
        list(TRANSFORM flags REPLACE "^-lseki$" "-l:libseki.a")
    endif()
    must(${CXX} -std=c++23 ${consumer}/main.cpp -o ${SCRATCH}/consumer/by_pkg_config ${flags})
    must(${launcher} LD_LIBRARY_PATH=${libraries} ${SCRATCH}/consumer/by_pkg_config ${SCRATCH}/consumer.seg)
    must(${CC} -std=c99 -pedantic -Wall -Wextra -Werror ${c_consumer}/main.c -o ${SCRATCH}/c_consumer/by_pkg_config ${flags})
    must(${launcher} LD_LIBRARY_PATH=${libraries} ${SCRATCH}/c_consumer/by_pkg_config ${SCRATCH}/consumer.seg)
endforeach()
