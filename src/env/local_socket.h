#pragma once

// A socket in a directory, for two processes of one machine: one request, one answer, as text.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace rheon::env {

/// Serves requests on a thread of its own until destroyed.
class LocalServer {
 public:
  virtual ~LocalServer() = default;
};

class LocalSockets {
 public:
  virtual ~LocalSockets() = default;
  /// Replaces a stale socket at `path`. Mode 0600. `answer` is called on the server's thread, one
  /// request at a time; a request is at most 64 KiB, and a silent peer is dropped after 5 s.
  [[nodiscard]] virtual Result<std::unique_ptr<LocalServer>> serve(
      const std::string& path, std::function<std::string(const std::string&)> answer) = 0;
  /// kNotFound when nobody listens at `path`.
  [[nodiscard]] virtual Result<std::string> ask(const std::string& path, const std::string& request,
                                                std::chrono::milliseconds timeout) = 0;
};

}  // namespace rheon::env
