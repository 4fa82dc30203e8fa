#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/key.h"
#include "codec/schema.h"
#include "codec/stream_batch.h"
#include "connect/source.h"
#include "connect/stream/partition_watermark.h"
#include "connect/stream/stream_fetcher.h"

namespace rheon {
namespace streams {

/// A record of a stream whose records have keys.
template <class K, class T>
struct Keyed {
  K key;
  T value;
};
template <class K, class T>
[[nodiscard]] inline const char* rheon_type_name(const Keyed<K, T>*) {
  return "Keyed";
}
template <class K, class T, class Visit>
inline void rheon_fields(const Keyed<K, T>*, Visit&& visit) {
  visit("key", &Keyed<K, T>::key);
  visit("value", &Keyed<K, T>::value);
}

}  // namespace streams

namespace connect::stream {

template <class R>
struct IsKeyed : std::false_type {};
template <class K, class T>
struct IsKeyed<streams::Keyed<K, T>> : std::true_type {
  using Key = K;
  using Value = T;
};

/// Reads records of the type R: a value, or streams::Keyed. Keys that nobody asked for are passed.
template <class R>
class RecordReader {
 public:
  [[nodiscard]] static Result<RecordReader> make(std::string_view type, std::string_view stream) {
    const codec::StreamType stored = codec::parse_stream_type(type);
    RecordReader result;
    if constexpr (IsKeyed<R>::value) {
      using Key = typename IsKeyed<R>::Key;
      if (stored.key != codec::key_schema<Key>()) {
        return fail(ErrorCode::kRefused,
                    std::string(stream) + " has " +
                        (stored.key.empty() ? "no keys" : "keys of type " + stored.key) +
                        ", this build reads keys of type " + codec::key_schema<Key>() + ".");
      }
      using Value = typename IsKeyed<R>::Value;
      RHEON_ASSIGN(result.value_, codec::SchemaReader<Value>::make(stored.value, stream));
    } else {
      RHEON_ASSIGN(result.value_, codec::SchemaReader<R>::make(stored.value, stream));
    }
    return result;
  }
  static Status check(std::string_view type, std::string_view stream) {
    RHEON_TRY(make(type, stream));
    return {};
  }

  /// False when the bytes are no such record.
  [[nodiscard]] bool read(codec::StreamBatchReader& batch, R& record) const {
    codec::Reader& in = batch.body();
    std::string_view key;
    if (batch.keyed()) {
      key = in.bytes();
    }
    if constexpr (IsKeyed<R>::value) {
      if (!batch.keyed() || !codec::take_key(key, record.key) || !key.empty()) {
        return false;
      }
      value_.decode(in, record.value);
    } else {
      value_.decode(in, record);
    }
    return !in.failed();
  }

 private:
  template <class T>
  struct ValueOf {
    using type = T;
  };
  template <class K, class T>
  struct ValueOf<streams::Keyed<K, T>> {
    using type = T;
  };

  codec::SchemaReader<typename ValueOf<R>::type> value_;
};

/// One batch after the other of the partitions that a shard owns.
template <class R>
class StreamSourceReader final : public engine::SourceReader<R> {
 public:
  StreamSourceReader(const engine::SourceEnvironment& environment, const StreamPlace& place)
      : fetcher_(environment, place), place_(place), stop_at_end_(environment.stop_at_end) {}

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

  Result<engine::Poll> poll(engine::SourceOutput<R>& output) override {
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
  static constexpr std::uint32_t kRecordsPerLook = 16;  // between two looks at the output

  struct Partition {
    PartitionPosition position;  // right behind what was emitted
    std::string bytes;           // what `batch` and the records of this poll show
    std::optional<codec::StreamBatchReader> batch;
    std::size_t trace = 0;  // the next of the batch's traces
    PartitionWatermark watermark;
    bool at_end = false;
  };

  Status emit(std::size_t index, engine::SourceOutput<R>& output) {
    Partition& partition = partitions_[index];
    output.select(index);
    if (!partition.batch.has_value()) {
      RHEON_TRY(open_batch(index));
    }
    codec::StreamBatchReader& batch = *partition.batch;
    EventTime time;
    R record{};
    std::size_t left = output.room_up_to(kRecordsPerLook);  // before the next look at the output
    while (batch.next(time)) {
      if (!records_->read(batch, record)) {
        return broken_batch(partition);
      }
      if (batch.taken() <= partition.position.records) {
        continue;  // was emitted before the restart
      }
      output.emit(record, time);
      partition.position.records = batch.taken();
      if (partition.trace < batch.traces().size()) {
        tell_trace(partition, output);
      }
      if (--left == 0) {
        if (output.full()) {
          return {};
        }
        left = output.room_up_to(kRecordsPerLook);
      }
    }
    if (!batch.complete()) {
      return broken_batch(partition);
    }
    if (partition.watermark.take(batch.marks())) {
      output.watermark(partition.watermark.current());
    }
    ++partition.position.batch.next_batch;
    partition.position.records = 0;
    partition.batch.reset();
    return {};
  }

  Status open_batch(std::size_t index) {
    Partition& partition = partitions_[index];
    log::files::StreamBatchView next = fetcher_.take(index);
    if (!records_.has_value()) {
      RHEON_ASSIGN(records_, RecordReader<R>::make(fetcher_.type(), describe(place_)));
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

  void tell_trace(Partition& partition, engine::SourceOutput<R>& output) {
    const std::vector<codec::StreamTrace>& traces = partition.batch->traces();
    const std::uint32_t emitted = partition.batch->taken() - 1;
    for (; partition.trace < traces.size() && traces[partition.trace].index <= emitted;
         ++partition.trace) {
      const codec::StreamTrace& trace = traces[partition.trace];
      if (trace.index == emitted) {
        output.trace({trace.trace_high, trace.trace_low, trace.span});
      }
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
  std::optional<RecordReader<R>> records_;  // once the stream's type is known
  std::uint32_t type_id_ = 0;
  std::vector<Partition> partitions_;
  std::size_t turn_ = 0;
};

template <class R>
class StreamConnector final : public engine::SourceConnector<R> {
 public:
  explicit StreamConnector(StreamPlace place) : place_(std::move(place)) {}

  engine::SourceTraits traits() const override {
    return {.kind = "stream", .replayable = true, .bounded = false, .place = describe(place_)};
  }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    return discover_stream(environment, place_, known, &RecordReader<R>::check);
  }
  /// The stream may not exist yet.
  bool grows() const override { return true; }
  std::unique_ptr<engine::SourceReader<R>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<StreamSourceReader<R>>(environment, place_);
  }

 private:
  StreamPlace place_;
};

}  // namespace connect::stream

namespace streams {

/// The records of a stream that another job writes with streams::out(); `data_directory` is that
/// job's. Waits for a stream that does not exist yet, and for more behind its end, until the job
/// that writes it is complete (or with --stop-at-end not at all). Records bring their event times,
/// and the writer's watermarks. Fields may have been added to a struct and dropped since.
///
///     job.from("clicks", streams::in<Click>("clicks.data", "clicks"))
template <class T>
[[nodiscard]] Source<T> in(std::string data_directory, std::string stream) {
  static_assert(codec::has_codec<T>,
                "streams::in cannot read records of this type: use text, bytes, numbers, enums, "
                "times, vectors or optionals of these, or structs with RHEON_FIELDS");
  return {std::make_shared<const connect::stream::StreamConnector<T>>(
      connect::stream::StreamPlace{std::move(data_directory), std::move(stream)})};
}

/// The same with the keys that the records had.
///
///     job.from("counts", streams::in_keyed<std::string_view, std::uint64_t>("counts.data",
///     "counts"))
///        .key_by([](const auto& record) { return record.key; })
template <class K, class T>
[[nodiscard]] Source<Keyed<K, T>> in_keyed(std::string data_directory, std::string stream) {
  static_assert(codec::is_key<K> && codec::has_codec<T>,
                "streams::in_keyed<K, T>: K is a type of keys, T a type of records");
  return {std::make_shared<const connect::stream::StreamConnector<Keyed<K, T>>>(
      connect::stream::StreamPlace{std::move(data_directory), std::move(stream)})};
}

}  // namespace streams
}  // namespace rheon
