#pragma once

// Room on the disk: a ballast file that is given up when a commit does not fit, and the mark below
// which sources shall pause.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "env/files.h"

namespace rheon::log::files {

/// Reserves a file's first `need` bytes and as many ahead of them as the disk has, `ahead` at the
/// most. `allocated`: what is reserved, before and after. Errors: kNoSpace, when `need` does not
/// fit, others of env::File::preallocate().
[[nodiscard]] Status reserve(env::File& file, std::uint64_t need, std::uint64_t ahead,
                             std::uint64_t& allocated);

class SpaceKeeper {
 public:
  struct Options {
    std::string directory;
    std::uint64_t ballast_bytes = 0;
    std::uint64_t min_free_bytes = 0;
  };
  SpaceKeeper(env::Files& files, Options options) : files_(files), options_(std::move(options)) {}

  /// Makes the ballast when it is not there and there is room for it. Lack of room is no error.
  void keep_ballast();
  /// Gives it up; false when there was none.
  [[nodiscard]] bool drop_ballast();

  /// A sentence when there is less room than the smaller of min_free_bytes and 10 % of the disk.
  [[nodiscard]] std::string shortage();

 private:
  env::Files& files_;
  Options options_;
  bool has_ballast_ = false;
};

}  // namespace rheon::log::files
