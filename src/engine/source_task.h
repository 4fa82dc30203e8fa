#pragma once

// The task of a source on one shard: polls its reader, gives records their event time, cuts epochs
// when asked.

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/value.h"
#include "engine/operator_counters.h"
#include "engine/origins.h"
#include "engine/output_port.h"
#include "engine/record_cost.h"
#include "engine/shard_context.h"
#include "engine/source_output.h"
#include "engine/task.h"
#include "engine/user_code.h"
#include "engine/watermarks.h"

namespace rheon::engine {

class AnySourceReader;
enum class Poll;
struct SourcePartition;

/// What does not depend on the type of the records.
class SourceTaskBase : public Task {
 public:
  /// `on_throw`: what becomes of a record whose event time cannot be told.
  SourceTaskBase(const std::string& name, WatermarkStrategy strategy,
                 std::shared_ptr<AnySourceReader> reader, ShardContext& shard, OnThrow on_throw);
  ~SourceTaskBase() override;

  /// Where the source's records go, within its stage.
  void connect(const Target& target);
  /// A partition to read, from its position on. Between steps.
  void assign(const SourcePartition& partition, const PartitionTime& time);
  void request(const Barrier& barrier) override { requested_ = &barrier; }
  /// A task without partitions has ended, unless the whole source has none yet and waits for them.
  /// Between steps.
  void waits_for_partitions(bool waits) { waits_for_partitions_ = waits; }
  /// Every partition was read to its end for good.
  [[nodiscard]] bool ended() const { return ended_; }
  /// What has kept it from reading for long, as a sentence; empty: nothing has.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 protected:
  // An idle source is polled again after an eighth of the time for which nothing has come, within
  // these limits: what comes often is never found late, and what is silent costs next to nothing.
  static constexpr std::chrono::milliseconds kFirstIdlePoll{20};
  static constexpr std::chrono::milliseconds kLastIdlePoll{100};
  static constexpr std::chrono::seconds kLongTrouble{2};  // shorter ones are not worth a word

  /// The poll under way.
  struct Reading {
    std::size_t partition = 0;
    EventTime now;
    EventTime latest_allowed;        // event time
    std::size_t limit = 0;           // of its records, those that go to quarantine among them
    std::size_t kept_out = 0;        // these, so far
    std::size_t emitted = 0;         // so far
    bool refused = false;            // the last record
    std::uint32_t until_sample = 0;  // records, from one poll to the next; 0: none is sampled
  };

  void report(EpochPart& part) override;
  [[nodiscard]] StepResult take_input() override;
  void held_up() override;

  /// The derived class as its reader sees it.
  [[nodiscard]] virtual AnySourceOutput& output() = 0;
  [[nodiscard]] virtual AnyOutputPort& port() = 0;

  // What SourceOutput says. `pending`: records in the port.
  void select(std::size_t partition);
  /// Others may follow as many records as they like.
  [[nodiscard]] bool wants_traces() const {
    constexpr std::size_t kMostSpans = 1024;  // of an epoch, about
    return shard().trace_every > 0 && shard().spans.size() < kMostSpans;
  }
  void trace(const observe::TraceContext& context, std::size_t pending);
  void promised(EventTime time) { watermarks_.promised(reading_.partition, time); }
  void quarantine(std::string_view bytes, std::string_view place, std::string_view reason);
  [[nodiscard]] std::size_t room() const {
    const std::size_t taken = reading_.emitted + reading_.kept_out;
    return shard().error.has_value() ? 0 : reading_.limit - std::min(reading_.limit, taken);
  }

  void saw(EventTime time) { watermarks_.saw(reading_.partition, time); }
  /// The record lies further in the future than max_future allows.
  void refuse(std::string_view bytes, EventTime time);
  [[gnu::cold, gnu::noinline]] void time_of_threw(const std::string& record);
  /// So many records were emitted; `pending` are in the port.
  void emitted(std::uint32_t records, std::size_t pending) {
    reading_.emitted += records;
    reading_.refused = false;
    if (reading_.until_sample != 0) {
      reading_.until_sample -= records;
      if (reading_.until_sample == 0) {
        sample(pending);
      }
    }
  }
  [[nodiscard]] const Reading& reading() const { return reading_; }

 private:
  [[nodiscard]] Result<Poll> poll();
  void sample(std::size_t pending);
  /// The last of the records in the port belongs to a trace.
  void follow(observe::TraceContext context, std::uint64_t parent, std::size_t pending);
  void count(std::uint64_t emitted, std::uint64_t out);
  [[nodiscard]] SourceTime time() const;
  void tell_watermark(const Watermark& watermark);
  void cut(const Barrier& barrier);
  /// Asks the reader what keeps it from reading.
  void look_for_trouble(Poll polled);

  std::string name_;
  std::shared_ptr<AnySourceReader> reader_;  // this is its only owner
  Reading reading_;
  std::chrono::microseconds max_future_;
  RecordCost cost_;
  SourceWatermarks watermarks_;
  Watermark told_;
  OperatorCounters counters_;
  OnThrow on_throw_;
  std::vector<SourcePartition> partitions_;
  std::deque<SourcePlace> places_;  // of the partitions; batches point to them
  std::vector<Target> targets_;
  std::vector<std::pair<std::string, std::string>> reported_;  // fact by partition, last committed
  const Barrier* requested_ = nullptr;
  env::Monotonic worked_at_{0};  // when the last poll read something
  Origins read_from_;            // where the selected partition stood
  bool waits_for_partitions_ = false;
  bool ended_ = false;
  std::optional<env::Monotonic> held_up_since_;
  std::optional<env::Monotonic> in_trouble_since_;
  env::Monotonic look_for_trouble_at_{0};
  std::string trouble_;
};

/// `position/<source>/<partition id>` in the commit.
struct PositionFact {
  std::string label;
  std::string position;
  PartitionTime time;
};
[[nodiscard]] std::string encode_position(const PositionFact& fact);
[[nodiscard]] Result<PositionFact> decode_position(std::string_view key, std::string_view value);

/// For sources whose records bring no time of their own.
struct NoTime {};

/// `TimeOf`: const-callable, const T& -> EventTime; or NoTime.
template <class T, class TimeOf>
class SourceTask final : public SourceTaskBase, private SourceOutput<T> {
 public:
  SourceTask(const std::string& name, WatermarkStrategy strategy, TimeOf time_of,
             std::shared_ptr<AnySourceReader> reader, ShardContext& shard,
             OnThrow on_throw = OnThrow::kStop)
      : SourceTaskBase(name, strategy, std::move(reader), shard, on_throw),
        time_of_(std::move(time_of)) {}

 private:
  AnySourceOutput& output() override { return *this; }
  AnyOutputPort& port() override { return port_; }

  // SourceOutput, for the reader.
  void select(std::size_t partition) override { SourceTaskBase::select(partition); }
  void emit(const T& value, EventTime given) override {
    EventTime time = given == EventTime::none() ? reading().now : given;
    if constexpr (!std::is_same_v<TimeOf, NoTime>) {
      try {
        time = time_of_(value);
      } catch (...) {
        time_of_threw(codec::shown_bytes(value));
        return;
      }
    }
    if (time > reading().latest_allowed) [[unlikely]] {
      refuse(codec::shown_bytes(value), time);
      return;
    }
    if (port_.size() >= kBatchRecords) {
      port_.flush();
    }
    saw(time);
    port_.emit_shown({}, value, time, 0);
    emitted(1, port_.size());
  }
  void emit_all(std::span<const T> values, EventTime given) override {
    const EventTime time = given == EventTime::none() ? reading().now : given;
    if (!std::is_same_v<TimeOf, NoTime> || time > reading().latest_allowed || values.empty()) {
      SourceOutput<T>::emit_all(values, given);
      return;
    }
    saw(time);
    while (!values.empty()) {
      if (port_.size() >= kBatchRecords) {
        port_.flush();
      }
      std::size_t n = std::min(values.size(), kBatchRecords - port_.size());
      if (reading().until_sample != 0) {
        n = std::min<std::size_t>(n, reading().until_sample);
      }
      port_.emit_all_shown(values.first(n), time);
      values = values.subspan(n);
      emitted(static_cast<std::uint32_t>(n), port_.size());
    }
  }
  [[nodiscard]] bool wants_traces() const override { return SourceTaskBase::wants_traces(); }
  void trace(const observe::TraceContext& context) override {
    SourceTaskBase::trace(context, port_.size());
  }
  void watermark(EventTime time) override { promised(time); }
  void quarantine(std::string_view bytes, std::string_view place,
                  std::string_view reason) override {
    SourceTaskBase::quarantine(bytes, place, reason);
  }
  [[nodiscard]] std::size_t room() const override { return SourceTaskBase::room(); }
  [[nodiscard]] EventTime now() const override { return reading().now; }

  TimeOf time_of_;
  OutputPort<NoKey, T> port_;
};

}  // namespace rheon::engine
