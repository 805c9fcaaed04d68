# SPDX-License-Identifier: Apache-2.0
# One folder = one target = one namespace. wirestamp_library(wire base time) makes the library
# `wirestamp_wire` from wire/*.cc, links it to the layers named, and makes the test program `wire_test`
# from wire/*_test.cc when there are any. A folder may only name layers below it (tools/house.py checks
# the includes). TEST_LIBRARIES and TEST_LABELS go to that test program.
add_library(wirestamp_flags INTERFACE)
target_include_directories(wirestamp_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(wirestamp_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Woverloaded-virtual -Wno-missing-field-initializers  # designated initialisers name what they mean and leave the rest
  -Werror -fno-strict-aliasing -fstack-protector-strong)
if(WIRESTAMP_PRECOMPILE)
  target_compile_options(wirestamp_flags INTERFACE -fpch-preprocess)  # for ccache
  # Of precompiled headers g++ forgets that they are the system's, and tells of the ghosts in them, too. The build of
  # `./dev run` has the warnings.
  target_compile_options(wirestamp_flags INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overread
    -Wno-stringop-overflow)
endif()
if(WIRESTAMP_TOGETHER)
  target_compile_options(wirestamp_flags INTERFACE -Wno-subobject-linkage)  # g++ takes the files for headers
endif()
if(WIRESTAMP_SANITIZE)
  target_compile_options(wirestamp_flags INTERFACE -fsanitize=${WIRESTAMP_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # g++ sees ghosts in the code that the sanitizers add
  target_link_options(wirestamp_flags INTERFACE -fsanitize=${WIRESTAMP_SANITIZE})
endif()

# Most of the time of a compilation goes into headers of the libraries, the same ones each time. The builds of
# `./dev test` take them precompiled, which halves their time; clang-tidy and `./dev run` do not, and find a missing include.
set(wirestamp_common_headers <algorithm> <array> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

# wirestamp_precompile(TARGET KIND [HEADERS...]): shares one set of precompiled headers with all targets of its kind.
function(wirestamp_precompile target kind)
  if(NOT WIRESTAMP_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET wirestamp_${kind}_headers)
    file(WRITE ${PROJECT_BINARY_DIR}/${kind}_headers.cc "// Carries the precompiled headers.\n")
    # A program's code and a library's are compiled with other flags, which must be those of the headers.
    if(kind STREQUAL "test")
      add_executable(wirestamp_test_headers EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/test_headers.cc)
      target_link_libraries(wirestamp_test_headers PRIVATE GTest::gtest GTest::gmock GTest::gtest_main
        nlohmann_json::nlohmann_json)
    else()
      add_library(wirestamp_library_headers OBJECT ${PROJECT_BINARY_DIR}/library_headers.cc)
    endif()
    target_link_libraries(wirestamp_${kind}_headers PRIVATE wirestamp_flags fmt::fmt)
    target_precompile_headers(wirestamp_${kind}_headers PRIVATE ${wirestamp_common_headers} ${ARGN})
  endif()
  target_precompile_headers(${target} REUSE_FROM wirestamp_${kind}_headers)
endfunction()

function(wirestamp_library name)
  cmake_parse_arguments(arg "" "" "TEST_LIBRARIES;TEST_LABELS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND wirestamp_ OUTPUT_VARIABLE layers)
  if(sources)
    add_library(wirestamp_${name} STATIC ${sources})
    target_link_libraries(wirestamp_${name} PUBLIC wirestamp_flags fmt::fmt ${layers})
    wirestamp_precompile(wirestamp_${name} library)
    set_target_properties(wirestamp_${name} PROPERTIES UNITY_BUILD ${WIRESTAMP_TOGETHER} UNITY_BUILD_BATCH_SIZE 8)
  else()
    add_library(wirestamp_${name} INTERFACE)
    target_link_libraries(wirestamp_${name} INTERFACE wirestamp_flags fmt::fmt ${layers})
  endif()
  if(tests)
    wirestamp_test(${name}_test SOURCES ${tests} LAYERS ${name}
      LIBRARIES ${arg_TEST_LIBRARIES} LABELS ${arg_TEST_LABELS})
  endif()
endfunction()

# All unit tests, and those that `./dev test` runs under ThreadSanitizer too.
add_custom_target(unit_tests)
add_custom_target(threads_tests)

# wirestamp_test(NAME SOURCES a_test.cc... LAYERS wire measure... [LIBRARIES extra...] [LABELS threads...])
# The cases are counted from gtest/NAME.xml in the build directory (tools/count.py).
function(wirestamp_test name)
  if(NOT WIRESTAMP_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LAYERS;LIBRARIES;LABELS" ${ARGN})
  list(TRANSFORM arg_LAYERS PREPEND wirestamp_ OUTPUT_VARIABLE layers)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${layers} ${arg_LIBRARIES} GTest::gtest GTest::gmock GTest::gtest_main
    nlohmann_json::nlohmann_json)
  wirestamp_precompile(${name} test <gtest/gtest.h> <gmock/gmock.h> <nlohmann/json.hpp>)
  if(WIRESTAMP_SANITIZE MATCHES "address")
    # The code under test has every check. A test's own lines, most of which are expectations, do without those that
    # take half the time of their compilation.
    target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,vptr,object-size
      -fno-sanitize-address-use-after-scope)
  endif()
  if(NOT WIRESTAMP_SANITIZE)  # as there: where a test copies an optional, the optimiser sees what is not there unset
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
  target_compile_definitions(${name} PRIVATE WIRESTAMP_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors")
  add_test(NAME ${name} COMMAND ${name} --gtest_output=xml:${PROJECT_BINARY_DIR}/gtest/${name}.xml)
  set_tests_properties(${name} PROPERTIES LABELS "unit;${arg_LABELS}" TIMEOUT 1200)
  add_dependencies(unit_tests ${name})
  if("threads" IN_LIST arg_LABELS)
    add_dependencies(threads_tests ${name})
  endif()
endfunction()
