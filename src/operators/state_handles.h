#pragma once

// Keyed state as members of an operator. Each is declared with its name and how long it lives:
//
//   Value<Session>          open{*this, "open", ttl(24h)};
//   Map<std::string, int>   votes{*this, "votes", unbounded()};
//   List<Order>             orders{*this, "orders", ttl(1h)};
//   Counter                 seen{*this, "seen", unbounded()};
//
// During a call they show the state of the current key; outside of one they must not be used.
// Reading is const; edit(), get_or_create(), set(), put() mark what will be stored. References stay
// valid until the call returns or the entry is removed. An entry whose ttl is over reads as absent.

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "codec/key.h"
#include "codec/value.h"
#include "operators/operator_base.h"
#include "state/declaration.h"
#include "state/sub_map.h"

namespace rheon {

using state::renamed_from;
using state::RenamedFrom;

namespace operators {

template <class T>
consteval void check_state_type() {
  static_assert(!codec::holds_views<T>(),
                "state cannot hold a view: the bytes it shows are gone after the call. Use "
                "std::string");
  static_assert(codec::has_codec<T>,
                "this type cannot be stored: state holds scalars, enums, std::string, vectors, "
                "optionals and structs with RHEON_FIELDS(Type, fields...) beside them");
}

struct NamedState {
  std::string name;
  RenamedFrom renamed;
};

[[nodiscard]] state::StateDeclaration declaration(const OperatorBase& op, NamedState name,
                                                  state::StateKind kind, std::string sub_schema,
                                                  std::string value_schema,
                                                  state::Lifetime lifetime,
                                                  const state::ValueOps& ops);

}  // namespace operators

/// One value per key.
template <class T>
class Value {
 public:
  Value(operators::OperatorBase& op, std::string name, state::Lifetime lifetime,
        RenamedFrom renamed = {})
      : op_(op) {
    operators::check_state_type<T>();
    state_ = op.declare(operators::declaration(
        op, {std::move(name), std::move(renamed)}, state::StateKind::kValue, "",
        codec::ValueCodec<T>::schema(), lifetime, state::plain_ops<T>()));
  }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  /// Null when the key has no value.
  [[nodiscard]] const T* get() const { return static_cast<const T*>(op_.find(state_)); }
  [[nodiscard]] bool exists() const { return get() != nullptr; }
  /// For changing; the key must have a value.
  [[nodiscard]] T& edit() {
    RHEON_ASSERT(exists(), op_.state_name(state_).c_str());
    return get_or_create();
  }
  /// For changing; a default-constructed value when the key has none.
  [[nodiscard]] T& get_or_create() {
    remember();
    return *static_cast<T*>(op_.write(state_));
  }
  void set(T value) { get_or_create() = std::move(value); }
  void clear() {
    remember();
    op_.remove(state_);
  }
  /// The value, which is removed; the key must have one.
  [[nodiscard]] T take() {
    T value = std::move(edit());
    op_.remove(state_);
    return value;
  }

 private:
  void remember() {
    if (!op_.undoable()) {
      return;
    }
    const T* old = get();
    op_.on_undo(state_, [this, old = old != nullptr ? std::optional<T>(*old) : std::nullopt] {
      if (old.has_value()) {
        *static_cast<T*>(op_.write(state_)) = *old;
      } else {
        op_.remove(state_);
      }
    });
  }

  operators::OperatorBase& op_;
  std::uint32_t state_ = 0;
};

/// A number per key that starts at zero.
class Counter {
 public:
  Counter(operators::OperatorBase& op, std::string name, state::Lifetime lifetime,
          RenamedFrom renamed = {});
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  /// The new value.
  std::uint64_t add(std::uint64_t n = 1) {
    if (op_.undoable()) {
      remember();
    }
    return *static_cast<std::uint64_t*>(op_.write(state_)) += n;
  }
  [[nodiscard]] std::uint64_t value() const {
    const auto* value = static_cast<const std::uint64_t*>(op_.find(state_));
    return value == nullptr ? 0 : *value;
  }
  void clear();

 private:
  void remember();

  operators::OperatorBase& op_;
  std::uint32_t state_;
};

/// Entries per key, in the byte order of their canonical map keys (value order). A change of one
/// entry costs one entry in the commit. A map without entries is the same as none.
template <class MK, class V>
class Map {
 public:
  Map(operators::OperatorBase& op, std::string name, state::Lifetime lifetime,
      RenamedFrom renamed = {})
      : op_(op) {
    operators::check_state_type<V>();
    static_assert(codec::is_key<MK>, "this type cannot be a map's key: see codec/key.h");
    state_ = op.declare(operators::declaration(
        op, {std::move(name), std::move(renamed)}, state::StateKind::kMap, codec::key_schema<MK>(),
        codec::ValueCodec<V>::schema(), lifetime, state::SubMap<V>::ops()));
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  /// Null when there is no such entry.
  [[nodiscard]] const V* get(const MK& key) const {
    const auto* map = read();
    return map == nullptr ? nullptr : map->find(codec::KeyBytes<MK>(key).view());
  }
  [[nodiscard]] bool contains(const MK& key) const { return get(key) != nullptr; }
  [[nodiscard]] std::size_t size() const {
    const auto* map = read();
    return map == nullptr ? 0 : map->items().size();
  }
  /// For changing; a default-constructed entry when there is none.
  [[nodiscard]] V& edit(const MK& key) {
    const codec::KeyBytes<MK> bytes(key);
    remember(bytes.view());
    return static_cast<state::SubMap<V>*>(op_.write(state_))->edit(bytes.view());
  }
  void put(const MK& key, V value) { edit(key) = std::move(value); }
  void remove(const MK& key) {
    const codec::KeyBytes<MK> bytes(key);
    remember(bytes.view());
    erase(bytes.view());
  }
  void clear() {
    if (op_.undoable()) {
      for_each([this](const MK& key, const V&) { remember(codec::KeyBytes<MK>(key).view()); });
    }
    op_.remove(state_);
  }
  /// visit(const MK&, const V&) in key order; the map must not be changed meanwhile.
  template <class Visit>
  void for_each(Visit&& visit) const {
    const auto* map = read();
    if (map == nullptr) {
      return;
    }
    for (const auto& [sub, value] : map->items()) {
      MK key{};
      std::string_view bytes = sub;
      const bool good = codec::take_key(bytes, key);
      RHEON_ASSERT(good, "a map's key cannot be decoded");
      visit(std::as_const(key), value);
    }
  }

 private:
  [[nodiscard]] const state::SubMap<V>* read() const {
    return static_cast<const state::SubMap<V>*>(op_.find(state_));
  }
  void erase(std::string_view sub) {
    if (read() == nullptr) {
      return;
    }
    auto* map = static_cast<state::SubMap<V>*>(op_.write(state_));
    map->remove(sub);
    if (map->items().empty()) {
      op_.remove(state_);
    }
  }
  void remember(std::string_view sub) {
    if (!op_.undoable()) {
      return;
    }
    const auto* map = read();
    const V* old = map == nullptr ? nullptr : map->find(sub);
    op_.on_undo(state_, [this, sub = std::string(sub),
                         old = old != nullptr ? std::optional<V>(*old) : std::nullopt] {
      if (old.has_value()) {
        static_cast<state::SubMap<V>*>(op_.write(state_))->edit(sub) = *old;
      } else {
        erase(sub);
      }
    });
  }

  operators::OperatorBase& op_;
  std::uint32_t state_ = 0;
};

/// A sequence per key; appending costs one element in the commit.
template <class V>
class List {
 public:
  List(operators::OperatorBase& op, std::string name, state::Lifetime lifetime,
       RenamedFrom renamed = {})
      : op_(op) {
    operators::check_state_type<V>();
    state_ = op.declare(operators::declaration(
        op, {std::move(name), std::move(renamed)}, state::StateKind::kList, "u64",
        codec::ValueCodec<V>::schema(), lifetime, state::SubMap<V>::ops()));
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  [[nodiscard]] std::size_t size() const {
    const auto* items = read();
    return items == nullptr ? 0 : items->items().size();
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// The element must be there.
  [[nodiscard]] const V& operator[](std::uint64_t index) const {
    const auto* items = read();
    const V* found = items == nullptr ? nullptr : items->find(sub_of(index));
    RHEON_ASSERT(found != nullptr, op_.state_name(state_).c_str());
    return *found;
  }
  void push_back(V value) {
    const std::string sub = sub_of(size());
    if (op_.undoable()) {
      op_.on_undo(state_, [this, sub] {
        auto* items = static_cast<state::SubMap<V>*>(op_.write(state_));
        items->remove(sub);
        if (items->items().empty()) {
          op_.remove(state_);
        }
      });
    }
    static_cast<state::SubMap<V>*>(op_.write(state_))->edit(sub) = std::move(value);
  }
  void clear() {
    if (op_.undoable() && read() != nullptr) {
      op_.on_undo(state_, [this, old = read()->items()] {
        auto* items = static_cast<state::SubMap<V>*>(op_.write(state_));
        for (const auto& [sub, value] : old) {
          items->edit(sub) = value;
        }
      });
    }
    op_.remove(state_);
  }
  /// visit(const V&) in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (const auto* items = read()) {
      for (const auto& [sub, value] : items->items()) {
        visit(value);
      }
    }
  }

 private:
  [[nodiscard]] static std::string sub_of(std::uint64_t index) {
    std::string sub;
    codec::append_key(sub, index);
    return sub;
  }
  [[nodiscard]] const state::SubMap<V>* read() const {
    return static_cast<const state::SubMap<V>*>(op_.find(state_));
  }

  operators::OperatorBase& op_;
  std::uint32_t state_ = 0;
};

}  // namespace rheon
