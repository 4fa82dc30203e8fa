#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace rheon {

/// What two threads write must not share a line; two, because processors fetch them in pairs.
inline constexpr std::size_t kCacheLinePair = 128;

/// A bounded queue from one thread to one other. Nothing blocks: a full ring refuses, an empty one
/// gives nothing. The producer calls try_push(), the consumer try_pop(); capacity() and
/// size_approx() may be called by anyone. Construction and destruction happen when neither uses it.
///
///     SpscRing<BatchPtr> ring(64);
///     if (!ring.try_push(std::move(batch))) { ... }   // full: `batch` is as it was
///
/// T is default-constructible and movable. A popped slot holds a moved-from T until it is reused.
template <class T>
class SpscRing {
 public:
  /// Holds at least `capacity` items: rounded up to a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(std::max<std::size_t>(capacity, 1)) - 1),
        slots_(std::make_unique<T[]>(mask_ + 1)) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  /// False when the ring is full; `item` is then not moved from.
  [[nodiscard]] bool try_push(T&& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - seen_head_ > mask_) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (tail - seen_head_ > mask_) {
        return false;
      }
    }
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool try_push(const T& item) { return try_push(T(item)); }

  /// False when the ring is empty; `item` is then as it was.
  [[nodiscard]] bool try_pop(T& item) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == seen_tail_) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head == seen_tail_) {
        return false;
      }
    }
    item = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// The item that try_pop() would give, or null; valid until then. On the consumer's thread.
  [[nodiscard]] const T* front() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == seen_tail_) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head == seen_tail_) {
        return nullptr;
      }
    }
    return &slots_[head & mask_];
  }

  /// Exact when neither thread is at work, else a value of a moment ago. Never above capacity().
  [[nodiscard]] std::size_t size_approx() const {
    const std::size_t head = head_.load(std::memory_order_acquire);
    const std::size_t tail = tail_.load(std::memory_order_acquire);
    return std::min(tail - head, capacity());
  }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

 private:
  // Indices count items since the start and wrap with std::size_t. Each side keeps what it last saw
  // of the other's index and looks again only when that says full or empty.
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;

  alignas(kCacheLinePair) std::atomic<std::size_t> tail_{0};  // written by the producer
  std::size_t seen_head_ = 0;                                 // the producer's

  alignas(kCacheLinePair) std::atomic<std::size_t> head_{0};  // written by the consumer
  std::size_t seen_tail_ = 0;                                 // the consumer's
};

}  // namespace rheon
