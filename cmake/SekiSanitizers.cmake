# -DSEKI_SANITIZE=address,undefined  or  -DSEKI_SANITIZE=thread
set(SEKI_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them")
if(SEKI_SANITIZE)
    add_compile_options(-fsanitize=${SEKI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SEKI_SANITIZE})
endif()
