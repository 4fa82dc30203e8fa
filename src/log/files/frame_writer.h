#pragma once

// Appends frames to a file at an offset: small ones gathered into one write, large ones written
// from where they stand.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/frame.h"

namespace rheon::log::files {

class FrameWriter {
 public:
  FrameWriter(env::File& file, FrameSeed seed, std::uint64_t offset)
      : file_(file), seed_(seed), end_(offset), written_(offset) {}

  /// `payload` may go away when this returns. The frame may not be in the file before flush().
  void put(const FrameLabel& label, std::string_view payload);
  /// The first error of a write, also within put(): nothing was written behind it.
  [[nodiscard]] Status flush();
  /// What flush() would say without writing.
  [[nodiscard]] const Status& status() const { return status_; }

  /// Behind the last frame.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  /// Payload checksums of the frames since the last call.
  [[nodiscard]] std::vector<std::uint32_t> take_checks() { return std::move(checks_); }

 private:
  void write(std::string_view bytes);

  env::File& file_;
  FrameSeed seed_;
  std::uint64_t end_;
  std::uint64_t written_;
  std::string gathered_;
  Status status_;
  std::vector<std::uint32_t> checks_;
};

}  // namespace rheon::log::files
