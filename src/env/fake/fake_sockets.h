#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "env/local_socket.h"

namespace rheon::env::fake {

/// ask() calls the server's function at once, on the caller's thread.
class FakeSockets : public LocalSockets {
 public:
  Result<std::unique_ptr<LocalServer>> serve(
      const std::string& path, std::function<std::string(const std::string&)> answer) override {
    if (listening(path)) {
      return fail(ErrorCode::kRefused,
                  "cannot listen at '" + path + "': another process listens there");
    }
    auto server = std::make_unique<Server>();
    servers_[path] = {std::move(answer), server->alive};
    return server;
  }

  Result<std::string> ask(const std::string& path, const std::string& request,
                          std::chrono::milliseconds /*timeout*/) override {
    if (!listening(path)) {
      return fail(ErrorCode::kNotFound, "nobody listens at '" + path + "'");
    }
    return servers_[path].answer(request);
  }

  /// The process died: nobody listens any more.
  void drop_all() { servers_.clear(); }

 private:
  struct Server : LocalServer {
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  };
  struct Entry {
    std::function<std::string(const std::string&)> answer;
    std::weak_ptr<bool> alive;
  };

  [[nodiscard]] bool listening(const std::string& path) const {
    const auto entry = servers_.find(path);
    return entry != servers_.end() && !entry->second.alive.expired();
  }

  std::map<std::string, Entry> servers_;
};

}  // namespace rheon::env::fake
