#pragma once

// A small file of two slots, each one frame. Writing goes to one slot, again and again, until it
// has been synced; then to the other. So whatever a crash leaves, one slot was synced and not
// touched since, and is at most kSlotSyncCommits commits old.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/types.h"
#include "env/files.h"
#include "log/files/frame.h"

namespace rheon::log::files {

struct SlotContents {
  Id owner;
  Epoch epoch;
  std::string payload;
};

/// What is where in a two-slot file. `owner` of the address is not used: each slot tells its own.
struct SlotLayout {
  FileAddress address;
  FrameType type{};
  std::uint64_t payload_bytes = 0;  // the largest, without the owner

  /// Where the second slot starts.
  [[nodiscard]] std::uint64_t stride() const;
};

/// Both slots; none where one does not check. An error only when the file cannot be read.
using Slots = std::array<std::optional<SlotContents>, 2>;
[[nodiscard]] Result<Slots> read_slots(env::File& file, const SlotLayout& layout);
/// The slot with the higher epoch, or null.
[[nodiscard]] const SlotContents* newest(const Slots& slots);

class SlotFile {
 public:
  /// Opens the file, or makes it. found() says what stood there.
  [[nodiscard]] static Result<SlotFile> open(env::Files& files, const std::string& path,
                                             SlotLayout layout);

  [[nodiscard]] const Slots& found() const { return found_; }
  [[nodiscard]] Status write(const SlotContents& contents);
  /// Puts the same into both slots, synced: an empty slot is damage from then on.
  [[nodiscard]] Status fill(const SlotContents& contents);
  /// After it the other slot is written.
  [[nodiscard]] Status sync();
  [[nodiscard]] std::uint64_t writes_since_sync() const { return writes_since_sync_; }

 private:
  SlotFile(std::unique_ptr<env::File> file, SlotLayout layout, Slots found);

  std::unique_ptr<env::File> file_;
  SlotLayout layout_;
  Slots found_;
  unsigned turn_ = 0;
  std::uint64_t writes_since_sync_ = 0;
};

}  // namespace rheon::log::files
