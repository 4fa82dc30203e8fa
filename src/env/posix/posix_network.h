#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "env/network.h"

namespace rheon::env::posix {

/// Non-blocking sockets. One thread waits for all of them and wakes whom it concerns; another one
/// looks up names, which blocks. Both start with the first connection.
class PosixNetwork : public Network {
 public:
  PosixNetwork();
  ~PosixNetwork() override;

  std::unique_ptr<NetworkStream> connect(const std::string& host, std::uint16_t port,
                                         Waker& waker) override;

 private:
  class Watcher;
  class Resolver;
  class Stream;
  class NoStream;

  std::mutex mutex_;  // of the two, while they are made
  std::unique_ptr<Watcher> watcher_;
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace rheon::env::posix
