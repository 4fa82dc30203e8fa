# How every file of the tree is compiled. Presets choose CMAKE_BUILD_TYPE and RHEON_SANITIZE; nothing else
# changes flags.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, Sanitize or Coverage" FORCE)
endif()

set(RHEON_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")
option(RHEON_FUZZ "Build the fuzzers of fuzz/ as well (needs clang)" OFF)
option(RHEON_WERROR "Treat warnings as errors" ON)
set(RHEON_BIN_DIR "${CMAKE_BINARY_DIR}/bin" CACHE PATH "Where programs are put")

# -g1 keeps function names and line tables for profiles and stack traces at a tenth of the size of -g.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_COVERAGE "-O1 -g1 -fprofile-instr-generate -fcoverage-mapping")
set(CMAKE_EXE_LINKER_FLAGS_COVERAGE "-fprofile-instr-generate")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")

# Releases run on every x86-64 machine since about 2009; code that needs more is chosen at run time.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  add_compile_options(-march=x86-64-v2)
endif()

# Paths in messages and in debug information are those of the repository, wherever it stands.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports inlined std::string concatenation as overlapping (GCC bug 105651).
  add_compile_options(-Wno-restrict)
  if(RHEON_SANITIZE)
    # Instrumented code defeats the flow analysis behind these; the release build keeps them.
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
  else()
    # The compiler collects its garbage from 128 MB on, and most files need more: a tenth of the time of the operators' tests,
    # for a quarter more memory (870 MB -> 1,097 MB).
    add_compile_options("SHELL:--param ggc-min-heapsize=524288")
  endif()
endif()
if(RHEON_WERROR)
  add_compile_options(-Werror)
endif()

# Position-independent programs, full RELRO, protected stacks.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_COMPILE_OPTIONS_PIC -fPIE)  # all libraries are static: nothing is interposed, everything may inline
add_compile_options(-fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)

if(RHEON_SANITIZE)
  add_compile_options(-fsanitize=${RHEON_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RHEON_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
# What a test instantiates compiles in half of the time or less when it is not optimised. Programs keep their level: those of
# the fault table run what users run, and the simulator's, seed after seed, what is instantiated of all operators.
function(rheon_compile_quickly target)
  if(CMAKE_BUILD_TYPE MATCHES "^(Release|Sanitize)$")
    target_compile_options(${target} PRIVATE -O0 -U_FORTIFY_SOURCE)  # which asks for optimisation
    if(RHEON_FUZZ)
      target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
    endif()
  endif()
endfunction()
# What reads a command line and prints: a third of its time went to optimising templates of CLI11 and nlohmann/json.
function(rheon_compile_cold target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_GLIBCXX_ASSERTIONS RHEON_RARE_BRANCHES=1)  # base/rare_branch.h
endif()
if(RHEON_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # what a fuzzer runs says where it has been
endif()

add_compile_definitions(RHEON_VERSION="${PROJECT_VERSION}")
include_directories("${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")

find_program(RHEON_CCACHE ccache)
if(RHEON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for before it caches files that use the tests' precompiled header. With the base
  # directory a second checkout finds what the first has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
      CCACHE_NOHASHDIR=true "${RHEON_CCACHE}")
endif()

find_package(Threads REQUIRED)
