#pragma once

// Numbers as people read them.

#include <cstdint>
#include <string>

namespace rheon::run {

/// 248,019,113
[[nodiscard]] std::string with_commas(std::uint64_t number);
/// 12.4 M, 980 k, 17: three digits and a unit of thousands.
[[nodiscard]] std::string in_thousands(double number);
/// 38 MB, 1.1 GB (powers of ten).
[[nodiscard]] std::string as_size(std::uint64_t bytes);
/// 870 us, 11 ms, 20.1 s
[[nodiscard]] std::string as_time(std::uint64_t micros);

}  // namespace rheon::run
