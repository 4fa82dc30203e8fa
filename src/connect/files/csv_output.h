#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/sink.h"

namespace rheon::connect::csv {

/// The lines of one writer on their way to its files: buffers that are filled on the shard and
/// written, in order, by the I/O pool. What is the same for every type of record.
class CsvOutput {
 public:
  static constexpr std::size_t kBufferBytes = 1 << 20;
  static constexpr std::size_t kBlockedBytes = 16 << 20;  // waiting to be written

  CsvOutput(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
            std::string directory, std::uint64_t max_file_bytes);
  ~CsvOutput();

  /// Where the next line goes, and what is free from there on.
  [[nodiscard]] char* cursor() const { return at_; }
  [[nodiscard]] std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }
  /// Lines stand in front of `at`.
  void set_cursor(char* at) { at_ = at; }
  /// Hands the lines in front of `at` over to be written; then there is at least this much room.
  void make_room(char* at, std::size_t bytes);

  // As engine::SinkParticipant says:
  void prepare();
  [[nodiscard]] Result<bool> prepared(engine::SinkFactChanges& facts);
  [[nodiscard]] Result<bool> blocked();
  [[nodiscard]] bool no_space() const;
  void retire();

 private:
  class Queue;

  char* at_ = nullptr;
  char* end_ = nullptr;
  std::unique_ptr<Queue> queue_;
};

}  // namespace rheon::connect::csv
