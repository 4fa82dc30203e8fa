#pragma once

// A bit of the job's log that is not what was written, for the length of one start.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "env/fake/fake_disk.h"

namespace rheon::sim {

class Rot {
 public:
  explicit Rot(env::fake::FakeDisk& disk) : disk_(disk) {}

  /// In a file that is not written in place any more. False: there is none. The last segment of
  /// the journal that has something in it is left alone, and what was prepared behind it: what is
  /// changed there looks like a commit that was cut off, and is lost like one, unless the witness
  /// knows better (tests of src/log, and T-06 in real files).
  bool change_a_bit(std::mt19937_64& random);
  /// What was changed is as it was, unless the file has gone or the place has been written anew.
  /// The path of the file; none: nothing was changed.
  std::optional<std::string> heal();

 private:
  struct Changed {
    std::string path;
    std::uint64_t bit = 0;
    std::uint64_t inode = 0;
    char byte = 0;  // since the change
  };

  [[nodiscard]] std::vector<std::string> candidates();
  [[nodiscard]] bool is_empty(const std::string& path);
  /// None: there is no such byte.
  [[nodiscard]] std::optional<char> byte_at(const std::string& path, std::uint64_t offset);

  env::fake::FakeDisk& disk_;
  std::optional<Changed> changed_;
};

}  // namespace rheon::sim
