# Debian's packages, by CPack: seki (programs, units, manual pages, completions, rules), libseki1, libseki-dev, and the bindings that are built:
# libnginx-mod-http-seki and python3-seki. tools/package makes them, in a build whose prefix is /usr.
set(debian ${PROJECT_SOURCE_DIR}/cmake/debian)
set(library libseki${SEKI_SOVERSION})
set(components programs library development)
set(package_of_programs seki)
set(package_of_library ${library})
set(package_of_development libseki-dev)
if(TARGET ngx_http_seki_module)
    list(APPEND components nginx)
    set(package_of_nginx libnginx-mod-http-seki)
endif()
if(TARGET seki_python)
    list(APPEND components python)
    set(package_of_python python3-seki)
endif()

# What Debian wants in each package: who may do what with it, and its changelog.
# Who makes the packages answers for them: DEBFULLNAME and DEBEMAIL, as Debian's own tools ask for.
set(SEKI_PACKAGER "Seki <seki@localhost>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
    set(SEKI_PACKAGER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
string(TIMESTAMP SEKI_PACKAGED "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${debian}/changelog.in changelog @ONLY)
execute_process(COMMAND gzip --best --no-name --force ${PROJECT_BINARY_DIR}/changelog)
foreach(component IN LISTS components)
    set(doc ${CMAKE_INSTALL_DATADIR}/doc/${package_of_${component}})
    install(FILES ${debian}/copyright ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${doc} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own
set(CPACK_PACKAGE_CONTACT "${SEKI_PACKAGER}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The bindings find the library that is built beside them, and name its package themselves.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME seki)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SUGGESTS "prometheus, curl")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA
    ${debian}/programs/conffiles ${debian}/programs/postinst ${debian}/programs/prerm ${debian}/programs/postrm)
set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION
    "supervisor of limits that processes share, and its tool\n\
sekid owns the memory in which the processes of a host share rate limits,\n\
circuit breakers and bulkheads, gives back what dead processes held, and\n\
exports Prometheus metrics. sekictl looks into it and operates it.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
configure_file(${debian}/library/shlibs.in shlibs @ONLY)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${debian}/library/triggers ${PROJECT_BINARY_DIR}/shlibs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS seki)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "rate limits, circuit breakers and bulkheads that processes share\n\
The library of programs whose processes share limits through one\n\
memory-mapped segment, by atomic instructions alone: for C++ and C.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libseki-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
# The static library stands on fmt.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION}), libfmt-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "headers of the library for limits that processes share\n\
What a program in C++23 or C99 is built against, by CMake's find_package(seki)\n\
or by pkg-config.")

if(TARGET ngx_http_seki_module)
    # Debian's name for whatever nginx can load this module.
    set(abi_file /usr/share/nginx/src/debian/libnginx-mod.abisubstvars)
    file(STRINGS ${abi_file} nginx_abi REGEX "^nginx:abi=")
    string(REPLACE "nginx:abi=" "" nginx_abi "${nginx_abi}")
    if(NOT nginx_abi MATCHES "^nginx-abi-[0-9.]+-[0-9]+$")
        message(FATAL_ERROR "${abi_file} does not say which nginx a module is for: \"${nginx_abi}\"")
    endif()
    set(CPACK_DEBIAN_NGINX_PACKAGE_NAME ${package_of_nginx})
    set(CPACK_DEBIAN_NGINX_PACKAGE_SECTION httpd)
    set(CPACK_DEBIAN_NGINX_PACKAGE_DEPENDS "${nginx_abi}, ${library} (>= ${PROJECT_VERSION})")
    set(CPACK_DEBIAN_NGINX_PACKAGE_RECOMMENDS nginx)
    set(CPACK_DEBIAN_NGINX_PACKAGE_SUGGESTS seki)
    set(CPACK_DEBIAN_NGINX_PACKAGE_CONTROL_EXTRA ${debian}/nginx/postinst ${debian}/nginx/prerm ${debian}/nginx/postrm)
    set(CPACK_COMPONENT_NGINX_DESCRIPTION
        "nginx module for limits that processes share\n\
A limit by any key, a permit for as long as a request lives, and a breaker\n\
before an upstream, shared by all workers of nginx and by every other process\n\
of the host.")
endif()

if(TARGET seki_python)
    math(EXPR next_python "${SEKI_PYTHON_MINOR} + 1")
    set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME ${package_of_python})
    set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
    set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
        "python3 (>= 3.${SEKI_PYTHON_MINOR}), python3 (<< 3.${next_python}), ${library} (>= ${PROJECT_VERSION})")
    set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS seki)
    set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${debian}/python/postinst ${debian}/python/prerm)
    set(CPACK_COMPONENT_PYTHON_DESCRIPTION
        "Python package for limits that processes share\n\
Limiters, circuit breakers, bulkheads, retries and deadlines, with decorators,\n\
asyncio forms, and middleware for WSGI and ASGI. All processes that open the\n\
same segment share them, whatever they are written in.")
endif()

include(CPack)
