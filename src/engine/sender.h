#pragma once

// The sending end of an exchange: routes records into one batch per receiving shard, and batches,
// watermarks and barriers into the channels. What a full channel does not take waits in an outbox;
// a task whose senders have waiting messages is not given new input (back-pressure).

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "base/rare_branch.h"
#include "base/stable_hash.h"
#include "codec/key.h"
#include "codec/value.h"
#include "engine/ledger.h"
#include "engine/packed_batch.h"
#include "engine/receiver.h"
#include "engine/record_cost.h"
#include "engine/shard_context.h"
#include "engine/user_code.h"

namespace rheon::engine {

class Channel;

class Sender : public Receiver {
 public:
  /// `channels`: one per receiving shard (a forward edge has one), in the order of shards.
  Sender(const std::string& edge, const std::vector<Channel*>& channels, ShardContext& shard);

  void on_watermark(const Watermark& watermark) override { watermark_ = watermark; }
  void on_barrier(const Barrier& barrier) override;

  /// At the end of a step: everything gathered goes to its channel, and the watermark.
  void flush();
  /// Wakes the receivers that sleep and have something to read. A barrier has done so at once, and
  /// so has what does not fit into a channel.
  void ring();
  /// Tries to empty the outboxes; true when nothing waits.
  [[nodiscard]] bool drain();
  [[nodiscard]] const std::string& edge() const { return edge_; }
  /// Records sent since the last call.
  [[nodiscard]] std::uint64_t take_sent();
  /// Records kept from the edge since the last call: their key could not be told.
  [[nodiscard]] std::uint64_t take_quarantined();
  /// The work that all records so far cause, sent or gathered, as their receivers say.
  [[nodiscard]] Work caused() const;

 protected:
  using MakeBatch = BatchBase* (*)();

  [[nodiscard]] ShardContext& shard() const { return shard_; }
  /// To be called with every batch that comes: what is being gathered comes from there as well.
  void note_origins() {
    for (BatchBase* batch : filling_) {
      if (batch != nullptr) {
        add_origins(*batch);
      }
    }
  }
  /// In a catch block: the user's function that says the key has thrown.
  [[gnu::cold, gnu::noinline]] void key_of_threw(OnThrow policy, std::string record,
                                                 EventTime time);
  [[nodiscard]] std::size_t fan_out() const { return filling_.size(); }
  /// Hands the batch that is being filled for a receiver to its channel, when there is one, and
  /// with it the watermark.
  void send(std::size_t receiver);
  /// The batch that is being filled for a receiver; always of the same kind.
  [[nodiscard]] BatchBase& batch_for(std::size_t receiver, MakeBatch make) {
    BatchBase* const batch = filling_[receiver];
    return batch != nullptr ? *batch : begin_batch(receiver, make);
  }
  /// By key group: the receiver that owns it.
  [[nodiscard]] std::vector<std::uint16_t> owners(std::uint32_t key_groups) const;

 private:
  void add_origins(BatchBase& batch) const {
    if (shard_.reading != nullptr) {
      batch.origins.add(*shard_.reading);
    } else {
      batch.origins.add_timers();
    }
  }
  /// The channel to a receiver, and what waits before it.
  struct Lane;
  [[gnu::cold, gnu::noinline]] BatchBase& begin_batch(std::size_t receiver, MakeBatch make);
  /// Records that the next message to it may hold, of `most`.
  [[nodiscard]] std::size_t records_at_once(std::size_t receiver, std::size_t most) const;
  void push(Lane& lane, const Message& message);
  void ring(Lane& lane);
  void tell_watermark(Lane& lane);

  std::string edge_;
  ShardContext& shard_;
  std::vector<Lane> lanes_;
  std::vector<BatchBase*> filling_;  // for each receiver; null: none is begun
  Watermark watermark_;
  std::uint64_t sent_ = 0;
  std::uint64_t quarantined_ = 0;
  Work caused_{0};  // by what was sent

 public:
  ~Sender() override;
};

/// A record goes to one receiver, or to all of them; its key stays what it is.
class CopySender final : public Sender {
 public:
  enum class To { kNext, kAll };

  CopySender(const std::string& edge, const std::vector<Channel*>& channels, ShardContext& shard,
             const RecordType& type, To to);

  void on_batch(std::uint32_t input, BatchBase& in) override;

 private:
  /// Records [from, to) of the batch; `context`: of the one that is followed, or null.
  void route(const BatchBase& in, std::size_t from, std::size_t to,
             const observe::TraceContext* context);
  /// Every `stride`-th of them, to one receiver.
  void copy(const BatchBase& in, std::size_t from, std::size_t to, std::size_t stride,
            std::size_t receiver, const observe::TraceContext* context);

  const RecordType& type_;
  To to_;
  std::size_t next_ = 0;
};

/// By key: computes it, hashes it once, sends the record to the owner of its key group.
template <class KIn, class T, class K, class KeyOf>
class HashSender final : public Sender {
 public:
  using BatchType = Batch<K, T>;
  /// To other shards records go packed, and to the own one as well: which of the two it is could
  /// not be foreseen from record to record.
  using Crossing = std::conditional_t<codec::is_packable<K> && codec::is_packable<T>,
                                      PackedBatch<K, T>, BatchType>;

  HashSender(const std::string& edge, const std::vector<Channel*>& channels, ShardContext& shard,
             KeyOf key_of, OnThrow on_throw)
      : Sender(edge, channels, shard),
        key_of_(std::move(key_of)),
        on_throw_(on_throw),
        key_groups_(shard.key_groups),
        owners_(owners(shard.key_groups)) {}

  void on_batch(std::uint32_t, BatchBase& base) override {
    auto& in = static_cast<Batch<KIn, T>&>(base);
    note_origins();
    std::size_t from = 0;
    for (const TraceMark& trace : in.traces) {
      route(in, from, trace.index, nullptr);
      route(in, trace.index, trace.index + 1, &trace.context);
      from = trace.index + 1;
    }
    route(in, from, in.slots.size(), nullptr);
  }

 private:
  static constexpr std::size_t kBlock = 64;
  using Returned = std::invoke_result_t<const KeyOf&, const T&>;
  /// Keys can be kept from one call of key_of_ to the next, see outlasts().
  static constexpr bool kInBlocks =
      (std::is_reference_v<Returned> || std::is_same_v<Returned, K>) &&
      (codec::is_text<K> || (codec::is_self_contained<K> && std::is_trivially_copyable_v<K>));

  /// Records [from, to) of the batch; `context`: of the one that is followed, or null.
  [[gnu::flatten]] void route(const Batch<KIn, T>& in, std::size_t from, std::size_t to,
                              const observe::TraceContext* context) {
    if constexpr (kInBlocks) {
      // Hashing branches on the lengths of keys, which nobody can foresee; finding the place for a
      // record is a chain of loads. One after the other they wait less than in turn.
      std::array<K, kBlock> keys;
      std::array<std::uint64_t, kBlock> hashes;
      while (from < to && !shard().error.has_value()) {
        bool threw = false;
        const std::size_t n =
            read_keys(in.slots.data() + from, std::min(kBlock, to - from), keys, hashes, threw);
        add_block(in.slots.data() + from, n, keys, hashes, context);
        from += n + (threw ? 1 : 0);
      }
    } else {
      route_one_by_one(in, from, to, context);
    }
  }

  /// The number of records whose keys and hashes have been read. `threw`: key_of_ did, at the one
  /// behind them.
  std::size_t read_keys(const Slot<KIn, T>* slots, std::size_t most, std::array<K, kBlock>& keys,
                        std::array<std::uint64_t, kBlock>& hashes, bool& threw) {
    std::size_t n = 0;
    try {
      while (n < most) {
        const T& value = slots[n].value;
        keys[n] = K(key_of_(value));
        hashes[n] = hash_of(keys[n]);
        ++n;
        if (!outlasts(keys[n - 1], value)) [[unlikely]] {
          break;
        }
      }
    } catch (...) {
      threw = true;
      key_of_threw(on_throw_, codec::shown_bytes(slots[n].value), slots[n].time);
    }
    return n;
  }
  /// False when the next call of key_of_ may change what the key shows.
  [[nodiscard]] static bool outlasts(const K& key, const T& value) {
    if constexpr (codec::is_text<K>) {
      return codec::shows(value, codec::text_of(key));
    } else {
      return true;
    }
  }

  void route_one_by_one(const Batch<KIn, T>& in, std::size_t from, std::size_t to,
                        const observe::TraceContext* context) {
    for (; from < to && !shard().error.has_value(); ++from) {
      const auto& slot = in.slots[from];
      bool told = false;
      try {
        // A key that is returned by value lives until it has been copied into the batch.
        decltype(auto) key = key_of_(slot.value);
        told = true;
        route_to_owner(slot, key, hash_of(key), context);
      } catch (...) {
        if (told) {
          throw;  // not the user's
        }
        key_of_threw(on_throw_, codec::shown_bytes(slot.value), slot.time);
      }
    }
  }

  void add_block(const Slot<KIn, T>* slots, std::size_t n, const std::array<K, kBlock>& keys,
                 const std::array<std::uint64_t, kBlock>& hashes,
                 const observe::TraceContext* context) {
    if (fan_out() > 1 || context != nullptr) {
      for (std::size_t i = 0; i < n; ++i) {
        route_to_owner(slots[i], keys[i], hashes[i], context);
      }
      return;
    }
    for (std::size_t i = 0; i < n;) {
      BatchType& out = filling<BatchType>(0);
      const std::size_t end = std::min(n, i + out.limit - out.slots.size());
      for (; i < end && out.arena.bytes_used() < kBatchBytes; ++i) {
        append(out, keys[i], slots[i].value, slots[i].time, hashes[i]);
      }
      if (out.full() || rare_branch(RareBranch::kBatch)) {
        send(0);
      }
    }
  }
  template <class Key>
  void route_to_owner(const Slot<KIn, T>& slot, const Key& key, std::uint64_t hash,
                      const observe::TraceContext* context) {
    if (fan_out() == 1) {
      add<BatchType>(0, slot, key, hash, context);
    } else {
      add<Crossing>(owners_[hash & (key_groups_ - 1)], slot, key, hash, context);
    }
  }
  template <class Out, class Key>
  void add(std::size_t receiver, const Slot<KIn, T>& slot, const Key& key, std::uint64_t hash,
           const observe::TraceContext* context) {
    Out& out = filling<Out>(receiver);
    append(out, key, slot.value, slot.time, hash);
    if (context != nullptr) {
      out.mark(out.size() - 1, out.size(), *context);
    }
    if (out.full() || rare_branch(RareBranch::kBatch)) {
      send(receiver);
    }
  }

  template <class Out>
  [[nodiscard]] Out& filling(std::size_t receiver) {
    return static_cast<Out&>(batch_for(receiver, []() -> BatchBase* { return new Out(); }));
  }

  template <class Key>
  [[nodiscard]] static std::uint64_t hash_of(const Key& key) {
    return stable_hash(codec::KeyBytes<std::remove_cvref_t<Key>>(key).view());
  }
  template <class Key>
  static void append(PackedBatch<K, T>& out, const Key& key, const T& value, EventTime time,
                     std::uint64_t hash) {
    out.append(K(key), value, time, hash);
  }
  template <class Key>
  static void append(BatchType& out, const Key& key, const T& value, EventTime time,
                     std::uint64_t hash) {
    if constexpr (std::is_same_v<K, std::string_view> && std::is_same_v<T, std::string_view>) {
      const std::string_view text = out.arena.copy(value);
      const std::string_view shown(key);
      const bool same = shown.data() == value.data() && shown.size() == value.size();
      out.slots.push_back({same ? text : out.arena.copy(shown), text, time, hash});
    } else {
      out.slots.push_back(
          {codec::place<K>(K(key), out.arena), codec::place<T>(value, out.arena), time, hash});
    }
  }

  KeyOf key_of_;
  OnThrow on_throw_;
  std::uint32_t key_groups_;
  std::vector<std::uint16_t> owners_;
};

}  // namespace rheon::engine
