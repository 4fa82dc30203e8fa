#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/record.h"
#include "codec/wire.h"
#include "connect/source.h"
#include "engine/source.h"

namespace rheon {
namespace memory {

struct ValuesOptions {
  std::uint32_t partitions = 1;  // each holds a contiguous part of the values
  std::uint64_t repeat = 1;      // how often each partition is read from its start to its end
};

/// A value with its event time.
template <class T>
struct Timed {
  EventTime time;
  T value;
};

}  // namespace memory

namespace connect::memory {

/// Values are kept as they were given; records are what a batch stores (text for std::string).
template <class T>
using Values = std::vector<rheon::memory::Timed<T>>;

template <class T>
class ValueReader final : public engine::SourceReader<codec::Stored<T>> {
 public:
  ValueReader(std::shared_ptr<const Values<T>> values, const rheon::memory::ValuesOptions& options)
      : values_(std::move(values)), options_(options) {}

  void assign(const engine::SourcePartition& partition) override {
    const std::size_t number = std::stoul(partition.id);
    const std::size_t size = values_->size();
    Partition made;
    made.first = size * number / options_.partitions;
    made.size = size * (number + 1) / options_.partitions - made.first;
    made.end = made.size * options_.repeat;
    codec::Reader in(partition.position);
    made.next = partition.position.empty() ? 0 : in.varint();
    made.at = made.size == 0 ? 0 : made.next % made.size;
    partitions_.push_back(made);
  }

  Result<engine::Poll> poll(engine::SourceOutput<codec::Stored<T>>& output) override {
    for (std::size_t tries = partitions_.size(); tries > 0; --tries) {
      turn_ = turn_ + 1 < partitions_.size() ? turn_ + 1 : 0;
      Partition& partition = partitions_[turn_];
      if (partition.next < partition.end) {
        output.select(turn_);
        emit_some(partition, output);
        return engine::Poll::kWorked;
      }
    }
    return engine::Poll::kEnded;
  }

  std::string position(std::size_t partition) const override {
    std::string out;
    codec::put_varint(out, partitions_[partition].next);
    return out;
  }
  std::optional<std::uint64_t> offset(std::size_t partition) const override {
    return partitions_[partition].next;
  }
  bool at_end(std::size_t partition) const override {
    return partitions_[partition].next == partitions_[partition].end;
  }

 private:
  static constexpr std::uint64_t kBurst = 64;  // values between two looks at the output

  struct Partition {
    std::size_t first = 0;   // index of its first value
    std::size_t size = 0;    // number of its values
    std::uint64_t next = 0;  // values emitted so far, repetitions included
    std::uint64_t end = 0;
    std::size_t at = 0;  // next % size
  };

  void emit_some(Partition& partition, engine::SourceOutput<codec::Stored<T>>& output) {
    do {
      const std::uint64_t burst = std::min(
          {static_cast<std::uint64_t>(output.room_up_to(kBurst)), partition.end - partition.next,
           static_cast<std::uint64_t>(partition.size - partition.at)});
      const auto* value = values_->data() + partition.first + partition.at;
      emit_burst(value, burst, output);
      partition.next += burst;
      partition.at = partition.at + burst == partition.size ? 0 : partition.at + burst;
    } while (partition.next < partition.end && !output.full());
  }

  /// Values of one time, all in one call.
  void emit_burst(const rheon::memory::Timed<T>* value, std::size_t count,
                  engine::SourceOutput<codec::Stored<T>>& output) {
    for (const auto* const stop = value + count; value != stop;) {
      const EventTime time = value->time;
      std::size_t size = 0;
      for (; value != stop && value->time == time; ++value) {
        burst_[size++] = codec::Stored<T>(value->value);
      }
      output.emit_all({burst_.data(), size}, time);
    }
  }

  std::shared_ptr<const Values<T>> values_;
  rheon::memory::ValuesOptions options_;
  std::array<codec::Stored<T>, kBurst> burst_;
  std::vector<Partition> partitions_;
  std::size_t turn_ = 0;
};

template <class T>
class ValuesConnector final : public engine::SourceConnector<codec::Stored<T>> {
 public:
  ValuesConnector(Values<T> values, const rheon::memory::ValuesOptions& options)
      : values_(std::make_shared<const Values<T>>(std::move(values))), options_(options) {}

  engine::SourceTraits traits() const override { return {.kind = "memory"}; }

  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& /*environment*/,
      const std::vector<engine::SourcePartition>& known) const override {
    std::vector<engine::SourcePartition> partitions;
    for (std::uint32_t i = 0; i < options_.partitions; ++i) {
      engine::SourcePartition partition{std::to_string(i), "memory " + std::to_string(i), ""};
      for (const engine::SourcePartition& before : known) {
        if (before.id == partition.id) {
          partition.position = before.position;
        }
      }
      partitions.push_back(std::move(partition));
    }
    return partitions;
  }

  std::unique_ptr<engine::SourceReader<codec::Stored<T>>> make_reader(
      const engine::SourceEnvironment& /*environment*/) const override {
    return std::make_unique<ValueReader<T>>(values_, options_);
  }

 private:
  std::shared_ptr<const Values<T>> values_;
  rheon::memory::ValuesOptions options_;
};

}  // namespace connect::memory

namespace memory {

/// The given values as a bounded source, for tests and benchmarks. std::string becomes text. The
/// values must be the same when the job is started again.
///
///     job.from("words", memory::values<std::string>({"to", "be", "or", "not", "to", "be"}))
template <class T>
[[nodiscard]] Source<codec::Stored<T>> timed_values(std::vector<Timed<T>> values,
                                                    const ValuesOptions& options = {}) {
  return {std::make_shared<const connect::memory::ValuesConnector<T>>(std::move(values), options)};
}

template <class T>
[[nodiscard]] Source<codec::Stored<T>> values(std::vector<T> values,
                                              const ValuesOptions& options = {}) {
  std::vector<Timed<T>> timed;
  timed.reserve(values.size());
  for (auto&& value : values) {
    timed.push_back({EventTime::none(), std::move(value)});
  }
  return timed_values<T>(std::move(timed), options);
}

}  // namespace memory
}  // namespace rheon
