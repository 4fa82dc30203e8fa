# Libraries from the distribution. docs/dependencies.md says why each one is here.

find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(snappy REQUIRED IMPORTED_TARGET snappy)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(libssl REQUIRED IMPORTED_TARGET libssl)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(benchmark REQUIRED)
# Only the baselines in bench/ use Boost (boost::unordered_flat_map came with 1.81).
find_package(Boost 1.81 QUIET)
pkg_check_modules(rdkafka QUIET IMPORTED_TARGET rdkafka)

# What any room may use. Only tl::expected (Result<T>) shows in headers; the others stay inside .cc files.
add_library(rheon_externals INTERFACE)
target_link_libraries(rheon_externals INTERFACE fmt::fmt PkgConfig::xxhash tl::expected Threads::Threads)
