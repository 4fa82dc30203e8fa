#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "connect/files/csv_format.h"
#include "connect/files/csv_output.h"
#include "engine/sink.h"

namespace rheon {
namespace connect::csv {

/// Brings the directory to what the log has committed, and publishes that in `.rheon/committed`.
[[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer(std::string directory);

template <class K, class T>
class CsvWriter final : public engine::SinkWriter<K, T> {
 public:
  CsvWriter(const engine::SinkEnvironment& environment, const engine::SinkFacts& recovered,
            const std::string& directory, std::uint64_t max_file_bytes)
      : output_(environment, recovered, directory, max_file_bytes) {}

  void write(const engine::Batch<K, T>& batch) override {
    char* at = output_.cursor();
    std::size_t room = output_.room();
    for (const engine::Slot<K, T>& record : batch.slots) {
      const std::size_t bytes = line_room(record);
      if (bytes > room) {
        output_.make_room(at, bytes);
        at = output_.cursor();
        room = output_.room();
      }
      char* const end = put_line(at, record);
      room -= static_cast<std::size_t>(end - at);
      at = end;
    }
    output_.set_cursor(at);
  }
  void prepare(Epoch /*epoch*/) override { output_.prepare(); }
  Result<bool> prepared(engine::SinkFactChanges& facts,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return output_.prepared(facts);
  }
  Result<bool> blocked() override { return output_.blocked(); }
  bool no_space() const override { return output_.no_space(); }
  void retire() override { output_.retire(); }

 private:
  CsvOutput output_;
};

template <class K, class T>
class CsvConnector final : public engine::SinkConnector<K, T> {
 public:
  CsvConnector(std::string directory, std::uint64_t max_file_bytes)
      : directory_(std::move(directory)), max_file_bytes_(max_file_bytes) {}

  engine::SinkTraits traits() const override {
    return {.kind = "files", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& recovered) const override {
    return std::make_unique<CsvWriter<K, T>>(environment, recovered, directory_, max_file_bytes_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return csv::make_committer(directory_);
  }

 private:
  std::string directory_;
  std::uint64_t max_file_bytes_;
};

}  // namespace connect::csv

namespace files {

struct CsvOptions {
  /// A file that has reached this size is closed, and a new one begun.
  std::uint64_t max_file_bytes = std::uint64_t{256} << 20;
};

/// Writes each record as a line to files `<shard>-<sequence>.csv`: nothing is doubled or lost,
/// whatever crashes. The directory must be empty or this sink's own. What stands beyond the lengths
/// in
/// `.rheon/committed` (lines `name length closed`) may still be taken back. Columns are described
/// in connect/files/csv_format.h.
///
///     counts.to("csv", files::csv("out"))          // word,17
class Csv {
 public:
  Csv(const std::string& directory, const CsvOptions& options);

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    static_assert(std::is_same_v<K, engine::NoKey> || connect::csv::writable<K>(),
                  "files::csv cannot write keys of this type: use text, numbers, times or structs "
                  "with RHEON_FIELDS");
    static_assert(
        connect::csv::writable<T>(),
        "files::csv cannot write records of this type: use text, numbers, times or structs "
        "with RHEON_FIELDS");
    return std::make_shared<const connect::csv::CsvConnector<K, T>>(directory_,
                                                                    options_.max_file_bytes);
  }

 private:
  std::string directory_;
  CsvOptions options_;
};

[[nodiscard]] inline Csv csv(const std::string& directory, const CsvOptions& options = {}) {
  return {directory, options};
}

}  // namespace files
}  // namespace rheon
