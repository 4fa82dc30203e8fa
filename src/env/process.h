#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace rheon::env {

struct Usage {
  std::uint64_t resident_bytes = 0;
  std::chrono::microseconds cpu{0};  // user and system time of all threads
};

enum class Stream { kOut, kError };

/// Facts about this process, and its three standard streams.
class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual std::uint32_t id() = 0;
  [[nodiscard]] virtual unsigned cores() = 0;
  [[nodiscard]] virtual Usage usage() = 0;
  /// True once the user has asked the process to stop (SIGINT, SIGTERM), after watch_stop().
  [[nodiscard]] virtual bool stop_requested() = 0;
  virtual void watch_stop() = 0;
  /// Blocks until something is there; 0 at the end of the input, and once a stop was requested
  /// (ask stop_requested() which it is).
  [[nodiscard]] virtual Result<std::size_t> read_input(std::span<std::byte> into) = 0;
  /// Blocks until all is written. kClosed: nobody reads it any more (a closed pipe).
  [[nodiscard]] virtual Status write(Stream stream, std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual bool is_terminal(Stream stream) = 0;
  /// Characters in a line of the terminal; 0: it is none, or does not say.
  [[nodiscard]] virtual unsigned width(Stream stream) = 0;
};

}  // namespace rheon::env
