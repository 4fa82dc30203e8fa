// Linked into a program of a job in place of this machine (-Wl,--wrap): the same program, on files
// of which one operation goes wrong. What goes wrong says RHEON_FAULT (env/faulty/fault_plan.h);
// RHEON_FAULT_ATTIC is an empty directory for its use, RHEON_FAULT_REPORT a file that tells at the
// end how many operations there were.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "env/faulty/faulty_files.h"
#include "env/posix.h"

namespace rheon::env {

// The linker's names for what is replaced: make_posix_env().
std::unique_ptr<Env> real_env() asm("__real__ZN5rheon3env14make_posix_envEv");
std::unique_ptr<Env> faulty_env() asm("__wrap__ZN5rheon3env14make_posix_envEv");

namespace faulty {
namespace {

std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) {
    std::fprintf(stderr, "set %s: see tests/chaos/faulty/faulty_env.cc\n", name);
    std::exit(2);
  }
  return value;
}

FaultPlan plan() {
  auto plan = parse_fault_plan(setting("RHEON_FAULT"));
  if (!plan.has_value()) {
    std::fprintf(stderr, "RHEON_FAULT: %s\n", plan.error().message.c_str());
    std::exit(2);
  }
  return *plan;
}

void end_process() { ::kill(::getpid(), SIGKILL); }

class FaultyEnv : public Env {
 public:
  FaultyEnv()
      : report_(setting("RHEON_FAULT_REPORT")),
        real_(real_env()),
        files_(real_->files(), plan(), setting("RHEON_FAULT_ATTIC"), end_process) {}
  ~FaultyEnv() override {
    const std::string text = "operations " + std::to_string(files_.operations()) +
                             "\nrepeated_syncs " + std::to_string(files_.repeated_syncs()) + "\n";
    static_cast<void>(replace_whole(real_->files(), report_, text));
    real_.reset();  // runs what was submitted to its I/O threads, on files_
  }

  Clock& clock() override { return real_->clock(); }
  Random& random() override { return real_->random(); }
  Files& files() override { return files_; }
  IoPool& io() override { return real_->io(); }
  Threads& threads() override { return real_->threads(); }
  Process& process() override { return real_->process(); }
  LocalSockets& sockets() override { return real_->sockets(); }

 private:
  std::string report_;
  std::unique_ptr<Env> real_;
  FaultyFiles files_;
};

}  // namespace
}  // namespace faulty

std::unique_ptr<Env> faulty_env() { return std::make_unique<faulty::FaultyEnv>(); }

}  // namespace rheon::env
