#pragma once

// One operator on one shard. Takes batches from its neighbour in the stage or from its task's
// inbox, hands batches on through its output ports. Everything happens on the shard's thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/operator_counters.h"
#include "engine/output_port.h"
#include "engine/receiver.h"
#include "engine/shard_context.h"
#include "engine/user_code.h"

namespace rheon::state {
class KeyGroupState;
}

namespace rheon::engine {

struct EpochPart;

/// Key groups of one operator on their way from one shard (or from the log) to another; indexed by
/// key group, null where not there.
using KeyGroups = std::vector<std::unique_ptr<state::KeyGroupState>>;

class Processor : public Receiver {
 public:
  Processor(const std::string& name, ShardContext& shard);
  ~Processor() override;

  /// Connects output `port` (0: the main one, then side outputs in their order) to a neighbour.
  virtual void connect(std::size_t port, const Target& target) = 0;

  /// Before the first batch, after state has been given.
  virtual void open() {}
  /// After the last barrier.
  virtual void close() {}

  void on_watermark(const Watermark& watermark) override { forward(watermark); }
  void on_barrier(const Barrier& barrier) override { forward(barrier); }

  /// Goes on with work that was cut off by the step's budget (a burst of timers). False: not
  /// finished; nothing new may come in before it is.
  [[nodiscard]] virtual bool resume() { return true; }
  /// No timer in event time waits to fire. What drains comes behind them all.
  [[nodiscard]] virtual bool settled() const { return true; }
  /// The processing clock has moved on to shard().now. As resume().
  [[nodiscard]] virtual bool on_clock() { return true; }
  /// When on_clock() has something to do next; EventTime::max() for never.
  [[nodiscard]] virtual EventTime next_clock() const { return EventTime::max(); }

  /// After on_barrier: adds what belongs to the commit, a bounded part at a time. True: all of it.
  [[nodiscard]] virtual bool capture(EpochPart& /*part*/) { return true; }
  virtual void committed(Epoch /*epoch*/) {}
  /// True while nothing more can be taken (a sink stalls, or has failed the shard).
  [[nodiscard]] virtual bool blocked() { return false; }

  /// When blocked() or capture() must be called again though nobody has rung.
  [[nodiscard]] virtual env::Monotonic deadline() const { return env::Monotonic::max(); }
  /// Estimate of what waits in memory for the next barrier: state that has changed, records on
  /// their way into a stream.
  [[nodiscard]] virtual std::uint64_t uncommitted_bytes() const { return 0; }
  /// Keyed operators: key groups come before open() and go after the last barrier.
  virtual void give(KeyGroups&& /*groups*/) {}
  [[nodiscard]] virtual KeyGroups take();
  /// Keyed operators: the tables of the key groups on this shard, for questions from outside.
  [[nodiscard]] virtual const KeyGroups* groups() const { return nullptr; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] OperatorCounters& counters() { return counters_; }

 protected:
  [[nodiscard]] ShardContext& shard() const { return shard_; }
  /// The neighbours behind all ports, once each.
  [[nodiscard]] std::vector<Receiver*>& neighbours() { return neighbours_; }
  void add_neighbour(Receiver* receiver);
  void forward(const Watermark& watermark);
  void forward(const Barrier& barrier);

  /// For span(): when work on a followed record begins.
  [[nodiscard]] env::Monotonic instant() const;
  /// A span of this operator for a followed record, from `began` to now; what goes on carries the
  /// result.
  [[nodiscard]] observe::TraceContext span(const observe::TraceContext& parent,
                                           env::Monotonic began);
  /// ... for an output that several of them went into; the last one's trace goes on, and names the
  /// others. Not empty.
  [[nodiscard]] observe::TraceContext span(std::vector<observe::TraceContext> parents,
                                           env::Monotonic began);

  /// Called in a catch block: user code has thrown at a record. With kStop the job stops; with
  /// kQuarantine the record goes to the quarantine stream and is counted there.
  void user_code_threw(OnThrow policy, std::string record, EventTime time,
                       std::uint64_t OperatorCounters::* counted = &OperatorCounters::quarantined);
  void quarantine(std::string record, std::string reason, EventTime time);

 private:
  void quarantine(std::string record, std::string reason, EventTime time,
                  std::uint64_t OperatorCounters::* counted);

  std::string name_;
  ShardContext& shard_;
  OperatorCounters counters_;
  std::vector<Receiver*> neighbours_;
};

}  // namespace rheon::engine
