#pragma once

// Where an operator's records come together before they are handed on, a batch at a time.

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/batch.h"
#include "engine/receiver.h"

namespace rheon::engine {

/// What is the same for every type of record.
class AnyOutputPort {
 public:
  AnyOutputPort(const AnyOutputPort&) = delete;
  AnyOutputPort& operator=(const AnyOutputPort&) = delete;

  void add(const Target& target);
  /// Hands on what has been emitted.
  void flush();
  /// Records [from, to) of the batch being filled come from a followed record.
  void trace(std::size_t from, std::size_t to, const observe::TraceContext& context) {
    filling_->mark(from, to, context);
  }

  /// Records handed on since the last call.
  [[nodiscard]] std::uint64_t take_emitted() {
    const std::uint64_t emitted = emitted_;
    emitted_ = 0;
    return emitted;
  }

 protected:
  AnyOutputPort() = default;
  ~AnyOutputPort() = default;
  /// At the start: the batch that is filled.
  void fills(BatchBase& batch) { filling_ = &batch; }
  /// Hands on a batch that is not this port's: it stays what the targets make of it.
  void pass(BatchBase& batch);

 private:
  BatchBase* filling_ = nullptr;
  std::vector<Target> targets_;
  std::uint64_t emitted_ = 0;
};

template <class K, class T>
class OutputPort : public AnyOutputPort {
 public:
  OutputPort() {
    fills(batch_);
    batch_.slots.reserve(kBatchRecords + kBatchSlack);
  }

  /// The batch being filled. Slots may show bytes of the batch being read: flush() comes first.
  [[nodiscard]] Batch<K, T>& batch() { return batch_; }
  [[nodiscard]] std::size_t size() const { return batch_.slots.size(); }
  /// What it holds, in memory.
  [[nodiscard]] std::size_t bytes() const {
    return batch_.arena.bytes_used() + size() * sizeof(typename Batch<K, T>::SlotType);
  }

  /// Copies what the value shows, and emits it.
  template <class V>
  void emit(const K& key, const V& value, EventTime time, std::uint64_t hash) {
    if constexpr (std::is_same_v<K, NoKey>) {
      batch_.slots.push_back({key, codec::place<T>(T(value), batch_.arena), time});
    } else {
      batch_.slots.push_back({key, codec::place<T>(T(value), batch_.arena), time, hash});
    }
  }
  /// Emits without copying: key and value live at least until the next flush().
  void emit_shown(const K& key, const T& value, EventTime time, std::uint64_t hash) {
    if constexpr (std::is_same_v<K, NoKey>) {
      batch_.slots.push_back({key, value, time});
    } else {
      batch_.slots.push_back({key, value, time, hash});
    }
  }

  /// ... many of them, of a stream without keys.
  [[gnu::flatten]] void emit_all_shown(std::span<const T> values, EventTime time)
    requires std::is_same_v<K, NoKey>
  {
    for (const T& value : values) {
      batch_.slots.push_back({{}, value, time});
    }
  }

  /// Between two calls of user code: hands on what is full.
  void make_room() {
    if (!has_room()) {
      flush();
    }
  }
  [[nodiscard]] bool has_room() const {
    return size() < kBatchRecords && batch_.arena.bytes_used() < kBatchBytes;
  }
  /// Hands on another batch than this port's own, which is empty.
  void pass_on(Batch<K, T>& batch) {
    if (!batch.slots.empty()) {
      pass(batch);
    }
  }

  /// Takes back everything behind `size` records: the call that emitted it has thrown.
  void truncate(std::size_t size) {
    batch_.slots.erase(batch_.slots.begin() + static_cast<std::ptrdiff_t>(size),
                       batch_.slots.end());
  }

 private:
  Batch<K, T> batch_;
};

}  // namespace rheon::engine
