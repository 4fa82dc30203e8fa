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
#include "engine/batch.h"

namespace rheon::engine {
class AnySinkConnector;
}

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

/// Appends the records of a batch.
using WriteRecords = void (*)(StreamOutput& output, const engine::BatchBase& batch);

template <class K, class T>
void write_records(StreamOutput& output, const engine::BatchBase& base) {
  const auto& batch = static_cast<const engine::Batch<K, T>&>(base);
  auto trace = batch.traces.begin();
  std::uint32_t index = 0;
  for (const engine::Slot<K, T>& record : batch.slots) {
    std::uint32_t partition = 0;
    if constexpr (std::is_same_v<K, engine::NoKey>) {
      partition = output.own_partition();
      codec::ValueCodec<T>::encode(record.value, output.begin(partition, record.time));
    } else {
      partition = output.partition_of(record.hash);
      std::string& out = output.begin(partition, record.time);
      const codec::KeyBytes<K> key(record.key);
      codec::put_bytes(out, key.view());
      codec::ValueCodec<T>::encode(record.value, out);
    }
    for (; trace != batch.traces.end() && trace->index == index; ++trace) {
      output.trace(partition, trace->context);
    }
    output.end(partition);
    ++index;
  }
}

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
  Out(std::string name, const OutOptions& options);

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    static_assert(
        codec::has_codec<T>,
        "streams::out cannot store records of this type: use text, bytes, numbers, enums, "
        "times, vectors or optionals of these, or structs with RHEON_FIELDS");
    return connector(connect::stream::type_of<K, T>(), !std::is_same_v<K, engine::NoKey>,
                     &connect::stream::write_records<K, T>);
  }

 private:
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> connector(
      std::string type, bool keyed, connect::stream::WriteRecords write) const;

  std::string name_;
  OutOptions options_;
};

[[nodiscard]] inline Out out(std::string name, const OutOptions& options = {}) {
  return {std::move(name), options};
}

}  // namespace streams
}  // namespace rheon
