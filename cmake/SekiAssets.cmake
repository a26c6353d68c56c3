# seki_assets(TARGET FOLDER): every file of FOLDER, as it is, in TARGET, which has src/daemon/assets.hpp.
function(seki_assets TARGET FOLDER)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg ${FOLDER}/*LICENSE)
    set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed.cmake)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}_assets.cpp)
    add_custom_command(OUTPUT ${made}
        COMMAND ${CMAKE_COMMAND} -DFOLDER=${FOLDER} "-DFILES=${files}" -DTO=${made} -P ${script}
        DEPENDS ${files} ${script} VERBATIM)
    target_sources(${TARGET} PRIVATE ${made})
endfunction()
