#pragma once

// Records travel in batches. A batch owns the bytes that its records show; its slots hold the
// records themselves, but on their way between shards (engine/packed_batch.h). One thread at a time
// owns a batch; it moves between shards by pointer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <typeinfo>
#include <vector>

#include "base/arena.h"
#include "base/types.h"
#include "codec/record.h"
#include "engine/origins.h"
#include "observe/trace.h"

namespace rheon::engine {

/// Records in a batch before it is handed on. More come when one call emits more.
inline constexpr std::size_t kBatchRecords = 1024;
/// Records that may come on top before anybody looks whether the batch is full.
inline constexpr std::size_t kBatchSlack = 64;
/// Bytes of text in a batch before it is handed on.
inline constexpr std::size_t kBatchBytes = 256 << 10;
/// The same of messages to other shards, in which records need less memory.
inline constexpr std::size_t kPackedRecords = 4 * kBatchRecords;
inline constexpr std::size_t kPackedBytes = 128 << 10;

/// A record of a batch that is followed (design: sparse side array; usually empty).
struct TraceMark {
  std::uint32_t index = 0;  // of the record in its batch; ascending
  observe::TraceContext context;
};

/// What every batch has, whatever its records are.
class BatchBase {
 public:
  BatchBase();
  virtual ~BatchBase();
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Empty again, memory kept.
  virtual void clear() = 0;
  /// Records in one message at most.
  [[nodiscard]] virtual std::size_t most() const { return kBatchRecords; }
  /// Memory for so many records.
  virtual void reserve(std::size_t records) = 0;
  /// Its records from the `from`-th on as slots of a Batch, for operators: all of them, where they
  /// are; or as many as a batch has, in `room`, which is made when there is none and used again.
  /// `from` becomes the one behind them. To be called with 0, and then with what it has become,
  /// until that is size(). Valid until the next call, or clear(), or until the room is used for
  /// another one.
  [[nodiscard]] virtual BatchBase& laid_out(std::size_t& from, std::unique_ptr<BatchBase>& room);
  /// Records [from, to) are followed. Those before them have been marked; of one that is marked
  /// twice the later context holds, so that each stands in `traces` once.
  void mark(std::size_t from, std::size_t to, const observe::TraceContext& context);

  /// What the records show.
  Arena arena;
  std::vector<TraceMark> traces;
  /// Of its records; set by senders.
  Origins origins;
  /// Records after which a sender hands it on, see RecordCost.
  std::size_t limit = 0;
  /// Several receivers are being handed this batch: none of them may change its records.
  bool shared = false;

 protected:
  /// Of clear(): what is not the records.
  void forget();
};

/// The key of a record that has none.
struct NoKey {
  friend constexpr auto operator<=>(const NoKey&, const NoKey&) = default;
};

/// A record in a batch. `hash` is the stable hash of the canonical key bytes, computed once.
template <class K, class T>
struct Slot {
  K key;
  T value;
  EventTime time;
  std::uint64_t hash;
};
template <class T>
struct Slot<NoKey, T> {
  [[no_unique_address]] NoKey key;
  T value;
  EventTime time;
  static constexpr std::uint64_t hash = 0;
};

template <class K, class T>
class Batch final : public BatchBase {
 public:
  using SlotType = Slot<K, T>;

  [[nodiscard]] std::size_t size() const override { return slots.size(); }
  void clear() override {
    slots.clear();
    forget();
  }
  void reserve(std::size_t records) override { slots.reserve(records); }
  [[nodiscard]] bool full() const {
    return slots.size() >= limit || arena.bytes_used() >= kBatchBytes;
  }

  std::vector<SlotType> slots;
};

/// What code that is the same for every type of record needs to know of one.
struct RecordType {
  const std::type_info* key;
  const std::type_info* value;
  /// A new batch of such records, empty; the caller's.
  BatchBase* (*make)();
  /// Copies every `stride`-th of the records [from, to) of `in`, with what they show, until `out`
  /// is full: has reached its `limit`, or kBatchBytes. Returns where to go on; `to` or more: all
  /// done.
  std::size_t (*append)(BatchBase& out, const BatchBase& in, std::size_t from, std::size_t to,
                        std::size_t stride);
  /// The value of a record.
  const void* (*value_at)(const BatchBase& batch, std::size_t index);
};

template <class K, class T>
std::size_t append_records(BatchBase& to_base, const BatchBase& from_base, std::size_t from,
                           std::size_t to, std::size_t stride) {
  auto& out = static_cast<Batch<K, T>&>(to_base);
  const auto& in = static_cast<const Batch<K, T>&>(from_base);
  for (; from < to && !out.full(); from += stride) {
    const Slot<K, T>& slot = in.slots[from];
    if constexpr (std::is_same_v<K, NoKey>) {
      out.slots.push_back({{}, codec::place<T>(slot.value, out.arena), slot.time});
    } else {
      out.slots.push_back({codec::place<K>(slot.key, out.arena),
                           codec::place<T>(slot.value, out.arena), slot.time, slot.hash});
    }
  }
  return from;
}

template <class K, class T>
inline constexpr RecordType record_type{
    &typeid(K), &typeid(T), []() -> BatchBase* { return new Batch<K, T>(); }, &append_records<K, T>,
    [](const BatchBase& batch, std::size_t index) -> const void* {
      return &static_cast<const Batch<K, T>&>(batch).slots[index].value;
    }};

}  // namespace rheon::engine
