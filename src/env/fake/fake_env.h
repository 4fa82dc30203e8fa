#pragma once

#include <cstdint>

#include "env/env.h"
#include "env/fake/fake_clock.h"
#include "env/fake/fake_disk.h"
#include "env/fake/fake_io_pool.h"
#include "env/fake/fake_network.h"
#include "env/fake/fake_process.h"
#include "env/fake/fake_sockets.h"
#include "env/fake/fake_threads.h"

namespace rheon::env::fake {

/// A machine in memory, for tests and simulations: no real time, no threads, no disk, and the same
/// history for the same seed. One thread. The accessors give the parts with what a test may do to
/// them; `Env&` sees only the seam.
class FakeEnv : public Env {
 public:
  explicit FakeEnv(std::uint64_t seed = 1) : random_(seed), disk_(seed + 1) {}

  FakeClock& clock() override { return clock_; }
  FakeRandom& random() override { return random_; }
  FakeDisk& files() override { return disk_; }
  FakeIoPool& io() override { return io_; }
  FakeThreads& threads() override { return threads_; }
  FakeProcess& process() override { return process_; }
  FakeSockets& sockets() override { return sockets_; }
  FakeNetwork& network() override { return network_; }

  /// The machine loses power: see FakeDisk::cut_power(). Work that waits in io() never runs.
  void cut_power(std::uint64_t seed, Survival survival = Survival::kTorn) {
    disk_.cut_power(seed, survival);
    io_.drop_all();
  }
  /// A new process starts on the machine. Whatever the one before it held must not be used again;
  /// destroying it is fine.
  void restart() {
    disk_.restart();
    io_.drop_all();
    sockets_.drop_all();
    process_.restart();
  }

 private:
  FakeClock clock_;
  FakeRandom random_;
  FakeDisk disk_;
  FakeIoPool io_;
  FakeThreads threads_;
  FakeProcess process_;
  FakeSockets sockets_;
  FakeNetwork network_;
};

}  // namespace rheon::env::fake
