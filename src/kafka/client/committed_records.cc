#include "kafka/client/committed_records.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kafka/wire/compression.h"

namespace rheon::kafka {

namespace {

/// The type of a control record: its key is a version and a type, two bytes each. 0: the
/// transaction was aborted, 1: committed. None: it is something else.
std::optional<std::int16_t> control_type(const wire::RecordBatch& batch) {
  wire::RecordReader records(batch, batch.payload);
  wire::Record record;
  if (!records.next(record) || !record.key.has_value()) {
    return std::nullopt;
  }
  wire::Reader key(*record.key);
  static_cast<void>(key.integer<std::int16_t>());
  const auto type = key.integer<std::int16_t>();
  return key.failed() ? std::nullopt : std::optional(type);
}

constexpr std::int16_t kAbort = 0;

}  // namespace

CommittedRecords::CommittedRecords(std::string_view bytes, std::int64_t from,
                                   std::vector<wire::FetchResponse::AbortedTransaction> aborted,
                                   Gaps gaps, std::size_t most_batch_bytes)
    : batches_(bytes),
      position_(from),
      gaps_(gaps),
      most_batch_bytes_(most_batch_bytes),
      aborted_(std::move(aborted)) {
  std::sort(aborted_.begin(), aborted_.end(),
            [](const auto& a, const auto& b) { return a.first_offset > b.first_offset; });
}

Result<std::size_t> CommittedRecords::take(std::span<wire::Record> records) {
  std::size_t taken = 0;
  while (taken == 0 && !records.empty()) {
    if (!records_.has_value()) {
      RHEON_ASSIGN(const bool opened, open_batch());
      if (!opened) {
        break;
      }
    }
    const std::size_t read = records_->read(records);
    for (std::size_t i = 0; i < read; ++i) {
      const std::int64_t offset = records[i].offset;
      if (offset >= batch_end_) {
        return fail(ErrorCode::kCorrupt, "a record's offset lies behind its batch");
      }
      if (offset < position_) {
        continue;
      }
      position_ = offset + 1;
      if (taken < i) {
        records[taken] = records[i];
      }
      ++taken;
    }
    if (read < records.size()) {  // the batch has no more
      RHEON_TRY(close_batch());
    }
  }
  return taken;
}

void CommittedRecords::forget() {
  const std::size_t shown = records_.has_value() && !decompressed_.empty() ? 1 : 0;
  while (decompressed_.size() > shown) {
    decompressed_.pop_front();
  }
}

Status CommittedRecords::close_batch() {
  if (records_->failed()) {
    return fail(ErrorCode::kCorrupt, "a batch does not hold the records that its header says");
  }
  position_ = std::max(position_, batch_end_);
  records_.reset();
  return {};
}

Result<bool> CommittedRecords::open_batch() {
  for (;;) {
    RHEON_ASSIGN(const std::optional<wire::RecordBatch> batch, batches_.next());
    if (!batch.has_value()) {
      return false;
    }
    RHEON_TRY(check_offsets(*batch));
    batch_end_ = batch->last_offset() + 1;
    const bool committed = is_committed(*batch);
    if (batch_end_ <= position_) {
      continue;
    }
    leader_epoch_ = batch->leader_epoch;
    if (!committed) {
      position_ = batch_end_;
      continue;
    }
    std::string_view payload = batch->payload;
    if (batch->compression() != 0) {
      std::string& records = decompressed_.emplace_back();
      const Status done =
          wire::decompress(batch->compression(), batch->payload, records, most_batch_bytes_);
      if (!done.has_value()) {
        return fail(ErrorCode::kCorrupt, done.error().message);
      }
      payload = records;
    }
    records_.emplace(*batch, payload);
    return true;
  }
}

Status CommittedRecords::check_offsets(const wire::RecordBatch& batch) const {
  if (batch.base_offset < 0 || batch.last_offset_delta < 0 ||
      batch.base_offset > INT64_MAX - batch.last_offset_delta - 1) {
    return fail(ErrorCode::kCorrupt, "a batch has offsets that cannot be");
  }
  if (gaps_ == Gaps::kAllowed) {
    return {};
  }
  if (batch.base_offset > position_) {
    return fail(ErrorCode::kRefused, "the offsets from there to " +
                                         std::to_string(batch.base_offset - 1) + " are missing");
  }
  if (batch.records != batch.last_offset_delta + 1) {
    return fail(ErrorCode::kCorrupt, "the batch from " + std::to_string(batch.base_offset) +
                                         " to " + std::to_string(batch.last_offset()) +
                                         " holds only " + std::to_string(batch.records) +
                                         " records");
  }
  return {};
}

bool CommittedRecords::is_committed(const wire::RecordBatch& batch) {
  while (!aborted_.empty() && aborted_.back().first_offset <= batch.last_offset()) {
    aborting_.insert(aborted_.back().producer_id);
    aborted_.pop_back();
  }
  if (batch.control()) {
    if (control_type(batch) == kAbort) {
      aborting_.erase(batch.producer_id);
    }
    return false;
  }
  return !batch.transactional() || !aborting_.contains(batch.producer_id);
}

}  // namespace rheon::kafka
