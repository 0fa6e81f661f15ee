# The warnings of our own code. Third-party targets are SYSTEM and never see them.
add_library(refrain_warnings INTERFACE)
target_compile_options(refrain_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
