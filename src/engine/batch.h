#pragma once

// Records travel in batches. A batch owns the bytes that its records show; its slots hold the
// records themselves. One thread at a time owns a batch; it moves between shards by pointer.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/types.h"
#include "codec/record.h"
#include "observe/trace.h"

namespace rheon::engine {

/// A record of a batch that is followed (design: sparse side array; usually empty).
struct TraceMark {
  std::uint32_t index = 0;  // of the record in its batch; ascending
  observe::TraceContext context;
};

/// What every batch has, whatever its records are.
class BatchBase {
 public:
  virtual ~BatchBase();
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Empty again, memory kept.
  virtual void clear() = 0;
  /// Records [from, to) are followed; those before them have been marked.
  void mark(std::size_t from, std::size_t to, const observe::TraceContext& context);

  std::vector<TraceMark> traces;
  /// Records after which a sender hands it on, see RecordCost.
  std::size_t limit = 0;
  /// Several receivers are being handed this batch: none of them may change its records.
  bool shared = false;
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
    arena.reset();
    traces.clear();
  }

  std::vector<SlotType> slots;
  Arena arena;
};

/// Records in a batch before it is handed on. More come when one call emits more.
inline constexpr std::size_t kBatchRecords = 1024;
/// Records that may come on top before anybody looks whether the batch is full.
inline constexpr std::size_t kBatchSlack = 64;
/// Bytes of text in a batch before it is handed on.
inline constexpr std::size_t kBatchBytes = 256 << 10;

}  // namespace rheon::engine
