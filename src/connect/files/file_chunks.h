#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "connect/files/file_position.h"
#include "connect/io_task.h"
#include "env/env.h"

namespace rheon::connect::files {

/// How a file ends.
enum class FileEnd {
  kWhole,        // at its end
  kFollow,       // when it was renamed or removed and has not grown for a while
  kFollowToEnd,  // at the end that it has when it is opened, or as above
};

/// Reads one file from a position on, chunk after chunk: while one chunk is being used, the next is
/// being read. Used by one shard, never blocks it.
class FileChunks {
 public:
  static constexpr std::size_t kChunkBytes = 256 << 10;
  /// At the end of a file: soon, then less often as long as nothing comes.
  static constexpr env::Monotonic kLookAgainFirst = std::chrono::milliseconds{5};
  static constexpr env::Monotonic kLookAgainAtMost = std::chrono::milliseconds{100};
  static constexpr env::Monotonic kLeaveRenamedAfter = std::chrono::seconds{5};

  FileChunks(env::Env& env, env::Waker* waker, FilePosition start, FileEnd end);

  enum class State {
    kReady,    // chunk() shows the next bytes
    kWaiting,  // the disk has not answered yet
    kAtEnd,    // all was used; the file may grow
    kEnded,    // all was used, and nothing more will come
    kCut,      // ended: the file became shorter than what was read
  };
  /// Goes on to the next chunk. The one before is not valid any more.
  [[nodiscard]] Result<State> advance();
  [[nodiscard]] std::string_view chunk() const;

 private:
  /// Touched by the I/O thread while the task is pending, otherwise by the shard.
  struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    bool filled = false;
  };
  enum class Seen { kMore, kEnd, kEnded, kCut };

  void start_reading();
  [[nodiscard]] Status read(Buffer& into);
  [[nodiscard]] Status open();
  [[nodiscard]] Status look_at_end();
  [[nodiscard]] Status leave(Seen seen);
  [[nodiscard]] bool is_ours();

  env::Env& env_;
  FilePosition start_;
  FileEnd end_;
  Buffer buffers_[2];
  int current_ = 1;  // the buffer that chunk() shows; the other one is filled next

  // Of the I/O thread, like the buffers.
  std::unique_ptr<env::File> file_;
  std::uint64_t next_offset_;
  std::optional<std::uint64_t> stop_at_;  // kFollowToEnd: the file's size when it was opened
  std::optional<env::Monotonic> renamed_since_;
  Seen seen_ = Seen::kMore;
  Status status_;

  bool at_end_ = false;  // the last answer was kAtEnd
  env::Monotonic look_again_at_{0};
  env::Monotonic look_again_after_ = kLookAgainFirst;
  IoTask task_;  // last: goes first
};

}  // namespace rheon::connect::files
