# Programs and tests outside src/, all found by glob.

# rheon_program(NAME SOURCES... [LIBRARIES...]): a program in RHEON_BIN_DIR.
function(rheon_program name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBRARIES")
  set(target ${name})
  if(TARGET ${name})  # the library of a room: rheon_sim
    set(target ${name}_program)
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES} rheon_externals)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${RHEON_BIN_DIR}")
endfunction()

# The libraries of all rooms that exist.
function(rheon_all_rooms out)
  get_property(rooms GLOBAL PROPERTY RHEON_ROOMS)
  list(TRANSFORM rooms PREPEND "rheon::")
  set(${out} "${rooms}" PARENT_SCOPE)
endfunction()

# Sub-folders of a folder that hold .cc files.
function(rheon_folders out folder)
  file(GLOB entries RELATIVE "${PROJECT_SOURCE_DIR}/${folder}" CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*/*.cc")
  list(TRANSFORM entries REPLACE "/.*" "")
  list(REMOVE_DUPLICATES entries)
  set(${out} "${entries}" PARENT_SCOPE)
endfunction()

# apps/NAME.cc, or the files of apps/NAME/, become the program NAME.
function(rheon_add_apps)
  rheon_all_rooms(rooms)
  set(libraries ${rooms} CLI11::CLI11 nlohmann_json::nlohmann_json)
  file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/apps/*.cc")
  foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME_WE)
    rheon_program(${name} SOURCES "${file}" LIBRARIES ${libraries})
  endforeach()
  rheon_folders(folders apps)
  foreach(name IN LISTS folders)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/apps/${name}/*.cc")
    rheon_program(${name} SOURCES ${sources} LIBRARIES ${libraries})
  endforeach()
endfunction()

# Compiles a target as a user's job is compiled: Rheon's headers are those of a system, a warning is no error.
function(rheon_compile_as_user target)
  target_include_directories(${target} SYSTEM PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
  target_compile_options(${target} PRIVATE -Wno-error -Wno-shadow)
endfunction()

# The files of examples/NAME/ become the program NAME, compiled and linked as a user's job would be;
# examples/NAME/tests/*_test.cc become example_NAME_test, together with the example's files except main.cc.
function(rheon_add_examples)
  rheon_folders(folders examples)
  foreach(name IN LISTS folders)
    set(dir "${PROJECT_SOURCE_DIR}/examples/${name}")
    file(GLOB sources CONFIGURE_DEPENDS "${dir}/*.cc")
    set(libraries "")
    if(TARGET rheon::run)
      set(libraries rheon::run)
    endif()
    rheon_program(${name} SOURCES ${sources} LIBRARIES ${libraries})
    rheon_compile_as_user(${name})

    file(GLOB tests CONFIGURE_DEPENDS "${dir}/tests/*.cc")
    if(tests)
      list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
      rheon_add_tests(example_${name} unit ROOMS run testing SOURCES ${tests} ${sources})
      foreach(target IN ITEMS example_${name}_test example_${name}_slow_test)
        if(TARGET ${target})
          target_include_directories(${target} PRIVATE "${dir}")
          rheon_compile_as_user(${target})
        endif()
      endforeach()
    endif()
  endforeach()
endfunction()

# bench/NAME.cc, or the files of bench/NAME/, become the program bench_NAME (a leading bench_ is not doubled);
# bench/support/*.cc is linked into each. None of them belongs to the target all, so that tests do not wait for them:
# the target benchmarks is all of them.
function(rheon_add_benchmarks)
  rheon_all_rooms(rooms)
  set(libraries ${rooms} benchmark::benchmark CLI11::CLI11 nlohmann_json::nlohmann_json)
  if(TARGET Boost::headers)
    list(APPEND libraries Boost::headers)
  endif()
  file(GLOB support CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/support/*.cc")
  if(support)
    add_library(rheon_bench_support STATIC EXCLUDE_FROM_ALL ${support})
    target_link_libraries(rheon_bench_support PUBLIC ${libraries} rheon_externals)
    list(PREPEND libraries rheon_bench_support)
  endif()

  file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.cc")
  rheon_folders(folders bench)
  list(REMOVE_ITEM folders support)
  add_custom_target(benchmarks)
  foreach(entry IN LISTS files folders)
    get_filename_component(name "${entry}" NAME_WE)
    string(REGEX REPLACE "^bench_" "" name "${name}")
    set(sources "${entry}")
    if(NOT IS_ABSOLUTE "${entry}")
      file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/${entry}/*.cc")
    endif()
    rheon_program(bench_${name} SOURCES ${sources} LIBRARIES ${libraries})
    set_target_properties(bench_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    add_dependencies(benchmarks bench_${name})
    # Printed beside every figure, so that a number can be repeated.
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    target_compile_definitions(
      bench_${name} PRIVATE
      RHEON_BUILD_INFO="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_CXX_FLAGS_${type}}")
  endforeach()
  if(TARGET bench_kafka AND TARGET PkgConfig::rdkafka)
    target_link_libraries(bench_kafka PRIVATE PkgConfig::rdkafka)
    target_compile_definitions(bench_kafka PRIVATE RHEON_HAVE_LIBRDKAFKA)
  endif()
endfunction()

# tests/KIND/**/*_test.cc become rheon_KIND_test with the label KIND; tests/support/*.cc is linked into each.
function(rheon_add_cross_room_tests)
  get_property(rooms GLOBAL PROPERTY RHEON_ROOMS)
  file(GLOB support CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.cc")
  file(GLOB_RECURSE found RELATIVE "${PROJECT_SOURCE_DIR}/tests" CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*_test.cc")
  list(TRANSFORM found REPLACE "/.*" "")
  list(REMOVE_DUPLICATES found)
  foreach(kind IN LISTS found)
    if(NOT IS_DIRECTORY "${PROJECT_SOURCE_DIR}/tests/${kind}")
      message(FATAL_ERROR "tests/${kind}: tests live in a folder tests/<kind>/")
    endif()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${kind}/*.cc")
    rheon_add_tests(rheon_${kind} ${kind} ROOMS ${rooms} SOURCES ${sources} ${support})
  endforeach()
endfunction()

# fuzz/NAME.cc becomes the libFuzzer program fuzz_NAME; the target fuzzers is all of them.
function(rheon_add_fuzzers)
  rheon_all_rooms(rooms)
  file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*.cc")
  add_custom_target(fuzzers)
  foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME_WE)
    rheon_program(fuzz_${name} SOURCES "${file}" LIBRARIES ${rooms})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers fuzz_${name})
  endforeach()
endfunction()

# Programs of the fault table (tests/chaos/). jobs/NAME.cc becomes the program NAME, a job made for one row. The files of
# faulty/ are linked into some jobs once more, as NAME_faulty: on files of which one operation goes wrong, with a clock that
# jumps.
function(rheon_add_chaos_programs)
  set(chaos "${PROJECT_SOURCE_DIR}/tests/chaos")
  file(GLOB jobs CONFIGURE_DEPENDS "${chaos}/jobs/*.cc")
  foreach(file IN LISTS jobs)
    get_filename_component(name "${file}" NAME_WE)
    rheon_program(${name} SOURCES "${file}" LIBRARIES rheon::run)
    if(RHEON_SANITIZE OR name STREQUAL "evolution")  # a minute for its hundreds of states, and nobody waits for it to run
      rheon_compile_quickly(${name})
    endif()
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS "${chaos}/faulty/*.cc")
  foreach(file IN ITEMS "${PROJECT_SOURCE_DIR}/examples/wordcount/wordcount.cc" "${chaos}/jobs/timers.cc")
    get_filename_component(name "${file}" NAME_WE)
    rheon_program(${name}_faulty SOURCES "${file}" ${sources} LIBRARIES rheon::run rheon::env)
    target_link_options(${name}_faulty PRIVATE "-Wl,--wrap=_ZN5rheon3env14make_posix_envEv")
  endforeach()
endfunction()
