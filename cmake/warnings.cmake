# The warnings of our own code. Third-party targets are SYSTEM and never see them.
add_library(refrain_warnings INTERFACE)
target_compile_options(refrain_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)

# libstdc++ 12's own stable_sort calls what it marks as deprecated, and Clang tells whoever uses it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(refrain_warnings INTERFACE -Wno-deprecated-declarations)
endif()
