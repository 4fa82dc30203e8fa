#pragma once

// RHEON_FIELDS(Session, user, first, last, clicks) beside a struct, in its namespace, names the
// fields that are stored and sent. They are stored by name: fields can be added and dropped later.

#include <string_view>
#include <type_traits>
#include <utility>

namespace rheon::codec {

namespace detail {
struct FieldProbe {
  template <class Member>
  void operator()(const char*, Member) const {}
};
}  // namespace detail

/// True for structs with RHEON_FIELDS.
template <class T>
concept has_fields = requires(const T* t, detail::FieldProbe probe) { rheon_fields(t, probe); };

/// Calls visit(name, field) for each field of `object`, in their order.
template <class T, class Visit>
  requires has_fields<std::remove_const_t<T>>
void for_each_field(T& object, Visit&& visit) {
  rheon_fields(
      static_cast<const std::remove_const_t<T>*>(nullptr),
      [&](const char* name, auto member) { visit(std::string_view(name), object.*member); });
}

template <class T>
[[nodiscard]] std::string_view type_name() {
  return rheon_type_name(static_cast<const T*>(nullptr));
}

}  // namespace rheon::codec

#define RHEON_FIELDS(Type, ...)                                                             \
  [[maybe_unused]] inline const char* rheon_type_name(const Type*) { return #Type; }        \
  template <class RheonVisit>                                                               \
  [[maybe_unused]] constexpr void rheon_fields([[maybe_unused]] const Type*,                \
                                               [[maybe_unused]] RheonVisit&& rheon_visit) { \
    RHEON_FIELDS_EACH(Type, __VA_ARGS__)                                                    \
  }

// rheon_visit("a", &Type::a); for each name, by the usual recursion of macros.
#define RHEON_FIELDS_PARENTHESES ()
#define RHEON_FIELDS_EXPAND(...) \
  RHEON_FIELDS_EXPAND3(RHEON_FIELDS_EXPAND3(RHEON_FIELDS_EXPAND3(__VA_ARGS__)))
#define RHEON_FIELDS_EXPAND3(...) \
  RHEON_FIELDS_EXPAND2(RHEON_FIELDS_EXPAND2(RHEON_FIELDS_EXPAND2(__VA_ARGS__)))
#define RHEON_FIELDS_EXPAND2(...) \
  RHEON_FIELDS_EXPAND1(RHEON_FIELDS_EXPAND1(RHEON_FIELDS_EXPAND1(__VA_ARGS__)))
#define RHEON_FIELDS_EXPAND1(...) __VA_ARGS__
#define RHEON_FIELDS_EACH(Type, ...) \
  __VA_OPT__(RHEON_FIELDS_EXPAND(RHEON_FIELDS_NEXT(Type, __VA_ARGS__)))
#define RHEON_FIELDS_NEXT(Type, name, ...) \
  rheon_visit(#name, &Type::name);         \
  __VA_OPT__(RHEON_FIELDS_AGAIN RHEON_FIELDS_PARENTHESES(Type, __VA_ARGS__))
#define RHEON_FIELDS_AGAIN() RHEON_FIELDS_NEXT
