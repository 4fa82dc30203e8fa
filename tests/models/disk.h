#pragma once

// What a job has on disk, as small as can be: for each file what the system shows and what is on
// the device. A kill keeps what is shown; a power cut keeps of each file either. What an epoch
// wrote is marked with the process that wrote it, so that a mixture of two attempts shows.

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rheon::models {

inline constexpr std::uint8_t kEpochs = 3;

/// Which process wrote an epoch's part; 0: nobody has.
using Writer = std::uint8_t;
inline constexpr Writer kTorn = 255;

/// A file to which each epoch adds one part.
struct File {
  using Parts = std::array<Writer, kEpochs + 1>;
  Parts shown{};
  Parts device{};
  bool dirty = false;  // the system knows that the two may differ

  void write(std::size_t epoch, Writer by) {
    shown[epoch - 1] = by;
    dirty = true;
  }
  void sync() {
    device = dirty ? shown : device;
    dirty = false;
  }
  void fail_to_sync() { dirty = false; }  // and from now on the system believes that all is well
  void cut(std::size_t epochs) {
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(epochs), shown.end(), Writer{0});
    dirty = true;
  }
  /// How many epochs are whole.
  static std::uint8_t whole(const Parts& parts) {
    std::uint8_t epochs = 0;
    while (epochs < parts.size() && parts[epochs] != 0 && parts[epochs] != kTorn) {
      ++epochs;
    }
    return epochs;
  }
  friend auto operator<=>(const File&, const File&) = default;
};

/// A small file that says one epoch.
struct Mark {
  std::uint8_t shown = 0;
  std::uint8_t device = 0;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

struct Disk {
  File sink, stream, journal;
  Mark witness;
  Mark published;  // of the stream
  Mark committed;  // beside the sink's files: written by a rename that is not synced
  friend auto operator<=>(const Disk&, const Disk&) = default;
};

/// What a power cut can leave: of each file either, whatever of the others; of a journal also a
/// part of its last epoch, and after a rename an empty file.
[[nodiscard]] inline std::vector<Disk> cut_power(const Disk& before) {
  std::vector<Disk> left{before};
  const auto either = [&left](auto&& change) {
    const std::size_t count = left.size();
    for (std::size_t i = 0; i < count; ++i) {
      Disk other = left[i];
      if (change(other)) {
        left.push_back(other);
      }
    }
  };
  for (File Disk::* file : {&Disk::sink, &Disk::stream, &Disk::journal}) {
    either([file](Disk& disk) {
      return std::exchange((disk.*file).shown, (disk.*file).device) != (disk.*file).device;
    });
  }
  either([&before](Disk& disk) {
    File& journal = disk.journal;
    if (before.journal.shown == journal.device || journal.shown != journal.device) {
      return false;
    }
    journal.shown[File::whole(journal.device)] = kTorn;
    return true;
  });
  for (Mark Disk::* mark : {&Disk::witness, &Disk::published, &Disk::committed}) {
    either([mark](Disk& disk) {
      return std::exchange((disk.*mark).shown, (disk.*mark).device) != (disk.*mark).device;
    });
  }
  either([&before](Disk& disk) {
    return before.committed.shown != before.committed.device &&
           std::exchange(disk.committed.shown, std::uint8_t{0}) != 0;
  });
  for (Disk& disk : left) {
    for (File* file : {&disk.sink, &disk.stream, &disk.journal}) {
      file->device = file->shown;
      file->dirty = false;
    }
    for (Mark* mark : {&disk.witness, &disk.published, &disk.committed}) {
      mark->device = mark->shown;
    }
  }
  return left;
}

}  // namespace rheon::models
