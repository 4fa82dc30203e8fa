#pragma once

// The value of a key in Map and List state: entries of their own, in the byte order of their
// canonical sub-keys. A change of one entry costs one entry in the delta.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "state/value_ops.h"

namespace rheon::state {

template <class V>
class SubMap {
 public:
  using Items = std::map<std::string, V, std::less<>>;

  [[nodiscard]] const Items& items() const { return items_; }
  [[nodiscard]] const V* find(std::string_view sub) const {
    const auto at = items_.find(sub);
    return at == items_.end() ? nullptr : &at->second;
  }
  /// The entry, made when missing; it will be in the next delta.
  V& edit(std::string_view sub) {
    changed_.emplace(sub);
    auto at = items_.find(sub);
    if (at == items_.end()) {
      at = items_.emplace(std::string(sub), V{}).first;
    }
    return at->second;
  }
  void remove(std::string_view sub) {
    if (const auto at = items_.find(sub); at != items_.end()) {
      items_.erase(at);
      changed_.emplace(sub);
    }
  }

  [[nodiscard]] static const ValueOps& ops() {
    static constexpr ValueOps kOps{
        .bytes = (sizeof(SubMap) + 7) / 8 * 8,
        .construct = [](void* value) { new (value) SubMap(); },
        .destroy = [](void* value) { static_cast<SubMap*>(value)->~SubMap(); },
        .encode =
            [](const void* value, std::string_view prefix, std::string_view key,
               codec::DeltaWriter& out) {
              put_prefix(prefix, key, out);
              for (const auto& [sub, item] : static_cast<const SubMap*>(value)->items_) {
                put_item(prefix, key, sub, item, out);
              }
            },
        .encode_changes =
            [](void* value, std::string_view prefix, std::string_view key,
               codec::DeltaWriter& out) {
              auto& self = *static_cast<SubMap*>(value);
              put_prefix(prefix, key, out);
              for (const std::string& sub : self.changed_) {
                if (const V* item = self.find(sub)) {
                  put_item(prefix, key, sub, *item, out);
                } else {
                  out.remove_sub(key, sub);
                }
              }
              self.changed_.clear();
            },
        .apply = &SubMap::apply,
        .outside_bytes =
            [](const void* value) {
              constexpr std::uint64_t kNodeBytes = 48;
              std::uint64_t sum = 0;
              for (const auto& [sub, item] : static_cast<const SubMap*>(value)->items_) {
                sum += kNodeBytes + sub.size() + sizeof(V);
              }
              return sum;
            },
    };
    return kOps;
  }

 private:
  // With a ttl the last write stands before each value, and once for the key itself.
  static void put_prefix(std::string_view prefix, std::string_view key, codec::DeltaWriter& out) {
    if (!prefix.empty()) {
      out.put(key, prefix);
    }
  }
  static void put_item(std::string_view prefix, std::string_view key, std::string_view sub,
                       const V& item, codec::DeltaWriter& out) {
    std::string& bytes = out.begin_put_sub(key, sub);
    bytes.append(prefix);
    codec::ValueCodec<V>::encode(item, bytes);
    out.end_value();
  }
  static bool apply(void* value, const codec::DeltaEntry& entry, std::string_view stored,
                    const codec::Schema* older) {
    auto& self = *static_cast<SubMap*>(value);
    switch (entry.op) {
      case codec::DeltaOp::kPutSub:
        return read_stored(stored, older, self.items_[std::string(entry.sub)]);
      case codec::DeltaOp::kRemoveSub:
        self.items_.erase(std::string(entry.sub));
        return true;
      case codec::DeltaOp::kPut:
        return stored.empty();
      default:
        return false;
    }
  }

  Items items_;
  std::set<std::string, std::less<>> changed_;
};

}  // namespace rheon::state
