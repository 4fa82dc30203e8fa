#pragma once

// The one seam to the world. Everything in Rheon that needs time, randomness, files, threads,
// sockets or facts about its process gets an Env at construction and calls nothing else, so that
// the same code runs on this machine (env/posix.h) and in a simulation (env/fake/).

#include "env/clock.h"
#include "env/files.h"
#include "env/io_pool.h"
#include "env/local_socket.h"
#include "env/network.h"
#include "env/process.h"
#include "env/threads.h"

namespace rheon::env {

class Env {
 public:
  virtual ~Env() = default;
  [[nodiscard]] virtual Clock& clock() = 0;
  [[nodiscard]] virtual Random& random() = 0;
  [[nodiscard]] virtual Files& files() = 0;
  [[nodiscard]] virtual IoPool& io() = 0;
  [[nodiscard]] virtual Threads& threads() = 0;
  [[nodiscard]] virtual Process& process() = 0;
  [[nodiscard]] virtual LocalSockets& sockets() = 0;
  [[nodiscard]] virtual Network& network() = 0;
};

}  // namespace rheon::env
