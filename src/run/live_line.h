#pragma once

// What the worker's counters look like to a person. Pure.

#include <chrono>
#include <deque>
#include <string>

#include "engine/worker.h"
#include "env/clock.h"

namespace rheon::run {

/// Records a second over the last few seconds.
class Rate {
 public:
  void add(env::Monotonic now, std::uint64_t total);
  [[nodiscard]] double per_second() const;

 private:
  struct Sample {
    env::Monotonic at;
    std::uint64_t total;
  };
  std::deque<Sample> samples_;
};

struct Figures {
  std::string job;
  engine::WorkerStats stats;
  double records_per_second = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t quarantined = 0;  // records, since the program was started
};

/// wordcount  12.4 M/s  in 248,019,113  out 248,019,113  epoch 1,204 (11 ms)  ...
[[nodiscard]] std::string live_line(const Figures& figures);

/// What has been done, in one sentence.
[[nodiscard]] std::string summary(const Figures& figures, std::chrono::microseconds elapsed);

}  // namespace rheon::run
