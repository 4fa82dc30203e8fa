#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "codec/key.h"
#include "codec/schema.h"
#include "codec/stream_batch.h"
#include "connect/source.h"
#include "engine/source_output.h"

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

/// What a reader wants of a stream's type.
struct WantedType {
  std::string key;  // the schema; empty: keys, which nobody asked for, are passed
  std::string value;
};
/// kRefused when a stream of this type cannot be read so.
[[nodiscard]] Result<codec::SchemaReader> make_value_reader(std::string_view type,
                                                            std::string_view stream,
                                                            const WantedType& wanted);

/// Reads records of the type R: a value, or streams::Keyed.
template <class R>
class RecordReader {
 public:
  [[nodiscard]] static WantedType wanted() {
    if constexpr (IsKeyed<R>::value) {
      return {codec::key_schema<typename IsKeyed<R>::Key>(),
              codec::ValueCodec<typename IsKeyed<R>::Value>::schema()};
    } else {
      return {"", codec::ValueCodec<R>::schema()};
    }
  }
  explicit RecordReader(codec::SchemaReader values) : values_(std::move(values)) {}

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
      values_.decode(in, record.value);
    } else {
      values_.decode(in, record);
    }
    return !in.failed();
  }

 private:
  codec::SchemaReader values_;
};

/// The records of a stream's batches: the one part of this source that knows their type.
class StreamRecords {
 public:
  enum class Emitted { kMore, kAll, kBroken };

  virtual ~StreamRecords() = default;
  /// Emits the next records of a batch, at most `most`; passes over those that are not behind
  /// `done` records from its start. kBroken: its bytes are no such records.
  [[nodiscard]] virtual Emitted emit(codec::StreamBatchReader& batch, std::uint32_t done,
                                     std::size_t most, engine::AnySourceOutput& output) = 0;
};

template <class R>
class TypedStreamRecords final : public StreamRecords {
 public:
  explicit TypedStreamRecords(codec::SchemaReader values) : reader_(std::move(values)) {}

  Emitted emit(codec::StreamBatchReader& batch, std::uint32_t done, std::size_t most,
               engine::AnySourceOutput& output) override {
    EventTime time;
    while (most > 0) {
      if (!batch.next(time)) {
        return Emitted::kAll;
      }
      if (!reader_.read(batch, record_)) {
        return Emitted::kBroken;
      }
      if (batch.taken() > done) {
        static_cast<engine::SourceOutput<R>&>(output).emit(record_, time);
        --most;
      }
    }
    return Emitted::kMore;
  }

 private:
  RecordReader<R> reader_;
  R record_{};
};

/// What is made of the type of the records.
struct StreamRecordType {
  WantedType (*wanted)();
  /// New ones, the caller's.
  StreamRecords* (*make)(codec::SchemaReader values);
};
template <class R>
inline constexpr StreamRecordType stream_record_type{
    &RecordReader<R>::wanted, [](codec::SchemaReader values) -> StreamRecords* {
      return new TypedStreamRecords<R>(std::move(values));
    }};

[[nodiscard]] std::shared_ptr<const engine::AnySourceConnector> make_connector(
    std::string data_directory, std::string stream, const StreamRecordType& type);

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
  return {connect::stream::make_connector(std::move(data_directory), std::move(stream),
                                          connect::stream::stream_record_type<T>)};
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
  return {connect::stream::make_connector(std::move(data_directory), std::move(stream),
                                          connect::stream::stream_record_type<Keyed<K, T>>)};
}

}  // namespace streams
}  // namespace rheon
