# rheon_room(NAME [DEPENDS room...] [EXTERNAL target...] [TEST_DEPENDS room...])
#
# Makes the library rheon_NAME (alias rheon::NAME) of every .cc below src/NAME, and remembers its *_test.cc files for
# rheon_add_room_tests(). Files are found by glob: adding one needs no change here. A room without sources is
# skipped, and so are dependencies on it; a room of headers only becomes an INTERFACE library.
#
# DEPENDS names the rooms whose headers this room includes; tools/check_rooms.py reads the same lists.
# TEST_DEPENDS names rooms that only the tests use; these may stand below the room.
function(rheon_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "DEPENDS;EXTERNAL;TEST_DEPENDS")
  if(ROOM_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "rheon_room(${name}): unknown arguments ${ROOM_UNPARSED_ARGUMENTS}")
  endif()

  set(dir "${PROJECT_SOURCE_DIR}/src/${name}")
  file(GLOB_RECURSE sources RELATIVE "${dir}" CONFIGURE_DEPENDS "${dir}/*.cc")
  file(GLOB_RECURSE headers RELATIVE "${dir}" CONFIGURE_DEPENDS "${dir}/*.h")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(^|/)tests/")
  list(FILTER headers EXCLUDE REGEX "(^|/)tests/")
  list(FILTER tests INCLUDE REGEX "(^|/)tests/")
  if(NOT sources AND NOT headers)
    return()
  endif()
  list(TRANSFORM sources PREPEND "${dir}/")
  list(TRANSFORM tests PREPEND "${dir}/")

  if(sources)
    add_library(rheon_${name} STATIC ${sources})
    rheon_use_precompiled(rheon_${name} rheon_pch)
    set(scope PUBLIC)
    target_link_libraries(rheon_${name} PRIVATE rheon_externals ${ROOM_EXTERNAL})
  else()
    add_library(rheon_${name} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(rheon_${name} INTERFACE rheon_externals ${ROOM_EXTERNAL})
  endif()
  add_library(rheon::${name} ALIAS rheon_${name})
  foreach(dependency IN LISTS ROOM_DEPENDS)
    if(TARGET rheon_${dependency})
      target_link_libraries(rheon_${name} ${scope} rheon::${dependency})
    endif()
  endforeach()

  set_property(GLOBAL APPEND PROPERTY RHEON_ROOMS ${name})
  set_property(GLOBAL PROPERTY RHEON_TESTS_OF_${name} "${tests}")
  set_property(GLOBAL PROPERTY RHEON_TEST_DEPENDS_OF_${name} "${ROOM_TEST_DEPENDS}")
endfunction()

# One program rheon_ROOM_test per room (label unit) of src/ROOM/**/tests/*.cc; files named *_slow_test.cc go to
# rheon_ROOM_slow_test (label slow). Files that are not *_test.cc are helpers, compiled into both.
function(rheon_add_room_tests)
  get_property(rooms GLOBAL PROPERTY RHEON_ROOMS)
  foreach(room IN LISTS rooms)
    get_property(sources GLOBAL PROPERTY RHEON_TESTS_OF_${room})
    get_property(extra GLOBAL PROPERTY RHEON_TEST_DEPENDS_OF_${room})
    rheon_add_tests(rheon_${room} unit ROOMS ${room} ${extra} SOURCES ${sources})
  endforeach()
endfunction()

# rheon_add_tests(PREFIX LABEL ROOMS room... SOURCES file...): PREFIX_test and, for *_slow_test.cc, PREFIX_slow_test.
function(rheon_add_tests prefix label)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "ROOMS;SOURCES")
  set(helpers ${ARG_SOURCES})
  list(FILTER helpers EXCLUDE REGEX "_test\\.cc$")
  set(slow ${ARG_SOURCES})
  list(FILTER slow INCLUDE REGEX "_slow_test\\.cc$")
  set(quick ${ARG_SOURCES})
  list(FILTER quick INCLUDE REGEX "_test\\.cc$")
  list(FILTER quick EXCLUDE REGEX "_slow_test\\.cc$")
  if(quick)
    rheon_add_test_program(${prefix}_test "${label}" ROOMS ${ARG_ROOMS} SOURCES ${quick} ${helpers})
  endif()
  if(slow)
    rheon_add_test_program(${prefix}_slow_test slow ROOMS ${ARG_ROOMS} SOURCES ${slow} ${helpers})
  endif()
endfunction()

# Tests run with the repository's root as working directory; RHEON_BIN_DIR in the environment says where programs are.
function(rheon_add_test_program target label)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "ROOMS;SOURCES")
  rheon_compile_together(sources ${target} ${ARG_SOURCES})
  add_executable(${target} ${sources})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}")
  rheon_compile_quickly(${target})
  rheon_use_precompiled(${target} rheon_test_pch)
  foreach(room IN LISTS ARG_ROOMS)
    if(TARGET rheon_${room})
      target_link_libraries(${target} PRIVATE rheon::${room})
    endif()
  endforeach()
  target_link_libraries(
    ${target} PRIVATE rheon_externals CLI11::CLI11 nlohmann_json::nlohmann_json GTest::gmock GTest::gtest
                      GTest::gtest_main rapidcheck)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")

  set(timeout 120)
  if(label STREQUAL "slow")
    set(timeout 900)
  endif()
  if(RHEON_SANITIZE)
    math(EXPR timeout "${timeout} * 4")
  endif()
  # No detect_stack_use_after_return: g++ 12 ignores alignas(128) on its fake stack (GCC bug 110027).
  set(environment
      "RHEON_BIN_DIR=${RHEON_BIN_DIR}"
      "ASAN_OPTIONS=detect_stack_use_after_return=0:strict_string_checks=1"
      "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
      "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
  add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${target} PROPERTIES LABELS "${label}" TIMEOUT ${timeout} ENVIRONMENT "${environment}")
endfunction()

# rheon_compile_together(OUT TARGET FILE...): OUT is what to compile instead of the files. Nearly all of the time of a
# *_test.cc goes to headers and templates that its neighbours need as well (one of the log's: 13 s, eight as one: 35 s),
# so eight are compiled as one; their unnamed namespaces must get on with each other. CMake's UNITY_BUILD would write
# absolute paths, and ccache would not find in one checkout what it compiled in another.
function(rheon_compile_together out target)
  set(alone ${ARGN})
  list(FILTER alone EXCLUDE REGEX "_test\\.cc$")
  set(tests ${ARGN})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(SORT tests)
  set(together "")
  set(number 1)
  while(tests)
    set(includes "")
    foreach(i RANGE 1 8)
      if(tests)
        list(POP_FRONT tests test)
        file(RELATIVE_PATH test "${PROJECT_SOURCE_DIR}" "${test}")
        string(APPEND includes "#include \"${test}\"\n")
      endif()
    endforeach()
    set(unit "${PROJECT_BINARY_DIR}/tests/units/${target}_${number}.cc")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "${includes}")
    list(APPEND together "${unit}")
    math(EXPR number "${number} + 1")
  endwhile()
  set(${out} ${alone} ${together} PARENT_SCOPE)
endfunction()
