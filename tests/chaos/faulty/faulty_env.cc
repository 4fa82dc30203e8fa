// Linked into a program of a job in place of this machine (-Wl,--wrap): the same program, on files
// of which one operation goes wrong, or with a wall clock that jumps. RHEON_FAULT says what goes
// wrong (env/faulty/fault_plan.h); RHEON_FAULT_ATTIC is then an empty directory for its use,
// RHEON_FAULT_REPORT a file that tells at the end how many operations there were. RHEON_CLOCK says
// how the clock jumps (env/faulty/jumping_clock.h).

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "env/faulty/faulty_files.h"
#include "env/faulty/jumping_clock.h"
#include "env/posix.h"

namespace rheon::env {

// The linker's names for what is replaced: make_posix_env().
std::unique_ptr<Env> real_env() asm("__real__ZN5rheon3env14make_posix_envEv");
std::unique_ptr<Env> faulty_env() asm("__wrap__ZN5rheon3env14make_posix_envEv");

namespace faulty {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::exit(2);
}

std::string needed(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) {
    refuse(std::string("set ") + name + ": see tests/chaos/faulty/faulty_env.cc");
  }
  return value;
}

/// What the variable says; none: it is not set.
template <class Plan>
std::optional<Plan> plan_in(const char* name, Result<Plan> (*parse)(std::string_view)) {
  const char* const value = std::getenv(name);
  if (value == nullptr) {
    return std::nullopt;
  }
  auto plan = parse(value);
  if (!plan.has_value()) {
    refuse(std::string(name) + ": " + plan.error().message);
  }
  return *plan;
}

void end_process() { ::kill(::getpid(), SIGKILL); }

class FaultyEnv : public Env {
 public:
  FaultyEnv()
      : real_(real_env()),
        clock_(real_->clock(), plan_in("RHEON_CLOCK", parse_clock_plan).value_or(ClockPlan{})) {
    if (const auto plan = plan_in("RHEON_FAULT", parse_fault_plan)) {
      report_ = needed("RHEON_FAULT_REPORT");
      files_.emplace(real_->files(), *plan, needed("RHEON_FAULT_ATTIC"), end_process);
    }
  }
  ~FaultyEnv() override {
    if (files_.has_value()) {
      const std::string text = "operations " + std::to_string(files_->operations()) +
                               "\nrepeated_syncs " + std::to_string(files_->repeated_syncs()) +
                               "\n";
      static_cast<void>(replace_whole(real_->files(), report_, text));
    }
    real_.reset();  // runs what was submitted to its I/O threads, on files_
  }

  Clock& clock() override { return clock_; }
  Random& random() override { return real_->random(); }
  Files& files() override { return files_.has_value() ? *files_ : real_->files(); }
  IoPool& io() override { return real_->io(); }
  Threads& threads() override { return real_->threads(); }
  Process& process() override { return real_->process(); }
  LocalSockets& sockets() override { return real_->sockets(); }
  Network& network() override { return real_->network(); }

 private:
  std::unique_ptr<Env> real_;
  JumpingClock clock_;
  std::string report_;
  std::optional<FaultyFiles> files_;
};

}  // namespace
}  // namespace faulty

std::unique_ptr<Env> faulty_env() { return std::make_unique<faulty::FaultyEnv>(); }

}  // namespace rheon::env
