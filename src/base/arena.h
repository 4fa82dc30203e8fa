#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/short_text.h"

namespace rheon {

/// Memory that is handed out by moving a pointer and given back all at once: the bytes of a batch,
/// of a key group's state, of a decoder. One thread at a time. Nothing is destroyed: only for what
/// has a trivial destructor. Chunks never move, so that pointers stay valid until reset(), or
/// rewind() to a mark before them.
class Arena {
 public:
  static constexpr std::size_t kMaxChunkBytes = 64 * 1024;  // larger pieces get one of their own

  /// The first chunk is allocated when first needed; each further one is twice as large, up to
  /// kMaxChunkBytes.
  explicit Arena(std::size_t first_chunk_bytes = 4096);
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  /// `size` bytes, not initialised; `align` is a power of two. Never null, also for size 0.
  [[nodiscard]] char* allocate(std::size_t size, std::size_t align = 1) {
    const auto at = reinterpret_cast<std::uintptr_t>(next_);
    const std::size_t padding = (0 - at) & (align - 1);
    if (static_cast<std::size_t>(end_ - next_) < size + padding || next_ == nullptr) [[unlikely]] {
      return allocate_slow(size, align);
    }
    char* piece = next_ + padding;
    next_ = piece + size;
    return piece;
  }

  /// A copy of `bytes` that lives as long as the arena's memory.
  [[nodiscard]] std::string_view copy(std::string_view bytes) {
    char* piece = allocate(bytes.size());
    if (static_cast<std::size_t>(end_ - piece) >= kShortTextBytes) [[likely]] {
      copy_text(piece, bytes);  // may write into what is free behind it
    } else if (!bytes.empty()) {
      std::memcpy(piece, bytes.data(), bytes.size());
    }
    return {piece, bytes.size()};
  }

  /// Gives all back and keeps the memory: when it took more than one chunk, as a single one of
  /// their total size. An arena that is filled alike again and again soon allocates nothing more.
  void reset();

  /// A place to go back to. Valid until reset(), or a rewind() to an earlier one.
  struct Mark {
    std::size_t chunk = 0;
    char* next = nullptr;
  };
  [[nodiscard]] Mark mark() const { return {current_, next_}; }
  /// Gives back what was allocated since `mark`; its memory is used again.
  void rewind(const Mark& mark);

  /// Handed out since the last reset(), with padding and what was left at the ends of chunks.
  [[nodiscard]] std::size_t bytes_used() const {
    return full_bytes_ + static_cast<std::size_t>(next_ - begin_);
  }
  /// Held from the system.
  [[nodiscard]] std::size_t bytes_reserved() const;

 private:
  struct Chunk;

  [[nodiscard]] char* allocate_slow(std::size_t size, std::size_t align);
  void use_chunk(std::size_t index);
  void add_chunk(std::size_t size);

  char* next_ = nullptr;  // in chunks_[current_]
  char* end_ = nullptr;
  char* begin_ = nullptr;
  std::size_t full_bytes_ = 0;  // of the chunks before the current one
  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;  // chunks before it are full, those after it free
  std::size_t next_chunk_bytes_ = 0;
};

}  // namespace rheon
