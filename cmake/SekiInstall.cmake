# What `cmake --install` lays down: libraries, headers, the CMake package, seki.pc, programs, manual pages, units.
# Everything is found relative to the installed file itself, so that an installed tree may be moved.
include(CMakePackageConfigHelpers)

# Components are Debian's packages (SekiPackages.cmake); what names none is a part of `programs`.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME programs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/seki)

if(TARGET seki)
    set(libraries seki)
    if(TARGET seki_static)
        set_target_properties(seki_static PROPERTIES OUTPUT_NAME seki)
        list(APPEND libraries seki_static)
    endif()
    install(TARGETS ${libraries} EXPORT seki
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY include/seki DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

    install(EXPORT seki NAMESPACE seki:: FILE seki-targets.cmake DESTINATION ${package_dir} COMPONENT development)
    configure_package_config_file(cmake/seki-config.cmake.in seki-config.cmake INSTALL_DESTINATION ${package_dir})
    # Before 1.0.0 a minor version may change anything.
    write_basic_package_version_file(seki-config-version.cmake COMPATIBILITY SameMinorVersion)
    install(FILES
        ${PROJECT_BINARY_DIR}/seki-config.cmake
        ${PROJECT_BINARY_DIR}/seki-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)

    file(RELATIVE_PATH SEKI_PREFIX_FROM_PC
        ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    string(REGEX REPLACE "/$" "" SEKI_PREFIX_FROM_PC ${SEKI_PREFIX_FROM_PC})
    configure_file(cmake/seki.pc.in seki.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/seki.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endif()

# sekid and sekictl have the library in them.
foreach(program sekid sekictl)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
if(TARGET seki-demo)
    file(RELATIVE_PATH lib_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(seki-demo PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}")
    install(TARGETS seki-demo RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT demo)
endif()

# Where Debian's nginx looks for modules, below a prefix of /usr; the file that loads it is for a link in /etc/nginx/modules-enabled.
if(TARGET ngx_http_seki_module)
    set(modules lib/nginx/modules)
    install(TARGETS ngx_http_seki_module LIBRARY DESTINATION ${modules} COMPONENT nginx)
    file(WRITE ${PROJECT_BINARY_DIR}/mod-http-seki.conf "load_module ${CMAKE_INSTALL_PREFIX}/${modules}/ngx_http_seki_module.so;\n")
    install(FILES ${PROJECT_BINARY_DIR}/mod-http-seki.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/nginx/modules-available COMPONENT nginx)
endif()

# Compressed as they are laid down, which is how Debian has them.
foreach(section 1 8)
    set(folder ${CMAKE_INSTALL_MANDIR}/man${section})
    file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
    install(FILES ${pages} DESTINATION ${folder})
    foreach(page IN LISTS pages)
        cmake_path(GET page FILENAME name)
        install(CODE "execute_process(COMMAND gzip --best --no-name --force \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${folder}/${name}\")")
    endforeach()
endforeach()

set(completions ${PROJECT_SOURCE_DIR}/tools/sekictl/completions)
install(FILES ${completions}/sekictl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME sekictl)
install(FILES ${completions}/_sekictl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${completions}/sekictl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# systemd looks into lib/ of /usr and of /usr/local, whatever the libraries' folder is called.
# One unit for the segment of the host, and one for any number of others: the two differ in nothing but their files.
function(install_unit unit SEKI_UNIT_SUFFIX SEKI_UNIT_ARGUMENTS)
    configure_file(systemd/sekid.service.in ${unit} @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${unit} DESTINATION lib/systemd/system)
endfunction()
set(configurations ${CMAKE_INSTALL_FULL_SYSCONFDIR}/seki)
install_unit(sekid.service "" "--config ${configurations}/sekid.toml")
install_unit(sekid@.service " (%i)" "--config ${configurations}/%i.toml --segment /run/seki/%i.seg")
install(FILES systemd/worker.conf systemd/remote.conf DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/prometheus DESTINATION ${CMAKE_INSTALL_DATADIR}/seki)
foreach(kind sysusers tmpfiles)
    install(FILES systemd/seki.${kind}.conf DESTINATION lib/${kind}.d RENAME seki.conf OPTIONAL)
endforeach()

# A prefix of /usr means /etc. A configuration that is there already belongs to whoever wrote it.
set(etc ${CMAKE_INSTALL_SYSCONFDIR})
if(CMAKE_INSTALL_FULL_SYSCONFDIR STREQUAL "/etc")
    set(etc /etc)
endif()
install(CODE "
    set(folder \"${etc}/seki\")
    cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
    if(NOT EXISTS \"\$ENV{DESTDIR}\${folder}/sekid.toml\")
        file(INSTALL \"${PROJECT_SOURCE_DIR}/systemd/sekid.toml\" DESTINATION \"\${folder}\" OPTIONAL)
    endif()")
