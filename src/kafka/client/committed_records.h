#pragma once

// The records of a partition, as one fetch has brought them, that a reader may see: those behind
// its position, of transactions that were committed (KIP-98, "Reading transactional messages").

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "kafka/wire/fetch.h"
#include "kafka/wire/record_batch.h"

namespace rheon::kafka {

/// Whether a topic may lack offsets between its first and its last record: only one that is
/// compacted may.
enum class Gaps : std::uint8_t { kAllowed, kRefused };

class CommittedRecords {
 public:
  /// Against batches that grow without end when they are decompressed.
  static constexpr std::size_t kMostBatchBytes = 256 << 20;

  /// `bytes` must live as long as this. `from`: the position; records before it are passed over,
  /// although a batch that holds it begins before it. `aborted`: as the response says.
  CommittedRecords(std::string_view bytes, std::int64_t from,
                   std::vector<wire::FetchResponse::AbortedTransaction> aborted,
                   Gaps gaps = Gaps::kAllowed, std::size_t most_batch_bytes = kMostBatchBytes);

  /// Fills in the next records, and says how many; 0: there is none left. What they show lives as
  /// long as this. Errors: kCorrupt; kRefused: offsets are missing. Sentences without the
  /// partition's name; position() says where.
  [[nodiscard]] Result<std::size_t> take(std::span<wire::Record> records);
  /// What was taken is not shown any more: gives memory back.
  void forget();

  /// The offset behind the last record that take() has given, or behind what was passed over since:
  /// where to read on.
  [[nodiscard]] std::int64_t position() const { return position_; }
  /// Of the leader that has written the last batch that was looked at; -1: there was none.
  [[nodiscard]] std::int32_t leader_epoch() const { return leader_epoch_; }

 private:
  [[nodiscard]] Result<bool> open_batch();
  [[nodiscard]] Status close_batch();
  [[nodiscard]] Status check_offsets(const wire::RecordBatch& batch) const;
  /// Whether records of this batch are to be seen; keeps account of who has aborted.
  [[nodiscard]] bool is_committed(const wire::RecordBatch& batch);

  wire::RecordBatches batches_;
  std::int64_t position_;
  Gaps gaps_;
  std::size_t most_batch_bytes_;
  std::int32_t leader_epoch_ = -1;
  std::vector<wire::FetchResponse::AbortedTransaction> aborted_;  // by first offset, last one first
  std::unordered_set<std::int64_t> aborting_;                     // producers
  std::deque<std::string> decompressed_;
  std::optional<wire::RecordReader> records_;  // of the batch that is open
  std::int64_t batch_end_ = 0;
};

}  // namespace rheon::kafka
