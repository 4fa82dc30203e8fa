#pragma once

// Runs a whole worker - coordinator, shards, I/O - in one thread on a machine in memory, in an
// order that only a seed decides. As in production nobody is stepped who is parked: a wake-up that
// is lost shows as a job that hangs.

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/worker.h"
#include "env/fake/fake_env.h"

namespace rheon::testing {

class SeededDriver {
 public:
  SeededDriver(env::fake::FakeEnv& env, std::uint64_t seed) : env_(env), random_(seed) {}
  /// How much time passes at most in one turn.
  void set_slowness(std::chrono::nanoseconds most_per_turn) { most_per_turn_ = most_per_turn; }

  /// About once in `every` turns somebody - a shard, the coordinator, the disk - stands still for
  /// up to `most` turns, which are at least one, or does all the steps by himself. `every` 0:
  /// never.
  void set_stalls(std::uint64_t every, std::uint64_t most) {
    stalls_every_ = every;
    most_stalled_ = most;
  }

  /// One step of somebody who has something to do: the coordinator, a shard, a piece of I/O. When
  /// nobody has, time passes up to the next deadline. True when the worker has finished; an error
  /// when it has failed. Throws what the disk throws (env::fake::Crash).
  [[nodiscard]] Result<bool> turn(engine::Worker& worker);
  /// Turns until the worker has finished; an error also when `most` of them were not enough.
  [[nodiscard]] Status run(engine::Worker& worker, std::uint64_t most);
  /// Turns until nobody has anything to do before a deadline: all input that is there has been
  /// processed, and committed if `most` turns are enough. No time passes.
  [[nodiscard]] Status settle(engine::Worker& worker, std::uint64_t most);
  /// The worker is a new one.
  void forget() { actors_.clear(); }

  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  /// A hash of who did a step and when, and of what had been written to the disk by then. The same
  /// seed has the same one, whatever the compiler's options.
  [[nodiscard]] std::uint64_t trace() const { return trace_; }
  /// A random number below `bound`.
  [[nodiscard]] std::uint64_t pick(std::uint64_t bound) { return random_() % bound; }

 private:
  struct Actor {
    bool worked = true;  // its last step asked for another one
    env::Monotonic deadline{0};
  };

  [[nodiscard]] Result<bool> look(engine::Worker& worker);
  /// Fills runnable_; the number of I/O pieces counts as one more actor.
  void find_runnable(engine::Worker& worker);
  /// Takes out of runnable_ who is stalled.
  void stall();
  void step(engine::Worker& worker, std::size_t actor);
  void add_to_trace(std::uint64_t what);

  env::fake::FakeEnv& env_;
  std::mt19937_64 random_;
  std::vector<Actor> actors_;  // the coordinator, then the shards
  std::vector<std::size_t> runnable_;
  std::uint64_t turns_ = 0;
  std::uint64_t stalls_every_ = 0;
  std::uint64_t most_stalled_ = 0;
  std::size_t stalled_ = 0;  // who, until that turn
  std::uint64_t stalled_until_ = 0;
  bool stalled_are_others_ = false;  // all but him
  std::uint64_t trace_ = 0;
  std::chrono::nanoseconds most_per_turn_ = std::chrono::microseconds{20};
};

}  // namespace rheon::testing
