#pragma once

#include "env/local_socket.h"

namespace rheon::env::posix {

/// Unix domain stream sockets. A message is its length (4 bytes, little-endian) and its text; a
/// connection carries one request and one answer.
class PosixSockets : public LocalSockets {
 public:
  Result<std::unique_ptr<LocalServer>> serve(
      const std::string& path, std::function<std::string(const std::string&)> answer) override;
  Result<std::string> ask(const std::string& path, const std::string& request,
                          std::chrono::milliseconds timeout) override;
};

}  // namespace rheon::env::posix
