#include "connect/kafka/topic_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "observe/traceparent.h"

namespace rheon::connect::kafka {

namespace {

using rheon::kafka::wire::Record;

/// Of a record's timestamp, which says milliseconds since 1970 or nothing.
EventTime event_time(std::int64_t timestamp) {
  constexpr std::int64_t kMicros = 1000;
  if (timestamp < 0) {
    return EventTime::none();
  }
  return timestamp > EventTime::max().micros / kMicros ? EventTime::max()
                                                       : EventTime{timestamp * kMicros};
}

/// Of a record whose input says that it is followed.
std::optional<observe::TraceContext> trace_of(const Record& record) {
  rheon::kafka::wire::HeaderReader headers(record);
  for (rheon::kafka::wire::RecordHeader header; headers.next(header);) {
    if (header.key == observe::kTraceparent) {
      return observe::parse_traceparent(header.value.value_or(""));
    }
  }
  return std::nullopt;
}

}  // namespace

TopicReader::TopicReader(const engine::SourceEnvironment& environment, TopicSource source,
                         const RecordShape& shape)
    : clock_(environment.env->clock()),
      source_(std::move(source)),
      shape_(shape),
      stop_at_end_(environment.stop_at_end),
      cluster_(environment.env->network(), *environment.waker, environment.env->random(),
               cluster_options(source_.place, source_.access)),
      fetcher_(cluster_, environment.env->random(),
               {.read_committed = source_.options.read_committed}) {
  cluster_.watch(topics_);  // none yet
}

void TopicReader::assign(const engine::SourcePartition& assigned) {
  auto position = decode_position(assigned.position);
  if (!position) {
    broken_ = tl::unexpected(position.error());
    position = PartitionPosition{};
  }
  const Partition& partition =
      partitions_.emplace_back(Partition{key_of_id(assigned.id), *position});
  const auto& [topic, number] = partition.key;
  topics_changed_ |= topics_.insert(topic).second;
  const std::size_t index =
      fetcher_.add(topic, number, {partition.position.offset, partition.position.leader_epoch},
                   partition.position.topic_id);
  if (ended(partition)) {
    fetcher_.leave(index);
  }
}

Result<engine::Poll> TopicReader::poll_any(engine::AnySourceOutput& output) {
  RHEON_TRY(broken_);
  if (partitions_.empty()) {
    return rest();
  }
  if (std::exchange(topics_changed_, false)) {
    cluster_.watch(topics_);
  }
  const env::Monotonic now = clock_.monotonic();
  cluster_.step(now);
  fetcher_.step(now);
  if (!piece_.has_value() || piece_->given) {
    RHEON_TRY(open_piece(now));
  }
  if (!piece_.has_value()) {
    return rest();
  }
  output.select(piece_->partition);
  RHEON_TRY(emit_piece(output));
  return engine::Poll::kWorked;
}

Status TopicReader::open_piece(env::Monotonic now) {
  piece_.reset();
  for (;;) {
    RHEON_ASSIGN(std::optional<client::Fetched> next, fetcher_.next(now));
    if (!next.has_value()) {
      return {};
    }
    const Partition& partition = partitions_[next->partition];
    if (ended(partition)) {
      continue;
    }
    RHEON_ASSERT(next->from == partition.position.offset, "pieces come in their order");
    piece_.emplace(
        Piece{next->partition,
              next->from,
              {next->records, next->from, std::move(next->aborted),
               partition.position.gapless ? client::Gaps::kRefused : client::Gaps::kAllowed},
              next->leader_epoch,
              false});
    return {};
  }
}

Status TopicReader::emit_piece(engine::AnySourceOutput& output) {
  Partition& partition = partitions_[piece_->partition];
  piece_->records.forget();
  while (!output.full()) {
    auto taken = piece_->records.take(std::span(together_).first(output.room_up_to(kTogether)));
    if (!taken.has_value()) {
      return fail(
          taken.error().code,
          fmt::format("{}, offset {}: {}{}", describe(source_, partition.key),
                      piece_->records.position(), taken.error().message,
                      taken.error().code == ErrorCode::kRefused
                          ? ". A topic that was compacted once may lack offsets: allow_gaps, in "
                            "the source's options, says so"
                          : ""));
    }
    std::span<const Record> records = std::span(together_).first(*taken);
    const std::int64_t until = partition.position.until.value_or(INT64_MAX);
    while (!records.empty() && records.back().offset >= until) {
      records = records.first(records.size() - 1);
    }
    emit(records, output);
    partition.position.offset = std::min(piece_->records.position(), until);
    if (piece_->records.leader_epoch() <= piece_->leader_epoch) {
      partition.position.leader_epoch =
          std::max(partition.position.leader_epoch, piece_->records.leader_epoch());
    }
    if (*taken == 0 && piece_->records.position() == piece_->from) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{}, offset {}: no whole batch of records stands there",
                              describe(source_, partition.key), piece_->from));
    }
    if (*taken == 0 || ended(partition)) {
      if (ended(partition)) {
        fetcher_.leave(piece_->partition);
      }
      piece_->given = true;
      return {};
    }
  }
  return {};
}

void TopicReader::emit(std::span<const Record> records, engine::AnySourceOutput& output) {
  const auto find_trace = [wanted = output.wants_traces()](const Record& record) {
    return wanted && record.header_count > 0 ? trace_of(record) : std::nullopt;
  };
  while (!records.empty()) {
    const Record& first = records.front();
    if (const std::string_view why = refusal(first); !why.empty()) {
      quarantine(first, why, output);
      records = records.subspan(1);
      continue;
    }
    std::optional<observe::TraceContext> followed = find_trace(first);
    std::size_t n = 1;
    while (!followed.has_value() && n < records.size() && records[n].timestamp == first.timestamp &&
           refusal(records[n]).empty()) {
      followed = find_trace(records[n]);
      ++n;
    }
    shape_.emit(records.first(n), partitions_[piece_->partition].key, event_time(first.timestamp),
                output);
    if (followed.has_value()) {
      output.trace(*followed);
    }
    records = records.subspan(n);
  }
}

std::string_view TopicReader::refusal(const Record& record) const {
  const std::size_t bytes = record.key.value_or("").size() + record.value.value_or("").size() +
                            (shape_.shows_headers ? record.headers.size() : 0);
  return bytes > source_.options.max_record_bytes ? "it is longer than max_record_bytes"
                                                  : shape_.refusal(record);
}

void TopicReader::quarantine(const Record& record, std::string_view reason,
                             engine::AnySourceOutput& output) const {
  output.quarantine(
      record.value.value_or(record.key.value_or("")),
      fmt::format("{}, offset {}", describe(source_, partitions_[piece_->partition].key),
                  record.offset),
      reason);
}

bool TopicReader::ended(const Partition& partition) const {
  return partition.position.offset >= partition.position.until.value_or(INT64_MAX);
}

/// There is nothing at hand.
engine::Poll TopicReader::rest() const {
  const auto all = [this](auto holds) {
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      if (!holds(i)) {
        return false;
      }
    }
    return true;
  };
  if (stop_at_end_ && all([this](std::size_t i) { return ended(partitions_[i]); })) {
    return engine::Poll::kEnded;
  }
  return all([this](std::size_t i) { return at_end(i); }) ? engine::Poll::kIdle
                                                          : engine::Poll::kWaiting;
}

std::string TopicReader::position(std::size_t partition) const {
  return encode(partitions_[partition].position);
}

std::optional<std::uint64_t> TopicReader::offset(std::size_t partition) const {
  return static_cast<std::uint64_t>(partitions_[partition].position.offset);
}

std::string TopicReader::trouble() const {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (const auto& why = fetcher_.trouble(i); why.has_value() && !ended(partitions_[i])) {
      return why->message;
    }
  }
  // While the partitions are being read, who answers for the cluster does not matter.
  return cluster_.age() == 0 && cluster_.trouble().has_value() ? cluster_.trouble()->message : "";
}

env::Monotonic TopicReader::deadline() const {
  return std::min(cluster_.deadline(), fetcher_.deadline());
}

bool TopicReader::at_end(std::size_t partition) const {
  return ended(partitions_[partition]) ||
         (fetcher_.at_end(partition) &&
          !(piece_.has_value() && !piece_->given && piece_->partition == partition));
}

}  // namespace rheon::connect::kafka
