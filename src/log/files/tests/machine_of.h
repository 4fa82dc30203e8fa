#pragma once

#include "env/fake/fake_env.h"

namespace rheon::log::files::testing {

/// A machine in memory of which the files are others: an F, made from those that it has.
template <class F>
class MachineOf final : public env::Env {
 public:
  explicit MachineOf(env::fake::FakeEnv& real) : real_(real), files_(real.files()) {}
  env::Clock& clock() override { return real_.clock(); }
  env::Random& random() override { return real_.random(); }
  F& files() override { return files_; }
  env::IoPool& io() override { return real_.io(); }
  env::Threads& threads() override { return real_.threads(); }
  env::Process& process() override { return real_.process(); }
  env::LocalSockets& sockets() override { return real_.sockets(); }
  env::Network& network() override { return real_.network(); }

 private:
  env::fake::FakeEnv& real_;
  F files_;
};

}  // namespace rheon::log::files::testing
