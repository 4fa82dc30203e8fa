#pragma once

// A batch on its way to another shard. Its records stand packed (codec/packed.h), so that few cache
// lines go from one processor to the other; the receiver lays them out as slots in memory of its
// own, as many at a time as any batch has.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/rare_branch.h"
#include "codec/packed.h"
#include "engine/batch.h"

namespace rheon::engine {

/// Only of a packable key and a packable value. What it shows lives until clear().
template <class K, class T>
class PackedBatch final : public BatchBase {
 public:
  [[nodiscard]] std::size_t size() const override { return size_; }
  void clear() override {
    if (bytes_reserved() > kMostKept) {
      memory_.reset();
      end_ = nullptr;
    }
    next_ = memory_.get();
    size_ = 0;
    time_ = EventTime::none();
    times_.clear();
    forget();
  }
  void reserve(std::size_t /*records*/) override {}  // it grows to what they need, and stays so
  [[nodiscard]] bool full() const { return size_ >= limit || bytes_used() >= kPackedBytes; }

  void append(const K& key, const T& value, EventTime time, std::uint64_t hash) {
    const std::size_t room = sizeof hash + codec::packed_room(key) + codec::packed_room(value);
    if (static_cast<std::size_t>(end_ - next_) < room) [[unlikely]] {
      grow(room);
    }
    if (!times_.empty() || time != time_) {
      note(time);
    }
    char* const to = next_;
    std::memcpy(to, &hash, sizeof hash);
    next_ = codec::pack_behind(codec::pack(to + sizeof hash, key), key, value);
    ++size_;
  }

  [[nodiscard]] std::size_t most() const override { return kPackedRecords; }

  BatchBase& laid_out(std::size_t& from, std::unique_ptr<BatchBase>& room) override {
    if (room == nullptr) {
      room = std::make_unique<Batch<K, T>>();
    }
    RHEON_ASSERT((dynamic_cast<Batch<K, T>*>(room.get()) != nullptr),
                 "the room is for records of another type");
    auto& out = static_cast<Batch<K, T>&>(*room);
    RHEON_ASSERT(from == 0 || from == laid_out_, "records of a message are skipped");
    const std::size_t most = rare_branch(RareBranch::kBatch) ? 1 : kBatchRecords;
    const std::size_t end = std::min(size_, from + most);
    out.arena.reset();
    out.shared = false;
    lay_out_traces(from, end, out.traces);
    out.slots.resize(end - from);
    const char* at = from == 0 ? memory_.get() : read_;
    for (Slot<K, T>& slot : out.slots) {
      std::memcpy(&slot.hash, at, sizeof slot.hash);
      at = codec::unpack(at + sizeof slot.hash, slot.key);
      at = codec::unpack_behind(at, slot.key, slot.value);
      slot.time = time_;
    }
    read_ = at;
    for (std::size_t i = from; i < std::min(end, times_.size()); ++i) {
      out.slots[i - from].time = times_[i];
    }
    from = laid_out_ = end;
    return out;
  }

 private:
  void lay_out_traces(std::size_t from, std::size_t end, std::vector<TraceMark>& out) const {
    out.clear();
    for (const TraceMark& trace : traces) {
      if (trace.index >= from && trace.index < end) {
        out.push_back({static_cast<std::uint32_t>(trace.index - from), trace.context});
      }
    }
  }

  void note(EventTime time) {
    if (size_ == 0) {
      time_ = time;
      return;
    }
    if (times_.empty()) {
      times_.assign(size_, time_);
    }
    times_.push_back(time);
  }

  static constexpr std::size_t kFirstBytes = 4 << 10;
  static constexpr std::size_t kMostKept =
      2 * kPackedBytes;  // more only while a long text is there

  [[nodiscard]] std::size_t bytes_used() const {
    return static_cast<std::size_t>(next_ - memory_.get());
  }
  [[nodiscard]] std::size_t bytes_reserved() const {
    return static_cast<std::size_t>(end_ - memory_.get());
  }

  [[gnu::cold, gnu::noinline]] void grow(std::size_t room) {
    const std::size_t used = bytes_used();
    const std::size_t reserved = std::max({2 * bytes_reserved(), used + room, kFirstBytes});
    auto memory = std::make_unique_for_overwrite<char[]>(reserved);
    if (used > 0) {
      std::memcpy(memory.get(), memory_.get(), used);
    }
    memory_ = std::move(memory);
    next_ = memory_.get() + used;
    end_ = memory_.get() + reserved;
  }

  std::unique_ptr<char[]> memory_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  const char* read_ = nullptr;  // the first record that has not been laid out ...
  std::size_t laid_out_ = 0;    // ... and its number
  std::size_t size_ = 0;
  EventTime time_ = EventTime::none();  // of all records, unless they differ
  std::vector<EventTime> times_;        // of each, once they do
};

}  // namespace rheon::engine
