#pragma once

// The contract test of a sink connector: whatever happens to the job, whoever reads the outside
// finds each record that was committed - once, when that is what the sink promises.
//
//   TEST(Csv, KeepsTheContractOfSinks) {
//     testing::verify_sink<std::string_view, std::uint64_t>(
//         [] { return files::csv("out"); },
//         [](const testing::Outside& outside) { return lines_of(outside.files, "out"); })
//         .record("a", 1)
//         .record("b", 2)
//         .writes({"a,1", "b,2"});
//   }
//
// The first function makes the sink as the job function does, once for each process; the second
// reads what stands outside, a text for each record. writes() names the text of each record, and
// writes them
//   - in one epoch, and in an epoch each,
//   - with a kill, a power cut or an abort in every epoch: before it is prepared, while that goes
//     on, when all is prepared, when it is in the log, when it is published,
//   - and all of that on three shards.
// It looks after each commit and after each start. Of an exactly-once sink there must stand what
// has been committed, for one shard in its order; of an idempotent one as well, but that after a
// start records may be there already which will be written once more; of an at-least-once one no
// record may be missing or be unknown. A difference is thrown as std::runtime_error that names the
// way.

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/record.h"
#include "engine/batch.h"
#include "engine/sink.h"
#include "env/files.h"

namespace rheon::testing {

/// What somebody who is not the job can see.
struct Outside {
  env::Files& files;
  std::string output;  // what all processes so far have written to standard output
};

/// The records that stand there, each as a text.
using ReadSink = std::function<std::vector<std::string>(const Outside& outside)>;

/// A sink and the records to write, whatever their types.
struct WritingTask {
  std::function<std::shared_ptr<const engine::AnySinkConnector>()> make;
  /// A batch of one record.
  std::function<std::unique_ptr<engine::BatchBase>(std::size_t record)> batch_of;
  std::vector<std::string> texts;  // of the records
  ReadSink read;
};
void verify_ways_of_writing(const WritingTask& task);

template <class K, class T>
class SinkCheck {
 public:
  using Make = std::function<std::shared_ptr<const engine::AnySinkConnector>()>;

  SinkCheck(Make make, ReadSink read) : make_(std::move(make)), read_(std::move(read)) {}

  /// What views show must outlive writes().
  SinkCheck& record(const K& key, const T& value) {
    records_.emplace_back(key, value);
    return *this;
  }
  SinkCheck& record(const T& value) {
    records_.emplace_back(K{}, value);
    return *this;
  }

  /// The text of each record, as the reader gives it.
  void writes(std::vector<std::string> texts) const {
    if (texts.empty() || texts.size() != records_.size()) {
      throw std::runtime_error(
          "writes() takes one text for each record: " + std::to_string(texts.size()) + " for " +
          std::to_string(records_.size()) + " records");
    }
    verify_ways_of_writing(
        {make_, [this](std::size_t record) { return batch_of(record); }, std::move(texts), read_});
  }

 private:
  [[nodiscard]] std::unique_ptr<engine::BatchBase> batch_of(std::size_t record) const {
    auto batch = std::make_unique<engine::Batch<K, T>>();
    const auto& [key, value] = records_.at(record);
    const EventTime time{static_cast<std::int64_t>(record)};
    if constexpr (std::is_same_v<K, engine::NoKey>) {
      batch->slots.push_back({{}, codec::place<T>(value, batch->arena), time});
    } else {
      batch->slots.push_back(
          {codec::place<K>(key, batch->arena), codec::place<T>(value, batch->arena), time, record});
    }
    return batch;
  }

  Make make_;
  ReadSink read_;
  std::vector<std::pair<K, T>> records_;
};

/// Of a sink behind key_by.
template <class K, class T, class Make>
[[nodiscard]] SinkCheck<K, T> verify_sink(Make make, ReadSink read) {
  return {[make = std::move(make)] { return make().template bind<K, T>(); }, std::move(read)};
}

/// Of a sink of records without a key.
template <class T, class Make>
[[nodiscard]] SinkCheck<engine::NoKey, T> verify_sink(Make make, ReadSink read) {
  return verify_sink<engine::NoKey, T, Make>(std::move(make), std::move(read));
}

}  // namespace rheon::testing
