#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace rheon::kafka {

/// Memory that a socket fills. Unlike a string's it is not set to zero first.
class FrameBuffer {
 public:
  FrameBuffer() = default;
  FrameBuffer(FrameBuffer&& other) noexcept { *this = std::move(other); }
  FrameBuffer& operator=(FrameBuffer&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    capacity_ = std::exchange(other.capacity_, 0);
    filled_ = std::exchange(other.filled_, 0);
    return *this;
  }
  explicit FrameBuffer(std::size_t capacity)
      : bytes_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// From the start, as far as it was filled.
  [[nodiscard]] std::string_view filled() const { return {bytes_.get(), filled_}; }
  [[nodiscard]] std::span<std::byte> free() {
    return std::as_writable_bytes(std::span(bytes_.get() + filled_, capacity_ - filled_));
  }
  /// So much more of free() was filled.
  void fill(std::size_t bytes) { filled_ += bytes; }
  /// Makes `bytes`, which may be this buffer's own, all that it holds.
  void assign(std::string_view bytes) {
    if (!bytes.empty()) {  // of an empty buffer there is no pointer
      std::memmove(bytes_.get(), bytes.data(), bytes.size());
    }
    filled_ = bytes.size();
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace rheon::kafka
