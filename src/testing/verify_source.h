#pragma once

// The contract test of a source connector: what it gives, partition by partition, may depend on
// its input and on nothing else - not on how often it is polled, not on how much room there is, not
// on where it was stopped and started again, not on the number of shards.
//
//   TEST(Lines, KeepTheContractOfSources) {
//     testing::verify_source<std::string_view>([](env::fake::FakeEnv& env) {
//       write_file(env.files(), "in/a.txt", "a\nb\n");
//       return files::lines("in/*.txt");
//     }).gives({"a", "b"});
//   }
//
// The function makes the input and the source on a fresh machine; the source must be one that ends.
// gives() reads it
//   - with all the room there is,
//   - with room for one record in each poll,
//   - by a new process from the committed positions after every poll that has brought something,
//   - by three shards,
//   - and again from every position at which it has stood (sources that are replayable),
// and compares each with the first way, and that one with what is given. A difference, and whatever
// else a reader must not do, is thrown as std::runtime_error.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/value.h"
#include "connect/source.h"
#include "engine/source.h"
#include "env/fake/fake_env.h"

namespace rheon::testing {

/// What a source has given: encoded records by partition, in order.
using ReadRecords = std::map<std::string, std::vector<std::string>>;

/// Readers of a source, one for each shard, in a process that goes on from committed positions.
class ReadingProcess {
 public:
  /// Makes the output that a reader of the source's type is polled with: it calls take() for each
  /// record, with select() before.
  class Output;
  using MakeOutput = std::function<std::unique_ptr<engine::AnySourceOutput>(Output& to)>;
  /// By id.
  using Positions = std::map<std::string, engine::SourcePartition>;

  ReadingProcess(env::fake::FakeEnv& env, const engine::AnySourceConnector& source,
                 const MakeOutput& make_output, std::uint32_t shards, std::size_t room,
                 Positions& committed);
  ~ReadingProcess();

  /// Polls until something has come, and commits the positions; false: all has been read.
  [[nodiscard]] bool read_some(ReadRecords& into);
  /// More than `most` records are an error.
  void read_all(ReadRecords& into, std::size_t most);

 private:
  struct Shard;

  /// True when it has ended.
  [[nodiscard]] bool poll(Shard& shard, ReadRecords& into);
  void commit();

  env::fake::FakeEnv& env_;
  env::fake::FakeParker parker_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Positions& committed_;
};

/// Where the records of a poll go.
class ReadingProcess::Output {
 public:
  explicit Output(std::size_t room) : room_(room) {}
  void select(std::size_t partition) { partition_ = partition; }
  void take(std::string encoded);
  [[nodiscard]] std::size_t room() const { return room_ - std::min(room_, in_poll_); }

  // For the process.
  void begin(ReadRecords& into) {
    into_ = &into;
    in_poll_ = 0;
    partition_ = kNone;
  }
  [[nodiscard]] std::size_t in_poll() const { return in_poll_; }
  void assign(std::string id) { ids_.push_back(std::move(id)); }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  std::size_t room_;
  std::size_t in_poll_ = 0;
  std::size_t partition_ = kNone;
  std::vector<std::string> ids_;  // of the partitions, in the order of assign()
  ReadRecords* into_ = nullptr;
};

/// Compares all ways of reading; what is typed is only the output. `make` as in verify_source().
void verify_ways_of_reading(
    const std::function<std::shared_ptr<const engine::AnySourceConnector>(env::fake::FakeEnv&)>&
        make,
    const ReadingProcess::MakeOutput& make_output, std::vector<std::string> expected);

template <class T>
class SourceCheck {
 public:
  using Make = std::function<Source<T>(env::fake::FakeEnv&)>;

  explicit SourceCheck(Make make) : make_(std::move(make)) {}

  /// `expected`: in any order.
  void gives(const std::vector<T>& expected) const {
    std::vector<std::string> bytes;
    bytes.reserve(expected.size());
    for (const T& value : expected) {
      bytes.push_back(encoded(value));
    }
    verify_ways_of_reading([this](env::fake::FakeEnv& env) { return make_(env).connector; },
                           [](ReadingProcess::Output& to) { return std::make_unique<Typed>(to); },
                           std::move(bytes));
  }

 private:
  class Typed final : public engine::SourceOutput<T> {
   public:
    explicit Typed(ReadingProcess::Output& to) : to_(to) {}
    void select(std::size_t partition) override { to_.select(partition); }
    void emit(const T& value, EventTime time) override {
      to_.take(std::to_string(time.micros) + ":" + encoded(value));
    }
    void quarantine(std::string_view bytes, std::string_view place,
                    std::string_view reason) override {
      throw std::runtime_error("the source sends '" + std::string(bytes) + "' (" +
                               std::string(place) + ") to quarantine: " + std::string(reason));
    }
    [[nodiscard]] std::size_t room() const override { return to_.room(); }
    [[nodiscard]] EventTime now() const override { return EventTime{1}; }

   private:
    ReadingProcess::Output& to_;
  };

  [[nodiscard]] static std::string encoded(const T& value) {
    std::string bytes;
    codec::ValueCodec<T>::encode(value, bytes);
    return bytes;
  }

  Make make_;
};

template <class T>
[[nodiscard]] SourceCheck<T> verify_source(typename SourceCheck<T>::Make make) {
  return SourceCheck<T>(std::move(make));
}

}  // namespace rheon::testing
