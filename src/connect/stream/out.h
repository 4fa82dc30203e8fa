#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/key.h"
#include "codec/value.h"
#include "connect/stream/stream_output.h"
#include "engine/sink.h"

namespace rheon {
namespace connect::stream {

/// The type header of a stream that holds these records.
template <class K, class T>
[[nodiscard]] std::string type_of() {
  if constexpr (std::is_same_v<K, engine::NoKey>) {
    return codec::stream_type(codec::ValueCodec<T>::schema());
  } else {
    return codec::stream_type(codec::key_schema<K>(), codec::ValueCodec<T>::schema());
  }
}

template <class K, class T>
class StreamWriter final : public engine::SinkWriter<K, T> {
 public:
  static constexpr bool kHasKey = !std::is_same_v<K, engine::NoKey>;

  StreamWriter(const engine::SinkEnvironment& environment, const std::string& stream,
               std::uint32_t partitions)
      : output_(environment, stream, partitions, type_of<K, T>(), kHasKey) {}

  void write(const engine::Batch<K, T>& batch) override {
    auto trace = batch.traces.begin();
    std::uint32_t index = 0;
    for (const engine::Slot<K, T>& record : batch.slots) {
      std::uint32_t partition = 0;
      if constexpr (kHasKey) {
        partition = output_.partition_of(record.hash);
        std::string& out = output_.begin(partition, record.time);
        const codec::KeyBytes<K> key(record.key);
        codec::put_bytes(out, key.view());
        codec::ValueCodec<T>::encode(record.value, out);
      } else {
        partition = output_.own_partition();
        codec::ValueCodec<T>::encode(record.value, output_.begin(partition, record.time));
      }
      for (; trace != batch.traces.end() && trace->index == index; ++trace) {
        output_.trace(partition, trace->context);
      }
      output_.end(partition);
      ++index;
    }
  }
  void watermark(EventTime watermark, bool idle) override { output_.watermark(watermark, idle); }
  std::uint64_t uncommitted_bytes() const override { return output_.held_bytes(); }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& appends) override {
    output_.take(appends);
    return true;
  }

 private:
  StreamOutput output_;
};

template <class K, class T>
class StreamSink final : public engine::SinkConnector<K, T> {
 public:
  explicit StreamSink(log::files::StreamDeclaration declaration)
      : declaration_(std::move(declaration)) {
    declaration_.type = type_of<K, T>();
  }
  engine::SinkTraits traits() const override {
    return {.kind = "stream", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<StreamWriter<K, T>>(environment, declaration_.name,
                                                declaration_.partitions);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }
  std::vector<log::files::StreamDeclaration> declared_streams() const override {
    return {declaration_};
  }

 private:
  log::files::StreamDeclaration declaration_;
};

}  // namespace connect::stream

namespace streams {

struct OutOptions {
  /// Fixed when the stream is first written. A key's partition is its stable hash modulo this.
  std::uint32_t partitions = 4;
  /// Older records go; none: nothing goes.
  std::optional<std::chrono::microseconds> retention = std::nullopt;
  /// The oldest records go when there are more bytes; none: nothing goes.
  std::optional<std::uint64_t> retention_bytes = std::nullopt;
};

/// Appends the records to a durable stream of the job's own log, in the same commit as its state.
/// Other jobs read it with streams::in(), while it grows, and nothing they do can hold this job up.
///
///     clicks.to("clicks", streams::out("clicks"))
class Out {
 public:
  Out(std::string name, const OutOptions& options) {
    declaration_.name = std::move(name);
    declaration_.partitions = options.partitions == 0 ? 1 : options.partitions;
    declaration_.retention.time = options.retention;
    declaration_.retention.bytes = options.retention_bytes;
  }

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    static_assert(
        codec::has_codec<T>,
        "streams::out cannot store records of this type: use text, bytes, numbers, enums, "
        "times, vectors or optionals of these, or structs with RHEON_FIELDS");
    return std::make_shared<const connect::stream::StreamSink<K, T>>(declaration_);
  }

 private:
  log::files::StreamDeclaration declaration_;
};

[[nodiscard]] inline Out out(std::string name, const OutOptions& options = {}) {
  return {std::move(name), options};
}

}  // namespace streams
}  // namespace rheon
