# Debian's packages, by CPack: seki (programs, units, manual pages, completions, rules), libseki1 and libseki-dev. tools/package makes them,
# in a build whose prefix is /usr.
set(debian ${PROJECT_SOURCE_DIR}/cmake/debian)
set(library libseki${SEKI_SOVERSION})
set(package_of_programs seki)
set(package_of_library ${library})
set(package_of_development libseki-dev)

# What Debian wants in each package: who may do what with it, and its changelog.
# Who makes the packages answers for them: DEBFULLNAME and DEBEMAIL, as Debian's own tools ask for.
set(SEKI_PACKAGER "Seki <seki@localhost>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
    set(SEKI_PACKAGER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
string(TIMESTAMP SEKI_PACKAGED "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${debian}/changelog.in changelog @ONLY)
execute_process(COMMAND gzip --best --no-name --force ${PROJECT_BINARY_DIR}/changelog)
foreach(component programs library development)
    set(doc ${CMAKE_INSTALL_DATADIR}/doc/${package_of_${component}})
    install(FILES ${debian}/copyright ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${doc} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "${SEKI_PACKAGER}")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL programs library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME seki)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SUGGESTS "prometheus, curl")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA
    ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION
    "supervisor of limits that processes share, and its tool\n\
sekid owns the memory in which the processes of a host share rate limits,\n\
circuit breakers and bulkheads, gives back what dead processes held, and\n\
exports Prometheus metrics. sekictl looks into it and operates it.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${debian}/triggers)
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

include(CPack)
