#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connect/files/csv_lines.h"
#include "engine/sink.h"

namespace rheon::connect::csv {

/// The lines of one writer on their way to its files: buffers that are filled on the shard and
/// written, in order, by the I/O pool.
class CsvOutput final : public LineBuffer {
 public:
  static constexpr std::size_t kBufferBytes = 1 << 20;
  static constexpr std::size_t kBlockedBytes = 16 << 20;  // waiting to be written

  CsvOutput(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
            std::string directory, std::uint64_t max_file_bytes);
  ~CsvOutput();

  void make_room(char* at, std::size_t bytes) override;

  // As engine::SinkParticipant says:
  void prepare();
  [[nodiscard]] Result<bool> prepared(engine::SinkFactChanges& facts);
  [[nodiscard]] Result<bool> blocked();
  [[nodiscard]] bool no_space() const;
  void retire();

 private:
  class Queue;

  std::unique_ptr<Queue> queue_;
};

}  // namespace rheon::connect::csv
