#pragma once

// A source and sinks in memory through which a running job is fed in bursts: a burst is released,
// runs through the job, and has been measured when its last record is at the sink. Between bursts
// the job stands still, so that two jobs, or a job and a hand-written loop, can take turns.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "connect/files/csv_format.h"
#include "connect/source.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "measure.h"
#include "words.h"

namespace rheon::bench {

/// Between the benchmark's thread and the ends of one job.
class Gate {
 public:
  explicit Gate(std::uint32_t partitions) : lanes_(partitions) {}

  // The benchmark's thread.
  /// Lets `words` through, cut evenly among the partitions; returns when all of them have arrived.
  /// `records` may be a multiple of the words: then they go round.
  [[nodiscard]] Stint burst(const Words& words, std::size_t records);
  /// Sends `words` round and round, so many records a second, until close(). One partition.
  void stream(const Words& words, double records_per_second);
  /// The source ends: the job finishes by itself.
  void close();

  // The source's reader of a partition, on its shard.
  struct Lane {
    env::Waker* waker = nullptr;
    const std::string_view* begin = nullptr;  // what it goes round in
    const std::string_view* end = nullptr;
    const std::string_view* at = nullptr;
    std::size_t left = 0;
    double per_second = 0;  // 0: as fast as it goes
    double since = 0;       // then `sent` records have gone
    double sent = 0;
    std::atomic<std::uint64_t> burst{0};  // the one released last
    std::uint64_t taken = 0;              // the one being read, by the reader
  };
  [[nodiscard]] Lane& lane(std::size_t partition) { return lanes_[partition]; }
  void assign(std::size_t partition, env::Waker* waker);
  void begun();
  /// How many records may go now.
  [[nodiscard]] static std::size_t due(Lane& lane, std::size_t room);
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_acquire); }

  // The sink, on any shard.
  void arrived(std::size_t records) {
    if (arrived_.fetch_add(records, std::memory_order_acq_rel) + records == awaited_) {
      ended();
    }
  }

 private:
  void ended();

  std::vector<Lane> lanes_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> arrived_{0};
  std::uint64_t awaited_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t assigned_ = 0;
  bool has_begun_ = false;
  bool has_ended_ = false;
  ThreadTime begin_;
  ThreadTime end_;
  double begin_cpu_ = 0;
  double end_cpu_ = 0;
};

class GateReader final : public engine::SourceReader<std::string_view> {
 public:
  GateReader(std::shared_ptr<Gate> gate, const engine::SourceEnvironment& environment)
      : gate_(std::move(gate)), waker_(environment.waker) {}

  void assign(const engine::SourcePartition& partition) override {
    partitions_.push_back(std::stoul(partition.id));
    gate_->assign(partitions_.back(), waker_);
  }
  Result<engine::Poll> poll(engine::SourceOutput<std::string_view>& output) override;
  std::string position(std::size_t) const override { return std::to_string(emitted_); }
  bool at_end(std::size_t) const override { return false; }

 private:
  std::shared_ptr<Gate> gate_;
  env::Waker* waker_;
  std::vector<std::size_t> partitions_;
  std::uint64_t emitted_ = 0;
};

class GateConnector final : public engine::SourceConnector<std::string_view> {
 public:
  GateConnector(std::shared_ptr<Gate> gate, std::size_t partitions)
      : gate_(std::move(gate)), partitions_(partitions) {}

  engine::SourceTraits traits() const override { return {"benchmark", true, true}; }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment&, const std::vector<engine::SourcePartition>& known) const override;
  std::unique_ptr<engine::SourceReader<std::string_view>> make_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<GateReader>(gate_, environment);
  }

 private:
  std::shared_ptr<Gate> gate_;
  std::size_t partitions_;
};

[[nodiscard]] inline Source<std::string_view> gate_source(const std::shared_ptr<Gate>& gate,
                                                          std::size_t partitions) {
  return {std::make_shared<const GateConnector>(gate, partitions)};
}

/// A sink that needs nothing made durable.
template <class K, class T>
class MemoryWriter : public engine::SinkWriter<K, T> {
 public:
  void prepare(Epoch) override {}
  Result<bool> prepared(engine::SinkFactChanges&, std::vector<log::StreamAppend>&) override {
    return true;
  }
};

/// Formats lines into a buffer that is begun anew at 1 MiB.
template <class K, class T>
class CsvInMemory final : public MemoryWriter<K, T> {
 public:
  explicit CsvInMemory(std::shared_ptr<Gate> gate)
      : gate_(std::move(gate)), buffer_(std::make_unique<char[]>(kBufferBytes)) {}

  void write(const engine::Batch<K, T>& batch) override {
    char* at = at_;
    for (const engine::Slot<K, T>& record : batch.slots) {
      if (connect::csv::line_room(record) > static_cast<std::size_t>(full_ - at)) {
        at = buffer_.get();
      }
      at = connect::csv::put_line(at, record);
    }
    at_ = at;
    gate_->arrived(batch.slots.size());
  }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 20;

  std::shared_ptr<Gate> gate_;
  std::unique_ptr<char[]> buffer_;
  char* at_ = buffer_.get();
  char* full_ = buffer_.get() + kBufferBytes;
};

/// Only counts.
template <class K, class T>
class CountOnly final : public MemoryWriter<K, T> {
 public:
  explicit CountOnly(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  void write(const engine::Batch<K, T>& batch) override { gate_->arrived(batch.slots.size()); }

 private:
  std::shared_ptr<Gate> gate_;
};

/// What `stream.to(name, ...)` takes.
template <template <class, class> class Writer>
class GateSink {
 public:
  explicit GateSink(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    return std::make_shared<const Connector<K, T>>(gate_);
  }

 private:
  template <class K, class T>
  class Connector final : public engine::SinkConnector<K, T> {
   public:
    explicit Connector(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
    engine::SinkTraits traits() const override {
      return {.kind = "benchmark", .guarantee = engine::Guarantee::kExactlyOnce};
    }
    std::unique_ptr<engine::SinkWriter<K, T>> make_writer(const engine::SinkEnvironment&,
                                                          const engine::SinkFacts&) const override {
      return std::make_unique<Writer<K, T>>(gate_);
    }
    std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

   private:
    std::shared_ptr<Gate> gate_;
  };

  std::shared_ptr<Gate> gate_;
};

}  // namespace rheon::bench
