#pragma once

#include "env/posix/descriptor.h"
#include "env/process.h"

namespace rheon::env::posix {

/// One per process: it owns the handlers of SIGINT and SIGTERM once watch_stop() was called. The
/// first such signal asks to stop; a second one ends the process at once.
class PosixProcess : public Process {
 public:
  PosixProcess();
  ~PosixProcess() override;

  std::uint32_t id() override;
  unsigned cores() override;
  Usage usage() override;
  bool stop_requested() override;
  void watch_stop() override;
  Result<std::size_t> read_input(std::span<std::byte> into) override;
  Status write(Stream stream, std::span<const std::byte> bytes) override;
  bool is_terminal(Stream stream) override;
  unsigned width(Stream stream) override;

  /// Lets a blocked read_input(), and all later ones, answer 0. From any thread.
  void end_input();

 private:
  Descriptor end_of_input_;  // an eventfd: readable when read_input() shall not wait any longer
};

}  // namespace rheon::env::posix
