#pragma once

// What a job holds for one key, as a test reads it. Types are those with which the operator
// declares its state; others are refused with a sentence.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/types.h"
#include "codec/key.h"
#include "codec/value.h"
#include "state/declaration.h"
#include "state/sub_map.h"

namespace rheon::engine {
class Worker;
}

namespace rheon::testing {

/// A key in the form in which state is found: canonical bytes, and what its type is called.
struct TestKey {
  std::string bytes;
  std::string schema;

  template <class K>
  [[nodiscard]] static TestKey of(const K& key) {
    TestKey result;
    if constexpr (std::is_convertible_v<const K&, std::string_view>) {
      result = {std::string(std::string_view(key)), codec::key_schema<std::string>()};
    } else {
      codec::append_key(result.bytes, key);
      result.schema = codec::key_schema<K>();
    }
    return result;
  }
};

/// Valid until the next verb of its topology. An entry whose ttl is over may still be shown: it is
/// swept some time after it has become absent for the operator.
class TestState {
 public:
  /// Throws std::logic_error when the job has no such operator with state.
  TestState(engine::Worker& worker, std::string operator_name, TestKey key);

  /// Of a Value; of aggregate(), count() and reduce(), which keep theirs under the name "value".
  template <class V>
  [[nodiscard]] std::optional<V> value(const std::string& name = "value") const {
    const void* found =
        find({name, {state::StateKind::kValue}, "", codec::ValueCodec<V>::schema()});
    return found == nullptr ? std::nullopt : std::optional<V>(*static_cast<const V*>(found));
  }
  /// Of a Counter.
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;
  /// Of a Map<K, V>.
  template <class K, class V>
  [[nodiscard]] std::map<K, V> map(const std::string& name) const {
    std::map<K, V> result;
    const void* found = find(
        {name, {state::StateKind::kMap}, codec::key_schema<K>(), codec::ValueCodec<V>::schema()});
    if (found != nullptr) {
      for (const auto& [sub, item] : static_cast<const state::SubMap<V>*>(found)->items()) {
        K key{};
        std::string_view bytes = sub;
        static_cast<void>(codec::take_key(bytes, key));
        result.emplace(std::move(key), item);
      }
    }
    return result;
  }
  /// Of a List<V>.
  template <class V>
  [[nodiscard]] std::vector<V> list(const std::string& name) const {
    std::vector<V> result;
    const void* found =
        find({name, {state::StateKind::kList}, "u64", codec::ValueCodec<V>::schema()});
    if (found != nullptr) {
      for (const auto& [sub, item] : static_cast<const state::SubMap<V>*>(found)->items()) {
        result.push_back(item);
      }
    }
    return result;
  }
  /// The times at which a Timer or a TimerSet will fire, in order.
  [[nodiscard]] std::vector<EventTime> timers(const std::string& name) const;

 private:
  struct Wanted {
    std::string name;
    std::vector<state::StateKind> kinds;
    std::string sub_schema;
    std::optional<std::string> value_schema;  // none: whatever it is
  };
  [[nodiscard]] const state::StateDeclaration& declaration(const Wanted& wanted) const;
  /// The value of the key in the state's table; null when there is none.
  [[nodiscard]] const void* find(const Wanted& wanted) const;

  engine::Worker& worker_;
  std::string operator_;
  TestKey key_;
  std::size_t node_ = 0;
};

}  // namespace rheon::testing
