#pragma once

// The partitions of a topic that one shard reads.

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "connect/kafka/discovery.h"
#include "connect/kafka/position.h"
#include "engine/source.h"
#include "kafka/client/committed_records.h"
#include "kafka/client/fetcher.h"

namespace rheon::connect::kafka {

/// What becomes of a topic's records: the one part of this source that knows their type.
struct RecordShape {
  bool shows_headers;
  /// Why a record cannot be one of this source; "": it can.
  std::string_view (*refusal)(const rheon::kafka::wire::Record& record);
  /// At most kTogether of them.
  void (*emit)(std::span<const rheon::kafka::wire::Record> records, const PartitionKey& from,
               EventTime time, engine::AnySourceOutput& output);
};

inline constexpr std::size_t kTogether = 64;

class TopicReader final : public engine::AnySourceReader {
 public:
  /// `shape` must outlive it.
  TopicReader(const engine::SourceEnvironment& environment, TopicSource source,
              const RecordShape& shape);

  void assign(const engine::SourcePartition& partition) override;
  [[nodiscard]] Result<engine::Poll> poll_any(engine::AnySourceOutput& output) override;
  [[nodiscard]] std::string position(std::size_t partition) const override;
  [[nodiscard]] std::optional<std::uint64_t> offset(std::size_t partition) const override;
  [[nodiscard]] bool at_end(std::size_t partition) const override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] env::Monotonic deadline() const override;

 private:
  struct Partition {
    PartitionKey key;
    PartitionPosition position;
  };
  /// What has come of a partition, and is being emitted.
  struct Piece {
    std::size_t partition;
    std::int64_t from;  // the position at its begin
    client::CommittedRecords records;
    std::int32_t leader_epoch;  // of who has sent it
    bool given;                 // as a whole; what records of this poll show is still there
  };

  /// The next one that has come; none: none has.
  [[nodiscard]] Status open_piece(env::Monotonic now);
  [[nodiscard]] Status emit_piece(engine::AnySourceOutput& output);
  void emit(std::span<const rheon::kafka::wire::Record> records, engine::AnySourceOutput& output);
  void quarantine(const rheon::kafka::wire::Record& record, std::string_view reason,
                  engine::AnySourceOutput& output) const;
  [[nodiscard]] std::string_view refusal(const rheon::kafka::wire::Record& record) const;
  [[nodiscard]] bool ended(const Partition& partition) const;
  [[nodiscard]] engine::Poll rest() const;

  env::Clock& clock_;
  TopicSource source_;
  const RecordShape& shape_;
  bool stop_at_end_;
  std::set<std::string, std::less<>> topics_;
  bool topics_changed_ = false;  // since the cluster was told
  client::Cluster cluster_;
  client::Fetcher fetcher_;
  Status broken_;
  std::vector<Partition> partitions_;
  std::optional<Piece> piece_;
  std::array<rheon::kafka::wire::Record, kTogether> together_;
};

}  // namespace rheon::connect::kafka
