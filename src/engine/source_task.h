#pragma once

// The task of a source on one shard: polls its reader, gives records their event time, cuts epochs
// when asked.

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/output_port.h"
#include "engine/record_cost.h"
#include "engine/source.h"
#include "engine/task.h"
#include "engine/user_code.h"
#include "engine/watermarks.h"

namespace rheon::engine {

/// What does not depend on the type of the records.
class SourceTaskBase : public Task, private Origin {
 public:
  SourceTaskBase(const std::string& name, WatermarkStrategy strategy, ShardContext& shard);
  ~SourceTaskBase() override;

  /// Where the source's records go, within its stage.
  virtual void connect(const Target& target) = 0;
  /// A partition to read, from its position on. Between steps.
  void assign(const SourcePartition& partition, const PartitionTime& time);
  void request(const Barrier& barrier) override { requested_ = &barrier; }
  /// A task without partitions has ended, unless the whole source has none yet and waits for them.
  /// Between steps.
  void waits_for_partitions(bool waits) { waits_for_partitions_ = waits; }
  /// Every partition was read to its end for good.
  [[nodiscard]] bool ended() const { return ended_; }

 protected:
  // An idle source is polled again after an eighth of the time for which nothing has come, within
  // these limits: what comes often is never found late, and what is silent costs next to nothing.
  static constexpr std::chrono::milliseconds kFirstIdlePoll{20};
  static constexpr std::chrono::milliseconds kLastIdlePoll{100};

  void report(EpochPart& part) override;
  [[nodiscard]] StepResult take_input() override;
  void held_up() override;

  virtual void assign_to_reader(const SourcePartition& partition) = 0;
  [[nodiscard]] virtual Result<Poll> poll() = 0;
  [[nodiscard]] virtual std::string position(std::size_t partition) const = 0;
  [[nodiscard]] virtual bool at_end(std::size_t partition) const = 0;
  /// What follows comes from this partition, from `offset` on.
  void reads_from(std::size_t partition, std::optional<std::uint64_t> offset) {
    read_partition_ = partition;
    read_from_ = offset;
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] SourceWatermarks& watermarks() { return watermarks_; }
  void add_target(const Target& target);
  void quarantine(std::string_view bytes, std::string_view place, std::string_view reason);
  /// The record lies further in the future than max_future allows.
  void refuse(std::string_view bytes, EventTime time);
  /// A trace that begins here.
  [[nodiscard]] observe::TraceContext new_trace();
  /// A span of this source within the trace; what goes on carries the result.
  [[nodiscard]] observe::TraceContext span(observe::TraceContext context, std::uint64_t parent);
  /// After a poll: so many records were emitted, and so many handed on.
  void count(std::uint64_t emitted, std::uint64_t out);

 private:
  [[nodiscard]] std::string place() const override;
  void tell_watermark(const Watermark& watermark);
  void cut(const Barrier& barrier);

  std::string name_;
  SourceWatermarks watermarks_;
  Watermark told_;
  OperatorCounters counters_;
  std::vector<SourcePartition> partitions_;
  std::vector<Target> targets_;
  std::vector<std::pair<std::string, std::string>> reported_;  // fact by partition, last committed
  const Barrier* requested_ = nullptr;
  env::Monotonic worked_at_{0};  // when the last poll read something
  std::size_t read_partition_ = 0;
  std::optional<std::uint64_t> read_from_;
  bool waits_for_partitions_ = false;
  bool ended_ = false;
  std::optional<env::Monotonic> held_up_since_;
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
             std::unique_ptr<SourceReader<T>> reader, ShardContext& shard)
      : SourceTaskBase(name, strategy, shard),
        time_of_(std::move(time_of)),
        reader_(std::move(reader)),
        max_future_(strategy.max_future) {}

  void connect(const Target& target) override {
    port_.add(target);
    add_target(target);
  }

 private:
  // SourceOutput, for the reader.
  void select(std::size_t partition) override {
    if (port_.size() > 0 && partition != selected_) {
      port_.flush();  // what is processed together comes from one partition
    }
    selected_ = partition;
    reads_from(partition, reader_->offset(partition));
  }
  void emit(const T& value, EventTime given) override {
    EventTime time = given == EventTime::none() ? now_ : given;
    if constexpr (!std::is_same_v<TimeOf, NoTime>) {
      try {
        time = time_of_(value);
      } catch (...) {
        time_of_threw(value);
        return;
      }
    }
    if (time > latest_allowed_) [[unlikely]] {
      refuse(codec::shown_bytes(value), time);
      return;
    }
    if (port_.size() >= kBatchRecords) {
      port_.flush();
    }
    watermarks().saw(selected_, time);
    port_.emit_shown({}, value, time, 0);
    ++emitted_;
    count_down(1);
  }
  void emit_all(std::span<const T> values, EventTime given) override {
    const EventTime time = given == EventTime::none() ? now_ : given;
    if (!std::is_same_v<TimeOf, NoTime> || time > latest_allowed_ || values.empty()) {
      SourceOutput<T>::emit_all(values, given);
      return;
    }
    watermarks().saw(selected_, time);
    while (!values.empty()) {
      if (port_.size() >= kBatchRecords) {
        port_.flush();
      }
      std::size_t n = std::min(values.size(), kBatchRecords - port_.size());
      if (countdown_ != 0) {
        n = std::min<std::size_t>(n, countdown_);
      }
      port_.emit_all_shown(values.first(n), time);
      values = values.subspan(n);
      emitted_ += n;
      count_down(static_cast<std::uint32_t>(n));
    }
  }
  void trace(const observe::TraceContext& context) override {
    if (port_.size() > 0) {
      follow(context, /*parent=*/context.span);
    }
  }
  void watermark(EventTime time) override { watermarks().promised(selected_, time); }
  void quarantine(std::string_view bytes, std::string_view place,
                  std::string_view reason) override {
    SourceTaskBase::quarantine(bytes, place, reason);
  }
  [[nodiscard]] std::size_t room() const override {
    return shard().error.has_value() ? 0 : limit_ - std::min(limit_, emitted_);
  }
  [[nodiscard]] EventTime now() const override { return now_; }

  void assign_to_reader(const SourcePartition& partition) override { reader_->assign(partition); }
  Result<Poll> poll() override {
    emitted_ = 0;
    limit_ = records_at_once(cost_.each(), kWorkOfAPoll);
    static_cast<void>(stage().take_caused());  // by timers, since
    const env::Monotonic began = shard().env->clock().monotonic();
    now_ = shard().now;
    latest_allowed_ = now_ + max_future_;
    if (countdown_ == 0) {
      countdown_ = shard().trace_every;
    }
    Result<Poll> result = reader_->poll(*this);
    port_.flush();
    stage().flush();
    if (emitted_ > 0) {
      cost_.add(emitted_, shard().env->clock().monotonic() - began + stage().take_caused());
    }
    count(emitted_, port_.take_emitted());
    return result;
  }
  [[nodiscard]] std::string position(std::size_t partition) const override {
    return reader_->position(partition);
  }
  [[nodiscard]] bool at_end(std::size_t partition) const override {
    return reader_->at_end(partition);
  }

  [[gnu::cold, gnu::noinline]] void time_of_threw(const T& value) {
    stop_at_record(shard(), "the event_time of source '" + name() + "'", codec::shown_bytes(value));
  }

  /// The next sampled record is `records` nearer; none is sampled while countdown_ is 0.
  void count_down(std::uint32_t records) {
    if (countdown_ == 0) {
      return;
    }
    countdown_ -= records;
    if (countdown_ == 0) {
      sample();
    }
  }
  void sample() {
    countdown_ = shard().trace_every;
    follow(new_trace(), /*parent=*/0);
  }
  /// The record that was emitted last belongs to a trace.
  void follow(const observe::TraceContext& context, std::uint64_t parent) {
    port_.trace(port_.size() - 1, port_.size(), span(context, parent));
  }

  TimeOf time_of_;
  std::unique_ptr<SourceReader<T>> reader_;
  std::chrono::microseconds max_future_;
  OutputPort<NoKey, T> port_;
  std::size_t selected_ = 0;
  RecordCost cost_;
  std::size_t limit_ = 0;    // of the records of this poll
  std::size_t emitted_ = 0;  // in this poll
  std::uint32_t countdown_ = 0;
  EventTime now_;
  EventTime latest_allowed_;
};

}  // namespace rheon::engine
