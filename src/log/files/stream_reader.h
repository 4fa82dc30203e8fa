#pragma once

// Reads a stream that another job (or this one) writes, up to the end that its last commit has
// published. Opens files read-only, pins nothing, never writes into the writer's directory.
// Blocks: use on an I/O thread. One thread at a time.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/log.h"

namespace rheon::log::files {

struct StreamInfo {
  std::string name;
  Id incarnation;
  std::uint32_t partitions = 0;
  std::string type;     // type header as the writer declared it
  bool sealed = false;  // the writer's job is complete: nothing more will come
};

/// Where a reader stands in one partition: the sequence number of the next batch to read.
struct StreamPosition {
  Id incarnation;
  std::uint64_t next_batch = 0;
};

struct StreamBatchView {
  std::uint32_t partition = 0;
  std::uint64_t sequence = 0;  // per partition, from 0, without holes
  std::uint32_t records = 0;
  std::string batch;
};

/// What a stream holds: committed, and kept by its retention.
struct StreamSize {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of its files
};

class StreamReader {
 public:
  virtual ~StreamReader() = default;
  [[nodiscard]] virtual const StreamInfo& info() const = 0;
  /// Where a reader begins that has read nothing of the partition yet: its oldest batch that is
  /// kept, or the committed end.
  [[nodiscard]] virtual Result<StreamPosition> oldest(std::uint32_t partition) = 0;
  /// Whether read() would find something; refuses what it would refuse. Reads no batch.
  [[nodiscard]] virtual Result<bool> more(std::uint32_t partition,
                                          const StreamPosition& position) = 0;
  /// Walks over all batches without reading what is in them.
  [[nodiscard]] virtual Result<StreamSize> size() = 0;
  /// The next committed batches of one partition from `position` on, at most about `max_bytes`
  /// (at least one when there is one); none at the committed end. kRefused with a sentence when the
  /// position is no longer there (retention) or belongs to another incarnation.
  [[nodiscard]] virtual Result<std::vector<StreamBatchView>> read(std::uint32_t partition,
                                                                  const StreamPosition& position,
                                                                  std::uint64_t max_bytes) = 0;
  /// Looks again at what the writer has published; cheap (one small read).
  [[nodiscard]] virtual Status refresh() = 0;
};

/// `directory`: the data directory of the job that writes the stream. kNotFound when there is no
/// such stream (yet), or when nobody has been told of it yet.
[[nodiscard]] Result<std::unique_ptr<StreamReader>> open_stream(env::Files& files,
                                                                const std::string& directory,
                                                                const std::string& stream);
[[nodiscard]] Result<std::vector<StreamInfo>> list_streams(env::Files& files,
                                                           const std::string& directory);

}  // namespace rheon::log::files
