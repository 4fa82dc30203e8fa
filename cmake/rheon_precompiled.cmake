# What most files begin with, compiled once: a room's file takes two thirds to three quarters of the time. Only to be quick:
# every file includes what it uses; `./dev lint` reads those that changed without this.

# rheon_use_precompiled(TARGET PCH): PCH is rheon_pch, for the rooms, or rheon_test_pch, for tests.
function(rheon_use_precompiled target pch)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 forgets which places of a precompiled header are the standard library's, and its false warnings about inlined
    # strings come through. The sanitizers look for what these warn of.
    target_compile_options(${target} PRIVATE -Wno-stringop-overflow -Wno-array-bounds)
  endif()
  if(NOT TARGET ${pch})
    rheon_precompile(${pch})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

function(rheon_precompile pch)
  set(stub "${PROJECT_BINARY_DIR}/${pch}.cc")
  file(CONFIGURE OUTPUT "${stub}" CONTENT "// Only here to carry the precompiled header.\n")
  add_library(${pch} OBJECT "${stub}")
  set(headers <algorithm> <cstdint> <map> <memory> <optional> <string> <string_view> <vector>)
  if(pch STREQUAL "rheon_pch")
    target_link_libraries(${pch} PRIVATE rheon_externals)
    list(APPEND headers <fmt/format.h> <array> <atomic> <chrono> <functional> <tl/expected.hpp> <unordered_map> <utility>
         <variant>)
  else()
    rheon_compile_quickly(${pch})
    target_link_libraries(${pch} PRIVATE GTest::gmock GTest::gtest)
    list(PREPEND headers <gmock/gmock.h> <gtest/gtest.h>)  # over a second of each test
  endif()
  target_precompile_headers(${pch} PRIVATE ${headers})
endfunction()
