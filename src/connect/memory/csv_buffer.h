#pragma once

#include <memory>
#include <vector>

#include "connect/files/csv_format.h"
#include "engine/sink.h"

namespace rheon {
namespace connect::memory {

template <class K, class T>
class CsvBufferWriter final : public engine::SinkWriter<K, T> {
 public:
  void write(const engine::Batch<K, T>& batch) override {
    char* at = at_;
    for (const engine::Slot<K, T>& record : batch.slots) {
      const std::size_t bytes = csv::line_room(record);
      if (bytes > static_cast<std::size_t>(end_ - at)) {
        at = restart(bytes);
      }
      at = csv::put_line(at, record);
    }
    at_ = at;
  }
  void prepare(Epoch /*epoch*/) override {}
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return true;
  }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 20;

  char* restart(std::size_t bytes) {
    if (buffer_.size() < bytes) {
      buffer_.resize(bytes < kBufferBytes ? kBufferBytes : bytes);
    }
    end_ = buffer_.data() + buffer_.size();
    return buffer_.data();
  }

  std::vector<char> buffer_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

template <class K, class T>
class CsvBufferConnector final : public engine::SinkConnector<K, T> {
 public:
  engine::SinkTraits traits() const override {
    return {.kind = "CSV in memory", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& /*environment*/,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<CsvBufferWriter<K, T>>();
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }
};

}  // namespace connect::memory

namespace memory {

/// Formats lines as files::csv does, into memory that is used again for every megabyte. For
/// measuring what a job costs without a disk.
class CsvBuffer {
 public:
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    static_assert(connect::csv::writable<T>(),
                  "memory::csv_buffer cannot write records of this type: use text, numbers, times "
                  "or structs with RHEON_FIELDS");
    return std::make_shared<const connect::memory::CsvBufferConnector<K, T>>();
  }
};

[[nodiscard]] inline CsvBuffer csv_buffer() { return {}; }

}  // namespace memory
}  // namespace rheon
