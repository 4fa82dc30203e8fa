#pragma once

// A disk with blocks that cannot be read, for whoever wants what is left.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/forwarding_files.h"

namespace rheon::log::files {

/// Files of which the blocks that cannot be read are zeros: the checksums of what stood there then
/// do not check, and everything beside it is there. Only for files opened to be read, and not for
/// errors of opening and listing, which may have another cause. One thread.
class RescuedFiles final : public env::ForwardingFiles {
 public:
  static constexpr std::uint64_t kBlockBytes = 4096;

  explicit RescuedFiles(env::Files& real) : ForwardingFiles(real) {}

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override;

  /// A sentence for each file with such blocks.
  [[nodiscard]] std::vector<std::string> unreadable() const;

 private:
  std::map<std::string, std::set<std::uint64_t>> blocks_;  // by path: their offsets
};

}  // namespace rheon::log::files
