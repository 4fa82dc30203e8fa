#pragma once

#include "env/threads.h"

namespace rheon::env::posix {

class PosixThreads : public Threads {
 public:
  std::unique_ptr<Thread> start(const std::string& name, std::function<void()> body) override;
  std::unique_ptr<Parker> make_parker() override;
};

}  // namespace rheon::env::posix
