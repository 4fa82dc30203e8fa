#include "measure.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "base/spsc_ring.h"

namespace rheon::bench {

namespace {

double seconds_on(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Processor seconds that all processes together have used (not idle, not waiting for a disk).
double machine_cpu_seconds() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
  file >> cpu >> user >> nice >> system >> idle >> wait >> irq >> soft >> steal;
  return (user + nice + system + irq + soft + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

double now_seconds() { return seconds_on(CLOCK_MONOTONIC); }
double process_cpu_seconds() { return seconds_on(CLOCK_PROCESS_CPUTIME_ID); }

ThreadTime thread_time() {
  ThreadTime time{seconds_on(CLOCK_MONOTONIC), seconds_on(CLOCK_THREAD_CPUTIME_ID), 0};
  std::ifstream file("/proc/thread-self/schedstat");
  double on_cpu = 0;
  double queued = 0;
  if (file >> on_cpu >> queued) {
    time.queued = queued * 1e-9;
  }
  return time;
}

Stint time_here(const std::function<void()>& work) {
  const double cpu = process_cpu_seconds();
  const ThreadTime begin = thread_time();
  work();
  const ThreadTime end = thread_time();
  return {end.wall - begin.wall, end.wall - begin.wall - (end.queued - begin.queued),
          process_cpu_seconds() - cpu};
}

double Samples::median() const {
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}
double Samples::least() const { return *std::min_element(values.begin(), values.end()); }
double Samples::most() const { return *std::max_element(values.begin(), values.end()); }

namespace {

std::map<std::string, double> thread_cpu_seconds() {
  std::map<std::string, double> by_thread;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(thread.path() / "schedstat");
    double nanoseconds = 0;
    if (file >> nanoseconds) {
      by_thread[thread.path().filename()] = nanoseconds * 1e-9;
    }
  }
  return by_thread;
}

}  // namespace

double busiest_thread_seconds(const std::function<void()>& work) {
  std::map<std::string, double> before = thread_cpu_seconds();
  work();
  double most = 0;
  for (const auto& [thread, seconds] : thread_cpu_seconds()) {
    most = std::max(most, seconds - before[thread]);
  }
  return most;
}

double round_trip_ns() {
  const auto give_way = [alone = std::thread::hardware_concurrency() < 2] {
    if (alone) {
      std::this_thread::yield();
    }
  };
  constexpr std::uint32_t kTrips = 20'000;
  constexpr std::uint32_t kAhead = 5'000;  // both run by then
  alignas(kCacheLinePair) std::atomic<std::uint32_t> there{0};
  alignas(kCacheLinePair) std::atomic<std::uint32_t> back{0};
  std::jthread other([&] {
    for (std::uint32_t trip = 1; trip <= kTrips; ++trip) {
      while (there.load(std::memory_order_acquire) != trip) {
        give_way();
      }
      back.store(trip, std::memory_order_release);
    }
  });
  const auto go = [&](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t trip = from; trip <= to; ++trip) {
      there.store(trip, std::memory_order_release);
      while (back.load(std::memory_order_acquire) != trip) {
        give_way();
      }
    }
  };
  go(1, kAhead);
  const double began = now_seconds();
  go(kAhead + 1, kTrips);
  return (now_seconds() - began) * 1e9 / (kTrips - kAhead);
}

QuietRuns quiet_runs(std::size_t wanted, std::size_t at_most,
                     const std::function<double()>& measure) {
  const double cores = std::thread::hardware_concurrency();
  std::vector<std::pair<double, double>> runs;  // disturbance, value
  std::size_t quiet = 0;
  while (runs.size() < at_most && quiet < wanted) {
    const double wall = now_seconds();
    const double machine = machine_cpu_seconds();
    const double own = process_cpu_seconds();
    const double value = measure();
    const double others = (machine_cpu_seconds() - machine) - (process_cpu_seconds() - own);
    const double disturbed = others / ((now_seconds() - wall) * cores);
    quiet += disturbed < kQuiet ? 1 : 0;
    runs.emplace_back(disturbed, value);
  }
  std::sort(runs.begin(), runs.end());
  QuietRuns kept;
  for (std::size_t i = 0; i < std::min(wanted, runs.size()); ++i) {
    kept.samples.add(runs[i].second);
    kept.others = std::max(kept.others, runs[i].first);
  }
  return kept;
}

std::uint64_t resident_bytes(const std::string& process) {
  std::ifstream file("/proc/" + process + "/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string describe_machine() {
  std::ifstream file("/proc/cpuinfo");
  std::string model = "unknown processor";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  utsname system{};
  uname(&system);
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30);
  return fmt::format("{}, {} cores, {:.0f} GiB, {} {}", model, std::thread::hardware_concurrency(),
                     memory, system.sysname, system.release);
}

}  // namespace rheon::bench
