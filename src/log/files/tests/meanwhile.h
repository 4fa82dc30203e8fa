#pragma once

// What others do to a directory at the very moment at which a file in it is opened.

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "env/forwarding_files.h"

namespace rheon::log::files::testing {

/// Files in which something happens, once, right before a certain one is opened.
class Meanwhile final : public env::ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  /// Before the next opening of a path that has `part` in it, in this mode.
  void before_opening(std::string part, std::function<void()> act,
                      env::OpenMode mode = env::OpenMode::kRead) {
    part_ = std::move(part);
    act_ = std::move(act);
    mode_ = mode;
  }

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    if (act_ && mode == mode_ && path.find(part_) != std::string::npos) {
      std::exchange(act_, nullptr)();
    }
    return ForwardingFiles::open(path, mode);
  }

 private:
  std::string part_;
  std::function<void()> act_;
  env::OpenMode mode_{};
};

}  // namespace rheon::log::files::testing
