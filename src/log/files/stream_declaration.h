#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace rheon::log::files {

struct Retention {
  std::optional<std::chrono::microseconds> time;  // none: unlimited
  std::optional<std::uint64_t> bytes;             // none: unlimited
};

/// A durable stream that the job writes. Made by open() when it is not there; what is there must
/// agree in partitions and type. Batches are appended by commits.
struct StreamDeclaration {
  std::string name;
  std::uint32_t partitions = 1;  // fixed at creation
  std::string type;              // type header of its records, opaque to the log
  Retention retention;
};

}  // namespace rheon::log::files
