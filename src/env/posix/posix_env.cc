#include "env/posix.h"
#include "env/posix/posix_clock.h"
#include "env/posix/posix_files.h"
#include "env/posix/posix_io_pool.h"
#include "env/posix/posix_network.h"
#include "env/posix/posix_process.h"
#include "env/posix/posix_sockets.h"
#include "env/posix/posix_threads.h"

namespace rheon::env {
namespace {

class PosixEnv : public Env {
 public:
  explicit PosixEnv(const PosixOptions& options) : io_(options.io_threads) {}
  ~PosixEnv() override { process_.end_input(); }  // else the pool could wait for a key press

  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  Files& files() override { return files_; }
  IoPool& io() override { return io_; }
  Threads& threads() override { return threads_; }
  Process& process() override { return process_; }
  LocalSockets& sockets() override { return sockets_; }
  Network& network() override { return network_; }

 private:
  posix::PosixClock clock_;
  posix::PosixRandom random_;
  posix::PosixFiles files_;
  posix::PosixThreads threads_;
  posix::PosixProcess process_;
  posix::PosixSockets sockets_;
  posix::PosixNetwork network_;
  posix::PosixIoPool io_;  // last: its work may use all the others
};

}  // namespace

std::unique_ptr<Env> make_posix_env() { return make_posix_env(PosixOptions{}); }

std::unique_ptr<Env> make_posix_env(const PosixOptions& options) {
  return std::make_unique<PosixEnv>(options);
}

}  // namespace rheon::env
