# -DSEKI_SANITIZE=address,undefined  or  -DSEKI_SANITIZE=thread
set(SEKI_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize takes them")
if(SEKI_SANITIZE)
    add_compile_options(-fsanitize=${SEKI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SEKI_SANITIZE})
endif()
# -DSEKI_FUZZ=ON: every object tells libFuzzer where it went
if(SEKI_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
