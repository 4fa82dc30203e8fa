#pragma once

// Clocks, and what a run of a few tenths of a second is judged by. A shared machine disturbs single
// runs: everything here is made for many short runs, interleaved, and their medians.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace rheon::bench {

/// Seconds on a clock that never goes back.
[[nodiscard]] double now_seconds();
/// Processor time of all threads of this process, in seconds.
[[nodiscard]] double process_cpu_seconds();

/// Where the calling thread stands.
struct ThreadTime {
  double wall = 0;
  double cpu = 0;
  double queued = 0;  // ready to run, but something else had the processor
};
[[nodiscard]] ThreadTime thread_time();

/// How long something took.
struct Stint {
  double wall = 0;         // seconds
  double undisturbed = 0;  // wall, less the time in which the thread stood in the run queue
  double cpu = 0;          // processor time of the whole process

  [[nodiscard]] double per_record_ns(std::size_t records) const {
    return undisturbed * 1e9 / static_cast<double>(records);
  }
};

/// Runs `work` on the calling thread.
[[nodiscard]] Stint time_here(const std::function<void()>& work);

/// What several runs have come to.
struct Samples {
  std::vector<double> values;

  void add(double value) { values.push_back(value); }
  [[nodiscard]] bool empty() const { return values.empty(); }
  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
};

/// Processor time that the busiest thread of this process used during `work`, in seconds.
[[nodiscard]] double busiest_thread_seconds(const std::function<void()>& work);

struct QuietRuns {
  Samples samples;
  double others = 0;  // the largest share of the machine that other processes had in one of them
};
/// A run in which other processes took more than this share of the machine is not a quiet one.
inline constexpr double kQuiet = 0.05;
/// Runs `measure` until `wanted` quiet runs have gone by, or `at_most` runs in all; keeps the
/// `wanted` that were disturbed least.
[[nodiscard]] QuietRuns quiet_runs(std::size_t wanted, std::size_t at_most,
                                   const std::function<double()>& measure);

/// What a word takes that one thread writes, another answers and the first reads, in nanoseconds:
/// how far two processors are from each other. Where the machine is a virtual one that may change
/// from one second to the next, by a factor of ten. With more processors than two it is that of
/// some pair.
[[nodiscard]] double round_trip_ns();

/// Resident memory of a process, in bytes; 0 when it is not there. `process`: "self" or its id.
[[nodiscard]] std::uint64_t resident_bytes(const std::string& process);

/// Processor, cores, memory and kernel, in one line.
[[nodiscard]] std::string describe_machine();

}  // namespace rheon::bench
