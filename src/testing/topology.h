#pragma once

// A test of a whole job, in virtual time: the real engine and its log on a machine in memory, with
// the job's sources and sinks replaced by what the test pushes and reads.
//
//   TEST(Sessionize, closes_thirty_minutes_after_the_last_click) {
//     testing::Topology topology(sessions_job);
//     topology.input<Click>("clicks").push({{alice, at("10:00")}, {alice, at("10:20")}});
//     topology.watermark(at("10:51"));
//     EXPECT_THAT(topology.output<Session>("out"), ElementsAre(session(alice, 2)));
//   }
//
// Every verb returns when all that was pushed is processed and committed. crash_and_restore(),
// rescale() and at_random() may stand between any two of them: the answer must not change. What
// goes wrong is thrown as std::runtime_error with its sentence. One thread.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/job.h"
#include "api/parameters.h"
#include "api/stand_ins.h"
#include "engine/shard_context.h"
#include "testing/simulated_job.h"
#include "testing/test_state.h"

namespace rheon::testing {

class Topology;

/// A source of the job, as the test writes it. Cheap; valid as long as its topology.
template <class T>
class TestInput {
 public:
  TestInput(Topology& topology, detail::PushedRecords<T> records)
      : topology_(topology), records_(records) {}

  /// Records one behind the other; their time is what event_time() reads from them, or now.
  TestInput& push(std::initializer_list<T> values);
  TestInput& push(const T& value) { return push({value}); }
  TestInput& push(const std::vector<T>& values);
  /// A record with this time, for sources without event_time().
  TestInput& push_at(EventTime time, const T& value);
  /// No record before `time` will come from this source.
  TestInput& watermark(EventTime time);
  /// No record will come any more.
  TestInput& end();

 private:
  Topology& topology_;
  detail::PushedRecords<T> records_;
};

struct TopologyOptions {
  std::uint32_t shards = 1;
  std::size_t ring_capacity_batches = 8;
  engine::StepBudgets budgets = {};
  std::uint32_t trace_every = 0;  // one record in so many of a source is followed; 0: none
};

class Topology {
 public:
  /// Describes and starts the job. `parameters`: what the command line would give.
  explicit Topology(JobDescription job, Parameters::Values parameters = {},
                    const TopologyOptions& options = {});

  template <class T>
  [[nodiscard]] TestInput<T> input(const std::string& source) {
    return TestInput<T>(*this, stand_ins_->template source<T>(source));
  }
  /// Everything that has been committed to a sink, in order per shard. What text shows is the
  /// topology's.
  template <class T>
  [[nodiscard]] std::vector<T> output(const std::string& sink) {
    return stand_ins_->template output<T>(sink);
  }
  /// The same behind key_by, with the keys.
  template <class K, class T>
  [[nodiscard]] std::vector<std::pair<K, T>> keyed_output(const std::string& sink) {
    return stand_ins_->template keyed_output<K, T>(sink);
  }

  /// What an operator holds for one key: `state("sessionize", "alice").value<Session>("open")`. Of
  /// a job that has ended: what it has left in its log.
  template <class K>
  [[nodiscard]] TestState state(const std::string& operator_name, const K& key) {
    reopen_if_ended();
    return {worker(), operator_name, TestKey::of(key)};
  }

  /// What has been committed to the quarantine stream, in order per shard.
  [[nodiscard]] std::vector<engine::Quarantined> quarantined();

  /// What followed records have passed since the last call, in the order of commits.
  [[nodiscard]] std::vector<observe::Span> take_spans() { return worker().take_spans(); }

  /// No source will bring a record before `time`.
  Topology& watermark(EventTime time);
  /// Both clocks go on; timers in processing time fire when they are due.
  Topology& advance(std::chrono::microseconds duration);
  /// All sources end: the job drains and finishes.
  Topology& end();

  /// The process is killed, the machine loses what was not synced, and the job starts again.
  Topology& crash_and_restore();
  /// The running job goes on with this number of shards.
  Topology& rescale(std::uint32_t shards);
  /// What is pushed waits, and comes all at once with release().
  Topology& hold();
  Topology& release();
  /// From now on every verb is preceded by a crash, a rescale or nothing, as the seed says.
  Topology& at_random(std::uint64_t seed);

  /// What the job knows about itself: facts, ledger, figures.
  [[nodiscard]] engine::Worker& worker() { return job_->worker(); }

  /// For inputs: something was pushed.
  void settle();
  void disturb();

 private:
  void must(const Status& status) const;
  void reopen_if_ended();

  std::shared_ptr<detail::StandIns> stand_ins_;
  env::fake::FakeEnv env_;
  std::unique_ptr<SimulatedJob> job_;
  std::uint32_t shards_ = 1;
  bool finished_ = false;
  bool random_ = false;
  bool held_ = false;
  std::mt19937_64 generator_;
};

template <class T>
TestInput<T>& TestInput<T>::push(std::initializer_list<T> values) {
  return push(std::vector<T>(values));
}
template <class T>
TestInput<T>& TestInput<T>::push(const std::vector<T>& values) {
  for (const T& value : values) {
    topology_.disturb();
    records_.push(value, EventTime::none());
  }
  topology_.settle();
  return *this;
}
template <class T>
TestInput<T>& TestInput<T>::push_at(EventTime time, const T& value) {
  topology_.disturb();
  records_.push(value, time);
  topology_.settle();
  return *this;
}
template <class T>
TestInput<T>& TestInput<T>::watermark(EventTime time) {
  topology_.disturb();
  records_.promise(time);
  topology_.settle();
  return *this;
}
template <class T>
TestInput<T>& TestInput<T>::end() {
  topology_.disturb();
  records_.end();
  topology_.settle();
  return *this;
}

}  // namespace rheon::testing
