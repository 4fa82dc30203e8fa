#include "connect/stream/in.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "connect/stream/partition_watermark.h"
#include "connect/stream/stream_fetcher.h"
#include "engine/source.h"

namespace rheon::connect::stream {

namespace {

/// One batch after the other of the partitions that a shard owns.
class StreamSourceReader final : public engine::AnySourceReader {
 public:
  StreamSourceReader(const engine::SourceEnvironment& environment, const StreamPlace& place,
                     const StreamRecordType& type)
      : fetcher_(environment, place),
        place_(place),
        stop_at_end_(environment.stop_at_end),
        type_(type) {}

  void assign(const engine::SourcePartition& partition) override {
    auto position = decode_position(partition.position);
    if (!position) {
      broken_ = tl::unexpected(position.error());
      position = PartitionPosition{};
    }
    fetcher_.assign(static_cast<std::uint32_t>(std::stoul(partition.id)), position->batch);
    partitions_.emplace_back();
    partitions_.back().position = *position;
  }

  Result<engine::Poll> poll_any(engine::AnySourceOutput& output) override {
    RHEON_TRY(broken_);
    RHEON_TRY(fetcher_.pump());
    bool waiting = false;
    bool ended = true;
    for (std::size_t tries = partitions_.size(); tries > 0; --tries) {
      turn_ = turn_ + 1 < partitions_.size() ? turn_ + 1 : 0;
      Partition& partition = partitions_[turn_];
      const StreamFetcher::State state = fetcher_.state(turn_);
      partition.at_end = !partition.batch.has_value() && (state == StreamFetcher::State::kAtEnd ||
                                                          state == StreamFetcher::State::kEnded);
      if (partition.batch.has_value() || state == StreamFetcher::State::kBatch) {
        RHEON_TRY(emit(turn_, output));
        return engine::Poll::kWorked;
      }
      waiting = waiting || state == StreamFetcher::State::kWaiting;
      ended = ended && state == StreamFetcher::State::kEnded;
    }
    if (waiting) {
      return engine::Poll::kWaiting;
    }
    return ended && (!partitions_.empty() || stop_at_end_) ? engine::Poll::kEnded
                                                           : engine::Poll::kIdle;
  }

  std::string position(std::size_t partition) const override {
    return encode(partitions_[partition].position);
  }
  std::optional<std::uint64_t> offset(std::size_t partition) const override {
    return partitions_[partition].position.batch.next_batch;
  }
  bool at_end(std::size_t partition) const override { return partitions_[partition].at_end; }

 private:
  static constexpr std::size_t kRecordsPerLook = 16;  // between two looks at the output

  struct Partition {
    PartitionPosition position;  // right behind what was emitted
    std::string bytes;           // what `batch` and the records of this poll show
    std::optional<codec::StreamBatchReader> batch;
    std::size_t trace = 0;  // the next of the batch's traces
    PartitionWatermark watermark;
    bool at_end = false;
  };

  Status emit(std::size_t index, engine::AnySourceOutput& output) {
    Partition& partition = partitions_[index];
    output.select(index);
    if (!partition.batch.has_value()) {
      RHEON_TRY(open_batch(index));
    }
    codec::StreamBatchReader& batch = *partition.batch;
    for (;;) {
      const std::size_t most =
          std::min(output.room_up_to(kRecordsPerLook), records_to_trace(partition));
      const std::uint32_t done = partition.position.records;
      const StreamRecords::Emitted emitted = records_->emit(batch, done, most, output);
      if (emitted == StreamRecords::Emitted::kBroken) {
        return broken_batch(partition);
      }
      if (batch.taken() > done) {
        partition.position.records = batch.taken();
        tell_trace(partition, output);
      }
      if (emitted == StreamRecords::Emitted::kAll) {
        return end_batch(partition, output);
      }
      if (output.full()) {
        return {};
      }
    }
  }

  Status open_batch(std::size_t index) {
    Partition& partition = partitions_[index];
    log::files::StreamBatchView next = fetcher_.take(index);
    if (records_ == nullptr) {
      RHEON_ASSIGN(codec::SchemaReader values,
                   make_value_reader(fetcher_.type(), describe(place_), type_.wanted()));
      records_.reset(type_.make(std::move(values)));
      type_id_ = codec::stream_type_id(fetcher_.type());
    }
    partition.bytes = std::move(next.batch);
    partition.trace = 0;
    auto batch = codec::StreamBatchReader::open(partition.bytes, type_id_);
    if (!batch) {
      return broken_batch(partition, batch.error());
    }
    partition.batch.emplace(std::move(*batch));
    return {};
  }

  Status end_batch(Partition& partition, engine::AnySourceOutput& output) {
    if (!partition.batch->complete()) {
      return broken_batch(partition);
    }
    if (partition.watermark.take(partition.batch->marks())) {
      output.watermark(partition.watermark.current());
    }
    ++partition.position.batch.next_batch;
    partition.position.records = 0;
    partition.batch.reset();
    return {};
  }

  /// How many records end with the next one that is followed; those that were emitted before a
  /// restart are not followed again.
  [[nodiscard]] static std::size_t records_to_trace(Partition& partition) {
    const std::vector<codec::StreamTrace>& traces = partition.batch->traces();
    while (partition.trace < traces.size() &&
           traces[partition.trace].index < partition.position.records) {
      ++partition.trace;
    }
    return partition.trace < traces.size()
               ? traces[partition.trace].index + 1 - partition.position.records
               : kRecordsPerLook;
  }
  /// Of the record that was emitted last.
  static void tell_trace(Partition& partition, engine::AnySourceOutput& output) {
    const std::vector<codec::StreamTrace>& traces = partition.batch->traces();
    for (; partition.trace < traces.size() &&
           traces[partition.trace].index < partition.position.records;
         ++partition.trace) {
      const codec::StreamTrace& trace = traces[partition.trace];
      output.trace({trace.trace_high, trace.trace_low, trace.span});
    }
  }

  [[nodiscard]] tl::unexpected<Error> broken_batch(
      const Partition& partition,
      const Error& why = {ErrorCode::kCorrupt, "its records are not what its type says"}) const {
    return fail(why.code, "batch " + std::to_string(partition.position.batch.next_batch) +
                              " of a partition of " + describe(place_) + ": " + why.message +
                              ". `rheon log check` says more about that directory.");
  }

  StreamFetcher fetcher_;
  StreamPlace place_;
  bool stop_at_end_;
  Status broken_;
  const StreamRecordType& type_;
  std::unique_ptr<StreamRecords> records_;  // null until the stream's type is known
  std::uint32_t type_id_ = 0;
  std::vector<Partition> partitions_;
  std::size_t turn_ = 0;
};

class StreamConnector final : public engine::AnySourceConnector {
 public:
  StreamConnector(StreamPlace place, const StreamRecordType& type)
      : place_(std::move(place)), type_(type) {}

  engine::SourceTraits traits() const override {
    return {.kind = "stream", .replayable = true, .bounded = false, .place = describe(place_)};
  }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    const auto check = [this](std::string_view type, std::string_view stream) -> Status {
      RHEON_TRY(make_value_reader(type, stream, type_.wanted()));
      return {};
    };
    return discover_stream(environment, place_, known, check);
  }
  /// The stream may not exist yet.
  bool grows() const override { return true; }
  std::unique_ptr<engine::AnySourceReader> make_any_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<StreamSourceReader>(environment, place_, type_);
  }

 private:
  StreamPlace place_;
  const StreamRecordType& type_;
};

}  // namespace

Result<codec::SchemaReader> make_value_reader(std::string_view type, std::string_view stream,
                                              const WantedType& wanted) {
  const codec::StreamType stored = codec::parse_stream_type(type);
  if (!wanted.key.empty() && stored.key != wanted.key) {
    return fail(ErrorCode::kRefused,
                std::string(stream) + " has " +
                    (stored.key.empty() ? "no keys" : "keys of type " + stored.key) +
                    ", this build reads keys of type " + wanted.key + ".");
  }
  return codec::SchemaReader::make(stored.value, wanted.value, stream);
}

std::shared_ptr<const engine::AnySourceConnector> make_connector(std::string data_directory,
                                                                 std::string stream,
                                                                 const StreamRecordType& type) {
  return std::make_shared<StreamConnector>(
      StreamPlace{std::move(data_directory), std::move(stream)}, type);
}

}  // namespace rheon::connect::stream
