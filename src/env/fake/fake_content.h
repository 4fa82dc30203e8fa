#pragma once

// One file of a simulated disk: what programs see, what the device has for sure, and what stands
// between the two.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rheon::env::fake {

using Generator = std::mt19937_64;

/// What a power cut leaves of the changes that were not synced.
enum class Survival {
  kAll,        // every one: the kindest cut
  kSynced,     // none
  kTorn,       // of each file and directory a random prefix; the last write of it torn at any byte
  kScattered,  // every sector of a write, and every new size of a file, is kept or lost on its own,
               // as pages reach a device in any order; of each directory a random prefix
};

class FakeContent {
 public:
  [[nodiscard]] const std::string& visible() const { return visible_; }

  void write(std::uint64_t offset, std::string_view bytes);
  void resize(std::uint64_t size);
  void flip_bit(std::uint64_t bit);

  void sync();
  /// The device takes some of the changes, in order or not, and forgets the rest, though programs
  /// go on seeing all of them: a later sync() that succeeds does not bring them back.
  void fail_sync(Generator& generator);
  void cut_power(Survival survival, Generator& generator);

 private:
  /// A write, or (when `bytes` is empty) a new size, which is then `offset`.
  struct Change {
    std::uint64_t offset;
    std::string bytes;
  };

  static void apply(const Change& change, std::string& to);
  void make(Change change);
  void take_random_prefix(Generator& generator);
  void take_random_sectors(Generator& generator);

  std::string visible_;
  std::string durable_;
  std::vector<Change> unsynced_;  // oldest first
};

}  // namespace rheon::env::fake
