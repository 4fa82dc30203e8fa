#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace rheon {

/// A bump allocator: memory for many small things that die together. reset() keeps the memory for
/// the next round. One thread at a time. Move-only.
class Arena {
 public:
  static constexpr std::size_t kFirstChunkBytes = 4 << 10;
  static constexpr std::size_t kMaxChunkBytes = 64 << 10;

  /// Where the arena stands; rewind() gives back everything allocated since.
  struct Mark {
    std::size_t chunk = 0;
    std::size_t offset = 0;
    std::size_t used = 0;
  };

  Arena() = default;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept {
    swap(other);
    return *this;
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory; `align` is a power of two, at most 16.
  [[nodiscard]] char* allocate(std::size_t size, std::size_t align = 1) {
    const auto address = reinterpret_cast<std::uintptr_t>(at_);
    const std::size_t padding = (align - address % align) % align;
    if (size + padding > static_cast<std::size_t>(end_ - at_)) {
      next_chunk(size);
      return allocate_fresh(size);
    }
    char* result = at_ + padding;
    at_ = result + size;
    return result;
  }

  /// A copy of the text that lives as long as the arena's contents.
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(end_ - at_)) {
      next_chunk(text.size());
    }
    char* result = at_;
    at_ += text.size();
    if (!text.empty()) {
      std::memcpy(result, text.data(), text.size());
    }
    return {result, text.size()};
  }

  /// Forgets everything, keeps the memory.
  void reset() { rewind(Mark{}); }

  [[nodiscard]] Mark mark() const {
    return {current_, chunks_.empty() ? 0 : static_cast<std::size_t>(at_ - begin_of(current_)),
            used_before_};
  }

  void rewind(const Mark& mark) {
    if (chunks_.empty()) {
      return;
    }
    current_ = mark.chunk;
    at_ = begin_of(current_) + mark.offset;
    end_ = begin_of(current_) + chunks_[current_].size;
    used_before_ = mark.used;
  }

  /// Bytes handed out since the last reset, padding included.
  [[nodiscard]] std::size_t bytes_used() const {
    return chunks_.empty() ? 0 : used_before_ + static_cast<std::size_t>(at_ - begin_of(current_));
  }
  /// Bytes held from the system.
  [[nodiscard]] std::size_t bytes_reserved() const {
    std::size_t sum = 0;
    for (const Chunk& chunk : chunks_) {
      sum += chunk.size;
    }
    return sum;
  }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  [[nodiscard]] char* begin_of(std::size_t chunk) const { return chunks_[chunk].bytes.get(); }

  char* allocate_fresh(std::size_t size) {  // chunks start aligned to 16
    char* result = at_;
    at_ += size;
    return result;
  }

  /// Goes on in the next chunk that holds `size` bytes; makes one when there is none.
  void next_chunk(std::size_t size) {
    std::size_t next = 0;
    if (!chunks_.empty()) {
      used_before_ += static_cast<std::size_t>(at_ - begin_of(current_));
      next = current_ + 1;
    }
    if (next == chunks_.size() || chunks_[next].size < size) {
      std::size_t wanted = chunks_.empty() ? kFirstChunkBytes : chunks_.back().size * 2;
      wanted = wanted > kMaxChunkBytes ? kMaxChunkBytes : wanted;
      wanted = wanted < size ? size : wanted;
      Chunk chunk{std::unique_ptr<char[]>(new char[wanted]), wanted};
      chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(next), std::move(chunk));
    }
    current_ = next;
    at_ = begin_of(current_);
    end_ = at_ + chunks_[current_].size;
  }

  void swap(Arena& other) noexcept {
    std::swap(chunks_, other.chunks_);
    std::swap(current_, other.current_);
    std::swap(at_, other.at_);
    std::swap(end_, other.end_);
    std::swap(used_before_, other.used_before_);
  }

  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t used_before_ = 0;  // in chunks before the current one
};

}  // namespace rheon
