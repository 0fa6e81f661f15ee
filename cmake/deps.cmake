# Every dependency in one place, as SYSTEM targets. Debian 12 packages, except llama.cpp, which
# tools/setup builds once into .deps (docs/decisions/0002-dependencies.md).
include(GoogleTest)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(mariadb REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
if(REFRAIN_TESTS)
  find_package(GTest REQUIRED)
endif()

set(REFRAIN_DEPS_DIR "${CMAKE_SOURCE_DIR}/.deps" CACHE PATH "what tools/setup made")
set(llama_source "${REFRAIN_DEPS_DIR}/llama.cpp")
set(llama_build "${REFRAIN_DEPS_DIR}/llama-build")
add_library(llama_cpp INTERFACE)
if(EXISTS "${llama_build}/src/libllama.a" AND
   EXISTS "${llama_build}/common/libllama-common.a")
  target_include_directories(llama_cpp SYSTEM INTERFACE
    "${llama_source}/include" "${llama_source}/ggml/include")
  target_link_libraries(llama_cpp INTERFACE
    "${llama_build}/src/libllama.a" "${llama_build}/ggml/src/libggml.a"
    "${llama_build}/ggml/src/libggml-cpu.a" "${llama_build}/ggml/src/libggml-base.a"
    gomp Threads::Threads ${CMAKE_DL_LIBS})  # GCC built these, whatever compiles us
  # llama.cpp's own layer above the library: chat templates, grammars, samplers.
  add_library(llama_common INTERFACE)
  target_include_directories(llama_common SYSTEM INTERFACE "${llama_source}/common")
  target_link_libraries(llama_common INTERFACE
    "${llama_build}/common/libllama-common.a" "${llama_build}/common/libllama-common-base.a"
    "${llama_build}/vendor/cpp-httplib/libcpp-httplib.a" llama_cpp)
else()
  add_library(llama_common INTERFACE)
  message(WARNING "llama.cpp is not built under ${REFRAIN_DEPS_DIR}: run tools/setup first")
endif()

# Milvus's protocol, generated from the descriptors of its pinned package (tools/milvus), and gRPC.
if(REFRAIN_MILVUS)
  set(milvus_descriptors "${REFRAIN_DEPS_DIR}/milvus/milvus.protoset")
  if(NOT EXISTS "${milvus_descriptors}")
    message(FATAL_ERROR "${milvus_descriptors} is missing: run tools/setup test")
  endif()
  pkg_check_modules(grpcpp REQUIRED IMPORTED_TARGET grpc++ protobuf)
  find_program(PROTOC protoc REQUIRED)
  find_program(PROTOC_GRPC grpc_cpp_plugin REQUIRED)
  set(milvus_generated "${CMAKE_BINARY_DIR}/milvus-protocol")
  file(MAKE_DIRECTORY "${milvus_generated}")
  set(milvus_sources)
  foreach(part common schema milvus)
    list(APPEND milvus_sources "${milvus_generated}/${part}.pb.cc" "${milvus_generated}/${part}.grpc.pb.cc")
  endforeach()
  add_custom_command(OUTPUT ${milvus_sources}
    COMMAND "${PROTOC}" "--descriptor_set_in=${milvus_descriptors}" "--cpp_out=${milvus_generated}"
            "--grpc_out=${milvus_generated}" "--plugin=protoc-gen-grpc=${PROTOC_GRPC}"
            common.proto schema.proto milvus.proto
    DEPENDS "${milvus_descriptors}" VERBATIM)
  add_library(milvus_protocol STATIC ${milvus_sources})
  target_include_directories(milvus_protocol SYSTEM PUBLIC "${milvus_generated}")
  target_link_libraries(milvus_protocol PUBLIC PkgConfig::grpcpp)
endif()
