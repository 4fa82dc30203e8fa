#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connect/io_task.h"
#include "engine/source.h"
#include "log/files/stream_reader.h"

namespace rheon::connect::stream {

/// Where a stream is: in the data directory of the job that writes it.
struct StreamPlace {
  std::string directory;
  std::string stream;
};

/// "stream 'clicks' in 'clicks.data'", for sentences.
[[nodiscard]] std::string describe(const StreamPlace& place);

/// Partitions of a stream as those of a source. What is known is checked against what is there.
/// None while the stream does not exist, unless the source is bounded. Blocks.
[[nodiscard]] Result<std::vector<engine::SourcePartition>> discover_stream(
    engine::SourceEnvironment& environment, const StreamPlace& place,
    const std::vector<engine::SourcePartition>& known,
    const std::function<Status(std::string_view type, std::string_view stream)>& check_type);

/// Right behind the last record that was emitted. Stored in commits:
/// version:u8 = 1, incarnation:2 x u64, next batch:varint, records of it that were emitted:varint.
struct PartitionPosition {
  log::files::StreamPosition batch;
  std::uint32_t records = 0;
};
[[nodiscard]] std::string encode(const PartitionPosition& position);
[[nodiscard]] Result<PartitionPosition> decode_position(std::string_view bytes);

/// Reads ahead in the partitions that one shard owns: batches come in the order of the stream. Used
/// by one shard, never blocks it.
class StreamFetcher {
 public:
  static constexpr std::uint64_t kFetchBytes = 1 << 20;  // per partition and fetch
  static constexpr env::Monotonic kLookAgainFirst = std::chrono::milliseconds{5};
  static constexpr env::Monotonic kLookAgainAtMost = std::chrono::milliseconds{100};

  StreamFetcher(const engine::SourceEnvironment& environment, StreamPlace place);

  void assign(std::uint32_t partition, const log::files::StreamPosition& position);

  /// Starts what can be started, takes what has come. Once per poll.
  [[nodiscard]] Status pump();
  enum class State {
    kBatch,    // there is one: take()
    kWaiting,  // the disk has not answered yet
    kAtEnd,    // nothing more is committed now
    kEnded,    // nothing more will come
  };
  /// Of the partition with this index in order of assign().
  [[nodiscard]] State state(std::size_t index) const;
  [[nodiscard]] log::files::StreamBatchView take(std::size_t index);
  /// The stream's type header; known once a batch was taken.
  [[nodiscard]] const std::string& type() const { return type_; }

 private:
  struct Lane {
    std::uint32_t partition = 0;
    std::deque<log::files::StreamBatchView> ready;
    bool at_end = false;  // a read has shown that nothing more is committed
    bool sealed = false;  // and nothing will be

    // Of the I/O thread while the task is pending.
    bool wanted = false;
    log::files::StreamPosition next;
    std::vector<log::files::StreamBatchView> fetched;
  };

  void collect();
  void start_fetch();
  [[nodiscard]] Status fetch();

  env::Env& env_;
  StreamPlace place_;
  bool stop_at_end_;
  std::vector<Lane> lanes_;
  std::vector<Lane> assigned_;  // since the last pump(): a fetch walks the others
  std::string type_;

  env::Monotonic look_again_at_{0};
  env::Monotonic look_again_after_ = kLookAgainFirst;
  bool fetching_ = false;

  // Of the I/O thread while the task is pending.
  std::unique_ptr<log::files::StreamReader> reader_;
  bool look_again_ = false;
  Status status_;

  IoTask task_;  // last: goes first
};

}  // namespace rheon::connect::stream
