#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connect/files/file_chunks.h"
#include "connect/files/file_position.h"
#include "connect/line_splitter.h"
#include "engine/source.h"

namespace rheon::connect::files {

/// Lines of the files that one shard owns, a chunk of one file after a chunk of another. Files that
/// do not grow are opened a few at a time, in order of assign().
class LineReader : public engine::SourceReader<std::string_view> {
 public:
  static constexpr std::size_t kOpenFiles = 8;

  LineReader(const engine::SourceEnvironment& environment, const LineLimits& limits, bool follow);

  void assign(const engine::SourcePartition& partition) override;
  Result<engine::Poll> poll(engine::SourceOutput<std::string_view>& output) override;
  std::string position(std::size_t partition) const override;
  std::optional<std::uint64_t> offset(std::size_t partition) const override;
  bool at_end(std::size_t partition) const override;

 private:
  struct Partition {
    FilePosition start;
    LineSplitter splitter;
    std::unique_ptr<FileChunks> chunks;  // while it is being read
    bool has_chunk = false;
    bool at_end = false;
    bool cut = false;
    bool ended = false;
  };

  void open_more();
  [[nodiscard]] Result<FileChunks::State> read(std::size_t index,
                                               engine::SourceOutput<std::string_view>& output);
  void end(Partition& partition, FileChunks::State how,
           engine::SourceOutput<std::string_view>& output);

  env::Env& env_;
  env::Waker* waker_;
  LineLimits limits_;
  FileEnd file_end_;
  bool follow_;  // partitions may still come
  Status broken_;
  std::vector<Partition> partitions_;
  std::vector<std::size_t> open_;  // indexes of partitions that are being read
  std::size_t next_ = 0;           // the first that was not opened yet
  std::size_t turn_ = 0;           // within open_
};

}  // namespace rheon::connect::files
